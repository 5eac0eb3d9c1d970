"""Adjust a billed month to a confirmed review (补收): only the difference is levied.

The month is calculated again under its own policy, on the reviewed bases. If that differs from what
its last declaration levied, a correction (更正申报) is submitted. It passes the two levels and is
billed like any correction; the differences by person and rule are stored with it. A second run finds
none, because it compares with the correction of the first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.bases import store as bases_store
from services.collection.bases.domain import Difference, differences
from services.collection.bases.flows import review as review_flow
from services.collection.bases.store import ReviewRow
from services.collection.common.domain.errors import (
    BaseNotFinal,
    CorrectionUnfinished,
    PeriodNotBilled,
)
from services.collection.explanation.flows import declaration as explanation_declaration_flow
from services.collection.filing.domain.declaration import FINISHED, State
from services.collection.filing.domain.frozen_bases import on_reviewed_bases
from services.collection.filing.domain.late import DEFAULT, ExistingDeclaration, FilingPlan, last_of
from services.collection.filing.domain.levied import FilingTerms
from services.collection.filing.domain.month import Schedules
from services.collection.filing.domain.one_unit import one_unit_month, with_frozen_base
from services.collection.filing.domain.records import DeclarationRow, PersonRow
from services.collection.filing.domain.restatement import ADJUSTMENT
from services.collection.filing.flows import figures as figures_flow
from services.collection.filing.flows import hand_in as hand_in_flow
from services.collection.filing.store import declaration as declaration_store
from services.collection.filing.store import late as late_store
from services.collection.levy.domain.columns import Columns, assess_columns
from services.collection.levy.domain.levy import UnitFacts, Wages, person_lines
from services.collection.levy.domain.person_facts import PersonFacts, facts_columns
from services.collection.policy import flows as policy_flow
from services.collection.policy.domain.policy import Policy, Schedule
from services.collection.policy.domain.rate import UnitFigure
from services.collection.register.domain.unit import Unit
from shared import trail
from shared.ids import Ref, uuid7
from shared.period import Period
from shared.references import Reference
from shared.roles import Caller

PEOPLE_MAX: Final = 100_000
"""No unit declares more people."""
REASON: Final = "BASE_REVIEWED"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentResult:
    """The result of one run: the differences, and the correction submitted for them (None,
    and no rows, when nothing differs)."""

    review: ReviewRow
    declaration: DeclarationRow
    correction: DeclarationRow | None
    rows: list[Difference]


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthDeclarations:
    """The declarations of a month: the one to compare with, the returned correction of this review
    that is submitted again (None: there is none), and the last one."""

    before: DeclarationRow
    again: DeclarationRow | None
    last: DeclarationRow


@dataclass(frozen=True, slots=True, kw_only=True)
class RecalculatedMonth:
    """A declared month, calculated again on reviewed bases: for each person, fen by insurance."""

    policy: Policy
    unit: Unit
    schedule: Schedule
    facts: UnitFacts
    people: Sequence[PersonRow]
    person_facts: Sequence[PersonFacts]
    bases: Sequence[Mapping[str, int]]
    columns: Columns


class ReviewedSchedules(Schedules):
    """The schedules of a policy, changed so that they levy reviewed bases."""

    def _build(self, unit: Unit) -> Schedule:
        return on_reviewed_bases(super()._build(unit))


async def run(tx: AsyncConnection, ref: Ref, period: Period, caller: Caller) -> AdjustmentResult:
    """Find the differences of a billed month to the review, and submit a correction of it.

    Raises:
        NotFound, Forbidden. BaseNotFinal: the review does not hold for that month.
        NothingBilled: the unit has no bill of that month for named people.
        CorrectionUnfinished: another declaration of the month has to be billed first.
    """
    review = await review_flow.find(tx, ref, caller)
    year = await bases_store.of_year(tx, review.unit_id, review.year)
    current = review_flow.review_in_force(year, str(period))
    if (
        period.year != review.year
        or current is None
        or current.id != review.id
        or current.provisional
    ):
        raise BaseNotFinal(period=str(period), status=review.status)
    declared = await _declarations(tx, review, period)
    month = await _recalculate(tx, review, declared.before)
    rows = await _differences(tx, declared.before, month)
    if not rows:
        return AdjustmentResult(
            review=review, declaration=declared.before, correction=None, rows=[]
        )
    if declared.again is None and State(declared.last.status) not in FINISHED:
        raise CorrectionUnfinished(status=declared.last.status)
    correction = await _hand_in(tx, review, declared, month, caller)
    run_id = uuid7()
    await bases_store.insert_differences(tx, review, run_id, correction.id, correction.period, rows)
    step = trail.Step(
        shard_key=review.unit_id,
        paper=review_flow.PAPER,
        paper_id=review.id,
        step="adjust",
        signs=False,
        detail={
            "period": correction.period,
            "lines": len(rows),
            "declaration": Ref(correction.unit_id, correction.id).text(Reference.DECLARATION),
        },
    )
    await trail.record(tx, step, caller)
    return AdjustmentResult(
        review=review, declaration=declared.before, correction=correction, rows=rows
    )


async def _declarations(
    tx: AsyncConnection, review: ReviewRow, period: Period
) -> MonthDeclarations:
    by_unit = await late_store.existing(tx, [review.unit_id], str(period))
    existing = by_unit.get(review.unit_id, [])
    last = last_of(existing) if existing else None
    billed = any(State(one.status) in FINISHED for one in existing)
    if last is None or not billed or last.kind == DEFAULT:
        raise PeriodNotBilled(period=str(period))
    row = await _row(tx, review.unit_id, last.id)
    if row.review_id == review.id and row.corrects and row.status == State.RETURNED:
        before = await _row(tx, review.unit_id, row.corrects)
        return MonthDeclarations(before=before, again=row, last=row)
    return MonthDeclarations(before=row, again=None, last=row)


async def _row(tx: AsyncConnection, unit_id: int, declaration_id: UUID) -> DeclarationRow:
    row = await declaration_store.find(tx, unit_id, declaration_id)
    assert row is not None, "declarations are never deleted"
    return row


async def _recalculate(
    tx: AsyncConnection, review: ReviewRow, row: DeclarationRow
) -> RecalculatedMonth:
    policy = await policy_flow.by_id(tx, row.policy_id)
    schedule = explanation_declaration_flow.schedule_of(policy, row)
    people = await declaration_store.people(tx, row, 0, PEOPLE_MAX)
    facts_by_line = await figures_flow.of_people(
        tx, row, schedule, [person.line_no for person in people]
    )
    person_facts = [facts_by_line.get(person.line_no, PersonFacts()) for person in people]
    reviewed = await _bases(tx, review)
    bases = [_reviewed(schedule, person, reviewed) for person in people]
    facts = await _facts(tx, review, row, schedule, frozen=policy.freezes_bases)
    now = on_reviewed_bases(schedule)
    base_cells = np.array(
        [[own[name] for name in now.insurances] for own in bases], np.int64
    ).reshape(len(people), len(now.insurances))
    return RecalculatedMonth(
        policy=policy,
        unit=_unit_of(row),
        schedule=now,
        facts=facts,
        people=people,
        person_facts=person_facts,
        bases=bases,
        columns=assess_columns(now, facts, base_cells, facts_columns(now, person_facts)),
    )


async def _differences(
    tx: AsyncConnection, row: DeclarationRow, month: RecalculatedMonth
) -> list[Difference]:
    """Compare by person and rule, then for the unit as a whole on line 0. A nil month has none."""
    if not month.people:
        return []
    policy = await policy_flow.by_id(tx, row.policy_id)
    schedule = explanation_declaration_flow.schedule_of(policy, row)
    was = await explanation_declaration_flow.recompute(tx, row, schedule, month.people)
    rows: list[Difference] = []
    for person, lines, own, facts in zip(
        month.people, was, month.bases, month.person_facts, strict=True
    ):
        wages = Wages(
            str(person.line_no),
            person.wage_fen,
            own,
            facts.figures,
            facts.age,
            facts.category,
            facts.choice,
        )
        rows += differences(person.line_no, lines, person_lines(month.schedule, wages))
    now = [*month.columns.unit_lines, *month.columns.relief_lines]
    rows += differences(
        0, await explanation_declaration_flow.recompute_unit(tx, row, schedule), now
    )
    return [row for row in rows if row.difference_fen]


async def _bases(tx: AsyncConnection, review: ReviewRow) -> dict[int, dict[str, int]]:
    """Read the insured people's reviewed bases by insurance, with approved corrections."""
    names = (await policy_flow.by_id(tx, review.policy_id)).insurances
    rows = await bases_store.people(tx, review.unit_id, review.id, 0, PEOPLE_MAX)
    return {
        row.person_id: dict(zip(names, row.base_fen, strict=True))
        for row in rows
        if row.standing == "insured"
    }


def _reviewed(
    schedule: Schedule, person: PersonRow, bases: Mapping[int, Mapping[str, int]]
) -> dict[str, int]:
    """Return a person's reviewed bases; the declared base where none was reviewed."""
    declared = dict(zip(schedule.insurances, person.base_fen, strict=True))
    reviewed = bases.get(person.person_id, {})
    return {name: reviewed.get(name, fen) for name, fen in declared.items()}


async def _facts(
    tx: AsyncConnection, review: ReviewRow, row: DeclarationRow, schedule: Schedule, *, frozen: bool
) -> UnitFacts:
    total_fen = review.wage_total_fen + review.counted_only_fen
    figures = await figures_flow.of_unit(tx, row, schedule)
    if schedule.unit_figures:
        figures |= {UnitFigure.LAST_YEAR.value: total_fen}
    return UnitFacts(
        kind=row.unit_kind,
        injury_class=row.injury_class,
        wage_total_fen=total_fen,
        figures=figures,
        frozen_base_fen=review.unit_base_fen if frozen else None,
    )


async def _hand_in(
    tx: AsyncConnection,
    review: ReviewRow,
    declared: MonthDeclarations,
    month: RecalculatedMonth,
    caller: Caller,
) -> DeclarationRow:
    """Hand in the correction of the month, as a new one or as the next round of a returned one."""
    before, facts = declared.before, month.facts
    columns = one_unit_month(
        month.unit,
        unit_totals=(facts.wage_total_fen, facts.figures),
        person_ids=[person.person_id for person in month.people],
        wages_fen=[person.wage_fen for person in month.people],
        own_fen=month.bases,
        facts=month.person_facts,
    )
    terms = FilingTerms(
        period=Period.parse(before.period),
        policy_id=before.policy_id,
        plans={
            before.unit_id: FilingPlan(
                again=None if declared.again is None else _existing(declared.again),
                corrects=_existing(before),
            )
        },
        kind=ADJUSTMENT,
        reason_code=REASON,
        note=f"按 {review.year} 年核定的缴费基数重算",
        review_id=review.id,
    )
    stored = await hand_in_flow.store_one(
        tx,
        with_frozen_base(columns, facts.frozen_base_fen),
        terms,
        ReviewedSchedules(month.policy, terms.period),
        month.policy,
        caller,
    )
    return stored.row


def _existing(row: DeclarationRow) -> ExistingDeclaration:
    return ExistingDeclaration(
        unit_id=row.unit_id,
        id=row.id,
        kind=row.kind,
        status=row.status,
        round=row.round,
        corrects=row.corrects,
        in_summary=row.summary_id is not None,
    )


def _unit_of(row: DeclarationRow) -> Unit:
    """Build the unit as it was when the declaration was levied."""
    return Unit(
        credit_code=row.credit_code,
        name="",
        kind=row.unit_kind,
        district=row.district,
        injury_class=row.injury_class,
        collector="",
        bank=None,
        size=row.unit_size,
        injury_step=row.injury_step,
    )
