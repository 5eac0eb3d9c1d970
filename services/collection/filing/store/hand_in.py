"""Store levied declarations by COPY, and read what filing needs to know of many units.

All statements name the keys of their units. One unit is stored by the same statements as sixty
thousand.
"""

from __future__ import annotations

import asyncio
import io
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import date
from itertools import islice
from operator import attrgetter
from typing import Final
from uuid import UUID

import numpy as np
from asyncpg import PostgresError, UniqueViolationError
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.rows import ABSENT
from services.collection.common.store.binary import (
    SIGNATURE,
    TRAILER,
    Frame,
    read_int8s,
    uuid_bytes,
)
from services.collection.common.store.tables import BLOCK
from services.collection.filing.domain.levied import LeviedPeople, LevyGroup
from services.collection.filing.domain.records import DeclarationRow, LineRow
from services.collection.register.domain.unit import Unit
from shared.db import raw, sqlstate

Ints = NDArray[np.int64]
_COPY_PEOPLE: Final = 3_000
"""People of one frame: its half a megabyte stays in the processor's cache until it is sent."""
_FRAMES: Final = 16
"""Frames that are built at a time: all of them together would need many times the memory."""
_SMALL: Final = 1_000
"""Rows whose bytes are built at once, because handing them to a thread would take longer."""
_HEADER: Final = (
    "unit_id",
    "id",
    "credit_code",
    "district",
    "period",
    "round",
    "status",
    "policy_id",
    "unit_kind",
    "injury_class",
    "injury_step",
    "unit_size",
    "unit_wage_total_fen",
    "people",
    "wages_fen",
    "unit_fen",
    "personal_fen",
    "total_fen",
    "kind",
    "corrects",
    "reason_code",
    "note",
    "review_id",
    "frozen_base_fen",
)
_LEVY: Final = (
    "unit_id",
    "declaration_id",
    "round",
    "first_line",
    "level",
    "insurance",
    "party",
    "account",
    "fund",
    "rule",
    "base_fen",
    "amount_fen",
)
_PEOPLE: Final = (
    "unit_id",
    "declaration_id",
    "round",
    "first_line",
    "insurances",
    "person_id",
    "wage_fen",
    "asked_fen",
    "base_fen",
    "unit_fen",
    "personal_fen",
)
_LINE_CELLS = attrgetter(*_LEVY[4:])


class FiledMeanwhile(Exception):
    """Another request filed the same month between the check and this statement."""


async def units(tx: AsyncConnection, unit_ids: Sequence[int]) -> dict[int, Unit]:
    """Read units without their bank accounts, faster than by the register's own statement."""
    connection = await raw(tx)
    rows = await connection.fetch(
        """
        SELECT unit_id, credit_code, name, kind, district, injury_class, collector, status, size,
               injury_step
          FROM unit
         WHERE unit_id = ANY($1)
        """,
        list(unit_ids),
    )
    return {
        unit_id: Unit(
            credit_code=credit_code,
            name=name,
            kind=kind,
            district=district,
            injury_class=injury_class,
            collector=collector,
            bank=None,
            status=status,
            size=size,
            injury_step=injury_step,
        )
        for (
            unit_id,
            credit_code,
            name,
            kind,
            district,
            injury_class,
            collector,
            status,
            size,
            injury_step,
        ) in rows
    }


async def enrolled(
    tx: AsyncConnection, unit_ids: Sequence[int], first: date, last: date
) -> tuple[Ints, Ints]:
    """Read who is enrolled at these units on some day of a period, as columns of unit and person."""
    connection = await raw(tx)
    pieces: list[bytes] = []

    async def keep(piece: bytes) -> None:
        pieces.append(piece)

    await connection.copy_from_query(
        """
        SELECT unit_id, person_id
          FROM enrolment
         WHERE unit_id = ANY($1) AND joined_on <= $2 AND (left_on IS NULL OR left_on >= $3)
        """,
        list(unit_ids),
        last,
        first,
        output=keep,
        format="binary",
    )
    pairs = read_int8s(b"".join(pieces), 2)
    return pairs[:, 0], pairs[:, 1]


async def insert_headers(tx: AsyncConnection, rows: Sequence[DeclarationRow]) -> None:
    """Store new declarations.

    Raises:
        FiledMeanwhile: a unit has a declaration of that period already.
    """
    connection = await raw(tx)
    try:
        await connection.copy_records_to_table(
            "declaration", records=map(attrgetter(*_HEADER), rows), columns=_HEADER
        )
    except PostgresError as error:
        if sqlstate(error) != UniqueViolationError.sqlstate:
            raise
        raise FiledMeanwhile from None


async def update_headers(tx: AsyncConnection, rows: Sequence[DeclarationRow]) -> None:
    """Store the next round of returned declarations; earlier rounds keep their lines and people.

    Raises:
        FiledMeanwhile: one of them is not returned any more.
    """
    updated = await tx.execute(
        text("""
            UPDATE declaration
               SET round = again.round, status = again.status, policy_id = again.policy_id,
                   district = again.district, unit_kind = again.unit_kind,
                   injury_class = again.injury_class, injury_step = again.injury_step,
                   unit_size = again.unit_size,
                   unit_wage_total_fen = again.unit_wage_total_fen, people = again.people,
                   wages_fen = again.wages_fen, unit_fen = again.unit_fen,
                   personal_fen = again.personal_fen, total_fen = again.total_fen,
                   frozen_base_fen = again.frozen_base_fen, reason_code = again.reason_code, note = again.note,
                   submitted_at = now(), stands_since = now()
              FROM unnest(CAST(:unit_ids AS bigint[]), CAST(:ids AS uuid[]),
                          CAST(:rounds AS integer[]), CAST(:statuses AS text[]),
                          CAST(:policies AS uuid[]), CAST(:districts AS text[]),
                          CAST(:kinds AS text[]), CAST(:classes AS smallint[]),
                          CAST(:wage_totals AS bigint[]), CAST(:people AS integer[]),
                          CAST(:wages AS bigint[]), CAST(:units AS bigint[]),
                          CAST(:personals AS bigint[]), CAST(:totals AS bigint[]),
                          CAST(:steps AS text[]), CAST(:sizes AS text[]),
                          CAST(:frozen AS bigint[]), CAST(:reasons AS text[]),
                          CAST(:notes AS text[]))
                AS again (unit_id, id, round, status, policy_id, district, unit_kind,
                          injury_class, unit_wage_total_fen, people, wages_fen, unit_fen,
                          personal_fen, total_fen, injury_step, unit_size,
                          frozen_base_fen, reason_code, note)
             WHERE declaration.unit_id = again.unit_id AND declaration.id = again.id
               AND declaration.status = 'returned'
        """),
        {
            "unit_ids": [row.unit_id for row in rows],
            "ids": [row.id for row in rows],
            "rounds": [row.round for row in rows],
            "statuses": [row.status for row in rows],
            "policies": [row.policy_id for row in rows],
            "districts": [row.district for row in rows],
            "kinds": [row.unit_kind for row in rows],
            "classes": [row.injury_class for row in rows],
            "wage_totals": [row.unit_wage_total_fen for row in rows],
            "people": [row.people for row in rows],
            "wages": [row.wages_fen for row in rows],
            "units": [row.unit_fen for row in rows],
            "personals": [row.personal_fen for row in rows],
            "totals": [row.total_fen for row in rows],
            "steps": [row.injury_step for row in rows],
            "sizes": [row.unit_size for row in rows],
            "frozen": [row.frozen_base_fen for row in rows],
            "reasons": [row.reason_code for row in rows],
            "notes": [row.note for row in rows],
        },
    )
    if updated.rowcount != len(rows):
        raise FiledMeanwhile


async def copy_lines(tx: AsyncConnection, groups: Sequence[LevyGroup]) -> None:
    """Store the lines that declarations levy, one row for each declaration."""
    rows = sum(len(group.headers) for group in groups)
    await _copy(tx, "declaration_levy", _LEVY, _levy_frames(groups), rows)


def _levy_frames(groups: Sequence[LevyGroup]) -> Iterator[bytes]:
    """Build rows of lines, in frames of declarations that have the same lines."""
    for group in groups:
        if not group.lines:
            continue
        patterns, pattern_of = np.unique(group.present(), axis=0, return_inverse=True)
        for number, pattern in enumerate(patterns):
            places = np.flatnonzero(pattern_of.reshape(-1) == number)
            if pattern.any():
                yield _levy_frame(group, places, np.flatnonzero(pattern).tolist())


def _levy_frame(group: LevyGroup, places: Ints, line_places: Sequence[int]) -> bytes:
    headers = [group.headers[place] for place in places.tolist()]
    lines = [group.lines[place] for place in line_places]
    frame = _keys(Frame(len(headers), len(_LEVY)), headers).int2(1)
    frame.texts([line.level for line in lines]).texts([line.rule.insurance for line in lines])
    frame.texts([line.rate.party.value for line in lines])
    frame.texts([line.rate.account.value for line in lines])
    frame.texts([line.rule.fund for line in lines]).texts([line.rate.id for line in lines])
    frame.int8s(np.stack([line.base_fen[places] for line in lines], axis=1))
    frame.int8s(np.stack([line.amount_fen[places] for line in lines], axis=1))
    return frame.matrix().tobytes()


def _keys(frame: Frame, headers: Sequence[DeclarationRow]) -> Frame:
    """Add the key of each row's declaration and its round."""
    frame.int8(np.array([row.unit_id for row in headers], np.int64))
    frame.uuids(uuid_bytes([row.id for row in headers]))
    return frame.int4(np.array([row.round for row in headers], np.int64))


async def insert_lines(
    tx: AsyncConnection, lines: Sequence[tuple[DeclarationRow, LineRow]]
) -> None:
    """Store consecutive lines of declarations, each with the header that it belongs to."""
    connection = await raw(tx)
    of: dict[tuple[int, UUID, int], list[LineRow]] = defaultdict(list)
    for row, line in lines:
        of[row.key].append(line)
    records = [
        (*key, own[0].line_no, *map(list, zip(*map(_LINE_CELLS, own), strict=True)))
        for key, own in of.items()
    ]
    await connection.copy_records_to_table("declaration_levy", records=records, columns=_LEVY)


async def copy_people(
    tx: AsyncConnection, headers: Sequence[DeclarationRow], people: LeviedPeople
) -> None:
    """Store people in blocks, one row for each; wages by insurance only where they differ."""
    blocks = _Blocks(people)
    rows = len(blocks.first)
    await _copy(tx, "declaration_people", _PEOPLE, _people_frames(headers, people, blocks), rows)


class _Blocks:
    """Blocks of people who follow each other in one declaration: the place of the first person of
    each, how many they are, and whether some have wages of their own."""

    def __init__(self, people: LeviedPeople) -> None:
        starts = (people.line_no - 1) % BLOCK == 0
        self.first = np.flatnonzero(starts)
        self.people = np.diff(self.first, append=len(people.line_no))
        self.own = np.logical_or.reduceat(people.has_own_wages, self.first)

    def alike(self) -> Iterator[tuple[bool, int, Ints]]:
        """Yield blocks of one size, with or without wages of their own, some at a time."""
        for own in (False, True):
            for size in range(1, BLOCK + 1):
                first = self.first[(self.own == own) & (self.people == size)]
                step = max(1, _COPY_PEOPLE // size)
                for begin in range(0, len(first), step):
                    yield own, size, first[begin : begin + step]


def _people_frames(
    headers: Sequence[DeclarationRow], people: LeviedPeople, blocks: _Blocks
) -> Iterator[bytes]:
    """Build rows of people, in frames of blocks of one size."""
    insurances = people.base_fen.shape[1]
    for own, size, first in blocks.alike():
        rows = first[:, None] + np.arange(size)
        frame = Frame(len(first), len(_PEOPLE))
        _keys(frame, [headers[place] for place in people.header[first].tolist()])
        frame.int4(people.line_no[first]).int2(insurances)
        frame.int8s(people.person_id[rows]).int8s(people.wage_fen[rows])
        if own:
            frame.int8s(_asked_fen(people, rows))
        else:
            frame.null()
        for share in (people.base_fen, people.unit_fen, people.personal_fen):
            frame.int8s(share[rows].reshape(len(first), size * insurances))
        yield frame.matrix().tobytes()


def _asked_fen(people: LeviedPeople, rows: Ints) -> Ints:
    """Return the wages by insurance of the people in these rows, ABSENT where none differs."""
    wages = np.where(people.has_own_wages[rows][:, :, None], people.wages_fen[rows], ABSENT)
    asked: Ints = wages.reshape(len(rows), -1)
    return asked


async def _copy(
    tx: AsyncConnection, table: str, columns: Sequence[str], frames: Iterator[bytes], rows: int
) -> None:
    connection = await raw(tx)
    if rows <= _SMALL:
        whole = io.BytesIO(b"".join([SIGNATURE, *frames, TRAILER]))
        await connection.copy_to_table(table, source=whole, columns=list(columns), format="binary")
        return

    async def pieces() -> AsyncIterator[bytes]:
        yield SIGNATURE
        while few := await asyncio.to_thread(list, islice(frames, _FRAMES)):
            for frame in few:
                yield frame
        yield TRAILER

    await connection.copy_to_table(table, source=pieces(), columns=list(columns), format="binary")
