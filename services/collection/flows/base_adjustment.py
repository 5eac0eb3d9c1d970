"""What a confirmed review changes in a month that was billed already (补收): only the difference.

The month is calculated again under its own policy, on the reviewed bases; what was levied then, and
what earlier runs have found since, is taken off. So a second run finds nothing. What is found is a
proposal: it is kept, and levied by nothing here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.domain.base_review import (
    Difference,
    differences,
    lines_on_bases,
    unit_lines_on_bases,
)
from services.collection.domain.errors import BaseNotFinal, NothingBilled
from services.collection.domain.levy import UnitFacts, credited_by_insurance
from services.collection.domain.policy import Schedule, UnitFigure
from services.collection.flows import base_review as reviews
from services.collection.flows import explanation, figures
from services.collection.flows import policy as policies
from services.collection.store import base_review as store
from services.collection.store import declaration as declarations
from services.collection.store.base_review import ReviewRow
from services.collection.store.declaration import DeclarationRow, PersonRow
from shared import trail
from shared.ids import Ref, uuid7
from shared.period import Period
from shared.roles import Caller

PEOPLE_MAX: Final = 100_000
"""More people than any unit declares."""
_BILLED: Final = frozenset({"billed", "settled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one run found for a declaration; empty when there is nothing new."""

    review: ReviewRow
    declaration: DeclarationRow
    rows: list[Difference]


async def run(tx: AsyncConnection, ref: Ref, period: Period, caller: Caller) -> Found:
    """Find and keep what the review changes in a billed month.

    Raises:
        NotFound, Forbidden. BaseNotFinal: the review does not hold for that month.
        NothingBilled: the unit has no bill of that month.
    """
    review = await reviews.find(tx, ref, caller)
    year = await store.of_year(tx, review.unit_id, review.year)
    living = reviews.living_of(year, str(period))
    if period.year != review.year or living is None or living.id != review.id or living.provisional:
        raise BaseNotFinal(period=str(period), status=review.status)
    row = await declarations.living(tx, review.unit_id, str(period))
    if row is None or row.status not in _BILLED:
        raise NothingBilled(period=str(period))
    found = await _differences(tx, review, row)
    if found:
        run_id = uuid7()
        await store.insert_differences(tx, review, run_id, row.id, row.period, found)
        step = trail.Step(
            shard_key=review.unit_id,
            paper=reviews.PAPER,
            paper_id=review.id,
            step="adjust",
            signs=False,
            detail={"period": row.period, "lines": len(found)},
        )
        await trail.record(tx, step, caller)
    return Found(review=review, declaration=row, rows=found)


async def _differences(
    tx: AsyncConnection, review: ReviewRow, row: DeclarationRow
) -> list[Difference]:
    policy = await policies.by_id(tx, row.policy_id)
    schedule = explanation.schedule_of(policy, row)
    people = await declarations.people(tx, row, 0, PEOPLE_MAX)
    bases = await _bases(tx, review)
    was = await explanation.again(tx, row, schedule, people)
    beside = await figures.of_people(tx, row, schedule, [person.line_no for person in people])
    found: list[Difference] = []
    sums: dict[str, int] = dict.fromkeys(schedule.insurances, 0)
    credited: dict[str, int] = defaultdict(int)
    for person, lines in zip(people, was, strict=True):
        own = _reviewed(schedule, person, bases)
        now = lines
        if person.person_id in bases:
            age = beside[person.line_no].age if person.line_no in beside else None
            now = lines_on_bases(schedule, person.line_no, own, age)
        for name, fen in own.items():
            sums[name] += fen
        for name, fen in credited_by_insurance(now).items():
            credited[name] += fen
        found += differences(person.line_no, lines, now)
    facts = await _facts(tx, review, row, schedule)
    now = unit_lines_on_bases(schedule, facts, sums, dict(credited))
    found += differences(0, await explanation.unit_again(tx, row, schedule), now)
    return _new(found, await store.proposed(tx, row.unit_id, row.id))


async def _bases(tx: AsyncConnection, review: ReviewRow) -> dict[int, dict[str, int]]:
    """The insured people's reviewed bases by insurance, as corrected."""
    names = (await policies.by_id(tx, review.policy_id)).insurances
    rows = await store.people(tx, review.unit_id, review.id, 0, PEOPLE_MAX)
    return {
        row.person_id: dict(zip(names, row.base_fen, strict=True))
        for row in rows
        if row.standing == "insured"
    }


def _reviewed(
    schedule: Schedule, person: PersonRow, bases: Mapping[int, Mapping[str, int]]
) -> dict[str, int]:
    """A person's bases: the reviewed ones, and the declared ones of whoever was not reviewed."""
    declared = dict(zip(schedule.insurances, person.base_fen, strict=True))
    reviewed = bases.get(person.person_id, {})
    return {name: reviewed.get(name, fen) for name, fen in declared.items()}


async def _facts(
    tx: AsyncConnection, review: ReviewRow, row: DeclarationRow, schedule: Schedule
) -> UnitFacts:
    total_fen = review.wage_total_fen + review.counted_only_fen
    given = await figures.of_unit(tx, row, schedule)
    if schedule.unit_figures:
        given |= {UnitFigure.LAST_YEAR.value: total_fen}
    return UnitFacts(
        kind=row.unit_kind,
        injury_class=row.injury_class,
        wage_total_fen=total_fen,
        figures=given,
    )


def _new(found: Sequence[Difference], proposed: Mapping[tuple[int, str], int]) -> list[Difference]:
    """What no earlier run has found: what was levied then counts with what was found since."""
    counted = [
        replace(row, was_fen=row.was_fen + proposed.get((row.line_no, row.rule), 0))
        for row in found
    ]
    return [row for row in counted if row.difference_fen]
