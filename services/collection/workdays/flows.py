"""Workdays of a year (工作日): one person files what the year's notice says, another approves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.signed_change import ChangeSubject, SignedChange
from services.collection.common.flows import signed_change as signed_change_flow
from services.collection.workdays import store as workdays_store
from services.collection.workdays.domain import (
    CalendarDifference,
    WorkdayYear,
    difference,
    faults_of,
    year_key,
)
from shared.errors import Faulty
from shared.ids import Ref
from shared.roles import Caller

SUBJECT: Final = ChangeSubject.WORKDAYS


@dataclass(frozen=True, slots=True)
class WorkdayCalendar:
    """The years that are known, and the changes that wait, each with the days that it turns."""

    years: Sequence[WorkdayYear]
    waiting: Sequence[tuple[SignedChange, CalendarDifference]]


async def calendar(tx: AsyncConnection) -> WorkdayCalendar:
    """Read the years, and the changes of them that wait for their decision."""
    years = await workdays_store.years(tx)
    present = {one.year: one for one in years}
    waiting = [
        (change, difference(days, present.get(days.year)))
        for change in await signed_change_flow.waiting(tx, SUBJECT)
        for days in [_days_of(change)]
    ]
    return WorkdayCalendar(years, waiting)


def _days_of(change: SignedChange) -> WorkdayYear:
    return WorkdayYear(
        year=change.content["year"],
        days_off=[date.fromisoformat(day) for day in change.content["days_off"]],
        workdays=[date.fromisoformat(day) for day in change.content["workdays"]],
        source=change.content["source"],
    )


async def file(tx: AsyncConnection, days: WorkdayYear, caller: Caller) -> SignedChange:
    """File the days of a year as they shall become.

    Raises:
        Faulty: every fault of them, or they are so already.
        SignedChangeWaits: another change of the year is not decided yet.
    """
    faults = list(faults_of(days, await workdays_store.find(tx, days.year)))
    if faults:
        raise Faulty(faults=faults)
    return await signed_change_flow.file(
        tx,
        SUBJECT,
        shard_key=year_key(days.year),
        target=str(days.year),
        content={
            "year": days.year,
            "days_off": [day.isoformat() for day in sorted(days.days_off)],
            "workdays": [day.isoformat() for day in sorted(days.workdays)],
            "source": days.source,
        },
        reason=days.reason,
        caller=caller,
    )


async def approve(tx: AsyncConnection, ref: Ref, caller: Caller) -> SignedChange:
    """Approve the days of a year, as another person. Papers made from now on are due by them.

    Raises:
        SignedChangeUnknown, SignedChangeDecided, SamePersonTwice: the caller cannot approve it.
    """
    return await signed_change_flow.approve(tx, SUBJECT, ref, caller)


async def refuse(tx: AsyncConnection, ref: Ref, why: str, caller: Caller) -> SignedChange:
    """Refuse the days of a year, as another person.

    Raises:
        SignedChangeUnknown, SignedChangeDecided, SamePersonTwice: the caller cannot refuse it.
    """
    return await signed_change_flow.refuse(tx, SUBJECT, ref, why, caller)
