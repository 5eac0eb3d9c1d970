"""Declarations of many units at once: what is known of the units, and storing by COPY.

A bulk act over many keys, in one transaction: a file is stored whole or not at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import date
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.store.binary import (
    SIGNATURE,
    TRAILER,
    Frame,
    read_int8s,
    uuid_bytes,
)
from services.collection.filing.store.declaration import PERSON_COLUMNS, DeclarationRow, LineRow
from services.collection.register.domain.unit import Unit
from shared.db import raw

Ints = NDArray[np.int64]
_COPY_ROWS = 50_000
_HEADER = (
    "unit_id", "id", "credit_code", "district", "period", "round", "status", "policy_id",
    "unit_kind", "injury_class", "unit_wage_total_fen", "people", "wages_fen", "unit_fen",
    "personal_fen", "total_fen", "kind", "corrects", "injury_step", "unit_size",
    "frozen_base_fen",
)  # fmt: skip
_LINE = (
    "unit_id", "declaration_id", "round", "line_no", "level", "insurance", "party", "account",
    "fund", "rule", "base_fen", "amount_fen",
)  # fmt: skip
_OF_LINE = attrgetter(*_LINE[3:])


async def units(tx: AsyncConnection, unit_ids: Sequence[int]) -> dict[int, Unit]:
    """Units as filing needs them: without their bank accounts, and made quickly."""
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
    """(unit, person) of everybody enrolled at these units on some day of a period, as columns."""
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
    """Store new declarations."""
    connection = await raw(tx)
    await connection.copy_records_to_table(
        "declaration", records=map(attrgetter(*_HEADER), rows), columns=_HEADER
    )


async def hand_in_again(tx: AsyncConnection, rows: Sequence[DeclarationRow]) -> int:
    """Give returned declarations their next round; how many were returned still."""
    if not rows:
        return 0
    made = await tx.execute(
        text("""
            UPDATE declaration
               SET round = again.round, status = again.status, policy_id = again.policy_id,
                   district = again.district, unit_kind = again.unit_kind,
                   injury_class = again.injury_class, injury_step = again.injury_step,
                   unit_size = again.unit_size,
                   unit_wage_total_fen = again.unit_wage_total_fen, people = again.people,
                   wages_fen = again.wages_fen, unit_fen = again.unit_fen,
                   personal_fen = again.personal_fen, total_fen = again.total_fen,
                   frozen_base_fen = again.frozen_base_fen, reason_code = NULL, note = NULL,
                   submitted_at = now(), stands_since = now()
              FROM unnest(CAST(:unit_ids AS bigint[]), CAST(:ids AS uuid[]),
                          CAST(:rounds AS integer[]), CAST(:statuses AS text[]),
                          CAST(:policies AS uuid[]), CAST(:districts AS text[]),
                          CAST(:kinds AS text[]), CAST(:classes AS smallint[]),
                          CAST(:wage_totals AS bigint[]), CAST(:people AS integer[]),
                          CAST(:wages AS bigint[]), CAST(:units AS bigint[]),
                          CAST(:personals AS bigint[]), CAST(:totals AS bigint[]),
                          CAST(:steps AS text[]), CAST(:sizes AS text[]),
                          CAST(:frozen AS bigint[]))
                AS again (unit_id, id, round, status, policy_id, district, unit_kind,
                          injury_class, unit_wage_total_fen, people, wages_fen, unit_fen,
                          personal_fen, total_fen, injury_step, unit_size,
                          frozen_base_fen)
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
        },
    )
    return made.rowcount


class LineFrame:
    """The levied lines of many declarations of one schedule, one below the other."""

    def __init__(self, rows: Sequence[DeclarationRow]) -> None:
        self._unit_id = np.array([row.unit_id for row in rows], np.int64)
        self._id = uuid_bytes([row.id for row in rows])
        self._round = np.array([row.round for row in rows], np.int64)
        self._frames: list[NDArray[np.uint8]] = []

    def add(self, words: Sequence[str], base_fen: Ints, amount_fen: Ints) -> None:
        """The next line of each: level, insurance, party, account, fund, rule; base and amount."""
        frame = Frame(len(self._unit_id), len(_LINE))
        frame.int8(self._unit_id).uuids(self._id).int4(self._round).int2(len(self._frames) + 1)
        for word in words:
            frame.text(word)
        self._frames.append(frame.int8(base_fen).int8(amount_fen).matrix())

    def rows(self) -> bytes:
        """The rows, declaration by declaration."""
        return np.hstack(self._frames).tobytes() if self._frames else b""


async def copy_lines(tx: AsyncConnection, frames: Sequence[bytes]) -> None:
    """Store what declarations levy; each frame is a `LineFrame`'s rows."""
    await _copy(tx, "declaration_line", _LINE, iter(frames))


async def copy_line_rows(
    tx: AsyncConnection, lines: Sequence[tuple[DeclarationRow, LineRow]]
) -> None:
    """Store single lines beside the paper that each is of."""
    connection = await raw(tx)
    records = [(row.unit_id, row.id, row.round, *_OF_LINE(line)) for row, line in lines]
    await connection.copy_records_to_table("declaration_line", records=records, columns=_LINE)


def people_frames(
    *,
    unit_id: Ints,
    declaration_id: NDArray[np.uint8],
    round_: Ints,
    line_no: Ints,
    person_id: Ints,
    wage_fen: Ints,
    asked_fen: Ints | None,
    shares_fen: Sequence[Ints],
) -> Iterator[bytes]:
    """One wide row per person; `shares_fen` are the arrays of base, unit and personal share.

    Made piece by piece while they are sent: all of them together would be many times the columns.
    """
    for begin in range(0, len(unit_id), _COPY_ROWS):
        part = slice(begin, begin + _COPY_ROWS)
        frame = Frame(len(unit_id[part]), len(PERSON_COLUMNS))
        frame.int8(unit_id[part]).uuids(declaration_id[part]).int4(round_[part])
        frame.int4(line_no[part]).int8(person_id[part]).int8(wage_fen[part])
        if asked_fen is None:
            frame.null()
        else:
            frame.int8s(asked_fen[part])
        for share in shares_fen:
            frame.int8s(share[part])
        yield frame.matrix().tobytes()


async def copy_people(tx: AsyncConnection, frames: Iterator[bytes]) -> None:
    """Store people by COPY; each frame is one of `people_frames`."""
    await _copy(tx, "declaration_person", PERSON_COLUMNS, frames)


async def _copy(
    tx: AsyncConnection, table: str, columns: Sequence[str], frames: Iterator[bytes]
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield SIGNATURE
        while (frame := await asyncio.to_thread(next, frames, None)) is not None:
            yield frame
        yield TRAILER

    connection = await raw(tx)
    await connection.copy_to_table(table, source=pieces(), columns=list(columns), format="binary")
