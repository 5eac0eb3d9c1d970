"""One declaration of a large unit: JSON in, bill out.

    python -m benchmarks.one_declaration [--small] [--json] [--people N] [--database-url URL]

Real processes over real HTTP, durable. One unit of 10,000 people declares six months, one after the
other: the clerk hands the month in and accepts it, the reviewer reviews and summarises, the centre
audits, and the clock stops when the bill is there. The city's figures are added up afterwards.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import asyncpg
import typer

from benchmarks._bench import AsJson, DatabaseUrl, Small, database, describe, server, verdict
from benchmarks._city import City, a_city
from benchmarks._desks import Run, in_house
from shared.money import format_yuan
from shared.process.settings import Settings
from shared.roles import Role

MONTHS = (
    ("2021-07", "2021-08-12"),
    ("2021-08", "2021-09-10"),
    ("2021-09", "2021-10-12"),
    ("2021-10", "2021-11-10"),
    ("2021-11", "2021-12-10"),
    ("2021-12", "2022-01-12"),
)
PEOPLE = 10_000
BAR_SECONDS = 2.0
POLL_SECONDS = 0.01


def declaration(city: City, period: str) -> bytes:
    """Write the unit's declaration of a month as JSON."""
    people = [
        {"identity_number": number.decode(), "wage": format_yuan(int(wage))}
        for number, wage in zip(city.numbers.tolist(), city.wage_fen, strict=True)
    ]
    control = {"people": city.people, "wages": format_yuan(city.wages_fen)}
    paper = {
        "credit_code": city.codes[0],
        "period": period,
        "people": people,
        "control": control,
    }
    return json.dumps(paper).encode()


async def one_month(run: Run, period: str, bill_date: str) -> dict[str, float]:
    """Take one month from JSON to bill; return the seconds until it is stored and billed."""
    district = run.city.districts[0].code
    content = declaration(run.city, period)
    began = time.perf_counter()
    paper = await run.ask(
        "POST",
        "/v1/declarations",
        Role.DISTRICT_CLERK,
        district,
        content=content,
        headers={"Content-Type": "application/json"},
    )
    stored = time.perf_counter() - began
    for role, step in ((Role.DISTRICT_CLERK, "acceptances"), (Role.DISTRICT_REVIEWER, "reviews")):
        await run.ask("POST", f"/v1/declarations/{paper['id']}/{step}", role, district, json={})
    summary = await run.ask(
        "POST",
        "/v1/summaries",
        Role.DISTRICT_REVIEWER,
        district,
        json={"district": district, "period": period},
        headers={"Idempotency-Key": f"send-{period}"},
    )
    await run.ask(
        "POST",
        f"/v1/summaries/{summary['id']}/audits",
        Role.CENTRE_AUDITOR,
        json={"control": summary["control"], "bill_date": bill_date},
    )
    while True:
        found = await run.ask("GET", f"/v1/summaries/{summary['id']}", Role.SUPERVISOR)
        if found["status"] == "billed":
            return {"stored": stored, "billed": time.perf_counter() - began}
        await asyncio.sleep(POLL_SECONDS)


async def verified(admin_url: str, city: City, months: int) -> bool:
    """Compare people, dues and bills with the city's own figures."""
    connection = await asyncpg.connect(admin_url)
    try:
        people = await connection.fetchval("SELECT count(*) FROM collection.declaration_person")
        billed = await connection.fetchval("SELECT sum(total_fen) FROM collection.bill")
    finally:
        await connection.close()
    return bool(people == city.people * months and int(billed) == city.due_fen * months)


async def measure(people: int, database_url: str | None) -> dict[str, Any]:
    """Play the months; return the medians of the months after the first."""
    city = a_city(people, 1)
    print(f"one unit of {people:,} people")
    async with server(database_url) as server_url, database(server_url) as admin_url:
        await describe(admin_url)
        with tempfile.TemporaryDirectory(prefix="wuxian-bench-") as home:
            settings = Settings(
                home=Path(home),
                admin_database_url=admin_url,
                sandbox_districts=tuple(district.code for district in city.districts),
            )
            async with in_house(settings, city, admin_url) as run:
                seconds = []
                for period, bill_date in MONTHS:
                    seconds.append(await one_month(run, period, bill_date))
                    print(
                        f"{period}   stored {seconds[-1]['stored']:6.2f} s   "
                        f"billed {seconds[-1]['billed']:6.2f} s",
                        flush=True,
                    )
                peak_mib = run.peaks.report()
                print(f"processor seconds: {run.peaks.cpu_seconds()}")
            good = await verified(admin_url, city, len(MONTHS))
    return {
        "people": people,
        "seconds_stored": round(statistics.median(one["stored"] for one in seconds[1:]), 3),
        "seconds_billed": round(statistics.median(one["billed"] for one in seconds[1:]), 3),
        "seconds_first": round(seconds[0]["billed"], 3),
        "peak_mib": peak_mib,
        "verified": good,
    }


def main(
    small: Small = False,
    as_json: AsJson = False,
    people: int | None = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Measure and print one unit's declarations; fail when the figures do not add up."""
    people = people or PEOPLE // (100 if small else 1)
    result = asyncio.run(measure(people, database_url))
    said = verdict(result["seconds_billed"], BAR_SECONDS, full_size=people >= PEOPLE)
    print(
        f"stored in {result['seconds_stored']:.2f} s, billed in {result['seconds_billed']:.2f} s "
        f"(medians without the first month); the bar for {PEOPLE:,} is {BAR_SECONDS:.0f} s: {said}; "
        f"verified: {result['verified']}"
    )
    if as_json:
        print(json.dumps(result))
    raise SystemExit(0 if result["verified"] else 1)


if __name__ == "__main__":
    typer.run(main)
