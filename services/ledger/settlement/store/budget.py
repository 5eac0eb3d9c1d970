"""Budget rows. They are added and never changed."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.settlement.domain.budget import Budget


async def insert(tx: AsyncConnection, rows: Sequence[Budget]) -> None:
    """Add rows."""
    await tx.execute(
        text("""
            INSERT INTO budget (id, fund, account, year, amount_fen, source, recorded_by)
            SELECT id, fund, account, year, amount_fen, CAST(:source AS text),
                   CAST(:recorded_by AS text)
              FROM unnest(CAST(:ids AS uuid[]), CAST(:funds AS text[]),
                          CAST(:accounts AS text[]), CAST(:years AS integer[]),
                          CAST(:amounts AS bigint[]))
                   AS batch (id, fund, account, year, amount_fen)
        """),
        {
            "ids": [row.id for row in rows],
            "funds": [row.fund for row in rows],
            "accounts": [row.account for row in rows],
            "years": [row.year for row in rows],
            "amounts": [row.amount_fen for row in rows],
            "source": rows[0].source,
            "recorded_by": rows[0].recorded_by,
        },
    )


async def of_year(tx: AsyncConnection, year: int) -> list[Budget]:
    """Return the row in force of every fund and account of a year."""
    rows = await tx.execute(
        text("""
            SELECT DISTINCT ON (fund, account) id, fund, account, year, amount_fen, source,
                   recorded_by
              FROM budget
             WHERE year = :year
             ORDER BY fund, account, recorded_at DESC, id DESC
             LIMIT 1000
        """),
        {"year": year},
    )
    return [Budget(**(dict(row._mapping) | {"id": UUID(int=row.id.int)})) for row in rows]
