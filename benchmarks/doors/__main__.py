"""The doors of money: a file of the tax bureau's lines, and a file of the bank's debit confirmations.

    python -m benchmarks.doors [--small] [--json] [--tax-lines N] [--debit-lines N] [--database-url URL]

Real processes over real HTTP, durable. Each half is measured from the first byte sent until the ledger
has booked the last voucher; then the books are compared with the input, to the fen. Beside it the same
lines are sent one by one, each in a transaction of its own, on a sample.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import typer

from benchmarks._bench import AsJson, DatabaseUrl, Small, database, describe, server
from benchmarks._desks import Tokens
from benchmarks._watch import Peaks
from benchmarks.doors import tax as tax_half
from benchmarks.doors.house import Doors, Half
from services.supervisor.supervisor import Supervisor
from shared.process.settings import Settings
from shared.security.identity import Identity
from shared.security.personal_data import AccountCipher

TAX_LINES, DEBIT_LINES = 990_000, 200_000
"""One ticket in a hundred comes twice: the file has just under 1,000,000 lines, the most of one file."""
BAR_PER_S, BAR_MIB = 3_000, 1_024
DEBITS = "benchmarks.doors.debits"
"""The half of the bank: `measure(doors, lines) -> Half`."""


async def measure(tax_lines: int, debit_lines: int, database_url: str | None) -> dict[str, Any]:
    """Start the services and measure both halves."""
    async with server(database_url) as server_url, database(server_url) as admin_url:
        for line in await describe(server_url):
            print(line)
        with tempfile.TemporaryDirectory(prefix="wuxian-bench-") as home:
            settings = Settings(home=Path(home), admin_database_url=admin_url)
            return await _in_house(settings, admin_url, tax_lines, debit_lines)


async def _in_house(
    settings: Settings, admin_url: str, tax_lines: int, debit_lines: int
) -> dict[str, Any]:
    ports = {"identity": 0, "collection": 0, "ledger": 0}
    log: list[str] = []
    house = Supervisor(
        settings,
        ("identity", "collection", "ledger"),
        ports=ports,
        on_log=lambda name, line: log.append(f"{name}: {line}"),
    )
    async with house:
        peaks = Peaks({name: house.pid_of(name) or 0 for name in ports}, admin_url)
        limits = httpx.Timeout(600)
        async with (
            peaks,
            httpx.AsyncClient(base_url=house.urls["collection"], timeout=limits) as collection,
            httpx.AsyncClient(base_url=house.urls["ledger"], timeout=limits) as ledger,
        ):
            identity = Identity.load(settings.identity_path, settings.field_keys_of("collection"))
            accounts = AccountCipher(identity.field_keys)
            doors = Doors(collection, ledger, Tokens(house), admin_url, peaks.cpu_seconds, accounts)
            try:
                tax = await tax_half.measure(doors, tax_lines)
                debits = await _debits(doors, debit_lines)
            except RuntimeError:
                print("\n".join(log[-20:]))
                raise
            peak_mib = peaks.report()
    return {
        "tax_lines_per_s": tax.lines_per_s,
        "debit_lines_per_s": debits.lines_per_s if debits else None,
        "peak_mib": peak_mib,
        "verified": tax.verified and (debits is None or debits.verified),
    }


async def _debits(doors: Doors, lines: int) -> Half | None:
    if find_spec(DEBITS) is None or not lines:
        return None
    half: Half = await import_module(DEBITS).measure(doors, lines)
    return half


def main(
    small: Small = False,
    as_json: AsJson = False,
    tax_lines: int | None = None,
    debit_lines: int | None = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Measure both halves; fail when the books differ from the input."""
    scale = 100 if small else 1
    result = asyncio.run(
        measure(
            TAX_LINES // scale if tax_lines is None else tax_lines,
            DEBIT_LINES // scale if debit_lines is None else debit_lines,
            database_url,
        )
    )
    print(f"the bar is {BAR_PER_S:,} lines/s each, and {BAR_MIB:,} MiB in any process")
    if as_json:
        print(json.dumps(result))
    raise SystemExit(0 if result["verified"] else 1)


if __name__ == "__main__":
    typer.run(main)
