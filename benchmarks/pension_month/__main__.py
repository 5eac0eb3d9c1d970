"""A city's pensions of one month: runs, three signatures, batches, the bank's results, the books.

    python -m benchmarks.pension_month [--small] [--json] [--people N] [--raise] [--database-url URL]

Real processes over real HTTP, durable. Pensioners and the money on the expenditure account are
there first; neither is timed, nor is the bank's own work on its files. Then every district files
its run, three people sign it, the cashier forms a batch, the bank fetches its file and hands in
the results, and the ledger books them. What is stored is added up again afterwards.
"""

from __future__ import annotations

import asyncio
import csv
import io
import json
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

import asyncpg
import typer

from benchmarks._bench import AsJson, DatabaseUrl, Small, database, describe, server, verdict
from benchmarks.pension_month.mass_raise import learn, mass_raise
from benchmarks.pension_month.office import Office, districts, office
from shared.money import format_yuan, parse_yuan
from shared.process.settings import Settings
from shared.roles import Role

PEOPLE = 600_000
BAR_SECONDS = 60.0
POLL_SECONDS = 0.1
AT_ONCE = 2
SIGNERS = (Role.DISTRICT_REVIEWER, Role.DEPARTMENT_HEAD, Role.CENTRE_LEADER)


async def fund(run: Office) -> None:
    """Put one month on the expenditure account: a fiscal subsidy, then a transfer for spending."""
    amounts = [{"fund": "pension", "amount": format_yuan(run.pensioners.total_fen)}]
    for kind in ("fiscal_subsidy", "expenditure_funding"):
        body = {"kind": kind, "day": run.pay_date, "amounts": amounts}
        headers = {"Idempotency-Key": f"bench-{kind}-{run.period}"}
        how: dict[str, Any] = {"json": body, "headers": headers}
        paper = await run.ask("ledger", "POST", "/v1/settlements", Role.FUND_ACCOUNTANT, **how)
        path = f"/v1/settlements/{paper['id']}/approvals"
        headers = {"Idempotency-Key": f"bench-{kind}-{run.period}-yes"}
        await run.ask("ledger", "POST", path, Role.CENTRE_LEADER, headers=headers)


async def each(items: list[Any], work: Callable[[Any], Awaitable[Any]]) -> list[Any]:
    """Work on every item, a few at once."""
    desks = asyncio.Semaphore(AT_ONCE)

    async def one(item: Any) -> Any:
        async with desks:
            return await work(item)

    return list(await asyncio.gather(*[one(item) for item in items]))


async def file_runs(run: Office) -> list[dict[str, Any]]:
    """Let every district file its run."""

    async def one(district: str) -> Any:
        body = {"district": district, "period": run.period}
        clerk = Role.DISTRICT_CLERK
        return await run.ask("payout", "POST", "/v1/pension-runs", clerk, district, json=body)

    return await each([code for code, count in run.pensioners.people.items() if count], one)


async def sign(run: Office, claims: list[dict[str, Any]]) -> None:
    """Let three people sign every run."""

    async def one(claim: dict[str, Any]) -> None:
        path = f"/v1/claims/{claim['id']}/signatures"
        for role in SIGNERS:
            place = (claim["district"],) if role is Role.DISTRICT_REVIEWER else ()
            await run.ask("payout", "POST", path, role, *place, json={"decision": "approve"})

    await each(claims, one)


async def form_batches(run: Office, claims: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Form a batch of every run, and wait until the ledger holds its money."""
    cashier = Role.CENTRE_CASHIER

    async def one(claim: dict[str, Any]) -> Any:
        how: dict[str, Any] = {"headers": {"Idempotency-Key": claim["id"]}}
        body = {"claims": [claim["id"]], "pay_date": run.pay_date}
        return await run.ask("payout", "POST", "/v1/payment-batches", cashier, json=body, **how)

    batches = await each(claims, one)
    for batch in batches:
        while True:
            found = await run.ask("payout", "GET", f"/v1/payment-batches/{batch['id']}", cashier)
            if found["status"] == "ready":
                break
            if found["status"] != "funding":
                raise RuntimeError(f"the batch is {found['status']}: {found['reason']}")
            await asyncio.sleep(POLL_SECONDS)
    return batches


async def fetch_files(run: Office, batches: list[dict[str, Any]]) -> list[bytes]:
    """Let the bank fetch the file of every batch."""

    async def one(batch: dict[str, Any]) -> bytes:
        path = f"/v1/payment-batches/{batch['id']}/file"
        params = {"format": "csv"}
        answer = await run.send("payout", "GET", path, Role.BANK_GATEWAY, params=params)
        return answer.content

    return await each(batches, one)


def answer_of(file: bytes, pay_date: str) -> bytes:
    """Pay every line of a file, as the bank does; its answer."""
    rows = csv.DictReader(io.StringIO(file.decode("utf-8-sig"), newline=""))
    lines = ["file_no,line,outcome,serial,amount,value_date"]
    for row in rows:
        serial = f"B{row['file_no'][-6:]}{row['line']}"
        lines.append(f"{row['file_no']},{row['line']},paid,{serial},{row['amount']},{pay_date}")
    return "\n".join(lines).encode()


async def report(run: Office, batches: list[dict[str, Any]], answers: list[bytes]) -> None:
    """Let the bank hand in its answers."""

    async def one(item: tuple[dict[str, Any], bytes]) -> None:
        batch, content = item
        path = f"/v1/payment-batches/{batch['id']}/result-files"
        headers = {"Content-Type": "text/csv", "Idempotency-Key": f"answer-{batch['id'][-20:]}"}
        params = {"format": "csv"}
        how: dict[str, Any] = {"content": content, "headers": headers, "params": params}
        found = await run.ask("payout", "POST", path, Role.BANK_GATEWAY, **how)
        if found["rejected"]:
            raise RuntimeError(f"rejected: {str(found)[:300]}")

    await each(list(zip(batches, answers, strict=True)), one)


async def booked(run: Office) -> None:
    """Wait until the ledger has acknowledged every message."""
    while True:
        box = await run.ask("payout", "GET", "/v1/outbox", Role.SUPERVISOR)
        if box["refused"]:
            raise RuntimeError(f"the ledger refused {box['refused']} vouchers")
        if not box["waiting"]:
            return
        await asyncio.sleep(POLL_SECONDS)


async def month(run: Office) -> None:
    """The whole month, stage by stage."""
    claims = await run.stage("runs filed", file_runs(run))
    await run.stage("signed three times", sign(run, claims))
    batches = await run.stage("batches with their money", form_batches(run, claims))
    files = await run.stage("files fetched by the bank", fetch_files(run, batches))
    began = time.perf_counter()
    answers = [answer_of(file, run.pay_date) for file in files]
    print(f"the bank's own work {time.perf_counter() - began:.1f} s (not timed)", flush=True)
    await run.stage("results taken", report(run, batches, answers))
    await run.stage("booked in the ledger", booked(run))


SUMS = {
    "entitlements": "SELECT count(*), sum(monthly_fen) FROM payout.entitlement",
    "runs": "SELECT sum(lines), sum(total_fen) FROM payout.claim WHERE status = 'approved'",
    "lines of runs": "SELECT count(*), sum(amount_fen) FROM payout.claim_line",
    "months of people": "SELECT count(*), sum(amount_fen) FROM payout.pension_month WHERE live",
    "paid lines": "SELECT count(*), sum(amount_fen) FROM payout.payment_line WHERE status = 'paid'",
    "batches": "SELECT sum(lines), sum(paid_fen) FROM payout.payment_batch WHERE status = 'closed'",
}


async def verified(run: Office, admin_url: str) -> bool:
    """Add everything up again: people, runs, lines, payments, the ledger's books."""
    connection = await asyncpg.connect(admin_url)
    try:
        found = {
            name: tuple(int(x or 0) for x in await connection.fetchrow(sql) or ())
            for name, sql in SUMS.items()
        }
    finally:
        await connection.close()
    expected = (sum(run.pensioners.people.values()), run.pensioners.total_fen)
    balances = await run.ask("ledger", "GET", "/v1/funds/balances", Role.SUPERVISOR)
    (pension,) = [row for row in balances["funds"] if row["fund"] == "pension"]
    accounts = {name: parse_yuan(amount) for name, amount in pension["accounts"].items()}
    checks = {f"{name} as registered": sums == expected for name, sums in found.items()}
    checks["pensions in the books = paid"] = accounts["benefit.basic_pension"] == expected[1]
    checks["the expenditure account is empty"] = accounts.get("expenditure_deposit", 0) == 0
    checks["nothing is held any more"] = parse_yuan(pension["held"]) == 0
    for name, holds in checks.items():
        print(f"  {'yes' if holds else 'NO ':<4} {name}")
    return all(checks.values())


async def measure(people: int, database_url: str | None, *, raised: bool) -> dict[str, Any]:
    """Make the pensioners, play their month, prove it; then raise everybody if asked to."""
    async with server(database_url) as server_url, database(server_url) as admin_url:
        conditions = await describe(server_url)
        for line in conditions:
            print(line)
        with tempfile.TemporaryDirectory(prefix="wuxian-bench-") as home:
            settings = Settings(
                home=Path(home),
                admin_database_url=admin_url,
                sandbox_districts=tuple(districts()),
            )
            async with office(settings, people, admin_url) as run:
                await fund(run)
                began = time.perf_counter()
                await month(run)
                elapsed, paying = time.perf_counter() - began, dict(run.seconds)
                run.peaks.report()
                print(f"processor seconds: {run.peaks.cpu_seconds()}")
                good = await verified(run, admin_url)
                if raised:
                    await learn(admin_url)
                    good &= await mass_raise(run, run.period)
                    run.peaks.report()
                    print(f"processor seconds: {run.peaks.cpu_seconds()}")
    return {
        "people": people,
        "amount": format_yuan(run.pensioners.total_fen),
        "seconds_total": round(sum(paying.values()), 2),
        "seconds_elapsed": round(elapsed, 2),
        "seconds": {name: round(spent, 2) for name, spent in run.seconds.items()},
        "seconds_raise": round(sum(run.seconds.values()) - sum(paying.values()), 2),
        "peak_mib": run.peaks.mib(),
        "verified": good,
        "conditions": conditions,
    }


def main(
    small: Small = False,
    as_json: AsJson = False,
    people: int | None = None,
    raised: Annotated[
        bool, typer.Option("--raise", help="then a mass raise of everybody, with its arrears")
    ] = False,
    database_url: DatabaseUrl = None,
) -> None:
    """Measure and print one month of pensions; fail when the figures do not add up."""
    people = people or PEOPLE // (100 if small else 1)
    result = asyncio.run(measure(people, database_url, raised=raised))
    said = verdict(result["seconds_total"], BAR_SECONDS, full_size=people >= PEOPLE)
    if raised:
        print(f"raised {people:,} people in {result['seconds_raise']:.1f} s")
    print(
        f"total {result['seconds_total']:.1f} s, {people / result['seconds_total']:,.0f} people/s; "
        f"the bar for {PEOPLE:,} is {BAR_SECONDS:.0f} s: {said}; "
        f"verified: {result['verified']}"
    )
    if as_json:
        print(json.dumps(result, ensure_ascii=False))
    raise SystemExit(0 if result["verified"] else 1)


if __name__ == "__main__":
    typer.run(main)
