"""The declarations of a summary: one by one for whoever drills down, and sent back by the centre."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.handling.store.summary import Control


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRow:
    """A unit's declaration in a summary; `funds` is fund → fen."""

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
) -> list[ItemRow]:
    """A summary's declarations in the order of their keys, with what each levies per fund."""
    rows = await tx.execute(
        text("""
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
             WHERE head.summary_id = :summary_id AND (head.unit_id, head.id) > (:unit_id, :id)
             ORDER BY head.unit_id, head.id
             LIMIT :limit
        """),
        {"summary_id": summary_id, "unit_id": after[0], "id": after[1], "limit": limit},
    )
    return [ItemRow(**row._mapping) for row in rows]


async def leave(
    tx: AsyncConnection, summary_id: UUID, papers: Sequence[tuple[int, UUID]], status: str
) -> list[tuple[int, UUID, int]]:
    """Take reviewed declarations out of a summary into a status; (unit, declaration, round)."""
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
    """Take all declarations out of a summary; they stay reviewed. (unit, declaration, round)."""
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
    tx: AsyncConnection, district_key: int, summary_id: UUID, control: Control, status: str
) -> None:
    """Restate the totals and the status of a sent summary after declarations left it."""
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
