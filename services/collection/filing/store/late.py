"""Read and supersede the declarations that units have in a month already."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.filing.domain.late import ExistingDeclaration
from services.collection.filing.domain.records import LineRow
from shared.db import lock_rows


async def existing(
    tx: AsyncConnection, unit_ids: Sequence[int], period: str
) -> dict[int, list[ExistingDeclaration]]:
    """Read and lock the valid declarations of units in a month, without those of projects."""
    rows = await lock_rows(
        tx,
        """
        SELECT unit_id, id, kind, status, round, corrects, summary_id IS NOT NULL AS in_summary
          FROM declaration
         WHERE unit_id = ANY(CAST(:keys AS bigint[])) AND period = :period
           AND kind NOT IN ('project', 'extension') AND NOT void
         ORDER BY unit_id, id
           FOR UPDATE
        """,
        unit_ids,
        {"period": period},
    )
    found: dict[int, list[ExistingDeclaration]] = defaultdict(list)
    for row in rows:
        found[row.unit_id].append(ExistingDeclaration(**row._mapping))
    return dict(found)


async def any_returned(
    tx: AsyncConnection, period: str, credit_code: str | None, district: str | None
) -> bool:
    """Tell whether a declaration of a month is returned, at one unit, in one district, or at all."""
    row = (
        await tx.execute(
            text("""
                SELECT EXISTS (SELECT 1
                                 FROM declaration
                                WHERE period = :period AND status = 'returned'
                                  AND summary_id IS NULL
                                  AND (CAST(:code AS text) IS NULL OR credit_code = :code)
                                  AND (CAST(:district AS text) IS NULL OR district = :district)
                              ) AS found
            """),
            {"period": period, "code": credit_code, "district": district},
        )
    ).one()
    return bool(row.found)


async def supersede(tx: AsyncConnection, defaults: Sequence[ExistingDeclaration]) -> int:
    """Supersede defaults that no summary holds; return how many were."""
    updated = await tx.execute(
        text("""
            UPDATE declaration
               SET status = 'superseded', stands_since = now()
              FROM unnest(CAST(:unit_ids AS bigint[]), CAST(:ids AS uuid[])) AS late (unit_id, id)
             WHERE declaration.unit_id = late.unit_id AND declaration.id = late.id
               AND declaration.kind = 'default' AND declaration.summary_id IS NULL
               AND declaration.status IN ('submitted', 'accepted', 'reviewed', 'returned')
        """),
        {"unit_ids": [row.unit_id for row in defaults], "ids": [row.id for row in defaults]},
    )
    return updated.rowcount


async def lines(tx: AsyncConnection, of: Sequence[ExistingDeclaration]) -> dict[int, list[LineRow]]:
    """Read the lines of one declaration for each unit, in their order."""
    rows = await tx.execute(
        text("""
            SELECT line.unit_id, line.line_no, line.level, line.insurance, line.party,
                   line.account, line.fund, line.rule, line.base_fen, line.amount_fen
              FROM unnest(CAST(:unit_ids AS bigint[]), CAST(:ids AS uuid[]),
                          CAST(:rounds AS integer[])) AS paper (unit_id, id, round)
              JOIN declaration_line AS line
                ON line.unit_id = paper.unit_id AND line.declaration_id = paper.id
               AND line.round = paper.round
             ORDER BY line.unit_id, line.line_no
        """),
        {
            "unit_ids": [row.unit_id for row in of],
            "ids": [row.id for row in of],
            "rounds": [row.round for row in of],
        },
    )
    found: dict[int, list[LineRow]] = defaultdict(list)
    for row in rows:
        members = dict(row._mapping)
        found[members.pop("unit_id")].append(LineRow(**members))
    return dict(found)
