"""Raise a billed month to the wages of some people; everybody else stays as declared.

For corrections that the office works out itself. The month is levied whole, as any correction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.filing.domain.changes import (
    CarriedMonth,
    Names,
    PersonWages,
    UnitTotals,
    carried,
    category_faults,
    missing_facts,
    month_of_changes,
    totals_of_unit,
    wages_before,
)
from services.collection.filing.domain.frozen_months import frozen_faults
from services.collection.filing.domain.late import DEFAULT, FilingPlan
from services.collection.filing.domain.levied import FilingTerms
from services.collection.filing.domain.month import DeclaredMonth, Schedules
from services.collection.filing.domain.one_unit import with_frozen_base
from services.collection.filing.domain.records import LeviedDeclaration
from services.collection.filing.domain.restatement import ADJUSTMENT, correction_plan
from services.collection.filing.domain.roll import LastDeclaration, PreviousMonth
from services.collection.filing.flows import frozen_bases as frozen_bases_flow
from services.collection.filing.flows import hand_in as hand_in_flow
from services.collection.filing.flows import last_month as last_month_flow
from services.collection.filing.flows.declaration import unit_in
from services.collection.filing.store import changes as changes_store
from services.collection.filing.store import hand_in as hand_in_store
from services.collection.filing.store import late as late_store
from services.collection.filing.store import roll as roll_store
from services.collection.levy.domain.figures import age_of
from services.collection.policy import flows as policy_flow
from services.collection.policy.domain.policy import Policy, Schedule
from services.collection.policy.domain.rate import Figure, UnitFigure
from services.collection.register.domain.unit import Unit
from services.collection.register.flows.enrolment import Vault
from shared.errors import Fault, Faulty
from shared.period import Period
from shared.roles import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class WageCorrection:
    """The month of a unit, the right wages of some people (fen, by person), and the reason."""

    credit_code: str
    period: Period
    wages: Mapping[int, int]
    reason_code: str
    note: str


async def submit(
    tx: AsyncConnection, correction: WageCorrection, *, region: str, vault: Vault, caller: Caller
) -> LeviedDeclaration:
    """Hand in a correction: the month's last declaration with higher wages of some people.

    Raises:
        UnitUnknown, Forbidden, NoPolicy, KindNotCovered: it cannot be levied.
        NotBilledYet, CorrectionUnfinished: the month's last declaration has to be billed first.
        Faulty: no list of people to correct, or every fault in the month.
    """
    period, wages = correction.period, correction.wages
    unit = await unit_in(tx, correction.credit_code, period, caller)
    dated = await policy_flow.in_force(tx, region, period.first_day)
    schedules = Schedules(dated.policy, period)
    plan = await _plan(tx, unit.id, period)
    head = await roll_store.last_declaration(tx, unit.id, str(period))
    if head is None or head.kind == DEFAULT:
        text = "该月没有名册可更正,须先申报 (no list of people of that month: declare it first)"
        raise Faulty(faults=[Fault("/period", "MONTH_NOT_LISTED", text)])
    month = await _checked(tx, unit, head, wages, dated.policy, schedules, vault)
    terms = FilingTerms(
        period=period,
        policy_id=dated.id,
        plans={unit.id: plan},
        kind=ADJUSTMENT,
        reason_code=correction.reason_code,
        note=correction.note,
    )
    detail: dict[str, object] = {"wages_corrected": len(wages)}
    return await hand_in_flow.store_one(tx, month, terms, schedules, dated.policy, caller, detail)


async def _plan(tx: AsyncConnection, unit_id: int, period: Period) -> FilingPlan:
    existing = (await late_store.existing(tx, [unit_id], str(period))).get(unit_id, [])
    if not existing:
        text = "该月尚未申报 (the month is not declared)"
        raise Faulty(faults=[Fault("/period", "MONTH_NOT_LISTED", text)])
    return correction_plan(existing)


async def _checked(
    tx: AsyncConnection,
    unit: Unit,
    head: LastDeclaration,
    wages: Mapping[int, int],
    policy: Policy,
    schedules: Schedules,
    vault: Vault,
) -> DeclaredMonth:
    """Put the wages into the declared month and check it whole.

    Raises:
        KindNotCovered: the policy does not levy the unit. Faulty: every fault.
    """
    period, schedule = schedules.period, schedules.require(unit)
    declared = await last_month_flow.of(tx, [head], period, schedules, vault.numbers)
    given = await _given(tx, declared, wages, schedule, period, vault)
    days = period.first_day, period.last_day
    enrolled = sorted(set((await hand_in_store.enrolled(tx, [unit.id], *days))[1].tolist()))
    people = carried(declared, given, enrolled, tuple(Figure))
    stated = UnitTotals(wage_total_fen=None, figures={})
    totals = totals_of_unit(declared, unit.id, stated, tuple(UnitFigure))
    totals = _raised(totals, declared, people)
    everybody = [*people.unknown, *people.people, *wages]
    names = Names(place={}, masked=await changes_store.masked(tx, unit.id, everybody))
    faults = [
        *_not_enrolled(wages, enrolled, names),
        *missing_facts(schedule, people, totals, names),
        *category_faults(schedule, people, unit, declared.categories, names),
    ]
    if faults:
        raise Faulty(faults=faults)
    month = month_of_changes(unit, people, totals, declared.categories)
    reviewed = await frozen_bases_flow.of(tx, policy, [unit.id], period)
    if reviewed is not None:
        month = with_frozen_base(month, reviewed.units[unit.id].base_fen)
        faults = frozen_faults(month, reviewed, schedules, names)
    if faults:
        raise Faulty(faults=faults)
    return month


async def _given(
    tx: AsyncConnection,
    declared: PreviousMonth,
    wages: Mapping[int, int],
    schedule: Schedule,
    period: Period,
    vault: Vault,
) -> dict[int, PersonWages]:
    """Build the wages of the people; their other figures, and what is declared higher, stay."""
    before = dict(wages_before(declared, tuple(Figure)))
    given = {
        person: _raised_to(fen, before[person]) if person in before else PersonWages(wage_fen=fen)
        for person, fen in wages.items()
    }
    new = [person for person in wages if person not in before]
    if schedule.needs_age and new:
        for person, sealed in (await changes_store.sealed(tx, new)).items():
            age = age_of(vault.numbers.open(sealed), period)
            given[person] = replace(given[person], age=age)
    return given


def _raised_to(fen: int, before: PersonWages) -> PersonWages:
    own = {insurance: max(fen, own_fen) for insurance, own_fen in before.own_fen.items()}
    wage_fen = max(fen, before.wage_fen)
    return replace(
        before,
        wage_fen=wage_fen,
        own_fen={insurance: own_fen for insurance, own_fen in own.items() if own_fen != wage_fen},
    )


def _raised(totals: UnitTotals, declared: PreviousMonth, people: CarriedMonth) -> UnitTotals:
    """Let a unit's wage total follow the wages of its people, where it was declared."""
    if totals.wage_total_fen is None:
        return totals
    was_fen = int(declared.wage_fen.sum())
    now_fen = sum(one.wage_fen for one in people.people.values())
    return replace(totals, wage_total_fen=max(0, totals.wage_total_fen + now_fen - was_fen))


def _not_enrolled(
    wages: Mapping[int, int], enrolled: Sequence[int], names: Names
) -> Iterator[Fault]:
    for person in sorted(set(wages) - set(enrolled)):
        text = "该月未在该单位参保,须先登记参保 (not enrolled that month: enrol first)"
        yield Fault("/people", "PERSON_NOT_ENROLLED", f"{text}: {names.masked.get(person, '')}")
