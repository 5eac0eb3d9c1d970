"""Settlement rows: inserted by the request that proposes, updated by the centre's writer."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.common.domain.movable import movable_fen
from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.settlement.domain.settlement import (
    Settlement,
    SettlementKind,
    SettlementPart,
    SettlementStatus,
)
from services.ledger.settlement.domain.terms import SettlementTerms
from services.ledger.settlement.domain.transfer_in import read_transfer
from shared.page import read_page

Connection: TypeAlias = "asyncpg.Connection[Any]"

PAPER = "settlement"


async def begin(tx: AsyncConnection) -> None:
    """Begin the transaction in the database, so that its raw connection reads inside it."""
    await tx.execute(text("SELECT 1"))


async def insert(tx: AsyncConnection, settlement: Settlement) -> None:
    """Insert a proposed settlement."""
    await tx.execute(
        text("""
            INSERT INTO settlement (slot, id, kind, day, summary, asked, parts, terms, status,
                                    proposed_by)
            VALUES (:slot, :id, :kind, :day, :summary, CAST(:asked AS jsonb),
                    CAST(:parts AS jsonb), CAST(:terms AS jsonb), :status, :proposed_by)
        """),
        {
            "slot": CENTRE_SLOT,
            "id": settlement.id,
            "kind": settlement.kind.value,
            "day": settlement.day,
            "summary": settlement.summary,
            "asked": orjson.dumps(dict(settlement.amounts)).decode(),
            "parts": orjson.dumps([asdict(part) for part in settlement.parts]).decode(),
            "terms": orjson.dumps(
                {name: value for name, value in asdict(settlement.terms).items() if value}
            ).decode(),
            "status": settlement.status.value,
            "proposed_by": settlement.proposed_by,
        },
    )


async def load(tx: AsyncConnection, id: UUID) -> Settlement | None:
    """Return a settlement, or None."""
    rows = await tx.execute(
        text("""
            SELECT id, kind, day, summary, CAST(asked AS text) AS asked,
                   CAST(parts AS text) AS parts, CAST(terms AS text) AS terms, status, proposed_by,
                   approved_by, seq, CAST(moved AS text) AS moved
              FROM settlement
             WHERE slot = :slot AND id = :id
        """),
        {"slot": CENTRE_SLOT, "id": id},
    )
    row = rows.mappings().first()
    return _settlement(row) if row else None


async def page(
    tx: AsyncConnection, *, day: date | None, before: UUID | None, limit: int
) -> list[Settlement]:
    """Read settlements, newest first."""
    return await read_page(
        tx,
        """
            SELECT id, kind, day, summary, CAST(asked AS text) AS asked,
                   CAST(parts AS text) AS parts, CAST(terms AS text) AS terms, status, proposed_by,
                   approved_by, seq, CAST(moved AS text) AS moved
              FROM settlement
        """,
        key=("id",),
        after=None if before is None else (before,),
        limit=limit,
        row=lambda **columns: _settlement(columns),
        equal={"slot": CENTRE_SLOT, "day": day},
        newest_first=True,
    )


async def load_for_posting(connection: Connection, id: UUID) -> Settlement | None:
    """Return a settlement and lock its row until the writer's transaction ends."""
    row = await connection.fetchrow(
        """
        SELECT id, kind, day, summary, CAST(asked AS text) AS asked,
                   CAST(parts AS text) AS parts, CAST(terms AS text) AS terms, status, proposed_by,
               approved_by, seq, CAST(moved AS text) AS moved
          FROM settlement
         WHERE slot = $1 AND id = $2
           FOR UPDATE
        """,
        CENTRE_SLOT,
        id,
    )
    return _settlement(row) if row else None


async def mark_posted(connection: Connection, settlement: Settlement, at: datetime) -> None:
    """Mark a settlement as posted, with its approver and the amounts moved."""
    await connection.execute(
        """
        UPDATE settlement
           SET status = $3, approved_by = $4, posted_at = $5, seq = $6, moved = CAST($7 AS jsonb)
         WHERE slot = $1 AND id = $2 AND status = 'proposed'
        """,
        CENTRE_SLOT,
        settlement.id,
        settlement.status.value,
        settlement.approved_by,
        at,
        settlement.seq,
        orjson.dumps(dict(settlement.moved or {})).decode(),
    )


async def movable_balances(
    connection: Connection, account: str, day: date
) -> dict[tuple[str, str], int]:
    """Return (fund, district) → fen that a movement of a day moves to empty a deposit account.

    It looks at that day and at all later days, over all slots. Zeros are left out.
    """
    rows = await connection.fetch(
        """
        WITH change AS (
        SELECT fund, district, GREATEST(day, $2) AS day, SUM(debit_fen) - SUM(credit_fen) AS net_fen
          FROM slot_head
         CROSS JOIN LATERAL (
               SELECT fund, district, day, debit_fen, credit_fen
                 FROM bucket
                WHERE slot = slot_head.slot AND book = 'statutory' AND account = $1
               ) AS mine
         GROUP BY fund, district, GREATEST(day, $2)
        ), balance AS (
        SELECT fund, district, day,
               SUM(net_fen) OVER (PARTITION BY fund, district ORDER BY day) AS balance_fen
          FROM change
        ), least AS (
        SELECT fund, district,
               -- without a posting by the day, the balance of the day itself is zero
               CAST(LEAST(MIN(balance_fen), CASE WHEN MIN(day) > $2 THEN 0 END) AS bigint)
               AS least_fen,
               CAST(COALESCE(MIN(balance_fen) FILTER (WHERE day = $2), 0) AS bigint) AS balance_fen
          FROM balance
         GROUP BY fund, district
        )
        SELECT fund, district, balance_fen, least_fen
          FROM least
        """,
        account,
        day,
    )
    movable = {
        (row["fund"], row["district"]): movable_fen(row["balance_fen"], row["least_fen"])
        for row in rows
    }
    return {key: amount_fen for key, amount_fen in movable.items() if amount_fen}


def _terms(transfer: dict[str, Any] | None = None, **terms: Any) -> SettlementTerms:
    read = None if transfer is None else read_transfer(transfer)
    return SettlementTerms(transfer=read, **terms)


def _settlement(row: Any) -> Settlement:
    return Settlement(
        id=UUID(int=row["id"].int),
        kind=SettlementKind(row["kind"]),
        day=row["day"],
        summary=row["summary"],
        amounts=orjson.loads(row["asked"]),
        parts=tuple(SettlementPart(**part) for part in orjson.loads(row["parts"])),
        terms=_terms(**orjson.loads(row["terms"])),
        status=SettlementStatus(row["status"]),
        proposed_by=row["proposed_by"],
        approved_by=row["approved_by"],
        seq=row["seq"],
        moved=orjson.loads(row["moved"]) if row["moved"] is not None else None,
    )
