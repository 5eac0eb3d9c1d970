"""Learning who is retired; proposing, approving and reading monthly runs of injections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.common.domain.refusal import BookDateInFuture
from services.ledger.injections import store as injections_store
from services.ledger.injections.domain import (
    InjectionRun,
    NothingToInject,
    RetiredPerson,
    RunExists,
    RunStatus,
    RunTooEarly,
    RunUnknown,
    require_unchanged,
)
from services.ledger.personal.domain import NoInjectionRule, YearClosed
from services.ledger.personal.store import account as account_store
from shared import clock
from shared.errors import SamePersonTwice, StateConflict
from shared.ids import uuid7
from shared.period import Period
from shared.roles import Caller
from shared.security.person_name import same_person

FUND: Final = "medical"
"""The fund whose row keeps the words about retirees apart from runs."""


async def learn(tx: AsyncConnection, people: Sequence[RetiredPerson]) -> int:
    """Store the latest word about who is retired; return for how many it was news.

    A run sees all of a request or nothing of it: then the next run looks at its people.
    """
    await account_store.closed_years(tx, {FUND})
    return await injections_store.insert_retirees(tx, people)


async def propose(
    tx: AsyncConnection, fund: str, period: Period, day: date, by: Caller
) -> InjectionRun:
    """Propose a month's run with its preview; it takes the place of an earlier proposal of the fund.

    Raises:
        BookDateInFuture, YearClosed: the day.
        NoInjectionRule: the fund has no rules.
        RunExists, RunTooEarly: the month.
        NothingToInject: nobody's account would change.
    """
    await _require_open(tx, fund, period, day)
    if not await account_store.injection_rules(tx, fund):
        raise NoInjectionRule(fund=fund)
    groups, without_rule = await injections_store.preview(tx, fund, period)
    if not groups:
        raise NothingToInject(fund=fund, period=str(period))
    run = InjectionRun(
        id=uuid7(),
        fund=fund,
        period=period,
        day=day,
        status=RunStatus.PROPOSED,
        people=sum(group.people for group in groups),
        total_fen=sum(group.total_fen for group in groups),
        proposed_by=by.subject,
        groups=groups,
        without_rule=without_rule,
    )
    await injections_store.insert(tx, run)
    return run


async def approve(tx: AsyncConnection, id: UUID, by: Caller) -> InjectionRun:
    """Post a run as another person; a repeat by the same person gets the same answer.

    Raises:
        RunUnknown: no such run.
        StateConflict: it is posted, or another proposal took its place.
        SamePersonTwice: the caller proposed it.
        RunChanged: it would post something else than was previewed.
        RunExists, RunTooEarly, YearClosed: as `propose`.
    """
    run = await _found(tx, id)
    if run.status is RunStatus.POSTED and run.approved_by == by.subject:
        return run
    if run.status is not RunStatus.PROPOSED:
        raise StateConflict(status=run.status.value)
    if same_person(run.proposed_by, by.subject):
        raise SamePersonTwice(person=by.subject, step="approved")
    await _require_open(tx, run.fund, run.period, run.day)
    if (await _found(tx, id)).status is not RunStatus.PROPOSED:
        raise StateConflict(status=RunStatus.REPLACED.value)
    require_unchanged(run, *await injections_store.post(tx, run))
    await injections_store.mark_posted(tx, run, by.subject)
    return replace(run, status=RunStatus.POSTED, approved_by=by.subject)


async def _require_open(tx: AsyncConnection, fund: str, period: Period, day: date) -> None:
    """Lock the fund's accounts alone, and refuse a day or a month that cannot be posted."""
    if day > clock.today():
        raise BookDateInFuture(day=day.isoformat())
    # In one order, so that two requests cannot wait for each other.
    closed = await account_store.closed_years(tx, {FUND, fund}, alone=True)
    if (closed[fund] or 0) >= day.year:
        raise YearClosed(fund=fund, year=closed[fund])
    last = await injections_store.last_month(tx, fund)
    if last == period:
        raise RunExists(fund=fund, period=str(period))
    if period > Period.of(clock.today()) or (last is not None and period < last):
        raise RunTooEarly(fund=fund, period=str(period), last=None if last is None else str(last))


async def _found(tx: AsyncConnection, id: UUID) -> InjectionRun:
    run = await injections_store.load(tx, id)
    if run is None:
        raise RunUnknown(injection_run=str(id))
    return run


async def find(tx: AsyncConnection, id: UUID) -> InjectionRun:
    """Read a run; a proposed one with its preview as of now.

    Raises:
        RunUnknown: no such run.
    """
    run = await _found(tx, id)
    if run.status is not RunStatus.PROPOSED:
        return run
    groups, without_rule = await injections_store.preview(tx, run.fund, run.period)
    return replace(run, groups=groups, without_rule=without_rule)


async def page(
    tx: AsyncConnection, *, filters: dict[str, str | None], after: UUID | None, limit: int
) -> list[InjectionRun]:
    """Read runs by id, after one; `filters` are columns and the values they must have."""
    return await injections_store.page(tx, filters=filters, after=after, limit=limit)
