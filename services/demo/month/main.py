"""`wuxian sandbox month`: failures of every kind, the clerks' steps, and a month that closes."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from services.demo import closing, reconciling
from services.demo.collecting import DemoError, Month, Play, assess, register
from services.demo.house import house
from services.demo.main import EXPECTED
from services.demo.month import debiting, failures, proving, repaying, stating, taxing
from services.demo.month.killing import killing
from services.demo.month.worklist import open_items
from services.demo.office import Office
from services.demo.paying import pay, settle
from services.demo.proofs import Proof
from services.demo.stage import Stage
from services.supervisor import Supervisor
from shared.process.settings import Settings
from shared.web.client import PeerError

_TOO_EARLY = {"RECONCILIATION_OPEN", "INCOME_ACCOUNT_NOT_EMPTY"}


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The month that is asked for.

    In an `orderly` one the same debits, payments and tickets fail, but every message comes once, at
    once and in order. It ends in the same state.
    """

    seed: int
    percent: int
    units: int
    kills: int = 0
    orderly: bool = False


@dataclass(frozen=True, slots=True)
class MonthReport:
    """The outcome: what was open before the clerks' steps, and the proofs after them."""

    rehearsal: Rehearsal
    open_before: dict[str, int]
    refused_before: list[str]
    killed: list[str]
    state: dict[str, Any]
    proofs: list[Proof]
    seconds: dict[str, float]

    @property
    def ok(self) -> bool:
        """Return whether every proof holds."""
        return all(proof.ok for proof in self.proofs)


def perform(rehearsal: Rehearsal, settings: Settings, *, json_output: bool) -> int:
    """Play the month, show how it ended, and answer the exit code."""
    stage = Stage()
    try:
        report = asyncio.run(play(rehearsal, settings, stage))
    except EXPECTED as failure:
        stage.console.print(f"wuxian sandbox month: {failure}", style="red", markup=False)
        return 1
    if json_output:
        print(as_json(report))
    else:
        show(report, Console())
    sys.stdout.flush()
    return 0 if report.ok else 1


async def play(rehearsal: Rehearsal, settings: Settings, stage: Stage) -> MonthReport:
    """Start the house, play the month, prove; what came out."""
    async with AsyncExitStack() as stack:
        with stage.step("install"):
            supervisor = await stack.enter_async_context(house(settings))
        office = Office(supervisor.urls, supervisor.secrets)
        stack.push_async_callback(office.close)
        city = failures.city_of(rehearsal.units, rehearsal.seed)
        return await _play(Play(city, office, stage), rehearsal, supervisor)


async def _play(play: Play, rehearsal: Rehearsal, supervisor: Supervisor) -> MonthReport:
    month = Month(0)
    script = failures.script(rehearsal.seed, rehearsal.percent, orderly=rehearsal.orderly)
    await play.office.put("bank_gateway", "sandbox", "/v1/script", script)
    async with killing(supervisor, rehearsal.seed, rehearsal.kills) as killed:
        await fail(play, month, rehearsal)
        before = await open_items(play, month)
        codes = await refused_closing(play, month)
        await work_through(play, month)
        await closing.close(play, month)
    return MonthReport(
        rehearsal=rehearsal,
        open_before=before,
        refused_before=codes,
        killed=killed,
        state=await proving.end_state(play),
        proofs=await proving.prove(play, month, supervisor.settings),
        seconds=play.stage.seconds,
    )


async def fail(play: Play, month: Month, rehearsal: Rehearsal) -> None:
    """Play the month until the failures are all there, and nobody has done anything about them."""
    await failures.open_csv_bank(play)
    await register(play)
    await reconciling.expect_statements(play, month)
    await assess(play, month)
    await debiting.debit_first(play, month)
    taxpayers = sum(unit.collector == "tax" for unit in play.city.units)
    await taxing.push(play, month, max(1, min(10, taxpayers * rehearsal.percent // 100)))
    await stating.state(play, month, stating.DAYS[0], with_errors=True)
    await stating.followed(play, month, stating.DAYS[0])


async def work_through(play: Play, month: Month) -> None:
    """Take the clerks' steps of docs/sandbox.md, in their order."""
    first, second, third = stating.DAYS
    await debiting.inquire(play, month)
    await stating.settle(play, month, first)
    await debiting.retry(play, month)
    await stating.state(play, month, second, with_errors=True)
    await stating.settle(play, month, second)
    await taxing.find_owners(play, month)
    await taxing.compare(play, month)
    await settle(play, month)
    await pay(play, month)
    await repaying.repay(play, month)
    await stating.state(play, month, third, with_errors=False)
    await stating.settle(play, month, third)


async def refused_closing(play: Play, month: Month) -> list[str]:
    """Propose to close the month while work is open; the reasons of the refusal.

    Raises:
        DemoError: it was not refused, or not for the reasons there are.
    """
    with play.stage.step("early", 1, month.period) as bar:
        await closing.credited(play)
        control = await closing.control(play, month.day(31))
        body = {"level": "month", "period": month.period, "control": control}
        try:
            await play.office.post("fund_accountant", "ledger", "/v1/closings", body)
        except PeerError as refused:
            found = {fault["code"] for fault in refused.body.get("errors", [])}
            if not found >= _TOO_EARLY:
                raise DemoError(f"refused for {sorted(found)} only") from None
            bar.note(f"refused: {', '.join(sorted(found))}")
            bar.advance()
            return sorted(found)
    raise DemoError(f"{month.period} was closed with work left open")


def as_json(report: MonthReport) -> str:
    """Return the object of `--json`."""
    body = {
        "seed": report.rehearsal.seed,
        "failures_percent": report.rehearsal.percent,
        "units": report.rehearsal.units,
        "open_before": report.open_before,
        "closing_refused_for": report.refused_before,
        "killed": report.killed,
        "state": report.state,
        "proofs": [
            {"name": proof.name, "ok": proof.ok, "detail": proof.detail} for proof in report.proofs
        ],
        "seconds": {step: round(spent, 2) for step, spent in report.seconds.items()},
    }
    return json.dumps(body, ensure_ascii=False)


def show(report: MonthReport, console: Console) -> None:
    """Print what was open, then the proofs."""
    for name, count in report.open_before.items():
        console.print(f"{count:>6} {name}", highlight=False)
    if report.killed:
        console.print(f"{len(report.killed):>6} services killed")
    for proof in report.proofs:
        mark = "[green]✔[/green]" if proof.ok else "[red]✘[/red]"
        console.print(f"{mark} {proof.name.replace('_', ' ')}")
        console.print(f"  {proof.detail}", style="dim", markup=False)
    spent = sum(report.seconds.values())
    end = "月结完成 the month is closed" if report.ok else "[red]验证未通过 a proof fails[/red]"
    console.print(f"{report.rehearsal.units} 单位 units, {spent:.1f} s: {end}")
