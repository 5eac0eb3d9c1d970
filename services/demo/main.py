"""`wuxian demo`: play a generated city's two months through the public API, then prove the books."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass

from rich.console import Console

from services.demo import city as cities
from services.demo import closing, episodes, lifetime, reconciling
from services.demo.collecting import DemoError, Month, Play, collect, identify, register
from services.demo.episode_proofs import prove_episodes
from services.demo.house import Busy, house
from services.demo.lifetime import Lifetime
from services.demo.lifetime_proofs import prove_lifetime
from services.demo.office import Office
from services.demo.paying import pay, settle
from services.demo.proofs import prove_books, read_state
from services.demo.replay import prove_replay
from services.demo.report import Report, as_json, fund_rows, show
from services.demo.stage import Stage
from services.embedded import EmbeddedError
from services.migrate import MigrationError
from services.supervisor import PortTaken, SupervisorError
from shared.money import parse_yuan
from shared.process.settings import Settings
from shared.web.client import PeerError

EXPECTED = (DemoError, Busy, EmbeddedError, MigrationError, PortTaken, SupervisorError, PeerError)
"""Failures that are printed without a traceback."""


def perform(json_output: bool, settings: Settings, *, small: bool = False) -> int:
    """Play the demo, show how it ended, and answer the exit code."""
    stage = Stage()
    try:
        report = asyncio.run(play(settings, stage, small=small))
    except EXPECTED as failure:
        stage.console.print(f"wuxian demo: {failure}", style="red", markup=False)
        for fault in failure.body.get("errors", ()) if isinstance(failure, PeerError) else ():
            stage.console.print(f"  {fault}", style="red", markup=False)
        return 1
    if json_output:
        print(as_json(report))
    else:
        show(report, Console())
    sys.stdout.flush()
    return 0 if report.ok else 1


async def play(settings: Settings, stage: Stage, *, small: bool = False) -> Report:
    """Start the house, play both periods, prove; what came out."""
    city = cities.build(size=cities.SMALL if small else cities.FULL)
    async with AsyncExitStack() as stack:
        with stage.step("install"):
            supervisor = await stack.enter_async_context(house(settings))
        office = Office(supervisor.urls, supervisor.secrets)
        stack.push_async_callback(office.close)
        return await _play(Play(city, office, stage))


async def _play(play: Play) -> Report:
    first = await first_month(play)
    return await prove(play, await second_month(play, first))


@dataclass(frozen=True, slots=True)
class FirstMonth:
    """The first month with the papers of its episodes, for the second one."""

    month: Month
    returned: str
    moved: str
    repaid: episodes.RepaidPension


async def first_month(play: Play) -> FirstMonth:
    """Register the city and play July until it is closed."""
    await register(play)
    july = Month(0)
    await reconciling.expect_statements(play, july)
    await collect(play, july)
    returned = await episodes.return_debit(play, july)
    moved = await episodes.move_receipt(play, july)
    await closing.try_too_early(play, july)
    await identify(play, july)
    await settle(play, july)
    await pay(play, july)
    repaid = await episodes.repay_pension(play, july)
    await reconciling.reconcile(play, july)
    await closing.close(play, july)
    return FirstMonth(july, returned, moved, repaid)


@dataclass(frozen=True, slots=True)
class Papers:
    """The papers of every episode, for the proofs."""

    events: episodes.Events
    lifetime: Lifetime


async def second_month(play: Play, first: FirstMonth) -> Papers:
    """Play August until it is closed, and one payment after the year's end."""
    july, august = first.month, Month(1)
    await collect(play, august)
    await closing.try_too_early(play, august)
    refunded = await episodes.refund_stranger(play, august)
    await identify(play, august)
    lowered = await episodes.lower_month(play, august, july)
    died = await lifetime.end_late(play, august)
    raised = await lifetime.raise_pensions(play, august, july)
    totals = raised["control"]
    added_fen = parse_yuan(totals["monthly"]) + parse_yuan(totals["arrears"])
    await settle(play, august, raised_fen=added_fen)
    case = await lifetime.recover(play, august, died)
    await pay(play, august)
    returned = await lifetime.return_pension(play, august)
    await reconciling.reconcile(play, august)
    await closing.close(play, august)
    refund, unit = await lifetime.refund_stable_job(play)
    events = episodes.Events(
        first.returned, first.moved, lowered, july.period, refunded, first.repaid
    )
    return Papers(events, Lifetime(case, raised["id"], returned, refund, unit))


async def prove(play: Play, papers: Papers) -> Report:
    """Prove the books, then replay every message and prove that nothing changed."""
    with play.stage.step("prove") as bar:
        state = await read_state(play)
        proofs = await prove_books(play, state, bar.advance)
        proofs += await prove_episodes(play, papers.events)
        proofs += await prove_lifetime(play, papers.lifetime)
    proofs.append(await prove_replay(play, play.stage, state))
    return Report(
        units=len(play.city.units),
        persons=sum(len(unit.people) for unit in play.city.units),
        funds=fund_rows(state),
        names=state.names,
        proofs=proofs,
        seconds=play.stage.seconds,
    )
