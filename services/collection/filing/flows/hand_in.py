"""Hand in a declared month: levy it and store it, for one unit or for many, in one transaction."""

from __future__ import annotations

import asyncio
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.errors import DeclarationExists
from services.collection.filing.domain.frozen_months import extended_faults
from services.collection.filing.domain.levied import (
    FilingTerms,
    LeviedMonth,
    levy_month,
    lines_of,
)
from services.collection.filing.domain.month import DeclaredMonth, Schedules
from services.collection.filing.domain.records import LeviedDeclaration
from services.collection.filing.flows import late as late_flow
from services.collection.filing.flows.trail_step import step_of
from services.collection.filing.store import changes as changes_store
from services.collection.filing.store import extended as extended_store
from services.collection.filing.store import figures as figures_store
from services.collection.filing.store import hand_in as hand_in_store
from services.collection.filing.store.hand_in import FiledMeanwhile
from services.collection.policy.domain.policy import Policy
from shared import trail
from shared.errors import Faulty
from shared.roles import Caller

SMALL: Final = 1_000
"""People who are levied at once, because handing them to a thread would take longer."""


async def store_month(
    tx: AsyncConnection,
    month: DeclaredMonth,
    terms: FilingTerms,
    schedules: Schedules,
    caller: Caller,
    detail: dict[str, object] | None = None,
) -> LeviedMonth:
    """Levy and store the declarations of units that may file; `detail` goes on the trail of each.

    Raises:
        TotalTooLarge: a unit owes more than can be booked.
        FiledMeanwhile: another request filed for one of the units at the same time.
    """
    plans = [terms.plans[unit.id] for unit in month.units if unit.id in terms.plans]
    before = await late_flow.make_room(tx, plans, caller)
    if len(month.person_id) <= SMALL:
        levied = levy_month(month, schedules, terms, before)
    else:
        levied = await asyncio.to_thread(levy_month, month, schedules, terms, before)
    new = [row for row in levied.headers if row.round == 1]
    again = [row for row in levied.headers if row.round > 1]
    if new:
        await hand_in_store.insert_headers(tx, new)
    if again:
        await hand_in_store.update_headers(tx, again)
    if any(group.lines for group in levied.groups):
        await hand_in_store.copy_lines(tx, levied.groups)
    if levied.corrections:
        await hand_in_store.insert_lines(tx, levied.corrections)
    if len(levied.people.line_no):
        await hand_in_store.copy_people(tx, levied.headers, levied.people)
    if levied.figures:
        await figures_store.copy(tx, levied.figures)
    step = step_of(levied.headers[0], "submit", signs=False, why=terms.note, detail=detail)
    await trail.record_many(tx, [row.key for row in levied.headers], step, caller)
    return levied


async def store_one(
    tx: AsyncConnection,
    month: DeclaredMonth,
    terms: FilingTerms,
    schedules: Schedules,
    policy: Policy,
    caller: Caller,
    detail: dict[str, object] | None = None,
) -> LeviedDeclaration:
    """Levy and store the declaration of one unit.

    Raises:
        TotalTooLarge: it owes more than can be booked.
        DeclarationExists: another request filed the same month at the same time.
        Faulty: an extension counts the month of a person already.
    """
    if terms.review_id is None:  # A review levies the same people anew.
        await _require_not_extended(tx, month, terms)
    try:
        levied = await store_month(tx, month, terms, schedules, caller, detail)
    except FiledMeanwhile:
        raise DeclarationExists(period=str(terms.period)) from None
    return LeviedDeclaration(levied.headers[0], lines_of(levied), policy)


async def _require_not_extended(
    tx: AsyncConnection, month: DeclaredMonth, terms: FilingTerms
) -> None:
    people = month.person_id.tolist()
    (unit,) = month.units
    extended = await extended_store.people(tx, [unit.id], people, str(terms.period))
    if extended:
        masked = await changes_store.masked(tx, unit.id, sorted(extended))
        raise Faulty(faults=extended_faults(extended, masked))
