"""A city's month: declaration files of its districts, to bills and memo vouchers in the ledger.

    python -m benchmarks.city_month [--small] [--json] [--people N --units N] [--database-url URL]

Real processes over real HTTP, durable. Units and enrolments are registered by a bulk loader first,
and the files made; neither is timed. Then the districts hand their files in, accept, review and
summarise, the centre audits, bills go out, and the ledger has a memo voucher for every bill. What
is stored is added up again afterwards, from the people to the books.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import asyncpg
import typer

from benchmarks._bench import AsJson, DatabaseUrl, Small, database, describe, server, verdict
from benchmarks._city import City, a_city
from benchmarks._desks import Run, in_house
from shared.money import format_yuan, parse_yuan
from shared.process.settings import Settings
from shared.roles import Role

PEOPLE, UNITS = 2_100_000, 60_000
BAR_SECONDS = 25.0
POLL_SECONDS = 0.1
DISTRICTS_AT_ONCE = 2


async def files_in(run: Run) -> list[dict[str, Any]]:
    """Hand in every district's file, and wait until all are stored."""
    operations = [
        await run.ask(
            "POST",
            "/v1/declaration-files",
            Role.DISTRICT_CLERK,
            district.code,
            content=district.file,
            headers={"Content-Type": "text/csv"},
            params={
                "period": run.period,
                "control_people": district.people,
                "control_wages": format_yuan(district.wages_fen),
            },
        )
        for district in run.city.districts
    ]
    done: list[dict[str, Any]] = []
    for operation in operations:
        while True:
            found = await run.ask("GET", f"/v1/operations/{operation['id']}", Role.SUPERVISOR)
            if found["status"] in {"succeeded", "failed"}:
                break
            await asyncio.sleep(POLL_SECONDS)
        if found["status"] == "failed":
            raise RuntimeError(str(found["error"])[:500])
        done.append(found)
    return done


async def step(run: Run, name: str, role: Role, stored: list[dict[str, Any]]) -> None:
    """Let every district take a step on all that it has, a few districts at once."""
    desks = asyncio.Semaphore(DISTRICTS_AT_ONCE)

    async def one(operation: dict[str, Any]) -> None:
        result, district = operation["result"], operation["district"]
        control = {name: result[name] for name in ("declarations", "people", "total")}
        body = {"district": district, "period": run.period, "step": name, "control": control}
        async with desks:
            await run.ask("POST", "/v1/district-steps", role, district, json=body)

    await asyncio.gather(*[one(operation) for operation in stored])


async def summaries(run: Run) -> list[dict[str, Any]]:
    """Let every district send its summary, a few districts at once."""
    desks = asyncio.Semaphore(DISTRICTS_AT_ONCE)

    async def one(code: str) -> Any:
        async with desks:
            return await run.ask(
                "POST",
                "/v1/summaries",
                Role.DISTRICT_REVIEWER,
                code,
                json={"district": code, "period": run.period},
                headers={"Idempotency-Key": f"send-{code}-{run.period}"},
            )

    sent: list[dict[str, Any]] = await asyncio.gather(
        *[one(district.code) for district in run.city.districts]
    )
    return sent


async def audits(run: Run, sent: list[dict[str, Any]]) -> None:
    """Let the centre audit every summary, which lets its bills go out."""
    for summary in sent:
        await run.ask(
            "POST",
            f"/v1/summaries/{summary['id']}/audits",
            Role.CENTRE_AUDITOR,
            json={"control": summary["control"], "bill_date": run.bill_date},
        )


async def bills(run: Run, sent: list[dict[str, Any]]) -> None:
    """Wait until every summary is billed."""
    for summary in sent:
        while True:
            found = await run.ask("GET", f"/v1/summaries/{summary['id']}", Role.SUPERVISOR)
            if found["status"] == "billed":
                break
            await asyncio.sleep(POLL_SECONDS)


async def vouchers(run: Run) -> None:
    """Wait until the ledger has acknowledged every message."""
    while True:
        box = await run.ask("GET", "/v1/outbox", Role.SUPERVISOR)
        if box["refused"]:
            raise RuntimeError(f"the ledger refused {box['refused']} vouchers")
        if not box["waiting"]:
            return
        await asyncio.sleep(POLL_SECONDS)


async def month(run: Run) -> list[dict[str, Any]]:
    """The whole month, stage by stage."""
    stored: list[dict[str, Any]] = await run.stage("file to stored", files_in(run))
    await run.stage("accepted", step(run, "accept", Role.DISTRICT_CLERK, stored))
    await run.stage("reviewed", step(run, "review", Role.DISTRICT_REVIEWER, stored))
    sent: list[dict[str, Any]] = await run.stage("summaries sent", summaries(run))
    await run.stage("audited", audits(run, sent))
    await run.stage("billed", bills(run, sent))
    await run.stage("memo vouchers in the ledger", vouchers(run))
    return stored


SUMS = {
    "people": "SELECT count(*), sum(wage_fen), sum(a + b) FROM (SELECT wage_fen,"
    " (SELECT sum(fen) FROM unnest(unit_fen) AS fen) AS a,"
    " (SELECT sum(fen) FROM unnest(personal_fen) AS fen) AS b"
    " FROM collection.declaration_person) AS people",
    "declarations": "SELECT sum(people), sum(wages_fen), sum(total_fen), count(*)"
    " FROM collection.declaration WHERE status = 'billed'",
    "declared lines": "SELECT sum(amount_fen) FROM collection.declaration_line",
    "bills": "SELECT sum(total_fen), count(*) FROM collection.bill",
    "bill lines": "SELECT sum(amount_fen) FROM collection.bill_line",
}


async def verified(run: Run, admin_url: str, stored: list[dict[str, Any]]) -> bool:
    """Add everything up again: people, declarations, bills and their lines, the ledger's books."""
    connection = await asyncpg.connect(admin_url)
    try:
        found = {
            name: [int(x) for x in await connection.fetchrow(sql) or ()]
            for name, sql in SUMS.items()
        }
    finally:
        await connection.close()
    city = run.city
    total = sum(parse_yuan(operation["result"]["total"]) for operation in stored)
    token = await run.tokens.of("supervisor")
    answer = await run.ledger.get(
        "/v1/trial-balance",
        headers={"Authorization": f"Bearer {token}"},
        params={"as_of": run.bill_date, "book": "memo"},
    )
    balance = answer.raise_for_status().json()
    accounts = [row for fund in balance["funds"] for row in fund["accounts"]]
    receivable, levied = (
        sum(parse_yuan(row[side]) for row in accounts if row["account"] == account)
        for account, side in (("memo_receivable", "debit"), ("memo_levied", "credit"))
    )
    checks = {
        "people as in the files": found["people"][:2] == [city.people, city.wages_fen],
        "people's shares = declarations": found["people"][2] == total,
        "declarations as in the files": found["declarations"]
        == [city.people, city.wages_fen, total, city.units],
        "levied as computed by hand": total == city.due_fen,
        "declared lines = declarations": found["declared lines"] == [total],
        "bills = declarations": found["bills"] == [total, city.units],
        "bill lines = bills": found["bill lines"] == [total],
        "receivable in the ledger = bills": receivable == total,
        "levied in the ledger = bills": levied == total,
        "the ledger balances": bool(balance["balanced"]),
    }
    for name, holds in checks.items():
        print(f"  {'yes' if holds else 'NO ':<4} {name}")
    return all(checks.values())


async def measure(people: int, units: int, database_url: str | None) -> dict[str, Any]:
    """Make the city, play its month, prove it."""
    began = time.perf_counter()
    city = a_city(people, units)
    print(
        f"a city of {city.people:,} people in {city.units:,} units, {len(city.districts)} "
        f"districts, made in {time.perf_counter() - began:.1f} s",
        flush=True,
    )
    async with server(database_url) as server_url, database(server_url) as admin_url:
        for line in await describe(server_url):
            print(line)
        with tempfile.TemporaryDirectory(prefix="wuxian-bench-") as home:
            settings = Settings(
                home=Path(home),
                admin_database_url=admin_url,
                sandbox_districts=tuple(district.code for district in city.districts),
            )
            return await _month_in_house(settings, city, admin_url)


async def _month_in_house(settings: Settings, city: City, admin_url: str) -> dict[str, Any]:
    async with in_house(settings, city, admin_url) as run:
        began = time.perf_counter()
        stored = await month(run)
        seconds = time.perf_counter() - began
        peak_mib = run.peaks.report()
        print(f"processor seconds: {run.peaks.cpu_seconds()}")
        good = await verified(run, admin_url, stored)
    return {
        "people": city.people,
        "units": city.units,
        "seconds_total": round(seconds, 2),
        "seconds": {name: round(spent, 2) for name, spent in run.seconds.items()},
        "peak_mib": peak_mib,
        "verified": good,
    }


def main(
    small: Small = False,
    as_json: AsJson = False,
    people: int | None = None,
    units: int | None = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Measure and print one month of a city; fail when the figures do not add up."""
    scale = 100 if small else 1
    people = people or PEOPLE // scale
    units = units or min(UNITS // scale, people)
    result = asyncio.run(measure(people, units, database_url))
    full_size = people >= PEOPLE and units >= UNITS
    said = verdict(result["seconds_total"], BAR_SECONDS, full_size=full_size)
    print(
        f"total {result['seconds_total']:.1f} s, {people / result['seconds_total']:,.0f} people/s; "
        f"the bar for {PEOPLE:,} is {BAR_SECONDS:.0f} s: {said}; "
        f"verified: {result['verified']}"
    )
    if as_json:
        print(json.dumps(result))
    raise SystemExit(0 if result["verified"] else 1)


if __name__ == "__main__":
    typer.run(main)
