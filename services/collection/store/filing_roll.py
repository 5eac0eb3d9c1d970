"""What units declared last month, read in columns: a bulk act over the keys of a district's units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.store.binary import read_int8s
from shared.db import raw

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Head:
    """A declaration of last month."""

    unit_id: int
    credit_code: str
    policy_id: UUID
    unit_wage_total_fen: int | None


async def heads(tx: AsyncConnection, district: str, period: str, previous: str) -> list[Head]:
    """What the district reviewed last month of active units that declared nothing in the period."""
    rows = await tx.execute(
        text("""
            SELECT last.unit_id, last.credit_code, last.policy_id, last.unit_wage_total_fen
              FROM declaration AS last
              JOIN unit
                ON unit.unit_id = last.unit_id
             WHERE unit.district = :district AND unit.status = 'active'
               AND last.period = :previous AND last.kind = 'monthly'
               AND last.status IN ('reviewed', 'audited', 'billed', 'settled')
               AND NOT EXISTS (SELECT 1
                                 FROM declaration AS present
                                WHERE present.unit_id = last.unit_id
                                  AND present.period = :period AND present.kind <> 'project'
                                  AND present.status NOT IN ('superseded', 'withdrawn'))
             ORDER BY last.unit_id
        """),
        {"district": district, "period": period, "previous": previous},
    )
    return [Head(**row._mapping) for row in rows]


async def people(
    tx: AsyncConnection, unit_ids: Sequence[int], previous: str
) -> tuple[Ints, Ints, Ints, Ints]:
    """(unit, line, person, wage) of everybody in last month's declarations, as columns."""
    connection = await raw(tx)
    pieces: list[bytes] = []

    async def keep(piece: bytes) -> None:
        pieces.append(piece)

    await connection.copy_from_query(
        """
        SELECT line.unit_id, CAST(line.line_no AS bigint), line.person_id, line.wage_fen
          FROM declaration AS last
          JOIN declaration_person AS line
            ON line.unit_id = last.unit_id AND line.declaration_id = last.id
           AND line.round = last.round
         WHERE last.unit_id = ANY($1) AND last.period = $2 AND last.kind = 'monthly'
         ORDER BY line.unit_id, line.line_no
        """,
        list(unit_ids),
        previous,
        output=keep,
        format="binary",
    )
    columns = read_int8s(b"".join(pieces), 4)
    return columns[:, 0], columns[:, 1], columns[:, 2], columns[:, 3]


async def asked(
    tx: AsyncConnection, unit_ids: Sequence[int], previous: str
) -> list[tuple[int, int, list[int]]]:
    """(unit, line, what was asked by insurance) of those who asked for more than the wage."""
    connection = await raw(tx)
    rows = await connection.fetch(
        """
        SELECT line.unit_id, line.line_no, line.asked_fen
          FROM declaration AS last
          JOIN declaration_person AS line
            ON line.unit_id = last.unit_id AND line.declaration_id = last.id
           AND line.round = last.round
         WHERE last.unit_id = ANY($1) AND last.period = $2 AND last.kind = 'monthly'
           AND line.asked_fen IS NOT NULL
        """,
        list(unit_ids),
        previous,
    )
    return [(row[0], row[1], row[2]) for row in rows]
