"""Hand in a month by its changes (变更申报): the whole month is levied and stored, by the bulk path."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.faults import control_differs, person_repeated
from services.collection.filing.domain.changes import (
    Month,
    Said,
    Whole,
    carried,
    lacking,
    taken_of,
    whole_of,
)
from services.collection.filing.domain.check import Schedules, Taken
from services.collection.filing.domain.frozen_bases import FrozenYear
from services.collection.filing.domain.late import DEFAULT
from services.collection.filing.domain.roll import LastMonth, begins_a_year
from services.collection.filing.flows import bulk as filing_bulk_flow
from services.collection.filing.flows import declaration as filing_declaration_flow
from services.collection.filing.flows import frozen_bases as frozen_bases_flow
from services.collection.filing.flows import frozen_files as frozen_files_flow
from services.collection.filing.flows import last_month as last_month_flow
from services.collection.filing.flows import late as late_flow
from services.collection.filing.flows.declaration import Found, Handed
from services.collection.filing.store import bulk as bulk_store
from services.collection.filing.store import changes as changes_store
from services.collection.filing.store import roll as roll_store
from services.collection.filing.store import shipped as filing_shipped_store
from services.collection.filing.store.roll import Head
from services.collection.levy.domain.figures import age_of
from services.collection.levy.flows import unknown_insurances
from services.collection.policy import flows as policy_flow
from services.collection.policy.domain.policy import Policy, Schedule
from services.collection.register.domain.person import id_of_person, number_fault
from services.collection.register.domain.unit import Unit
from services.collection.register.flows import change as change_flow
from services.collection.register.flows import unit as unit_flow
from services.collection.register.flows.enrolment import Vault
from shared.errors import Fault, Faulty, Refusal
from shared.money import format_yuan
from shared.period import Period
from shared.roles import Caller

BASIS: Final = "/basis"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """The changes as they are handed in: control totals of the whole month in `handed`, whose people
    are those who changed or joined, and of the changes alone, where the sender counted them."""

    handed: Handed
    changed_people: int | None = None
    changed_wages_fen: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Basis:
    """What the changes are put to: last month, who is enrolled, and what both come to."""

    unit: Unit
    policy: Policy
    schedules: Schedules
    schedule: Schedule
    last: LastMonth
    ids: list[int]
    enrolled: list[int]
    month: Month
    whole: Whole
    year: FrozenYear | None
    frozen: list[Fault]


async def submit(
    tx: AsyncConnection, asked: Changed, *, region: str, vault: Vault, caller: Caller
) -> Found:
    """Levy and store a month of which only the changes were said.

    Raises:
        UnitUnknown, Forbidden, NoPolicy, KindNotCovered: it cannot be levied.
        Faulty: every fault in it, that there is nothing to carry on, or that a year begins.
        DeclarationExists, DefaultWaits, CorrectionUnfinished: as of a full declaration.
    """
    period = asked.handed.period
    unit = await unit_flow.find(tx, asked.handed.credit_code, caller)
    unit = (await change_flow.as_of(tx, {unit.id: unit}, period.first_day))[unit.id]
    dated = await policy_flow.in_force(tx, region, period.first_day)
    previous = str(period.plus(-1))
    head = await roll_store.head(tx, unit.id, previous)
    nothing = list(_nothing_to_carry(head, period, region))
    if head is None or nothing:
        raise Faulty(faults=nothing)
    basis = await _basis(tx, asked.handed, unit, dated.policy, head, vault)
    taken = await _checked(tx, asked, basis)
    turn = await late_flow.turn(tx, unit.id, str(period))
    made = await filing_bulk_flow.store_all(
        tx,
        taken,
        period=period,
        policy_id=dated.id,
        schedules=basis.schedules,
        turns={unit.id: turn},
        caller=caller,
        detail={
            "carried_on_from": previous, "changed": len(basis.ids), "left": basis.month.left
        },
    )  # fmt: skip
    return await filing_declaration_flow.with_lines(tx, made.headers[0])


async def _basis(
    tx: AsyncConnection, handed: Handed, unit: Unit, policy: Policy, head: Head, vault: Vault
) -> _Basis:
    """Last month with the changes in it.

    Raises:
        KindNotCovered: the policy does not levy the unit.
    """
    period = handed.period
    schedules = Schedules(policy, period)
    schedule = schedules.of(unit)
    if isinstance(schedule, Refusal):
        raise schedule
    last = await last_month_flow.of(tx, [head], period, schedules, vault.numbers)
    ids = [id_of_person(person.identity_number, vault.pepper) for person in handed.people]
    days = period.first_day, period.last_day
    enrolled = sorted(set((await bulk_store.enrolled(tx, [unit.id], *days))[1].tolist()))
    given = dict(zip(ids, _said(handed, schedule.needs_age), strict=True))
    stated = Whole(wage_total_fen=handed.unit_wage_total_fen, figures=handed.unit_figures)
    whole = whole_of(last, unit.id, stated)
    frozen: list[Fault] = []
    year = await frozen_bases_flow.of(tx, policy, [unit.id], period)
    if year is not None:
        said = handed.unit_wage_total_fen, handed.unit_figures
        total_fen, figures, frozen = frozen_bases_flow.of_unit(year, schedule, unit.id, said)
        whole = Whole(wage_total_fen=total_fen, figures={**whole.figures, **figures})
    return _Basis(
        unit=unit,
        policy=policy,
        schedules=schedules,
        schedule=schedule,
        last=last,
        ids=ids,
        enrolled=enrolled,
        month=carried(last, given, enrolled),
        whole=whole,
        year=year,
        frozen=frozen,
    )


async def _checked(tx: AsyncConnection, asked: Changed, of: _Basis) -> Taken:
    """The whole month, ready to be levied and stored.

    Raises:
        Faulty: every fault in it.
    """
    names = await changes_store.masked(tx, of.unit.id, [*of.month.unknown, *of.month.people])
    places = {person: number for number, person in reversed(list(enumerate(of.ids)))}
    faults = [
        *of.frozen,
        *_people_faults(asked.handed, of.policy, of.ids, set(of.enrolled)),
        *lacking(of.schedule, of.month, of.whole, places, names),
        *_not_levied(of, places, names),
        *_control_faults(asked, of.month),
    ]
    if faults:
        raise Faulty(faults=faults)
    taken = await asyncio.to_thread(taken_of, of.unit, of.last, of.month, of.whole, of.schedule)
    if of.year is not None:
        taken, faults = await asyncio.to_thread(
            frozen_files_flow.in_changes, taken, of.year, of.schedules, places, names
        )
    if faults:
        raise Faulty(faults=faults)
    return taken


def _nothing_to_carry(head: Head | None, period: Period, region: str) -> Iterator[Fault]:
    if begins_a_year(period, filing_shipped_store.year_begins_month(region)):
        yield Fault(BASIS, "YEAR_BEGINS", "年度首月须全额申报 (a year begins: declare everybody)")
    if head is None:
        yield Fault(
            BASIS, "NO_LAST_MONTH", "上月没有有效申报可沿用 (last month has none that stands)"
        )
    elif head.kind == DEFAULT:
        said = (
            "上月未申报、按上月缴费额核定,无名册可沿用 (last month was a default: nobody is listed)"
        )
        yield Fault(BASIS, "LAST_MONTH_DEFAULT", said)


def _said(handed: Handed, needs_age: bool) -> Iterator[Said]:
    for person in handed.people:
        yield Said(
            wage_fen=person.wage_fen,
            own_fen=person.own_fen or {},
            figures=person.figures,
            age=age_of(person.identity_number, handed.period) if needs_age else None,
        )


def _people_faults(
    handed: Handed, policy: Policy, ids: Sequence[int], enrolled: set[int]
) -> Iterator[Fault]:
    first: dict[int, int] = {}
    for number, (person, person_id) in enumerate(zip(handed.people, ids, strict=True)):
        at = f"/people/{number}/identity_number"
        if first.setdefault(person_id, number) != number:
            yield person_repeated(number, first[person_id])
        if person_id not in enrolled:
            yield number_fault(person.identity_number, at) or Fault(
                at, "PERSON_NOT_ENROLLED", "本所属期未在该单位参保 (not enrolled here)"
            )
        if person.own_fen:
            yield from unknown_insurances(person.own_fen, policy, f"/people/{number}")


def _not_levied(of: _Basis, places: Mapping[int, int], names: Mapping[int, str]) -> Iterator[Fault]:
    """Whose category, as it is registered, the policy does not levy."""
    for person in of.month.people:
        standing = of.last.standings.get((of.unit.id, person))
        refusal = None if standing is None else of.schedule.refusal(*standing)
        if refusal is not None:
            at = f"/people/{places[person]}" if person in places else "/people"
            yield Fault(at, refusal.code, f"{refusal.message} {names.get(person, '')}")


def _control_faults(asked: Changed, month: Month) -> Iterator[Fault]:
    """Control totals of the whole month, and of the changes where they were counted. A sum with an
    unknown part cannot be compared."""
    handed = asked.handed
    people = len(month.people) + len(month.unknown)
    if handed.control_people != people:
        yield control_differs("/control/people", handed.control_people, people)
    wages_fen = sum(one.wage_fen for one in month.people.values())
    if not month.unknown and handed.control_wages_fen != wages_fen:
        yield control_differs(
            "/control/wages", format_yuan(handed.control_wages_fen), format_yuan(wages_fen)
        )
    if asked.changed_people not in {None, len(handed.people)}:
        yield control_differs("/control/changes/people", asked.changed_people, len(handed.people))
    changed_fen = sum(person.wage_fen for person in handed.people)
    if asked.changed_wages_fen is not None and asked.changed_wages_fen != changed_fen:
        stated, found = format_yuan(asked.changed_wages_fen), format_yuan(changed_fen)
        yield control_differs("/control/changes/wages", stated, found)
