"""SQL of a summary's declarations: listing and return."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.handling.store.summary import SummaryTotals
from shared.page import read_page


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryItemRow:
    """A unit's declaration in a summary; `funds` maps fund to fen."""

    unit_id: int
    id: UUID
    credit_code: str
    unit_name: str
    kind: str
    round: int
    status: str
    people: int
    unit_fen: int
    personal_fen: int
    total_fen: int
    funds: dict[str, int]


async def page(
    tx: AsyncConnection, summary_id: UUID, after: tuple[int, UUID], limit: int
) -> list[SummaryItemRow]:
    """Read a summary's declarations in the order of their keys, with their amounts per fund."""
    return await read_page(
        tx,
        """
            SELECT head.unit_id, head.id, head.credit_code, unit.name AS unit_name, head.kind,
                   head.round, head.status, head.people, head.unit_fen, head.personal_fen,
                   head.total_fen, coalesce(levied.funds, '{}') AS funds
              FROM declaration AS head
              JOIN unit
                ON unit.unit_id = head.unit_id
              LEFT JOIN LATERAL (
                   SELECT jsonb_object_agg(fund, amount_fen) AS funds
                     FROM (SELECT line.fund, CAST(sum(line.amount_fen) AS bigint) AS amount_fen
                             FROM declaration_line AS line
                            WHERE line.unit_id = head.unit_id AND line.declaration_id = head.id
                              AND line.round = head.round
                            GROUP BY line.fund) AS by_fund) AS levied ON true
        """,
        key=("head.unit_id", "head.id"),
        after=after,
        limit=limit,
        row=SummaryItemRow,
        equal={"head.summary_id": summary_id},
    )


async def leave(
    tx: AsyncConnection, summary_id: UUID, papers: Sequence[tuple[int, UUID]], status: str
) -> list[tuple[int, UUID, int]]:
    """Take reviewed declarations out of a summary and set their status.

    Returns (unit, declaration, round) of each.
    """
    rows = await tx.execute(
        text("""
            UPDATE declaration
               SET status = :status, summary_id = NULL, stands_since = now()
              FROM unnest(CAST(:unit_ids AS bigint[]), CAST(:ids AS uuid[])) AS left_out (unit_id, id)
             WHERE declaration.unit_id = left_out.unit_id AND declaration.id = left_out.id
               AND declaration.summary_id = :summary_id AND declaration.status = 'reviewed'
            RETURNING declaration.unit_id, declaration.id, declaration.round
        """),
        {
            "summary_id": summary_id,
            "status": status,
            "unit_ids": [unit_id for unit_id, _ in papers],
            "ids": [paper_id for _, paper_id in papers],
        },
    )
    return [(row.unit_id, row.id, row.round) for row in rows]


async def dissolve(tx: AsyncConnection, summary_id: UUID) -> list[tuple[int, UUID, int]]:
    """Take all declarations out of a summary; they stay reviewed.

    Returns (unit, declaration, round) of each.
    """
    rows = await tx.execute(
        text("""
            UPDATE declaration
               SET summary_id = NULL, stands_since = now()
             WHERE summary_id = :summary_id AND status = 'reviewed'
            RETURNING unit_id, id, round
        """),
        {"summary_id": summary_id},
    )
    return [(row.unit_id, row.id, row.round) for row in rows]


async def set_control(
    tx: AsyncConnection, district_key: int, summary_id: UUID, control: SummaryTotals, status: str
) -> None:
    """Update totals and status of a sent summary after declarations left it."""
    await tx.execute(
        text("""
            UPDATE summary
               SET declarations = :declarations, people = :people, total_fen = :total_fen,
                   funds = CAST(:funds AS jsonb), status = :status
             WHERE district_key = :district_key AND id = :id AND status = 'sent'
        """),
        {
            "district_key": district_key,
            "id": summary_id,
            "declarations": control.declarations,
            "people": control.people,
            "total_fen": control.total_fen,
            "funds": orjson.dumps(control.funds).decode(),
            "status": status,
        },
    )
