"""What a confirmed review changes in a month that was billed already (补收): only the difference.

The month is calculated again under its own policy, on the reviewed bases. Where that differs from what
its last paper levied, a paper is handed in that restates the month (更正申报): it walks the two levels
and is billed like every correction, and what differs by person and rule is kept beside it. A second
run finds nothing, for it compares with the paper of the first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
from services.collection.filing.domain.late import DEFAULT, last_of
from services.collection.filing.domain.restatement import ADJUSTMENT, net_by_party, restated
from services.collection.filing.flows import declaration as filing_declaration_flow
from services.collection.filing.flows import figures as figures_flow
from services.collection.filing.store import declaration as declaration_store
from services.collection.filing.store import late as late_store
from services.collection.filing.store.declaration import DeclarationRow, PersonRow
from services.collection.levy.domain.columns import Columns, assess_columns
from services.collection.levy.domain.levy import UnitFacts, Wages, person_lines
from services.collection.levy.domain.person_facts import PersonFacts, facts_columns
from services.collection.policy import flows as policy_flow
from services.collection.policy.domain.policy import Schedule
from services.collection.policy.domain.rate import UnitFigure
from shared import trail
from shared.ids import Ref, uuid7
from shared.period import Period
from shared.references import Reference
from shared.roles import Caller

PEOPLE_MAX: Final = 100_000
"""More people than any unit declares."""
REASON: Final = "BASE_REVIEWED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one run found beside a declaration, and the paper that it handed in for it (None, and no
    rows, when there is nothing new)."""

    review: ReviewRow
    declaration: DeclarationRow
    paper: DeclarationRow | None
    rows: list[Difference]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a month stands: the paper to compare with, and the paper that is handed in again when
    one of this review was sent back."""

    before: DeclarationRow
    again: DeclarationRow | None
    last: DeclarationRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A month as it was declared, calculated on reviewed bases (fen by insurance, one a person)."""

    schedule: Schedule
    facts: UnitFacts
    people: Sequence[PersonRow]
    beside: Sequence[PersonFacts]
    bases: Sequence[Mapping[str, int]]
    columns: Columns


async def run(tx: AsyncConnection, ref: Ref, period: Period, caller: Caller) -> Found:
    """Find what the review changes in a billed month, and hand in the paper that restates it.

    Raises:
        NotFound, Forbidden. BaseNotFinal: the review does not hold for that month.
        NothingBilled: the unit has no bill of that month for named people.
        CorrectionUnfinished: another paper of the month has to be billed before.
    """
    review = await review_flow.find(tx, ref, caller)
    year = await bases_store.of_year(tx, review.unit_id, review.year)
    living = review_flow.living_of(year, str(period))
    if period.year != review.year or living is None or living.id != review.id or living.provisional:
        raise BaseNotFinal(period=str(period), status=review.status)
    place = await _place(tx, review, period)
    month = await _restated(tx, review, place.before)
    rows = await _differences(tx, place.before, month)
    if not rows:
        return Found(review=review, declaration=place.before, paper=None, rows=[])
    if place.again is None and State(place.last.status) not in FINISHED:
        raise CorrectionUnfinished(status=place.last.status)
    paper = await _hand_in(tx, review, place, month, caller)
    run_id = uuid7()
    await bases_store.insert_differences(tx, review, run_id, paper.id, paper.period, rows)
    step = trail.Step(
        shard_key=review.unit_id,
        paper=review_flow.PAPER,
        paper_id=review.id,
        step="adjust",
        signs=False,
        detail={
            "period": paper.period,
            "lines": len(rows),
            "declaration": Ref(paper.unit_id, paper.id).text(Reference.DECLARATION),
        },
    )
    await trail.record(tx, step, caller)
    return Found(review=review, declaration=place.before, paper=paper, rows=rows)


async def _place(tx: AsyncConnection, review: ReviewRow, period: Period) -> Place:
    papers = (await late_store.papers(tx, [review.unit_id], str(period))).get(review.unit_id, [])
    last = last_of(papers) if papers else None
    billed = any(State(paper.status) in FINISHED for paper in papers)
    if last is None or not billed or last.kind == DEFAULT:
        raise PeriodNotBilled(period=str(period))
    row = await _row(tx, review.unit_id, last.id)
    if row.review_id == review.id and row.corrects and row.status == State.RETURNED:
        before = await _row(tx, review.unit_id, row.corrects)
        return Place(before=before, again=row, last=row)
    return Place(before=row, again=None, last=row)


async def _row(tx: AsyncConnection, unit_id: int, paper_id: UUID) -> DeclarationRow:
    row = await declaration_store.find(tx, unit_id, paper_id)
    assert row is not None, "papers of a month stay stored"
    return row


async def _restated(tx: AsyncConnection, review: ReviewRow, row: DeclarationRow) -> Month:
    policy = await policy_flow.by_id(tx, row.policy_id)
    schedule = explanation_declaration_flow.schedule_of(policy, row)
    people = await declaration_store.people(tx, row, 0, PEOPLE_MAX)
    known = await figures_flow.of_people(tx, row, schedule, [person.line_no for person in people])
    beside = [known.get(person.line_no, PersonFacts()) for person in people]
    reviewed = await _bases(tx, review)
    bases = [_reviewed(schedule, person, reviewed) for person in people]
    facts = await _facts(tx, review, row, schedule, frozen=policy.freezes_bases)
    now = on_reviewed_bases(schedule)
    asked = np.array([[own[name] for name in now.insurances] for own in bases], np.int64).reshape(
        len(people), len(now.insurances)
    )
    return Month(
        schedule=now,
        facts=facts,
        people=people,
        beside=beside,
        bases=bases,
        columns=assess_columns(now, facts, asked, facts_columns(now, beside)),
    )


async def _differences(tx: AsyncConnection, row: DeclarationRow, month: Month) -> list[Difference]:
    """By person and rule, then of the unit as a whole on line 0."""
    policy = await policy_flow.by_id(tx, row.policy_id)
    schedule = explanation_declaration_flow.schedule_of(policy, row)
    was = await explanation_declaration_flow.recompute(tx, row, schedule, month.people)
    found: list[Difference] = []
    for person, lines, own, beside in zip(
        month.people, was, month.bases, month.beside, strict=True
    ):
        wages = Wages(
            str(person.line_no),
            person.wage_fen,
            own,
            beside.figures,
            beside.age,
            beside.category,
            beside.choice,
        )
        found += differences(person.line_no, lines, person_lines(month.schedule, wages))
    now = [*month.columns.unit_lines, *month.columns.relief_lines]
    found += differences(
        0, await explanation_declaration_flow.recompute_unit(tx, row, schedule), now
    )
    return [one for one in found if one.difference_fen]


async def _bases(tx: AsyncConnection, review: ReviewRow) -> dict[int, dict[str, int]]:
    """The insured people's reviewed bases by insurance, as corrected."""
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
    """A person's bases: the reviewed ones, and the declared ones of whoever was not reviewed."""
    declared = dict(zip(schedule.insurances, person.base_fen, strict=True))
    reviewed = bases.get(person.person_id, {})
    return {name: reviewed.get(name, fen) for name, fen in declared.items()}


async def _facts(
    tx: AsyncConnection, review: ReviewRow, row: DeclarationRow, schedule: Schedule, *, frozen: bool
) -> UnitFacts:
    total_fen = review.wage_total_fen + review.counted_only_fen
    given = await figures_flow.of_unit(tx, row, schedule)
    if schedule.unit_figures:
        given |= {UnitFigure.LAST_YEAR.value: total_fen}
    return UnitFacts(
        kind=row.unit_kind,
        injury_class=row.injury_class,
        wage_total_fen=total_fen,
        figures=given,
        frozen_base_fen=review.unit_base_fen if frozen else None,
    )


async def _hand_in(
    tx: AsyncConnection, review: ReviewRow, place: Place, month: Month, caller: Caller
) -> DeclarationRow:
    before = place.before
    levied = await declaration_store.lines(tx, before.unit_id, before.id, before.round)
    lines = restated(filing_declaration_flow.lines_of(month.columns), levied)
    net = net_by_party(lines)
    row = replace(
        before,
        id=place.again.id if place.again else uuid7(),
        round=place.again.round + 1 if place.again else 1,
        status=State.SUBMITTED.value,
        kind=ADJUSTMENT,
        corrects=before.id,
        reason_code=REASON,
        note=f"按 {review.year} 年核定的缴费基数重算",
        review_id=review.id,
        unit_wage_total_fen=month.facts.wage_total_fen,
        frozen_base_fen=month.facts.frozen_base_fen,
        unit_fen=net["unit"],
        personal_fen=net["personal"],
        total_fen=sum(net.values()),
        summary_id=None,
        submitted_at=None,
    )
    await filing_declaration_flow.store_header(tx, row)
    await declaration_store.insert_lines(tx, row, lines)
    await declaration_store.copy_people(tx, _records(row, month))
    await figures_flow.put(tx, row, month.schedule, month.beside, month.facts.figures)
    step = filing_declaration_flow.step_of(row, "submit", signs=False, why=row.note)
    await trail.record(tx, step, caller)
    return row


def _records(row: DeclarationRow, month: Month) -> list[tuple[object, ...]]:
    """One tuple per person, as `PERSON_COLUMNS`; what is asked is the base itself."""
    shares = zip(
        month.people,
        month.bases,
        month.columns.base_fen.tolist(),
        month.columns.unit_fen.tolist(),
        month.columns.personal_fen.tolist(),
        strict=True,
    )
    return [
        (
            row.unit_id,
            row.id,
            row.round,
            number,
            person.person_id,
            person.wage_fen,
            list(own.values()),
            base,
            unit,
            personal,
        )
        for number, (person, own, base, unit, personal) in enumerate(shares, 1)
    ]
