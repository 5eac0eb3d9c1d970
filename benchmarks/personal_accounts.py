"""Personal accounts by the million: crediting bills, closing a year with interest, stating an account.

Credits go in by the ledger's own flow, 10,000 a transaction as one request brings them; a year is
closed for everybody in one statement. Afterwards the control totals are added up from every single
credit, and a sample of persons is computed once more by the rule in plain Python.
`python -m benchmarks.personal_accounts [--small] [--json]`
"""

from __future__ import annotations

import json
import random
import time
from datetime import date
from functools import partial
from typing import Any

import typer
import uvloop

from benchmarks._bench import AsJson, DatabaseUrl, Figures, Small, database, describe, server
from services.ledger.personal import flows as personal_flow
from services.ledger.personal.domain import Bill, Credit, CreditKind, bill_key, interest
from services.ledger.personal.store import year as year_store
from services.ledger.rules.store import catalogue as catalogue_store
from shared.db import Database
from shared.roles import Caller, Role

ACCOUNTS = 1_000_000
PER_REQUEST = 10_000
PER_BILL = 50
SAMPLE = 2_000
STATEMENTS = 500
FUND = "pension"
YEARS = (2020, 2021)
SENDER = Caller(subject="collection_service", role=Role.COLLECTION_SERVICE)
PERSON = Caller(subject="benchmark", role=Role.FUND_ACCOUNTANT)


def fen_of(person: int, year: int) -> int:
    """Return the amount a person is credited in a year."""
    return 10_000 + (person * 7_919 + year) % 90_000


def month_of(person: int, year: int) -> int:
    """The month in which a person is credited."""
    return 1 + (person + year) % 12


def request(first: int, count: int, year: int) -> list[Bill]:
    """Bills of one request: each of some persons, settled on one day."""
    bills = []
    for start in range(first, first + count, PER_BILL):
        persons = range(start, min(start + PER_BILL, first + count))
        day = date(year, month_of(start // PER_BILL, year), 15)
        name = f"{year}-{start}"
        bills.append(
            Bill(
                id=name,
                kind=CreditKind.CONTRIBUTION,
                key=bill_key(name),
                period=f"{day:%Y-%m}",
                credited_on=day,
                credits=tuple(Credit(one, FUND, fen_of(one, year)) for one in persons),
            )
        )
    return bills


async def fill(db: Database, accounts: int, year: int) -> Figures:
    """Credit everybody once in a year."""
    catalogue = await db.run(catalogue_store.load)
    latencies = []
    began = time.perf_counter()
    for first in range(0, accounts, PER_REQUEST):
        bills = request(first, min(PER_REQUEST, accounts - first), year)
        at = time.perf_counter()
        results = await db.run(
            partial(personal_flow.credit, catalogue=catalogue, bills=bills, by=SENDER)
        )
        assert all(one.outcome is personal_flow.BillOutcome.CREDITED for one in results)
        latencies.append((time.perf_counter() - at) * 1000)
    seconds = time.perf_counter() - began
    offered = f"one sender, {PER_REQUEST:,} credits a transaction"
    return Figures(f"credits of {year}", offered, accounts, 0, seconds, tuple(latencies))


async def close(db: Database, accounts: int, year: int) -> Figures:
    """Close a year for everybody."""
    began = time.perf_counter()
    run = await db.run(lambda tx: personal_flow.close_year(tx, FUND, year, PERSON))
    seconds = time.perf_counter() - began
    assert run.people == accounts
    offered = "one statement, one transaction"
    return Figures(f"interest of {year}", offered, run.people, 0, seconds, (seconds * 1000,))


async def state(db: Database, accounts: int) -> Figures:
    """Read ten years of persons here and there, one after the other."""
    draw, latencies = random.Random(1), []
    began = time.perf_counter()
    for _ in range(STATEMENTS):
        person = draw.randrange(accounts)
        at = time.perf_counter()
        found = await db.run(
            partial(personal_flow.statement, person_id=person, first=2012, last=2021)
        )
        assert len(found) == len(YEARS)
        latencies.append((time.perf_counter() - at) * 1000)
    seconds = time.perf_counter() - began
    offered = "one reader, ten years of a person"
    return Figures("statements", offered, STATEMENTS, 0, seconds, tuple(latencies))


async def verify(db: Database, accounts: int) -> None:
    """Control totals from every credit, and a sample of persons by the rule in plain Python."""
    assert await db.run(year_store.totals_that_differ) == 0, "a batch's totals are not its credits"
    rates = {
        one.year: one.rate_ppm for one in await db.run(lambda tx: year_store.rates(tx, FUND, None))
    }
    draw = random.Random(2)
    for _ in range(min(SAMPLE, accounts)):
        person = draw.randrange(accounts)
        closing_fen = 0
        found = await db.run(
            partial(personal_flow.statement, person_id=person, first=2012, last=2021)
        )
        for year, statement in zip(YEARS, found, strict=True):
            credit_fen = fen_of(person, year)
            month = month_of(person // PER_BILL, year)
            expected_fen = interest(closing_fen, [(month, credit_fen)], rates[year])
            assert statement.interest_fen == expected_fen, (person, year)
            closing_fen += credit_fen + expected_fen
            assert statement.closing_fen == closing_fen


async def run(*, small: bool, database_url: str | None) -> dict[str, Any]:
    """Credit, close, credit, close, state, verify; the object of `--json`."""
    accounts = ACCOUNTS // 100 if small else ACCOUNTS
    figures: list[Figures] = []
    async with server(database_url) as url:
        for line in await describe(url):
            print(line)
        print(f"settings: {accounts:,} accounts of one fund, {PER_BILL} persons a bill\n")
        async with database(url, "ledger") as fresh:
            db = Database(fresh, "ledger", statement_timeout_ms=1_800_000)
            try:
                for year in YEARS:
                    for work in (fill, close):
                        figures.append(await work(db, accounts, year))
                        print(figures[-1].line(), flush=True)
                figures.append(await state(db, accounts))
                print(figures[-1].line(), flush=True)
                await verify(db, accounts)
                print(f"verified: every credit added up, {min(SAMPLE, accounts):,} persons by rule")
            finally:
                await db.close()
    return {one.name: {"per_s": one.per_s, "p99_ms": one.percentile(0.99)} for one in figures}


def main(small: Small = False, as_json: AsJson = False, database_url: DatabaseUrl = None) -> None:
    """Measure and print how fast personal accounts are credited, closed and stated."""
    result = uvloop.run(run(small=small, database_url=database_url))
    if as_json:
        print(json.dumps(result))


if __name__ == "__main__":
    typer.run(main)
