"""SQL of what became of every receipt by a day: each fen is in exactly one part.

| part | counts from the day of |
|---|---|
| allocated 已分账 | allocations to bills of the unit that paid or was identified |
| moved 已改入 | allocations to bills of a unit that the money was moved to |
| refunded 已退费 | the settlement of the refund, until its return is booked |
| transferred 已转列 | the posting of the transfer from another city, until it is reversed |
| reversed 已退回 | the booking of the bank's return |
| suspense 暂收 | the rest |
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.oversight.store.control_item import PATIENCE_SECONDS
from shared.db import patient
from shared.page import read_page

_PARTS: Final = """
    SELECT receipt.receipt_key, receipt.id, receipt.channel, receipt.district, receipt.serial,
           receipt.credit_code, receipt.book_date, receipt.amount_fen,
           coalesce(paid.allocated_fen, 0) AS allocated_fen,
           coalesce(paid.moved_fen, 0) AS moved_fen,
           coalesce(refunds.refunded_fen, 0) AS refunded_fen,
           coalesce(refunds.transferred_fen, 0) AS transferred_fen,
           coalesce(returns.fen, 0) AS reversed_fen,
           receipt.amount_fen - coalesce(paid.allocated_fen, 0) - coalesce(paid.moved_fen, 0)
               - coalesce(refunds.refunded_fen + refunds.transferred_fen, 0)
               - coalesce(returns.fen, 0) AS suspense_fen
      FROM receipt
      LEFT JOIN (SELECT paid.receipt_key, paid.receipt_id,
                        CAST(coalesce(sum(paid.amount_fen) FILTER (
                             WHERE payment.kind IS DISTINCT FROM 'move'), 0) AS bigint)
                            AS allocated_fen,
                        CAST(coalesce(sum(paid.amount_fen) FILTER (WHERE payment.kind = 'move'), 0)
                             AS bigint) AS moved_fen
                   FROM allocation AS paid
                   LEFT JOIN payment ON payment.unit_id = paid.unit_id
                                    AND payment.event_id = paid.event_id
                  WHERE paid.book_date <= CAST(:as_of AS date)
                  GROUP BY paid.receipt_key, paid.receipt_id) AS paid
        ON paid.receipt_key = receipt.receipt_key AND paid.receipt_id = receipt.id
      LEFT JOIN (SELECT refund.receipt_key, refund.receipt_id,
                        CAST(coalesce(sum(part.amount_fen) FILTER (
                             WHERE refund.source <> 'transfer'), 0) AS bigint) AS refunded_fen,
                        CAST(coalesce(sum(part.amount_fen) FILTER (
                             WHERE refund.source = 'transfer'), 0) AS bigint) AS transferred_fen
                   FROM refund
                   JOIN refund_part AS part
                     ON part.refund_key = refund.refund_key AND part.refund_id = refund.id
                    AND part.credit_id IS NULL
                  WHERE refund.receipt_id IS NOT NULL
                    AND refund.settled_on <= CAST(:as_of AS date)
                    AND (refund.return_booked_on IS NULL
                         OR refund.return_booked_on > CAST(:as_of AS date))
                  GROUP BY refund.receipt_key, refund.receipt_id) AS refunds
        ON refunds.receipt_key = receipt.receipt_key AND refunds.receipt_id = receipt.id
      LEFT JOIN (SELECT receipt_key, receipt_id, CAST(sum(amount_fen) AS bigint) AS fen
                   FROM receipt_change
                  WHERE kind = 'return' AND status = 'approved'
                    AND booked_on <= CAST(:as_of AS date)
                  GROUP BY receipt_key, receipt_id) AS returns
        ON returns.receipt_key = receipt.receipt_key AND returns.receipt_id = receipt.id
     WHERE receipt.book_date <= CAST(:as_of AS date)"""
_WRONG: Final = """suspense_fen < 0 OR allocated_fen < 0 OR moved_fen < 0 OR refunded_fen < 0
                   OR transferred_fen < 0 OR reversed_fen < 0"""
_BOOKED: Final = "('receipt_return', 'refund', 'refund_return')"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartTotals:
    """The parts of all receipts of a channel, in fen; `wrong` receipts have a part below zero."""

    channel: str
    receipts: int
    amount_fen: int
    allocated_fen: int
    moved_fen: int
    suspense_fen: int
    refunded_fen: int
    transferred_fen: int
    reversed_fen: int
    wrong: int


async def totals(tx: AsyncConnection, as_of: date) -> list[PartTotals]:
    """Add up the parts of every receipt at the end of a day, by channel."""
    await patient(tx, PATIENCE_SECONDS)
    names = ("amount", "allocated", "moved", "suspense", "refunded", "transferred", "reversed")
    sums = ", ".join(f"CAST(sum({name}_fen) AS bigint) AS {name}_fen" for name in names)
    rows = await tx.execute(
        text(f"""
            SELECT channel, count(*) AS receipts, {sums}, count(*) FILTER (WHERE {_WRONG}) AS wrong
              FROM ({_PARTS}) AS part
             GROUP BY channel
             ORDER BY channel
        """),
        {"as_of": as_of},
    )
    return [PartTotals(**row._mapping) for row in rows]


async def booked_fen(tx: AsyncConnection, as_of: date) -> int | None:
    """Sum up what receipts and refunds did to our accounts in the books; None if they are not followed."""
    rows = await tx.execute(
        text(f"""
            SELECT (SELECT count(*) FROM book_feed) AS feeds,
                   (SELECT CAST(coalesce(sum(amount_fen), 0) AS bigint)
                      FROM book_movement
                     WHERE day <= CAST(:as_of AS date)
                       AND (of_receipt OR kind IN {_BOOKED})) AS fen
        """),
        {"as_of": as_of},
    )
    row = rows.one()
    return int(row.fen) if row.feeds else None


async def refunded_credits_fen(tx: AsyncConnection, as_of: date) -> int:
    """Sum up refunds of credits: money that left our accounts and is of no one receipt."""
    rows = await tx.execute(
        text("""
            SELECT CAST(coalesce(sum(amount_fen), 0) AS bigint) AS fen
              FROM refund
             WHERE receipt_id IS NULL AND settled_on <= CAST(:as_of AS date)
               AND (return_booked_on IS NULL OR return_booked_on > CAST(:as_of AS date))
        """),
        {"as_of": as_of},
    )
    return int(rows.scalar_one())


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptParts:
    """The parts of one receipt, in fen."""

    receipt_key: int
    id: UUID
    channel: str
    district: str
    serial: str
    credit_code: str
    book_date: date
    amount_fen: int
    allocated_fen: int
    moved_fen: int
    suspense_fen: int
    refunded_fen: int
    transferred_fen: int
    reversed_fen: int


async def page(
    tx: AsyncConnection,
    *,
    as_of: date,
    part: str | None,
    wrong: bool,
    after: UUID | None,
    limit: int,
) -> list[ReceiptParts]:
    """Read receipts with their parts; of one part, or only those with a part below zero."""
    await patient(tx, PATIENCE_SECONDS)
    where: dict[str, dict[str, Any]] = {}
    if part is not None:
        where[f"{part}_fen <> 0"] = {}
    if wrong:
        where[f"({_WRONG})"] = {}
    return await read_page(
        tx,
        f"SELECT * FROM ({_PARTS}) AS part",
        key=("id",),
        after=None if after is None else (after,),
        limit=limit,
        row=ReceiptParts,
        where=where,
        parameters={"as_of": as_of},
    )
