"""SQL of files to and from banks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.debits.domain.debit import DebitLine
from services.collection.debits.store import debit as debit_store


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow:
    """A line of a batch as the bank is asked, with the agreement that it stands on."""

    line_no: int
    credit_code: str
    bank: Mapping[str, Any]
    amount_fen: int
    number: str | None
    signed_on: date | None


async def orders(tx: AsyncConnection, batch_id: UUID) -> list[OrderRow]:
    """Read all lines of a batch by number, with their agreements."""
    rows = await tx.execute(
        text("""
            SELECT line.line_no, line.credit_code, line.bank, line.amount_fen, agreement.number,
                   agreement.signed_on
              FROM debit_line AS line
              LEFT JOIN debit_agreement AS agreement ON agreement.unit_id = line.unit_id
                                                    AND agreement.id = line.agreement_id
             WHERE line.batch_id = :batch_id
             ORDER BY line.line_no
        """),
        {"batch_id": batch_id},
    )
    return [OrderRow(**row._mapping) for row in rows]


async def waiting_lines(tx: AsyncConnection, batch_id: UUID) -> Sequence[DebitLine]:
    """Read the lines of a batch about which the bank has said nothing."""
    rows = await tx.execute(
        text("""
            SELECT line_no FROM debit_line WHERE batch_id = :batch_id AND status = 'waiting'
        """),
        {"batch_id": batch_id},
    )
    return await debit_store.lines_of(tx, batch_id, [row.line_no for row in rows])
