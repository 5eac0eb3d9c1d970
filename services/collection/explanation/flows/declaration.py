"""Explain a stored declaration: recompute its lines from its policy and stored bases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.extension import flows as extension_flow
from services.collection.extension.domain import KIND as EXTENSION
from services.collection.filing.domain.default import explained_default
from services.collection.filing.domain.frozen_bases import on_reviewed_bases
from services.collection.filing.domain.late import DEFAULT
from services.collection.filing.domain.records import DeclarationRow, LineRow, PersonRow
from services.collection.filing.flows import declaration as filing_declaration_flow
from services.collection.filing.flows import figures as figures_flow
from services.collection.filing.store import declaration as declaration_store
from services.collection.levy.domain.levy import (
    ContributionLine,
    UnitFacts,
    Wages,
    person_lines,
    unit_lines,
)
from services.collection.levy.domain.person_facts import PersonFacts
from services.collection.levy.domain.relief import owed_by, relieved
from services.collection.policy import flows as policy_flow
from services.collection.policy.domain.category import EMPLOYEE, Coverage
from services.collection.policy.domain.policy import Policy, Schedule
from services.collection.project.domain import KIND as PROJECT
from services.collection.project.flows import paper as paper_flow
from shared.fund import Party
from shared.ids import Ref
from shared.period import Period
from shared.roles import Caller


@dataclass(frozen=True, slots=True)
class DeclarationExplanation:
    """A page of a declaration's people with their recomputed lines.

    `coverages` has the category and choice of people who are not ordinary employees, by line number.
    """

    row: DeclarationRow
    insurances: tuple[str, ...]
    people: list[PersonRow]
    lines: list[list[ContributionLine]]
    unit_lines: list[ContributionLine]
    coverages: Mapping[int, tuple[Coverage, str | None]]


async def people(
    tx: AsyncConnection, ref: Ref, *, after: int, limit: int, explain: bool, caller: Caller
) -> DeclarationExplanation:
    """List a declaration's people after a line number, with recomputed lines if `explain` is set.

    Raises:
        NotFound: no such declaration. Forbidden: it belongs to another district.
    """
    row = await filing_declaration_flow.find(tx, ref, caller)
    policy = await policy_flow.by_id(tx, row.policy_id)
    schedule = schedule_of(policy, row)
    found = await declaration_store.people(tx, row, after, limit)
    of_people: list[list[ContributionLine]] = []
    of_unit: list[ContributionLine] = []
    if explain:
        of_people = await recompute(tx, row, schedule, found)
        of_unit = await recompute_unit(tx, row, schedule)
    return DeclarationExplanation(
        row,
        schedule.insurances,
        found,
        of_people,
        of_unit,
        await _coverages(tx, row, schedule, found),
    )


async def _coverages(
    tx: AsyncConnection, row: DeclarationRow, schedule: Schedule, people: Sequence[PersonRow]
) -> dict[int, tuple[Coverage, str | None]]:
    """Read the category and choice of people who are not ordinary employees, by line number."""
    facts_by_line = await figures_flow.of_people(
        tx, row, schedule, [person.line_no for person in people]
    )
    return {
        number: (schedule.coverage(one.category), one.choice)
        for number, one in facts_by_line.items()
        if one.category != EMPLOYEE
    }


def schedule_of(policy: Policy, row: DeclarationRow) -> Schedule:
    """Return the rules of a stored declaration's levy. Reviewed bases are not clamped again."""
    schedule = policy.schedule(
        row.unit_kind,
        row.injury_class,
        period=Period.parse(row.period),
        step=row.injury_step,
        size=row.unit_size,
    )
    return schedule if row.review_id is None else on_reviewed_bases(schedule)


async def recompute(
    tx: AsyncConnection, row: DeclarationRow, schedule: Schedule, people: Sequence[PersonRow]
) -> list[list[ContributionLine]]:
    """Recompute the lines of some people of a stored declaration."""
    if row.kind == EXTENSION:
        lines = await extension_flow.recompute(tx, row, schedule)
        return [lines for _ in people]
    facts_by_line = await figures_flow.of_people(
        tx, row, schedule, [person.line_no for person in people]
    )
    return [
        _recompute_person(schedule, person, facts_by_line.get(person.line_no, PersonFacts()))
        for person in people
    ]


async def recompute_unit(
    tx: AsyncConnection, row: DeclarationRow, schedule: Schedule
) -> list[ContributionLine]:
    """Recompute the lines of a stored declaration's unit as a whole, and its relief."""
    stored = await declaration_store.lines(tx, row.unit_id, row.id, row.round)
    if row.kind == PROJECT:
        return await paper_flow.recompute(
            tx, row, await policy_flow.by_id(tx, row.policy_id), stored
        )
    if row.kind == DEFAULT:
        return explained_default(await policy_flow.by_id(tx, row.policy_id), stored)
    if row.kind == EXTENSION:
        return []
    if row.people == 0:  # a nil declaration levies nothing on the unit either
        return []
    figures = await figures_flow.of_unit(tx, row, schedule)
    lines = _recompute_unit(
        schedule, row, stored, await declaration_store.base_sums(tx, row), figures
    )
    return lines + _recompute_relief(schedule, stored)


def _recompute_person(
    schedule: Schedule, person: PersonRow, facts_by_line: PersonFacts
) -> list[ContributionLine]:
    own = (
        {}
        if person.asked_fen is None
        else dict(zip(schedule.insurances, person.asked_fen, strict=True))
    )
    wages = Wages(
        str(person.line_no),
        person.wage_fen,
        own,
        facts_by_line.figures,
        facts_by_line.age,
        facts_by_line.category,
        facts_by_line.choice,
    )
    lines = person_lines(schedule, wages)
    for party, stored in ((Party.UNIT, person.unit_fen), (Party.PERSONAL, person.personal_fen)):
        sums = dict.fromkeys(schedule.insurances, 0)
        for line in lines:
            if line.party is party:
                sums[line.insurance] += line.amount_fen
        assert list(sums.values()) == stored, "the recomputed amount is the stored one"
    return lines


def _recompute_unit(
    schedule: Schedule,
    row: DeclarationRow,
    stored: Sequence[LineRow],
    sums_fen: Sequence[int],
    unit_figures: Mapping[str, int],
) -> list[ContributionLine]:
    facts = UnitFacts(
        kind=row.unit_kind,
        injury_class=row.injury_class,
        wage_total_fen=row.unit_wage_total_fen,
        frozen_base_fen=row.frozen_base_fen,
        figures=unit_figures,
    )
    credited: dict[str, int] = defaultdict(int)
    for part in stored:
        if (part.level, part.party, part.account) == ("people", "unit", "personal_account"):
            credited[part.insurance] += part.amount_fen
    sums = dict(zip(schedule.insurances, sums_fen, strict=True))
    lines = unit_lines(schedule, facts, sums, credited)
    amounts = {line.rule: line.amount_fen for line in stored if line.level == "unit"}
    for line in lines:
        assert line.amount_fen == amounts[line.rate.id], "the recomputed amount is the stored one"
    return lines


def _recompute_relief(schedule: Schedule, stored: Sequence[LineRow]) -> list[ContributionLine]:
    """Recompute a stored declaration's relief from the lines that it levies by itself."""
    own = [part for part in stored if part.level in {"people", "unit"}]
    lines = relieved(
        schedule,
        owed_by(
            (part.party, part.insurance, part.account, part.fund, part.amount_fen) for part in own
        ),
    )
    amounts = [
        (part.rule, part.account, part.fund, part.amount_fen)
        for part in stored
        if part.level == "relief"
    ]
    recomputed = [(line.rate.id, line.rate.account, line.fund, line.amount_fen) for line in lines]
    assert recomputed == amounts, "the recomputed amount is the stored one"
    return lines
