"""Hand in a month by its changes (变更申报): the whole month is levied and stored."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.filing.domain.changes import (
    CarriedMonth,
    MonthChanges,
    Names,
    UnitTotals,
    basis_faults,
    carried,
    category_faults,
    changes_control_faults,
    missing_facts,
    month_of_changes,
    totals_of_unit,
    wages_given,
)
from services.collection.filing.domain.frozen_bases import ReviewedBases
from services.collection.filing.domain.frozen_months import frozen_faults
from services.collection.filing.domain.levied import FilingTerms
from services.collection.filing.domain.month import DeclaredMonth, Schedules
from services.collection.filing.domain.one_unit import (
    UnitDeclaration,
    people_faults,
    with_frozen_base,
)
from services.collection.filing.domain.records import LeviedDeclaration
from services.collection.filing.domain.roll import LastDeclaration, PreviousMonth
from services.collection.filing.flows import frozen_bases as frozen_bases_flow
from services.collection.filing.flows import hand_in as hand_in_flow
from services.collection.filing.flows import last_month as last_month_flow
from services.collection.filing.flows import late as late_flow
from services.collection.filing.flows.declaration import on_reviewed_totals, unit_in
from services.collection.filing.store import changes as changes_store
from services.collection.filing.store import hand_in as hand_in_store
from services.collection.filing.store import roll as roll_store
from services.collection.filing.store import shipped as filing_shipped_store
from services.collection.policy import flows as policy_flow
from services.collection.policy.domain.policy import Policy
from services.collection.register.domain.person import id_of_person
from services.collection.register.domain.unit import Unit
from services.collection.register.flows.enrolment import Vault
from shared.errors import Fault, Faulty
from shared.roles import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class _ChangedMonth:
    """Last month with the changes in it, and what is needed to check it."""

    declaration: UnitDeclaration
    unit: Unit
    last: PreviousMonth
    person_ids: list[int]
    enrolled: list[int]
    month: CarriedMonth
    totals: UnitTotals
    reviewed: ReviewedBases | None
    faults: list[Fault]


async def submit(
    tx: AsyncConnection, changes: MonthChanges, *, region: str, vault: Vault, caller: Caller
) -> LeviedDeclaration:
    """Levy and store a month of which only the changes are listed.

    Raises:
        UnitUnknown, Forbidden, NoPolicy, KindNotCovered: it cannot be levied.
        Faulty: every fault in it, nothing to carry on, or the first month of a year.
        DeclarationExists, DefaultWaits, CorrectionUnfinished: as for any declaration.
    """
    declaration = changes.declaration
    period = declaration.period
    unit = await unit_in(tx, declaration.credit_code, period, caller)
    dated = await policy_flow.in_force(tx, region, period.first_day)
    previous = str(period.plus(-1))
    last = await roll_store.last_declaration(tx, unit.id, previous)
    begins = await filing_shipped_store.year_begins_month(tx, region)
    faults = list(basis_faults(last, period, begins))
    if last is None or faults:
        raise Faulty(faults=faults)
    schedules = Schedules(dated.policy, period)
    changed = await _carry_on(tx, declaration, unit, dated.policy, schedules, last, vault)
    month = await _checked(tx, changes, changed, dated.policy, schedules)
    plan = await late_flow.plan(tx, unit.id, str(period))
    terms = FilingTerms(period=period, policy_id=dated.id, plans={unit.id: plan})
    detail: dict[str, object] = {
        "carried_on_from": previous,
        "changed": len(changed.person_ids),
        "left": changed.month.left,
    }
    return await hand_in_flow.store_one(tx, month, terms, schedules, dated.policy, caller, detail)


async def _carry_on(
    tx: AsyncConnection,
    declaration: UnitDeclaration,
    unit: Unit,
    policy: Policy,
    schedules: Schedules,
    head: LastDeclaration,
    vault: Vault,
) -> _ChangedMonth:
    """Put the changes into last month.

    Raises:
        KindNotCovered: the policy does not levy the unit.
    """
    period, schedule = declaration.period, schedules.require(unit)
    last = await last_month_flow.of(tx, [head], period, schedules, vault.numbers)
    ids = [id_of_person(person.identity_number, vault.pepper) for person in declaration.people]
    days = period.first_day, period.last_day
    enrolled = sorted(set((await hand_in_store.enrolled(tx, [unit.id], *days))[1].tolist()))
    given = dict(zip(ids, wages_given(declaration, needs_age=schedule.needs_age), strict=True))
    stated = UnitTotals(
        wage_total_fen=declaration.unit_wage_total_fen, figures=declaration.unit_figures
    )
    totals = totals_of_unit(last, unit.id, stated)
    reviewed = await frozen_bases_flow.of(tx, policy, [unit.id], period)
    declaration, faults = on_reviewed_totals(declaration, reviewed, schedule, unit)
    if reviewed is not None:
        totals = UnitTotals(
            wage_total_fen=declaration.unit_wage_total_fen,
            figures={**totals.figures, **declaration.unit_figures},
        )
    return _ChangedMonth(
        declaration=declaration,
        unit=unit,
        last=last,
        person_ids=ids,
        enrolled=enrolled,
        month=carried(last, given, enrolled),
        totals=totals,
        reviewed=reviewed,
        faults=faults,
    )


async def _checked(
    tx: AsyncConnection,
    changes: MonthChanges,
    changed: _ChangedMonth,
    policy: Policy,
    schedules: Schedules,
) -> DeclaredMonth:
    """Check the whole month, and put it into columns.

    Raises:
        Faulty: every fault in it.
    """
    unit, month = changed.unit, changed.month
    people = [*month.unknown, *month.people]
    names = Names(
        place={person: n for n, person in reversed(list(enumerate(changed.person_ids)))},
        masked=await changes_store.masked(tx, unit.id, people),
    )
    schedule, categories = schedules.require(unit), changed.last.categories
    declaration, enrolled = changed.declaration, set(changed.enrolled)
    faults = [
        *changed.faults,
        *people_faults(declaration, policy, changed.person_ids, enrolled),
        *missing_facts(schedule, month, changed.totals, names),
        *category_faults(schedule, month, unit, categories, names),
        *changes_control_faults(replace(changes, declaration=declaration), month),
    ]
    if faults:
        raise Faulty(faults=faults)
    whole = await asyncio.to_thread(month_of_changes, unit, month, changed.totals, categories)
    if changed.reviewed is not None:
        whole = with_frozen_base(whole, changed.reviewed.units[unit.id].base_fen)
        faults = await asyncio.to_thread(frozen_faults, whole, changed.reviewed, schedules, names)
    if faults:
        raise Faulty(faults=faults)
    return whole
