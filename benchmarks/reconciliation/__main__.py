"""A month of a large city reconciled: a statement of a million entries against list and books.

Receipts and the books' movements are written straight into the tables, the statement is taken as a
CSV file by COPY; every sown difference is known, so the run has to find exactly those. Printed:
entries a second, and the memory that it took. `python -m benchmarks.reconciliation [--small] [--json]`
"""

from __future__ import annotations

import json
import resource
import tempfile
import time
from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import IO, Any

import typer
import uvloop
from sqlalchemy import text

from benchmarks._bench import AsJson, DatabaseUrl, Small, database, describe, server
from services.collection.reconciliation.domain.statement import StatementHead
from services.collection.reconciliation.flows import run as run_flow
from services.collection.reconciliation.flows import statement as statement_flow
from services.collection.reconciliation.flows.statement import CounterVault
from services.collection.reconciliation.routes.statement import entries_of
from shared.db import Database
from shared.money import format_yuan
from shared.roles import Caller, Role

ENTRIES, SMALL = 1_000_000, 50_000
FIRST, LAST = date(2021, 7, 1), date(2021, 7, 31)
ACCOUNT = "treasury_deposit"
CASHIER = Caller(subject="benchmark", role=Role.CENTRE_CASHIER, district="centre")
SOWN: Mapping[str, int] = {
    "list_not_statement": 1_009,
    "amount_differs": 2_003,
    "duplicate": 5_003,
    "statement_not_list": 4_001,
}
"""One entry in so many has this difference."""
_FILL = (
    """
    INSERT INTO receipt (receipt_key, id, source, serial, body_hash, channel, paper, credit_code,
                         district, period, amount_fen, paid_on, book_date)
    SELECT n, CAST(md5('r' || n) AS uuid), 'tax_bureau', 'S' || n, '', 'tax', 'P' || n / 10000,
           'U' || lpad(CAST(n AS text), 17, '0'), 'heping', '2021-06', 1000 + n % 97,
           CAST('2021-07-01' AS date) + n % 31, CAST('2021-07-01' AS date) + n % 31
      FROM generate_series(1, {entries}) AS n
    """,
    """
    INSERT INTO book_movement (account_key, account, slot, seq, day, value_day, amount_fen, mark,
                               paper, of_receipt, kind, summary)
    SELECT {key}, 'treasury_deposit', 1, n, CAST('2021-07-01' AS date) + n % 31,
           CAST('2021-07-01' AS date) + n % 31, 1000 + n % 97, 'S' || n, 'P' || n / 10000, true,
           'receipt', ''
      FROM generate_series(1, {entries}) AS n
    """,
    "ANALYZE receipt, book_movement",
)


async def fill(db: Database, entries: int, key: int) -> None:
    """Write the list and the books."""
    async with db.transaction() as tx:
        for sql in _FILL:
            await tx.execute(text(sql.format(entries=entries, key=key)))


def write_statement(file: IO[bytes], entries: int) -> int:
    """Write the statement's file with its differences; return its closing balance."""
    total_fen = 0
    file.write(b"booked_on,amount,serial,counter_account,counter_name\n")
    for n in range(1, entries + 1):
        fen = 1000 + n % 97
        kind = next((kind for kind, each in SOWN.items() if n % each == 0), None)
        if kind == "list_not_statement":
            continue
        fen -= 1 if kind == "amount_differs" else 0
        day = f"2021-07-{1 + n % 31:02d}"
        lines = [(f"S{n}", fen)] * (2 if kind == "duplicate" else 1)
        if kind == "statement_not_list":
            lines.append((f"X{n}", fen + 100_000))
        for name, own_fen in lines:
            total_fen += own_fen
            other = f"62220203{n:011d},单位{n}"
            file.write(f"{day},{format_yuan(own_fen)},{name},{other}\n".encode())
    return total_fen


def sown(entries: int) -> dict[str, int]:
    """Count the sown differences; an entry has the first that applies."""
    found = dict.fromkeys(SOWN, 0)
    for n in range(1, entries + 1):
        kind = next((kind for kind, each in SOWN.items() if n % each == 0), None)
        if kind is not None:
            found[kind] += 1
    return {kind: number for kind, number in found.items() if number}


async def run(*, small: bool, database_url: str | None) -> dict[str, Any]:
    """Fill, take the statement, match twice."""
    entries = SMALL if small else ENTRIES
    async with server(database_url) as admin, database(admin, "collection") as url:
        for line in await describe(admin):
            print(line)
        db = Database(url, "collection", statement_timeout_ms=1_800_000)
        try:
            with tempfile.TemporaryFile() as file:
                closing_fen = write_statement(file, entries)
                head = StatementHead(
                    account=ACCOUNT,
                    first=FIRST,
                    last=LAST,
                    opening_fen=0,
                    closing_fen=closing_fen,
                )
                await fill(db, entries, head.key)
                took = partial(
                    statement_flow.take,
                    head=head,
                    lines=partial(entries_of, "csv", file),
                    digest=b"benchmark",
                    vault=CounterVault.of(b"p" * 32, b"k" * 32),
                    caller=CASHIER,
                )
                began = time.perf_counter()
                await db.run(took)
                taken_s = time.perf_counter() - began
            match = partial(run_flow.run, account=ACCOUNT, first=FIRST, region="tianjin")
            began = time.perf_counter()
            first = await db.run(match)
            matched_s = time.perf_counter() - began
            again = await db.run(match)
            found = await _kinds(db)
        finally:
            await db.close()
    assert found == sown(entries), (found, sown(entries))
    assert (again.counts.changed, again.counts.cleared) == (0, 0)
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {
        "entries": entries,
        "taken_per_s": round(entries / taken_s),
        "matched_s": round(matched_s, 2),
        "matched_per_s": round(entries / matched_s),
        "found": first.counts.found,
        "peak_mib": peak_mib,
    }


async def _kinds(db: Database) -> dict[str, int]:
    async with db.transaction() as tx:
        rows = await tx.execute(
            text("SELECT kind, count(*) AS n FROM reconciliation_item GROUP BY kind")
        )
        return {row.kind: row.n for row in rows}


def main(small: Small = False, as_json: AsJson = False, database_url: DatabaseUrl = None) -> None:
    """Take and match a month's statement."""
    report = uvloop.run(run(small=small, database_url=database_url))
    print(
        f"{report['entries']:,} entries taken at {report['taken_per_s']:,}/s,"
        f" matched in {report['matched_s']} s ({report['matched_per_s']:,}/s),"
        f" {report['found']:,} differences, all of those sown; peak {report['peak_mib']} MiB"
    )
    if as_json:
        print(json.dumps(report))


if __name__ == "__main__":
    typer.run(main)
