"""SQL of mergers of personal accounts. Rows are only ever added."""

from __future__ import annotations

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.mergers.domain import Merger


async def find(tx: AsyncConnection, person_id: int) -> Merger | None:
    """Find the merger that ended an account."""
    row = (
        await tx.execute(
            text("""
                SELECT paper, person_id, survivor_id, survivor, balances AS balances_fen
                  FROM personal_merger
                 WHERE person_id = :person_id
            """),
            {"person_id": person_id},
        )
    ).first()
    return None if row is None else Merger(**row._mapping)


async def insert(tx: AsyncConnection, merger: Merger, by: str) -> None:
    """Write a merger."""
    await tx.execute(
        text("""
            INSERT INTO personal_merger (person_id, survivor_id, survivor, paper, balances,
                                         recorded_by)
            VALUES (:person_id, :survivor_id, :survivor, :paper, CAST(:balances AS jsonb), :by)
        """),
        {
            "person_id": merger.person_id,
            "survivor_id": merger.survivor_id,
            "survivor": merger.survivor,
            "paper": merger.paper,
            "balances": orjson.dumps(dict(merger.balances_fen)).decode(),
            "by": by,
        },
    )
