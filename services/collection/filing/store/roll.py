"""Read last month's declarations of units, in columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.store.binary import read_int8s
from services.collection.filing.domain.roll import LastDeclaration
from shared.db import raw

Ints = NDArray[np.int64]
_DECLARATIONS: Final = """
          FROM unnest(CAST($1 AS bigint[]), CAST($2 AS uuid[]), CAST($3 AS integer[]))
            AS last (unit_id, id, round)
          JOIN {table} AS line
            ON line.unit_id = last.unit_id AND line.declaration_id = last.id
           AND line.round = last.round
"""


async def last_declarations(
    tx: AsyncConnection, district: str, period: str, previous: str
) -> list[LastDeclaration]:
    """Read last month's reviewed declarations of the district's active units that have none in the
    period."""
    rows = await tx.execute(
        text("""
            SELECT last.unit_id, last.credit_code, last.id, last.round, last.kind, last.policy_id,
                   last.unit_wage_total_fen
              FROM declaration AS last
              JOIN unit
                ON unit.unit_id = last.unit_id
             WHERE unit.district = :district AND unit.status = 'active'
               AND last.period = :previous AND last.kind NOT IN ('project', 'extension')
               AND last.status IN ('reviewed', 'audited', 'billed', 'settled')
               AND NOT EXISTS (SELECT 1
                                 FROM declaration AS later
                                WHERE later.unit_id = last.unit_id AND later.corrects = last.id
                                  AND NOT later.void
                                  AND later.status IN ('reviewed', 'audited', 'billed',
                                                       'settled'))
               AND NOT EXISTS (SELECT 1
                                 FROM declaration AS present
                                WHERE present.unit_id = last.unit_id
                                  AND present.period = :period AND present.kind NOT IN ('project', 'extension')
                                  AND NOT present.void)
             ORDER BY last.unit_id
        """),
        {"district": district, "period": period, "previous": previous},
    )
    return [LastDeclaration(**row._mapping) for row in rows]


async def last_declaration(
    tx: AsyncConnection, unit_id: int, previous: str
) -> LastDeclaration | None:
    """Read the valid declaration of one unit's last month, reviewed or not."""
    row = (
        await tx.execute(
            text("""
                SELECT last.unit_id, last.credit_code, last.id, last.round, last.kind,
                       last.policy_id, last.unit_wage_total_fen
                  FROM declaration AS last
                 WHERE last.unit_id = :unit_id AND last.period = :previous
                   AND last.kind NOT IN ('project', 'extension')
                   AND last.status NOT IN ('returned', 'superseded', 'withdrawn')
                   AND NOT EXISTS (SELECT 1
                                     FROM declaration AS later
                                    WHERE later.unit_id = :unit_id AND later.corrects = last.id
                                      AND NOT later.void
                                      AND later.status <> 'returned')
                 LIMIT 1
            """),
            {"unit_id": unit_id, "previous": previous},
        )
    ).first()
    return None if row is None else LastDeclaration(**row._mapping)


def _keys(of: Sequence[LastDeclaration]) -> tuple[list[int], list[UUID], list[int]]:
    return [row.unit_id for row in of], [row.id for row in of], [row.round for row in of]


async def people(
    tx: AsyncConnection, of: Sequence[LastDeclaration]
) -> tuple[Ints, Ints, Ints, Ints]:
    """Read everybody in these declarations, as columns of unit, line, person and wage."""
    connection = await raw(tx)
    pieces: list[bytes] = []

    async def keep(piece: bytes) -> None:
        pieces.append(piece)

    await connection.copy_from_query(
        "SELECT line.unit_id, CAST(line.line_no AS bigint), line.person_id, line.wage_fen"
        + _DECLARATIONS.format(table="declaration_person")
        + " ORDER BY line.unit_id, line.line_no",
        *_keys(of),
        output=keep,
        format="binary",
    )
    columns = read_int8s(b"".join(pieces), 4)
    return columns[:, 0], columns[:, 1], columns[:, 2], columns[:, 3]


async def own_wages(
    tx: AsyncConnection, of: Sequence[LastDeclaration]
) -> list[tuple[int, int, list[int]]]:
    """Read unit, line and wages by insurance of people with a wage that differs for some insurance."""
    connection = await raw(tx)
    rows = await connection.fetch(
        "SELECT line.unit_id, line.line_no, line.asked_fen"
        + _DECLARATIONS.format(table="declaration_person")
        + " WHERE line.asked_fen IS NOT NULL",
        *_keys(of),
    )
    return [(row[0], row[1], row[2]) for row in rows]


async def figures(
    tx: AsyncConnection, of: Sequence[LastDeclaration]
) -> list[tuple[int, int, list[int | None]]]:
    """Read unit, line and figures; line 0 is the unit itself."""
    connection = await raw(tx)
    rows = await connection.fetch(
        "SELECT line.unit_id, line.line_no, line.figures_fen"
        + _DECLARATIONS.format(table="declaration_figures"),
        *_keys(of),
    )
    return [(row[0], row[1], row[2]) for row in rows]
