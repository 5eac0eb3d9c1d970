"""A small city that plays its months: declared, billed, paid by tax, credited, pensions paid."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import IO, Any

import asyncpg
import httpx

from benchmarks import city_month
from benchmarks._city import City, register
from benchmarks._desks import Run, Tokens
from benchmarks._watch import Peaks
from benchmarks.pension_month import __main__ as pension_month
from benchmarks.pension_month import office as pension_office
from benchmarks.pension_month.office import Office
from services.database.passwords import role_passwords
from services.embedded import EmbeddedPostgres
from services.payout.common.flows import PersonKeys
from services.supervisor.supervisor import Supervisor
from shared.db import SERVICES
from shared.money import format_yuan
from shared.period import Period
from shared.process.database_address import role_of, with_login
from shared.process.settings import Settings
from shared.roles import Role
from shared.security.identity import Identity
from shared.security.personal_data import AccountCipher

POLL_SECONDS = 0.2
_DUE = """
    SELECT bill.credit_code, line.insurance, line.party, sum(line.amount_fen) AS fen
      FROM collection.bill JOIN collection.bill_line AS line
        ON line.unit_id = bill.unit_id AND line.bill_id = bill.id
     WHERE bill.period = $1 AND line.amount_fen > 0
     GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
_UNTOLD = """
    SELECT count(*) FILTER (WHERE status <> 'settled') AS unsettled,
           count(*) FILTER (WHERE NOT personal_told) AS waiting
      FROM collection.bill
"""


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of a month: its seconds, and the bytes of the database's log."""

    seconds: float
    wal_bytes: int


@dataclass(slots=True)
class Town:
    """The running services, the desks of both halves, and the stages of each month."""

    run: Run
    office: Office
    admin_url: str
    months: list[dict[str, Stage]] = field(default_factory=list)

    async def play(self, month: Period) -> None:
        """Play a month: contributions from the files to the personal accounts, then pensions."""
        stages: dict[str, Stage] = {}
        self.months.append(stages)

        async def timed(name: str, work: Awaitable[Any]) -> None:
            before, began = await self._log_bytes(), time.perf_counter()
            await work
            seconds = time.perf_counter() - began
            stages[name] = Stage(seconds, await self._log_bytes() - before)
            print(f"{month} {name:<34} {seconds:8.2f} s", flush=True)

        after = month.plus(1)
        self.run.period, self.run.bill_date = str(month), str(after.day(12))
        await timed("declared, audited, billed, booked", city_month.month(self.run))
        await timed("paid by tax, allocated, booked", self._pay_taxes(month, after.day(20)))
        await timed("credited to personal accounts", self._credited())
        self.office.period, self.office.pay_date = str(month), str(after.day(5))
        await pension_month.fund(self.office)
        await timed("pensions run, signed, paid, booked", pension_month.month(self.office))

    async def _pay_taxes(self, month: Period, paid_on: date) -> None:
        """Let the tax bureau report a ticket of each unit, one line for each insurance and party."""
        with tempfile.TemporaryFile() as file:
            count, total_fen = await self._write_lines(file, month, paid_on)
            operation = await self.run.ask(
                "POST",
                "/v1/tax-push-files",
                Role.TAX_BUREAU,
                params={
                    "push_no": f"GROWTH-{month}",
                    "collected_on": str(paid_on),
                    "control_count": count,
                    "control_total": format_yuan(total_fen),
                },
                content=_pieces(file),
                headers={
                    "Idempotency-Key": f"growth-{month}",
                    "Content-Type": "application/x-ndjson",
                },
            )
        path = f"/v1/operations/{operation['id']}"
        while (found := await self.run.ask("GET", path, Role.SUPERVISOR))["status"] != "succeeded":
            if found["status"] == "failed":
                raise RuntimeError(str(found["error"])[:500])
            await asyncio.sleep(POLL_SECONDS)
        await city_month.vouchers(self.run)

    async def _write_lines(self, file: IO[bytes], month: Period, paid_on: date) -> tuple[int, int]:
        rows = await self._fetch(_DUE, str(month))
        ticket, line, code = 0, 0, ""
        for row in rows:
            if row["credit_code"] != code:
                ticket, line, code = ticket + 1, 0, row["credit_code"]
            line += 1
            file.write(
                b'{"serial":"SW%s%08d","line":%d,"levy_item":"%s.%s","credit_code":"%s",'
                b'"period":"%s","amount":"%s","paid_on":"%s","origin":"declared_to_tax"}\n'
                % (
                    str(month).replace("-", "").encode(),
                    ticket,
                    line,
                    row["insurance"].encode(),
                    row["party"].encode(),
                    code.encode(),
                    str(month).encode(),
                    format_yuan(int(row["fen"])).encode(),
                    str(paid_on).encode(),
                )
            )
        return len(rows), sum(int(row["fen"]) for row in rows)

    async def _credited(self) -> None:
        """Wait until the people of every bill are credited; every bill must be settled."""
        while True:
            (row,) = await self._fetch(_UNTOLD)
            if row["unsettled"]:
                raise RuntimeError(f"{row['unsettled']} bills are not settled")
            if not row["waiting"]:
                return
            await asyncio.sleep(POLL_SECONDS)

    async def _log_bytes(self) -> int:
        (row,) = await self._fetch("SELECT pg_current_wal_insert_lsn() - '0/0' AS bytes")
        return int(row["bytes"])

    async def _fetch(self, sql: str, *values: Any) -> Sequence[Any]:
        connection = await asyncpg.connect(self.admin_url)
        try:
            return list(await connection.fetch(sql, *values))
        finally:
            await connection.close()


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    file.seek(0)
    while piece := file.read(1024 * 1024):
        yield piece


def _logins(settings: Settings, admin_url: str) -> dict[str, str]:
    """Return each service's own address: rows that the administrator adds are faults of evidence."""
    return {
        service: with_login(admin_url, role_of(service), password)
        for service, password in role_passwords(settings).items()
    }


@asynccontextmanager
async def town(settings: Settings, city: City, pensioners: int) -> AsyncIterator[Town]:
    """Start the services, register units, people and pensioners by COPY; stop all at the end."""
    log: list[str] = []
    house = Supervisor(
        settings,
        SERVICES,
        ports=dict.fromkeys(SERVICES, 0),
        on_log=lambda name, line: log.append(f"{name}: {line}"),
    )
    async with house:
        admin_url = EmbeddedPostgres(settings.home).url
        fields = house.settings.field_keys_of("payout")
        identity = Identity.load(settings.identity_path, fields)
        logins = _logins(house.settings, admin_url)
        sealing = Identity.load(
            settings.identity_path, house.settings.field_keys_of("collection")
        ).field_keys
        accounts = AccountCipher(sealing)
        await register(logins["collection"], city, identity.pepper, accounts, ("tax",))
        paid = await pension_office.register(logins["payout"], pensioners, PersonKeys.of(identity))
        peaks = Peaks({name: house.pid_of(name) or 0 for name in SERVICES}, admin_url)
        tokens, limits = Tokens(house), httpx.Timeout(600)
        async with (
            peaks,
            httpx.AsyncClient(base_url=house.urls["collection"], timeout=limits) as collection,
            httpx.AsyncClient(base_url=house.urls["ledger"], timeout=limits) as ledger,
            httpx.AsyncClient(base_url=house.urls["payout"], timeout=limits) as payout,
        ):
            run = Run(city, collection, ledger, tokens, peaks)
            office = Office(paid, {"payout": payout, "ledger": ledger}, tokens, peaks)
            await run.sign_in()
            await office.sign_in()
            try:
                yield Town(run, office, admin_url)
            except RuntimeError:
                print("\n".join(log[-20:]))
                raise
