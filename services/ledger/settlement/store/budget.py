"""Budget rows, their papers and approvals. They are added and never changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.settlement.domain.budget import Budget, BudgetPaper

_COLUMNS = """b.id, coalesce(b.paper, b.id) AS paper, b.fund, b.account, b.year, b.amount_fen,
                   b.source, b.recorded_by, a.approved_by"""


async def insert(tx: AsyncConnection, rows: Sequence[Budget]) -> None:
    """Add the rows of one paper, for another person to approve."""
    paper = rows[0]
    await tx.execute(
        text("""
            INSERT INTO budget_paper (id, source, recorded_by)
            VALUES (:id, :source, :recorded_by)
        """),
        {"id": paper.paper, "source": paper.source, "recorded_by": paper.recorded_by},
    )
    await tx.execute(
        text("""
            INSERT INTO budget (id, paper, fund, account, year, amount_fen, source, recorded_by)
            SELECT id, CAST(:paper AS uuid), fund, account, year, amount_fen,
                   CAST(:source AS text), CAST(:recorded_by AS text)
              FROM unnest(CAST(:ids AS uuid[]), CAST(:funds AS text[]),
                          CAST(:accounts AS text[]), CAST(:years AS integer[]),
                          CAST(:amounts AS bigint[]))
                   AS batch (id, fund, account, year, amount_fen)
        """),
        {
            "paper": paper.paper,
            "ids": [row.id for row in rows],
            "funds": [row.fund for row in rows],
            "accounts": [row.account for row in rows],
            "years": [row.year for row in rows],
            "amounts": [row.amount_fen for row in rows],
            "source": paper.source,
            "recorded_by": paper.recorded_by,
        },
    )


async def approve(tx: AsyncConnection, paper: BudgetPaper, by: str) -> None:
    """Put the rows of a paper in force."""
    await tx.execute(
        text("""
            INSERT INTO budget_approval (id, recorded_by, approved_by)
            VALUES (:id, :recorded_by, :approved_by)
        """),
        {"id": paper.id, "recorded_by": paper.recorded_by, "approved_by": by},
    )


async def paper(tx: AsyncConnection, id: UUID) -> BudgetPaper | None:
    """Load a paper with its rows, approved or not."""
    rows = await tx.execute(
        text(f"""
            SELECT {_COLUMNS}
              FROM budget AS b
              LEFT JOIN budget_approval AS a ON a.id = coalesce(b.paper, b.id)
             WHERE coalesce(b.paper, b.id) = :id
             ORDER BY b.fund, b.account, b.year
             LIMIT 1000
        """),
        {"id": id},
    )
    found = tuple(_budget(row) for row in rows)
    if not found:
        return None
    one = found[0]
    return BudgetPaper(
        id=one.paper,
        source=one.source,
        recorded_by=one.recorded_by,
        approved_by=one.approved_by,
        rows=found,
    )


async def of_year(tx: AsyncConnection, year: int) -> list[Budget]:
    """Return the row in force of every fund and account of a year: the one approved last."""
    rows = await tx.execute(
        text(f"""
            SELECT DISTINCT ON (b.fund, b.account) {_COLUMNS}
              FROM budget AS b
              JOIN budget_approval AS a ON a.id = coalesce(b.paper, b.id)
             WHERE b.year = :year
             ORDER BY b.fund, b.account, a.approved_at DESC, b.id DESC
             LIMIT 1000
        """),
        {"year": year},
    )
    return [_budget(row) for row in rows]


async def proposed(tx: AsyncConnection, year: int) -> list[Budget]:
    """Return the rows of a year that wait for approval, the last recorded first."""
    rows = await tx.execute(
        text(f"""
            SELECT {_COLUMNS}
              FROM budget AS b
              LEFT JOIN budget_approval AS a ON a.id = b.paper
             WHERE b.year = :year AND b.paper IS NOT NULL AND a.id IS NULL
             ORDER BY b.recorded_at DESC, b.id DESC
             LIMIT 1000
        """),
        {"year": year},
    )
    return [_budget(row) for row in rows]


def _budget(row: Row[Any]) -> Budget:
    values = dict(row._mapping)
    return Budget(**values | {"id": UUID(int=row.id.int), "paper": UUID(int=row.paper.int)})
