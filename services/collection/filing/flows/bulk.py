"""Levy and store the declarations of many units in one transaction, by columns.

What it writes is what one unit's declaration writes, which a property test holds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.errors import TotalTooLarge
from services.collection.common.domain.rows import ABSENT, Ints
from services.collection.common.store.binary import uuid_bytes
from services.collection.filing.domain.check import Schedules, Taken
from services.collection.filing.domain.declaration import Act, State
from services.collection.filing.domain.late import FIRST
from services.collection.filing.domain.restatement import corrected_lines, net_by_party
from services.collection.filing.flows import columns as columns_flow
from services.collection.filing.flows import declaration as filing_declaration_flow
from services.collection.filing.flows import late as late_flow
from services.collection.filing.flows.late import Turns
from services.collection.filing.store import bulk as bulk_store
from services.collection.filing.store import figures as figures_store
from services.collection.filing.store.declaration import DeclarationRow, LineRow
from services.collection.levy.domain.columns import PeopleFigures
from services.collection.levy.domain.levy import UnitFacts
from services.collection.levy.domain.people_categories import PeopleCategories, people_categories
from services.collection.levy.domain.units import UnitsLevy, UnitsLine, assess_units
from services.collection.policy.domain.policy import Schedule
from services.collection.policy.domain.rate import Figure, UnitFigure
from shared import trail
from shared.errors import Refusal, StateConflict
from shared.fund import Party
from shared.ids import uuid7
from shared.money import AMOUNT_MAX_FEN, format_yuan
from shared.period import Period
from shared.roles import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """What is declared for: the period, its policy, what filing comes to for units in whose month
    something stands, and what the papers that they correct levied."""

    period: Period
    policy_id: UUID
    turns: Turns
    before: Mapping[int, Sequence[LineRow]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What is about to be stored: headers, the bytes of lines and people, the lines
    that take back what was levied before, and what a policy asks
    for beside the wages."""

    headers: list[DeclarationRow]
    lines: list[bytes]
    corrected: list[tuple[DeclarationRow, LineRow]]
    people: Iterator[bytes]
    figures: list[tuple[object, ...]]

    @property
    def total_fen(self) -> int:
        """What it levies in all."""
        return sum(row.total_fen for row in self.headers)


async def store_all(
    tx: AsyncConnection,
    taken: Taken,
    *,
    period: Period,
    policy_id: UUID,
    schedules: Schedules,
    turns: Turns,
    caller: Caller,
    detail: dict[str, object] | None = None,
) -> Made:
    """Levy and store declarations of units that may file; `turns` says what filing comes to.

    `detail` goes on the trail of each.

    Raises:
        TotalTooLarge: a unit owes more than can be booked.
        StateConflict: a returned declaration was handed in by somebody else meanwhile.
    """
    filing = {unit.id: turns[unit.id] for unit in taken.units if unit.id in turns}
    before = await late_flow.make_room(tx, filing, caller)
    of = Month(period=period, policy_id=policy_id, turns=filing, before=before)
    made = await asyncio.to_thread(_levied, taken, schedules, of)
    again = [row for row in made.headers if row.round > 1]
    await bulk_store.insert_headers(tx, [row for row in made.headers if row.round == 1])
    if await bulk_store.hand_in_again(tx, again) != len(again):
        raise StateConflict(act=Act.SUBMIT_AGAIN.value)
    await bulk_store.copy_lines(tx, made.lines)
    if made.corrected:
        await bulk_store.copy_line_rows(tx, made.corrected)
    await bulk_store.copy_people(tx, made.people)
    if made.figures:
        await figures_store.copy(tx, made.figures)
    step = filing_declaration_flow.step_of(made.headers[0], "submit", signs=False, detail=detail)
    papers = [(row.unit_id, row.id, row.round) for row in made.headers]
    await trail.record_many(tx, papers, step, caller)
    return made


def _levied(taken: Taken, schedules: Schedules, of: Month) -> Made:
    """Columns of everybody, levied group by group of units that share a schedule."""
    insurances = schedules.insurances
    asked = columns_flow.asked_of(taken, insurances)
    shares = [np.empty((len(taken.person_id), len(insurances)), np.int64) for _ in range(3)]
    headers: dict[int, DeclarationRow] = {}
    lines: list[bytes] = []
    corrected: list[tuple[DeclarationRow, LineRow]] = []
    given: list[tuple[object, ...]] = []
    standings = people_categories(taken.standings, columns_flow.unit_ids(taken), taken.person_id)
    for places in columns_flow.alike(taken):
        rows = columns_flow.rows_of(taken, places)
        schedule = schedules.of(taken.units[int(places[0])])
        assert not isinstance(schedule, Refusal), "units without a schedule were left out"
        beside = columns_flow.beside_of(taken, schedule, rows, standings)
        levied = _group(taken, schedule, places, asked[rows], beside)
        people = levied.people
        for whole, part in zip(
            shares, (people.base_fen, people.unit_fen, people.personal_fen), strict=True
        ):
            whole[rows] = part
        wages = np.add.reduceat(taken.wage_fen[rows], columns_flow.starts_of(taken.people[places]))
        back = _corrected(taken, places, levied, of)
        made = _headers(taken, places, wages, levied, of, back)
        corrected += [(row, line) for row in made for line in back.get(row.unit_id, ())]
        headers |= dict(zip(places.tolist(), made, strict=True))
        lines += _lines(made, levied)
        given += _given(taken, schedule, (places, rows), made, beside.standings)
    ordered = [headers[place] for place in range(len(taken.units))]
    people_rows = _people(taken, ordered, asked, shares)
    return Made(
        headers=ordered, lines=lines, corrected=corrected, people=people_rows, figures=given
    )


def _frozen(taken: Taken, place: int) -> int | None:
    return taken.frozen_base_fen[place] if taken.frozen_base_fen else None


def _given(
    taken: Taken,
    schedule: Schedule,
    at: tuple[Ints, Ints],
    made: list[DeclarationRow],
    standings: PeopleCategories | None,
) -> list[tuple[object, ...]]:
    """What the policy asked for as rows, and who is no employee, by which amounts are explained;
    most ask for nothing. `at` are the places of the units and the rows of their people."""
    places, rows = at
    found: list[tuple[object, ...]] = []
    if schedule.unit_figures:
        for row, place in zip(made, places.tolist(), strict=True):
            fen = [taken.unit_figures[place].get(name) for name in UnitFigure]
            found.append((row.unit_id, row.id, row.round, figures_store.UNIT_LINE, fen, None))
    asks = bool(schedule.figures) or schedule.needs_age
    if not asks and standings is None:
        return found
    heads = [
        (row.unit_id, row.id, row.round)
        for row, count in zip(made, taken.people[places].tolist(), strict=True)
        for _ in range(count)
    ]
    nothing = np.full(len(rows), ABSENT, np.int64)
    said_of = [
        (taken.figures[name][rows] if name in taken.figures else nothing).tolist()
        for name in Figure
    ]
    age = (taken.age[rows] if schedule.needs_age else nothing).tolist()
    said = [(None, None)] * len(rows) if standings is None else standings.words()
    return found + [
        (*head, line, [_or_none(fen) for fen in person], _or_none(years), *standing)
        for head, line, person, years, standing in zip(
            heads, taken.line_no[rows].tolist(), zip(*said_of, strict=True), age, said, strict=True
        )
        if asks or standing != (None, None)
    ]


def _or_none(value: int) -> int | None:
    return None if value == ABSENT else value


def _group(
    taken: Taken, schedule: Schedule, places: Ints, asked: Ints, beside: PeopleFigures
) -> UnitsLevy:
    first = taken.units[int(places[0])]
    facts = [
        UnitFacts(
            kind=first.kind,
            injury_class=first.injury_class,
            wage_total_fen=taken.wage_totals_fen[place],
            figures=taken.unit_figures[place],
            frozen_base_fen=_frozen(taken, place),
        )
        for place in places.tolist()
    ]
    return assess_units(
        schedule, facts, asked, columns_flow.starts_of(taken.people[places]), beside
    )


def _corrected(
    taken: Taken, places: Ints, levied: UnitsLevy, of: Month
) -> dict[int, list[LineRow]]:
    """The lines that take back what was levied before, of units that correct a paper."""
    if not of.before:
        return {}
    own = _stands(len(places), levied).sum(axis=1).tolist()
    units = [taken.units[place] for place in places.tolist()]
    return {
        unit.id: corrected_lines(of.before[unit.id], count)
        for unit, count in zip(units, own, strict=True)
        if unit.id in of.before
    }


def _headers(
    taken: Taken,
    places: Ints,
    wages: Ints,
    levied: UnitsLevy,
    of: Month,
    corrected: Mapping[int, Sequence[LineRow]],
) -> list[DeclarationRow]:
    units = levied.total_fen(Party.UNIT.value).tolist()
    personals = levied.total_fen(Party.PERSONAL.value).tolist()
    largest = levied.largest_base_fen().tolist()
    rows = []
    for number, place in enumerate(places.tolist()):
        unit = taken.units[place]
        turn = of.turns.get(unit.id, FIRST)
        back = net_by_party(corrected.get(unit.id, ()))
        unit_fen, personal_fen = units[number] + back["unit"], personals[number] + back["personal"]
        total_fen = unit_fen + personal_fen
        if max(abs(total_fen), largest[number]) > AMOUNT_MAX_FEN:
            raise TotalTooLarge(credit_code=unit.credit_code, total=format_yuan(total_fen))
        rows.append(
            DeclarationRow(
                unit_id=unit.id,
                id=turn.again.id if turn.again else uuid7(),
                credit_code=unit.credit_code,
                district=unit.district,
                period=str(of.period),
                round=turn.again.round + 1 if turn.again else 1,
                status=State.SUBMITTED.value,
                policy_id=of.policy_id,
                unit_kind=unit.kind,
                injury_class=unit.injury_class,
                injury_step=unit.injury_step,
                unit_size=unit.size,
                unit_wage_total_fen=taken.wage_totals_fen[place],
                people=int(taken.people[place]),
                wages_fen=int(wages[number]),
                unit_fen=unit_fen,
                personal_fen=personal_fen,
                total_fen=total_fen,
                corrects=turn.corrects.id if turn.corrects else None,
                frozen_base_fen=_frozen(taken, place),
            )
        )
    return rows


def _stands(units: int, levied: UnitsLevy) -> NDArray[np.bool_]:
    """Which units have which lines."""
    stands = np.ones((units, len(levied.lines)), bool)
    for place, line in enumerate(levied.lines):
        if line.stands is not None:
            stands[:, place] = line.stands
    return stands


def _lines(rows: list[DeclarationRow], levied: UnitsLevy) -> list[bytes]:
    """The lines as rows, in frames of units that have the same ones."""
    stands = _stands(len(rows), levied)
    patterns, which = np.unique(stands, axis=0, return_inverse=True)
    frames = []
    for number, pattern in enumerate(patterns):
        units = np.flatnonzero(which.reshape(-1) == number)
        frame = bulk_store.LineFrame([rows[place] for place in units.tolist()])
        for place in np.flatnonzero(pattern).tolist():
            line = levied.lines[place]
            frame.add(_words(line), line.base_fen[units], line.amount_fen[units])
        frames.append(frame.rows())
    return frames


def _words(line: UnitsLine) -> tuple[str, ...]:
    rate = line.rate
    return (
        line.level,
        line.rule.insurance,
        rate.party.value,
        rate.account.value,
        line.rule.fund,
        rate.id,
    )


def _people(
    taken: Taken, headers: list[DeclarationRow], asked: Ints, shares: list[Ints]
) -> Iterator[bytes]:
    """Everybody's rows: those with a wage of an insurance's own carry what was asked."""
    unit = np.repeat(np.arange(len(headers)), taken.people)
    unit_id = np.array([row.unit_id for row in headers], np.int64)
    ids = uuid_bytes([row.id for row in headers])
    rounds = np.array([row.round for row in headers], np.int64)
    own = np.zeros(len(unit), bool)
    for column in taken.own_fen.values():
        own |= column != ABSENT
    for kept, with_asked in ((np.flatnonzero(~own), False), (np.flatnonzero(own), True)):
        yield from bulk_store.people_frames(
            unit_id=unit_id[unit[kept]],
            declaration_id=ids[unit[kept]],
            round_=rounds[unit[kept]],
            line_no=taken.line_no[kept],
            person_id=taken.person_id[kept],
            wage_fen=taken.wage_fen[kept],
            asked_fen=asked[kept] if with_asked else None,
            shares_fen=[share[kept] for share in shares],
        )
