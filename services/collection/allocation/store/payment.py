"""SQL of payments: money of receipts, entrusted to units."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.allocation.domain.receipt import PaymentPart, Receipt
from shared.db import raw
from shared.ids import Ref

_COLUMNS = (
    "unit_id",
    "event_id",
    "receipt_key",
    "receipt_id",
    "kind",
    "amount_fen",
    "period",
    "bill_id",
    "paid_on",
    "booked_on",
    "source",
    "serial",
    "parts",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRecord:
    """Money of a receipt that a person entrusts to a unit: matched, or moved to it (fen)."""

    unit_id: int
    event_id: UUID
    receipt: Ref
    kind: str
    amount_fen: int
    period: str
    paid_on: date
    booked_on: date
    source: str
    serial: str


async def out_of_order(tx: AsyncConnection, receipts: Sequence[Receipt]) -> set[int]:
    """Find units that get money paid before something that is booked already.

    Something is a payment, a credit granted or used, or a waiver; within a day, payments come in
    the order of their senders and serial numbers.
    """
    known = [receipt for receipt in receipts if receipt.payer]
    if not known:
        return set()
    rows = await tx.execute(
        text("""
            WITH new AS MATERIALIZED (
                 SELECT unit_id, paid_on, source, serial
                   FROM unnest(CAST(:units AS bigint[]), CAST(:paid AS date[]),
                               CAST(:sources AS text[]), CAST(:serials AS text[]))
                     AS receipt (unit_id, paid_on, source, serial))
            SELECT new.unit_id
              FROM new
              JOIN payment ON payment.unit_id = new.unit_id
                          AND (payment.paid_on, payment.source, payment.serial)
                              > (new.paid_on, new.source, new.serial)
             UNION
            SELECT new.unit_id
              FROM new
              JOIN credit ON credit.unit_id = new.unit_id AND credit.granted_on >= new.paid_on
             UNION
            SELECT new.unit_id
              FROM new
              JOIN credit_use ON credit_use.unit_id = new.unit_id
                             AND credit_use.used_on >= new.paid_on
             UNION
            SELECT new.unit_id
              FROM new
              JOIN waiver ON waiver.unit_id = new.unit_id AND waiver.status = 'approved'
                         AND waiver.decided_on >= new.paid_on
        """),
        {
            "units": [receipt.payer.unit_id for receipt in known if receipt.payer],
            "paid": [receipt.incoming.paid_on for receipt in known],
            "sources": [receipt.source for receipt in known],
            "serials": [receipt.incoming.serial for receipt in known],
        },
    )
    return {row.unit_id for row in rows}


async def insert_own(tx: AsyncConnection, receipts: Sequence[Receipt]) -> None:
    """Entrust receipts to their own payers."""
    rows = [
        (
            receipt.payer.unit_id,
            receipt.id,
            receipt.key,
            receipt.id,
            "receipt",
            receipt.incoming.amount_fen,
            receipt.incoming.period,
            receipt.incoming.bill_id,
            receipt.incoming.paid_on,
            receipt.book_date,
            receipt.source,
            receipt.incoming.serial,
            _parts(receipt.incoming.parts),
        )
        for receipt in receipts
        if receipt.payer
    ]
    if rows:
        driver = await raw(tx)
        await driver.copy_records_to_table("payment", records=rows, columns=_COLUMNS)


def _parts(parts: Sequence[PaymentPart]) -> str | None:
    if not parts:
        return None
    return json.dumps([(part.insurance, part.party, part.amount_fen) for part in parts])


async def insert(tx: AsyncConnection, payment: PaymentRecord) -> None:
    """Entrust money of a receipt to the unit that a person named."""
    await tx.execute(
        text("""
            INSERT INTO payment (unit_id, event_id, receipt_key, receipt_id, kind, amount_fen,
                                 period, paid_on, booked_on, source, serial)
            VALUES (:unit_id, :event_id, :receipt_key, :receipt_id, :kind, :amount_fen, :period,
                    :paid_on, :booked_on, :source, :serial)
        """),
        {
            "unit_id": payment.unit_id,
            "event_id": payment.event_id,
            "receipt_key": payment.receipt.key,
            "receipt_id": payment.receipt.id,
            "kind": payment.kind,
            "amount_fen": payment.amount_fen,
            "period": payment.period,
            "paid_on": payment.paid_on,
            "booked_on": payment.booked_on,
            "source": payment.source,
            "serial": payment.serial,
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentBalance:
    """A payment of a receipt, and what of it settles nothing (fen)."""

    unit_id: int
    event_id: UUID
    left_fen: int


async def balances(tx: AsyncConnection, receipt: Ref) -> list[PaymentBalance]:
    """Return the payments of a receipt over the units that hold it, in the order of their keys."""
    rows = await tx.execute(
        text("""
            SELECT payment.unit_id, payment.event_id,
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
    return [PaymentBalance(**row._mapping) for row in rows]


async def take_part(tx: AsyncConnection, unit_id: int, event_id: UUID, part: PaymentPart) -> None:
    """Take a named part of a payment away: the tax bureau refunded it."""
    await tx.execute(
        text("""
            UPDATE payment
               SET taken_fen = taken_fen + :fen,
                   taken_parts = coalesce(taken_parts, CAST('[]' AS jsonb)) || CAST(:part AS jsonb)
             WHERE unit_id = :unit_id AND event_id = :event_id
        """),
        {
            "unit_id": unit_id,
            "event_id": event_id,
            "fen": part.amount_fen,
            "part": json.dumps([[part.insurance, part.party, part.amount_fen]]),
        },
    )


async def take(tx: AsyncConnection, unit_id: int, event_id: UUID, fen: int) -> None:
    """Take money of a payment away: it was matched elsewhere, moved, returned or refunded."""
    await tx.execute(
        text("""
            UPDATE payment
               SET taken_fen = taken_fen + :fen
             WHERE unit_id = :unit_id AND event_id = :event_id
        """),
        {"unit_id": unit_id, "event_id": event_id, "fen": fen},
    )
