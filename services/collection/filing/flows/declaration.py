"""Hand in one unit's declaration (申报), and read declarations."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.filing.domain.changes import Names
from services.collection.filing.domain.frozen_bases import (
    ReviewedBases,
    reviewed_totals,
    unit_mismatches,
)
from services.collection.filing.domain.frozen_months import frozen_faults
from services.collection.filing.domain.late import FilingPlan
from services.collection.filing.domain.levied import FilingTerms
from services.collection.filing.domain.month import DeclaredMonth, Schedules
from services.collection.filing.domain.one_unit import (
    UnitDeclaration,
    facts_of_people,
    faults_of,
    month_of,
    with_frozen_base,
)
from services.collection.filing.domain.records import DeclarationRow, LeviedDeclaration
from services.collection.filing.domain.restatement import ADJUSTMENT
from services.collection.filing.flows import frozen_bases as frozen_bases_flow
from services.collection.filing.flows import hand_in as hand_in_flow
from services.collection.filing.flows import late as late_flow
from services.collection.filing.store import declaration as declaration_store
from services.collection.policy import flows as policy_flow
from services.collection.policy.domain.policy import Policy, Schedule
from services.collection.register.domain.person import id_of_person
from services.collection.register.domain.unit import Unit
from services.collection.register.flows import change as change_flow
from services.collection.register.flows import unit as unit_flow
from services.collection.register.store import category as category_store
from services.collection.register.store import person as person_store
from shared import trail
from shared.errors import Fault, Faulty, NotFound
from shared.ids import Ref
from shared.period import Period
from shared.references import Reference
from shared.roles import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionTerms:
    """The terms of a correction: its plan, and why the month is corrected."""

    plan: FilingPlan
    reason_code: str | None
    note: str


async def submit(
    tx: AsyncConnection,
    declaration: UnitDeclaration,
    *,
    region: str,
    pepper: bytes,
    caller: Caller,
    correction: CorrectionTerms | None = None,
) -> LeviedDeclaration:
    """Levy and store a declaration that lists everybody: a new one, the next round of a returned
    one, or the correction of a billed month.

    Raises:
        UnitUnknown, Forbidden, NoPolicy, KindNotCovered: it cannot be levied.
        Faulty: every fault in it. DeclarationExists: the unit has one of this period.
        DefaultWaits, CorrectionUnfinished: another declaration has to be billed first.
    """
    period = declaration.period
    unit = await unit_in(tx, declaration.credit_code, period, caller)
    dated = await policy_flow.in_force(tx, region, period.first_day)
    schedules = Schedules(dated.policy, period)
    month = await _checked(tx, declaration, unit, dated.policy, schedules, pepper)
    plan = correction.plan if correction else await late_flow.plan(tx, unit.id, str(period))
    terms = FilingTerms(period=period, policy_id=dated.id, plans={unit.id: plan})
    if correction:
        terms = replace(
            terms, kind=ADJUSTMENT, reason_code=correction.reason_code, note=correction.note
        )
    return await hand_in_flow.store_one(tx, month, terms, schedules, dated.policy, caller)


async def unit_in(tx: AsyncConnection, credit_code: str, period: Period, caller: Caller) -> Unit:
    """Find a unit as it was on the first day of a period.

    Raises:
        UnitUnknown, Forbidden: not registered, or of another district than the caller.
    """
    unit = await unit_flow.find(tx, credit_code, caller)
    return (await change_flow.as_of(tx, {unit.id: unit}, period.first_day))[unit.id]


async def _checked(
    tx: AsyncConnection,
    declaration: UnitDeclaration,
    unit: Unit,
    policy: Policy,
    schedules: Schedules,
    pepper: bytes,
) -> DeclaredMonth:
    """Check a declaration whole, and put it into columns.

    Raises:
        KindNotCovered: the policy does not levy the unit. Faulty: every fault.
    """
    period, schedule = declaration.period, schedules.require(unit)
    ids = [id_of_person(person.identity_number, pepper) for person in declaration.people]
    categories = await category_store.of_people(tx, unit.id, ids, period)
    facts = facts_of_people(declaration, schedule, ids, categories)
    reviewed = await frozen_bases_flow.of(tx, policy, [unit.id], period)
    declaration, faults = on_reviewed_totals(declaration, reviewed, schedule, unit)
    days = period.first_day, period.last_day
    enrolled = await person_store.enrolled_in(tx, unit.id, ids, *days)
    faults += faults_of(declaration, policy, schedule, ids, facts, enrolled)
    if faults:
        raise Faulty(faults=faults)
    month = month_of(unit, declaration, ids, facts)
    if reviewed is not None:
        month = with_frozen_base(month, reviewed.units[unit.id].base_fen)
        names = Names(place={person: number for number, person in enumerate(ids)}, masked={})
        faults = frozen_faults(month, reviewed, schedules, names)
    if faults:
        raise Faulty(faults=faults)
    return month


def on_reviewed_totals(
    declaration: UnitDeclaration, reviewed: ReviewedBases | None, schedule: Schedule, unit: Unit
) -> tuple[UnitDeclaration, list[Fault]]:
    """Replace the unit's totals by the reviewed ones; report totals that differ from them."""
    if reviewed is None:
        return declaration, []
    review = reviewed.units[unit.id]
    given = declaration.unit_wage_total_fen, declaration.unit_figures
    total_fen, figures = reviewed_totals(review, schedule, *given)
    faults = [one.fault for one in unit_mismatches(review, schedule, 0, *given)]
    return replace(declaration, unit_wage_total_fen=total_fen, unit_figures=figures), faults


async def find(tx: AsyncConnection, ref: Ref, caller: Caller) -> DeclarationRow:
    """Find a declaration that the caller may see.

    Raises:
        NotFound: no such declaration. Forbidden: of another district than the caller.
    """
    row = await declaration_store.find(tx, ref.key, ref.id)
    if row is None:
        raise NotFound(declaration=ref.text(Reference.DECLARATION))
    caller.require_district(row.district)
    return row


async def read(tx: AsyncConnection, ref: Ref, caller: Caller) -> LeviedDeclaration:
    """Read a declaration with its lines and its policy.

    Raises:
        NotFound: no such declaration. Forbidden: of another district than the caller.
    """
    return await with_lines(tx, await find(tx, ref, caller))


async def with_lines(tx: AsyncConnection, row: DeclarationRow) -> LeviedDeclaration:
    """Read the lines and the policy of a declaration."""
    lines = await declaration_store.lines(tx, row.unit_id, row.id, row.round)
    return LeviedDeclaration(row, lines, await policy_flow.by_id(tx, row.policy_id))


async def page(
    tx: AsyncConnection,
    filters: dict[str, Any],
    after: tuple[int, UUID] | None,
    limit: int,
) -> list[DeclarationRow]:
    """Read a page of declarations."""
    return await declaration_store.page(tx, filters, after, limit)


async def steps(tx: AsyncConnection, ref: Ref, caller: Caller) -> list[dict[str, Any]]:
    """Read the trail of a declaration.

    Raises:
        NotFound: no such declaration. Forbidden: of another district than the caller.
    """
    row = await find(tx, ref, caller)
    return await trail.of_paper(tx, row.unit_id, row.id)
