"""Hand in a declaration (申报): check it whole, levy it, store it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.errors import (
    DeclarationExists,
    TotalTooLarge,
    WageTotalMissing,
)
from services.collection.common.domain.faults import control_differs, person_repeated
from services.collection.filing.domain.declaration import State
from services.collection.filing.domain.frozen_bases import FrozenYear
from services.collection.filing.domain.late import Turn
from services.collection.filing.domain.restatement import ADJUSTMENT, net_by_party, restated
from services.collection.filing.flows import figures as figures_flow
from services.collection.filing.flows import frozen_bases as frozen_bases_flow
from services.collection.filing.flows import late as late_flow
from services.collection.filing.store import declaration as declaration_store
from services.collection.filing.store.declaration import DeclarationRow, LineRow
from services.collection.levy.domain.columns import Columns, asked_columns, assess_columns
from services.collection.levy.domain.figures import age_of
from services.collection.levy.domain.levy import UnitFacts
from services.collection.levy.domain.person_facts import PersonFacts, facts_columns, facts_faults
from services.collection.levy.domain.totals import Totals, totals
from services.collection.levy.flows import unknown_insurances
from services.collection.policy import flows as policy_flow
from services.collection.policy.domain.category import EMPLOYEE
from services.collection.policy.domain.policy import Policy, Schedule
from services.collection.register.domain.person import id_of_person, number_fault
from services.collection.register.domain.unit import Unit, schedule_of
from services.collection.register.flows import change as change_flow
from services.collection.register.flows import unit as unit_flow
from services.collection.register.store import person as person_store
from shared import trail
from shared.errors import Fault, Faulty, NotFound
from shared.fund import Party
from shared.ids import Ref, uuid7
from shared.money import AMOUNT_MAX_FEN, format_yuan
from shared.period import Period
from shared.references import Reference
from shared.roles import Caller

PAPER = "declaration"


@dataclass(frozen=True, slots=True)
class Declared:
    """One person of a declaration: the wage, and those that differ for an insurance, in fen."""

    identity_number: str = field(repr=False)
    wage_fen: int
    own_fen: Mapping[str, int] | None = None
    figures: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """A declaration as it is handed in, with the sender's own count and sum."""

    credit_code: str
    period: Period
    unit_wage_total_fen: int | None
    control_people: int
    control_wages_fen: int
    people: Sequence[Declared]
    unit_figures: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What makes a declaration the correction of a month: which paper it restates, and why."""

    turn: Turn
    reason_code: str | None
    note: str


@dataclass(frozen=True, slots=True)
class Found:
    """A declaration, what it levies, and the policy that it was levied by."""

    row: DeclarationRow
    lines: list[LineRow]
    policy: Policy


async def submit(
    tx: AsyncConnection,
    handed: Handed,
    *,
    region: str,
    pepper: bytes,
    caller: Caller,
    correction: Correction | None = None,
) -> Found:
    """Levy and store a declaration, or the next round of a returned one; a correction of a month
    that was billed is the same, beside the paper that it restates.

    Raises:
        UnitUnknown, Forbidden, NoPolicy, KindNotCovered: it cannot be levied.
        Faulty: every fault in it. DeclarationExists: the unit has one of this period.
        DefaultWaits, CorrectionUnfinished: what stands in the period has to be billed before.
    """
    unit = await unit_flow.find(tx, handed.credit_code, caller)
    unit = (await change_flow.as_of(tx, {unit.id: unit}, handed.period.first_day))[unit.id]
    found = await policy_flow.in_force(tx, region, handed.period.first_day)
    schedule = schedule_of(found.policy, unit, handed.period)
    person_ids = [id_of_person(person.identity_number, pepper) for person in handed.people]
    beside = await figures_flow.with_standing(
        tx, unit.id, person_ids, handed.period, _beside(handed, schedule)
    )
    year = await frozen_bases_flow.of(tx, found.policy, [unit.id], handed.period)
    handed, frozen = _on_reviewed_total(handed, year, schedule, unit)
    faults = [
        *frozen,
        *_faults(handed, found.policy, schedule, person_ids),
        *facts_faults(schedule, beside, handed.unit_figures),
        *await _not_enrolled(tx, unit, handed, person_ids),
    ]
    if faults:
        raise Faulty(faults=faults)
    base_fen = None if year is None else year.units[unit.id].base_fen
    columns = _levied(handed, unit, schedule, beside, base_fen)
    if year is not None:
        people = _reviewed(handed, person_ids, beside)
        faults = frozen_bases_flow.of_people(year, unit.id, schedule, people, columns.base_fen)
        if faults:
            raise Faulty(faults=faults)
    turn = correction.turn if correction else await late_flow.turn(tx, unit.id, str(handed.period))
    before = (await late_flow.make_room(tx, {unit.id: turn}, caller)).get(unit.id, [])
    lines = restated(lines_of(columns), before)
    row = replace(header(handed, unit, found.id, lines, turn), frozen_base_fen=base_fen)
    if correction:
        row = replace(
            row, kind=ADJUSTMENT, reason_code=correction.reason_code, note=correction.note
        )
    await store_header(tx, row)
    await declaration_store.insert_lines(tx, row, lines)
    await declaration_store.copy_people(tx, _records(row, handed, person_ids, columns, schedule))
    await figures_flow.put(tx, row, schedule, beside, handed.unit_figures)
    await trail.record(tx, step_of(row, "submit", signs=False, why=row.note), caller)
    return Found(row, lines, found.policy)


def _on_reviewed_total(
    handed: Handed, year: FrozenYear | None, schedule: Schedule, unit: Unit
) -> tuple[Handed, list[Fault]]:
    """What was handed in with the unit's total as it was reviewed; and where it says another."""
    if year is None:
        return handed, []
    given = handed.unit_wage_total_fen, handed.unit_figures
    total_fen, unit_figures, faults = frozen_bases_flow.of_unit(year, schedule, unit.id, given)
    return replace(handed, unit_wage_total_fen=total_fen, unit_figures=unit_figures), faults


def _reviewed(
    handed: Handed, person_ids: Sequence[int], beside: Sequence[PersonFacts]
) -> list[tuple[int, Mapping[str, int] | None]]:
    """Each person with the wages that differ for an insurance. Whose base a category says was not
    reviewed: he goes by the key 0, which nobody has."""
    return [
        (person_id if one.category == EMPLOYEE else 0, person.own_fen)
        for person_id, one, person in zip(person_ids, beside, handed.people, strict=True)
    ]


def _beside(handed: Handed, schedule: Schedule) -> list[PersonFacts]:
    if not schedule.needs_age:
        return [PersonFacts(person.figures) for person in handed.people]
    return [
        PersonFacts(person.figures, age_of(person.identity_number, handed.period))
        for person in handed.people
    ]


def _faults(
    handed: Handed, policy: Policy, schedule: Schedule, person_ids: Sequence[int]
) -> Iterator[Fault]:
    if handed.unit_wage_total_fen is None and schedule.needs_wage_total:
        yield Fault("/unit_wage_total", WageTotalMissing.code, WageTotalMissing().message)
    if handed.control_people != len(handed.people):
        yield control_differs("/control/people", handed.control_people, len(handed.people))
    wages_fen = sum(person.wage_fen for person in handed.people)
    if handed.control_wages_fen != wages_fen:
        yield control_differs(
            "/control/wages", format_yuan(handed.control_wages_fen), format_yuan(wages_fen)
        )
    first: dict[int, int] = {}
    for number, (person, person_id) in enumerate(zip(handed.people, person_ids, strict=True)):
        if first.setdefault(person_id, number) != number:
            yield person_repeated(number, first[person_id])
        if person.own_fen:
            yield from unknown_insurances(person.own_fen, policy, f"/people/{number}")


async def _not_enrolled(
    tx: AsyncConnection, unit: Unit, handed: Handed, person_ids: Sequence[int]
) -> list[Fault]:
    """Faults of people who are not enrolled: what is wrong with the number, or just that."""
    enrolled = await person_store.enrolled_in(
        tx, unit.id, person_ids, handed.period.first_day, handed.period.last_day
    )
    faults = []
    for number, (person, person_id) in enumerate(zip(handed.people, person_ids, strict=True)):
        if person_id not in enrolled:
            at = f"/people/{number}/identity_number"
            faults.append(
                number_fault(person.identity_number, at)
                or Fault(at, "PERSON_NOT_ENROLLED", "本所属期未在该单位参保 (not enrolled here)")
            )
    return faults


def _levied(
    handed: Handed,
    unit: Unit,
    schedule: Schedule,
    beside: Sequence[PersonFacts],
    frozen_base_fen: int | None,
) -> Columns:
    asked = asked_columns(
        schedule.insurances,
        [person.wage_fen for person in handed.people],
        [person.own_fen for person in handed.people],
    )
    facts = UnitFacts(
        kind=unit.kind,
        injury_class=unit.injury_class,
        wage_total_fen=handed.unit_wage_total_fen,
        figures=handed.unit_figures,
        frozen_base_fen=frozen_base_fen,
    )
    return assess_columns(schedule, facts, asked, facts_columns(schedule, beside))


def lines_of(columns: Columns) -> list[LineRow]:
    """What the declaration levies: people's lines added up, then the unit's own, then relief."""
    made = [
        ("people", line.rule.insurance, line.rule.fund, line.rate, line.base_fen, line.amount_fen)
        for line in columns.people_lines
    ] + [
        (line.level, line.insurance, line.fund, line.rate, line.base_fen, line.amount_fen)
        for line in (*columns.unit_lines, *columns.relief_lines)
    ]
    return [
        LineRow(
            line_no=number,
            level=level,
            insurance=insurance,
            party=rate.party.value,
            account=rate.account.value,
            fund=fund,
            rule=rate.id,
            base_fen=base_fen,
            amount_fen=amount_fen,
        )
        for number, (level, insurance, fund, rate, base_fen, amount_fen) in enumerate(made, 1)
    ]


def header(
    handed: Handed, unit: Unit, policy_id: UUID, lines: Sequence[LineRow], turn: Turn
) -> DeclarationRow:
    """The header of a paper of these lines.

    Raises:
        TotalTooLarge: it comes to more than can be booked.
    """
    net = net_by_party(lines)
    total_fen = sum(net.values())
    if max([abs(total_fen), *(line.base_fen for line in lines)]) > AMOUNT_MAX_FEN:
        raise TotalTooLarge(total=format_yuan(total_fen))
    return DeclarationRow(
        unit_id=unit.id,
        id=turn.again.id if turn.again else uuid7(),
        credit_code=unit.credit_code,
        district=unit.district,
        period=str(handed.period),
        round=turn.again.round + 1 if turn.again else 1,
        status=State.SUBMITTED.value,
        policy_id=policy_id,
        unit_kind=unit.kind,
        injury_class=unit.injury_class,
        injury_step=unit.injury_step,
        unit_size=unit.size,
        unit_wage_total_fen=handed.unit_wage_total_fen,
        people=len(handed.people),
        wages_fen=sum(person.wage_fen for person in handed.people),
        unit_fen=net["unit"],
        personal_fen=net["personal"],
        total_fen=total_fen,
        corrects=turn.corrects.id if turn.corrects else None,
    )


async def store_header(tx: AsyncConnection, row: DeclarationRow) -> None:
    """Store a first round, or a next one under the paper's own id; earlier rounds stay stored."""
    stored = await (
        declaration_store.insert if row.round == 1 else declaration_store.hand_in_again
    )(tx, row)
    if not stored:  # a twin of this request, or a default, came in between
        raise DeclarationExists(period=row.period)


def _records(
    row: DeclarationRow,
    handed: Handed,
    person_ids: Sequence[int],
    columns: Columns,
    schedule: Schedule,
) -> list[tuple[object, ...]]:
    """One tuple per person, as `store.PERSON_COLUMNS`."""
    base, unit, personal = (
        column.tolist() for column in (columns.base_fen, columns.unit_fen, columns.personal_fen)
    )
    return [
        (
            row.unit_id,
            row.id,
            row.round,
            number + 1,
            person_ids[number],
            person.wage_fen,
            [person.own_fen.get(name, person.wage_fen) for name in schedule.insurances]
            if person.own_fen
            else None,
            base[number],
            unit[number],
            personal[number],
        )
        for number, person in enumerate(handed.people)
    ]


def step_of(
    row: DeclarationRow,
    step: str,
    *,
    signs: bool,
    why: str | None = None,
    detail: dict[str, object] | None = None,
) -> trail.Step:
    """A step on a declaration, for its trail."""
    return trail.Step(
        shard_key=row.unit_id,
        paper=PAPER,
        paper_id=row.id,
        step=step,
        signs=signs,
        round=row.round,
        why=why,
        detail=detail,
    )


async def find(tx: AsyncConnection, ref: Ref, caller: Caller) -> DeclarationRow:
    """A declaration that the caller may see.

    Raises:
        NotFound: no such declaration. Forbidden: of another district than the caller.
    """
    row = await declaration_store.find(tx, ref.key, ref.id)
    if row is None:
        raise NotFound(declaration=ref.text(Reference.DECLARATION))
    caller.require_district(row.district)
    return row


async def read(tx: AsyncConnection, ref: Ref, caller: Caller) -> Found:
    """A declaration with what it levies.

    Raises:
        NotFound: no such declaration. Forbidden: of another district than the caller.
    """
    row = await find(tx, ref, caller)
    return await with_lines(tx, row)


async def with_lines(tx: AsyncConnection, row: DeclarationRow) -> Found:
    """A declaration's lines and policy beside it."""
    lines = await declaration_store.lines(tx, row.unit_id, row.id, row.round)
    return Found(row, lines, await policy_flow.by_id(tx, row.policy_id))


def totals_of(lines: Sequence[LineRow]) -> Totals:
    """What levied lines come to."""
    return totals((Party(line.party), line.insurance, line.fund, line.amount_fen) for line in lines)
