"""SQL of claims: refunds reserve suspense and credits, and give them free again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.ids import Ref


async def claim_suspense(tx: AsyncConnection, receipt: Ref, fen: int) -> None:
    """Take suspense of a receipt, or give it free again where `fen` is below zero."""
    await tx.execute(
        text("""
            UPDATE suspense
               SET matched_fen = matched_fen + :fen
             WHERE receipt_key = :key AND receipt_id = :id
        """),
        {"key": receipt.key, "id": receipt.id, "fen": fen},
    )


async def claim_credits(tx: AsyncConnection, unit_id: int, amounts: Mapping[UUID, int]) -> None:
    """Take credits of a unit, or give them free again where amounts are below zero."""
    await tx.execute(
        text("""
            UPDATE credit
               SET used_fen = credit.used_fen + batch.fen
              FROM unnest(CAST(:ids AS uuid[]), CAST(:amounts AS bigint[])) AS batch (id, fen)
             WHERE credit.unit_id = :unit_id AND credit.id = batch.id
        """),
        {"unit_id": unit_id, "ids": list(amounts), "amounts": list(amounts.values())},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelMoney:
    """Money that came to a unit by one channel, and the day of the latest of it."""

    channel: str
    book_date: date
    amount_fen: int


async def channels(tx: AsyncConnection, unit_id: int, periods: Sequence[str]) -> list[ChannelMoney]:
    """Read by which channels the bills of a unit's periods were paid, the largest amount first."""
    rows = await tx.execute(
        text("""
            SELECT receipt.channel, max(receipt.book_date) AS book_date,
                   CAST(sum(paid.amount_fen) AS bigint) AS amount_fen
              FROM (SELECT allocation.receipt_key, allocation.receipt_id, allocation.amount_fen
                      FROM bill
                      JOIN allocation ON allocation.unit_id = bill.unit_id
                                     AND allocation.bill_id = bill.id
                     WHERE bill.unit_id = :unit_id
                       AND bill.period = ANY(CAST(:periods AS text[]))) AS paid
              JOIN receipt ON receipt.receipt_key = paid.receipt_key
                          AND receipt.id = paid.receipt_id
             GROUP BY receipt.channel
            HAVING sum(paid.amount_fen) > 0
             ORDER BY amount_fen DESC, receipt.channel
        """),
        {"unit_id": unit_id, "periods": list(periods)},
    )
    return [ChannelMoney(**row._mapping) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidCharge:
    """Money of one payment in one line of a charge bill, and the payment that caused the charge."""

    event_id: UUID
    receipt_key: int
    receipt_id: UUID
    channel: str
    book_date: date
    of_bill: UUID
    charged_event: UUID
    insurance: str
    fund: str
    kind: str
    amount_fen: int


async def paid_charges(tx: AsyncConnection, unit_id: int, bill_id: UUID) -> list[PaidCharge]:
    """Read who paid what of a charge bill, the latest payment first."""
    rows = await tx.execute(
        text("""
            SELECT paid.event_id, paid.receipt_key, paid.receipt_id, receipt.channel,
                   receipt.book_date, paid.of_bill, paid.charged_event,
                   paid.insurance, paid.fund, paid.kind,
                   CAST(sum(paid.amount_fen) AS bigint) AS amount_fen
              FROM (SELECT allocation.event_id, allocation.receipt_key, allocation.receipt_id,
                           allocation.amount_fen, bill.of_bill, caused.event_id AS charged_event,
                           line.insurance, line.fund, line.account AS kind, line.line_no
                      FROM bill
                      JOIN LATERAL (
                           SELECT event_id
                             FROM charge
                            WHERE charge.unit_id = bill.unit_id
                              AND charge.charge_bill_id = bill.id
                            LIMIT 1) AS caused ON true
                      JOIN bill_line AS line ON line.unit_id = bill.unit_id
                                            AND line.bill_id = bill.id
                      JOIN allocation ON allocation.unit_id = line.unit_id
                                     AND allocation.bill_id = line.bill_id
                                     AND allocation.line_no = line.line_no
                     WHERE bill.unit_id = :unit_id AND bill.id = :bill_id
                       AND bill.kind = 'charge') AS paid
              JOIN receipt ON receipt.receipt_key = paid.receipt_key
                          AND receipt.id = paid.receipt_id
             GROUP BY paid.event_id, paid.receipt_key, paid.receipt_id, receipt.channel,
                      receipt.book_date, receipt.paid_on, paid.of_bill, paid.charged_event,
                      paid.insurance, paid.fund, paid.kind, paid.line_no
            HAVING sum(paid.amount_fen) > 0
             ORDER BY receipt.paid_on DESC, paid.receipt_id, paid.event_id, paid.line_no
        """),
        {"unit_id": unit_id, "bill_id": bill_id},
    )
    return [PaidCharge(**row._mapping) for row in rows]


async def insert_remissions(
    tx: AsyncConnection,
    unit_id: int,
    *,
    bill_id: UUID,
    refund_id: UUID,
    on: date,
    remitted: Mapping[tuple[UUID, UUID, str, str, str], int],
) -> None:
    """Write that so much of charges is not asked for any more, although it was paid.

    remitted: (charged bill, payment that caused the charge, insurance, fund, kind) → fen.
    """
    keys = list(remitted)
    await tx.execute(
        text("""
            INSERT INTO charge_remission (unit_id, refund_id, bill_id, of_bill, event_id, insurance,
                                          fund, kind, amount_fen, on_day)
            SELECT CAST(:unit_id AS bigint), CAST(:refund_id AS uuid), CAST(:bill_id AS uuid),
                   of_bill, event_id, insurance, fund, kind, amount_fen, CAST(:on_day AS date)
              FROM unnest(CAST(:of_bills AS uuid[]), CAST(:events AS uuid[]),
                          CAST(:insurances AS text[]), CAST(:funds AS text[]),
                          CAST(:kinds AS text[]), CAST(:amounts AS bigint[]))
                AS batch (of_bill, event_id, insurance, fund, kind, amount_fen)
        """),
        {
            "unit_id": unit_id,
            "refund_id": refund_id,
            "bill_id": bill_id,
            "on_day": on,
            "of_bills": [key[0] for key in keys],
            "events": [key[1] for key in keys],
            "insurances": [key[2] for key in keys],
            "funds": [key[3] for key in keys],
            "kinds": [key[4] for key in keys],
            "amounts": list(remitted.values()),
        },
    )
