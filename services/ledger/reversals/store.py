"""SQL of the papers of reversals. A paper lies in the slot of its voucher."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, TypeAlias
from uuid import UUID

import asyncpg
import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.posting.domain.entries import Line
from services.ledger.reversals.domain import ReversalStatus, VoucherReversal

Connection: TypeAlias = "asyncpg.Connection[Any]"

PAPER: Final = "voucher_reversal"
_COLUMNS: Final = """slot, id, seq, book_date, summary, CAST(lines AS text) AS lines, proposed_by,
       status, decided_by, refusal, reversal_seq"""


async def insert(tx: AsyncConnection, paper: VoucherReversal) -> bool:
    """Store a proposed reversal; return False when another one of the voucher waits."""
    stored = await tx.scalar(
        text("""
            INSERT INTO voucher_reversal (slot, id, seq, book_date, summary, lines, proposed_by)
            VALUES (:slot, :id, :seq, :book_date, :summary, CAST(:lines AS jsonb), :proposed_by)
            ON CONFLICT (slot, seq) WHERE status = 'proposed' DO NOTHING
            RETURNING id
        """),
        {
            "slot": paper.slot,
            "id": paper.id,
            "seq": paper.seq,
            "book_date": paper.book_date,
            "summary": paper.summary,
            "lines": orjson.dumps([tuple(line) for line in paper.lines]).decode(),
            "proposed_by": paper.proposed_by,
        },
    )
    return stored is not None


async def load(tx: AsyncConnection, slot: int, id: UUID) -> VoucherReversal | None:
    """Load a paper, or None."""
    rows = await tx.execute(
        text(f"SELECT {_COLUMNS} FROM voucher_reversal WHERE slot = :slot AND id = :id"),
        {"slot": slot, "id": id},
    )
    row = rows.mappings().first()
    return _paper(row) if row else None


async def page(
    tx: AsyncConnection, *, status: ReversalStatus | None, before: UUID | None, limit: int
) -> list[VoucherReversal]:
    """Read the papers of all slots, newest first."""
    rows = await tx.execute(
        text(f"""
            SELECT mine.*
              FROM slot_head AS h
             CROSS JOIN LATERAL (
                   SELECT {_COLUMNS}
                     FROM voucher_reversal
                    WHERE slot = h.slot
                      AND (CAST(:status AS text) IS NULL OR status = :status)
                      AND (CAST(:before AS uuid) IS NULL OR id < :before)
                    ORDER BY id DESC
                    LIMIT :limit) AS mine
             ORDER BY id DESC
             LIMIT :limit
        """),
        {"status": status and status.value, "before": before, "limit": limit},
    )
    return [_paper(row) for row in rows.mappings()]


async def lock(connection: Connection, slot: int, id: UUID) -> VoucherReversal | None:
    """Load a paper and lock its row until the writer's transaction ends."""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM voucher_reversal WHERE slot = $1 AND id = $2 FOR UPDATE", slot, id
    )
    return _paper(row) if row else None


async def decide(connection: Connection, paper: VoucherReversal, at: datetime) -> None:
    """Store the decision on a locked paper. A posted one is stored before its red-letter voucher,
    which the database refuses otherwise."""
    await connection.execute(
        """
        UPDATE voucher_reversal
           SET status = $3, decided_by = $4, decided_at = $5, refusal = $6, reversal_seq = $7
         WHERE slot = $1 AND id = $2 AND status = 'proposed'
        """,
        paper.slot,
        paper.id,
        paper.status.value,
        paper.decided_by,
        at,
        paper.refusal,
        paper.reversal_seq,
    )


def _paper(row: Any) -> VoucherReversal:
    return VoucherReversal(
        id=UUID(int=row["id"].int),
        slot=row["slot"],
        seq=row["seq"],
        book_date=row["book_date"],
        summary=row["summary"],
        lines=tuple(Line(*line) for line in orjson.loads(row["lines"])),
        proposed_by=row["proposed_by"],
        status=ReversalStatus(row["status"]),
        decided_by=row["decided_by"],
        refusal=row["refusal"],
        reversal_seq=row["reversal_seq"],
    )
