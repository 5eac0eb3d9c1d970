"""SQL of returns and moves of receipts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.receipts.domain.receipt_change import (
    HeldPayment,
    ReceiptChange,
    ReceiptChangeKind,
    ReceiptChangeState,
)
from shared.ids import Ref, key_of
from shared.page import read_page

_COLUMNS = """receipt_key, id, receipt_id, kind, status, amount_fen, on_day, reason, document, serial,
       unit_id, credit_code, period, by_bank, filed_by, filed_at, decided_by, decided_on"""


async def insert(tx: AsyncConnection, change: ReceiptChange) -> bool:
    """Write a return or a move; False when another one of the receipt waits for its decision."""
    made = await tx.execute(
        text(f"""
            INSERT INTO receipt_change ({_COLUMNS})
            VALUES (:receipt_key, :id, :receipt_id, :kind, :status, :amount_fen, :on_day, :reason,
                    :document, :serial, :unit_id, :credit_code, :period, :by_bank, :filed_by,
                    :filed_at, :decided_by, :decided_on)
            ON CONFLICT (receipt_key, receipt_id) WHERE status = 'filed' DO NOTHING
            RETURNING id
        """),
        {
            "receipt_key": change.receipt.key,
            "id": change.id,
            "receipt_id": change.receipt.id,
            "kind": change.kind.value,
            "status": change.status.value,
            "amount_fen": change.amount_fen,
            "on_day": change.on,
            "reason": change.reason,
            "document": change.document,
            "serial": change.serial,
            "unit_id": change.unit_id,
            "credit_code": change.credit_code,
            "period": change.period,
            "by_bank": change.by_bank,
            "filed_by": change.filed_by,
            "filed_at": change.filed_at,
            "decided_by": change.decided_by,
            "decided_on": change.decided_on,
        },
    )
    return made.first() is not None


async def decide(
    tx: AsyncConnection, change: ReceiptChange, to: ReceiptChangeState, *, on: date, by: str
) -> bool:
    """Decide a return or a move; False when it was decided before."""
    made = await tx.execute(
        text("""
            UPDATE receipt_change
               SET status = :to, decided_on = :on_day, decided_by = :by
             WHERE receipt_key = :key AND id = :id AND status = 'filed'
            RETURNING id
        """),
        {
            "key": change.receipt.key,
            "id": change.id,
            "to": to.value,
            "on_day": on,
            "by": by,
        },
    )
    return made.first() is not None


async def find(
    tx: AsyncConnection, key: int, id: UUID, kind: ReceiptChangeKind
) -> ReceiptChange | None:
    """Read a return or a move."""
    rows = await tx.execute(
        text(f"""
            SELECT {_COLUMNS}
              FROM receipt_change
             WHERE receipt_key = :key AND id = :id AND kind = :kind
        """),
        {"key": key, "id": id, "kind": kind.value},
    )
    row = rows.one_or_none()
    return _change(**row._mapping) if row else None


async def page(
    tx: AsyncConnection,
    *,
    kind: ReceiptChangeKind,
    status: str | None,
    after: UUID | None,
    limit: int,
) -> list[ReceiptChange]:
    """Read returns or moves over all receipts, in the order in which they were filed."""
    return await read_page(
        tx,
        f"SELECT {_COLUMNS} FROM receipt_change",
        key=("id",),
        after=None if after is None else (after,),
        limit=limit,
        row=_change,
        equal={"kind": kind.value, "status": status},
    )


def _change(*, receipt_key: int, receipt_id: UUID, on_day: date, **columns: Any) -> ReceiptChange:
    columns["kind"] = ReceiptChangeKind(columns["kind"])
    columns["status"] = ReceiptChangeState(columns["status"])
    return ReceiptChange(receipt=Ref(receipt_key, receipt_id), on=on_day, **columns)


async def mark_booked(tx: AsyncConnection, change: ReceiptChange, on: date) -> None:
    """Write down the day of the books on which a return was booked."""
    await tx.execute(
        text("""
            UPDATE receipt_change
               SET booked_on = :booked_on
             WHERE receipt_key = :key AND id = :id
        """),
        {"key": change.receipt.key, "id": change.id, "booked_on": on},
    )


async def is_serial_used(tx: AsyncConnection, source: str, serial: str) -> bool:
    """Tell whether a serial of the source of a receipt stands for an approved return."""
    found = await tx.scalar(
        text("""
            SELECT 1
              FROM return_serial
             WHERE serial_key = :key AND source = :source AND serial = :serial
        """),
        {"key": _serial_key(serial), "source": source, "serial": serial},
    )
    return found is not None


async def use_serial(tx: AsyncConnection, source: str, change: ReceiptChange) -> bool:
    """Let a serial of the source of a receipt stand for a return; False when it stands for another."""
    assert change.serial is not None
    made = await tx.execute(
        text("""
            INSERT INTO return_serial (serial_key, source, serial, receipt_key, change_id)
            VALUES (:key, :source, :serial, :receipt_key, :id)
            ON CONFLICT DO NOTHING
            RETURNING serial
        """),
        {
            "key": _serial_key(change.serial),
            "source": source,
            "serial": change.serial,
            "receipt_key": change.receipt.key,
            "id": change.id,
        },
    )
    return made.first() is not None


def _serial_key(serial: str) -> int:
    return key_of("return_serial", serial)


async def holders(tx: AsyncConnection, receipt: Ref) -> list[int]:
    """Return the units that hold, or held, money of a receipt, in the order of their keys."""
    rows = await tx.execute(
        text("""
            SELECT DISTINCT unit_id
              FROM payment
             WHERE receipt_key = :key AND receipt_id = :id
             ORDER BY unit_id
        """),
        {"key": receipt.key, "id": receipt.id},
    )
    return [row.unit_id for row in rows]


async def held(tx: AsyncConnection, receipt: Ref) -> Sequence[HeldPayment]:
    """Return the payments of a receipt over their units, and the unused part of each."""
    rows = await tx.execute(
        text("""
            SELECT payment.unit_id, payment.event_id, payment.period, payment.booked_on,
                   payment.amount_fen - payment.taken_fen AS amount_fen,
                   payment.amount_fen - payment.taken_fen - coalesce((
                       SELECT CAST(sum(allocation.amount_fen) AS bigint)
                         FROM allocation
                        WHERE allocation.unit_id = payment.unit_id
                          AND allocation.event_id = payment.event_id), 0) AS left_fen
              FROM payment
             WHERE payment.receipt_key = :key AND payment.receipt_id = :id
             ORDER BY payment.unit_id, payment.event_id
        """),
        {"key": receipt.key, "id": receipt.id},
    )
    return [HeldPayment(**row._mapping) for row in rows]
