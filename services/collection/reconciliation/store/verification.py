"""SQL of receipt verification (到账复核): every receipt of a month against its account's statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.reconciliation.store.match import PATIENCE_SECONDS, ticket_sql
from shared.db import patient
from shared.page import read_page


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedSpan:
    """Receipts of some channels by their day of payment, and the days that statements cover."""

    account_key: int
    channels: Sequence[str]
    first: date
    last: date
    covered_from: date
    covered_to: date
    district: str | None

    def values(self) -> dict[str, Any]:
        """Return the statement's parameters."""
        return {
            "key": self.account_key,
            "channels": list(self.channels),
            "first": self.first,
            "last": self.last,
            "covered_from": self.covered_from,
            "covered_to": self.covered_to,
            "district": self.district,
        }


_JOINED: Final = f"""
      FROM receipt
      LEFT JOIN reconciliation_item AS item
             ON item.account_key = :key AND item.status <> 'cleared'
            AND item.subject = {ticket_sql("receipt.serial", "receipt.channel = 'tax'")}"""
_OF_SPAN: Final = """receipt.channel = ANY(CAST(:channels AS text[]))
       AND receipt.paid_on BETWEEN CAST(:first AS date) AND CAST(:last AS date)
       AND (CAST(:district AS text) IS NULL OR receipt.district = :district)"""
_COVERED: Final = """receipt.paid_on BETWEEN CAST(:covered_from AS date)
                                         AND CAST(:covered_to AS date)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationCounts:
    """Receipts of a district: verified against the statement, listed as items, or waiting for one (fen)."""

    district: str
    receipts: int
    amount_fen: int
    verified: int
    listed: int
    arrived_fen: int


async def counts(tx: AsyncConnection, span: VerifiedSpan) -> list[VerificationCounts]:
    """Count receipts by district: without a live item on covered days they agree with the statement."""
    await patient(tx, PATIENCE_SECONDS)
    rows = await tx.execute(
        text(f"""
            SELECT receipt.district, count(*) AS receipts,
                   CAST(sum(receipt.amount_fen) AS bigint) AS amount_fen,
                   count(*) FILTER (WHERE item.id IS NULL AND {_COVERED}) AS verified,
                   count(*) FILTER (WHERE item.id IS NOT NULL) AS listed,
                   CAST(coalesce(sum(CASE WHEN item.id IS NOT NULL
                                          THEN greatest(0, least(receipt.amount_fen,
                                               floor(CAST(item.statement_fen AS numeric)
                                                     * receipt.amount_fen
                                                     / greatest(item.list_fen, 1))))
                                          WHEN {_COVERED} THEN receipt.amount_fen END), 0)
                        AS bigint) AS arrived_fen
            {_JOINED}
             WHERE {_OF_SPAN}
             GROUP BY receipt.district
             ORDER BY receipt.district
        """),
        span.values(),
    )
    return [VerificationCounts(**row._mapping) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionCounts:
    """Wrong receipts of a district, and how many of them are corrected; moves that wait or were made."""

    district: str
    wrong: int
    corrected: int


async def corrections(tx: AsyncConnection, span: VerifiedSpan) -> list[CorrectionCounts]:
    """Count the items about receipts of a month, and those that are settled or agree again."""
    rows = await tx.execute(
        text("""
            SELECT district, count(*) AS wrong,
                   count(*) FILTER (WHERE status IN ('settled', 'cleared')) AS corrected
              FROM reconciliation_item
             WHERE account_key = :key AND receipt_id IS NOT NULL AND status <> 'in_transit'
               AND day BETWEEN CAST(:first AS date) AND CAST(:last AS date)
               AND (CAST(:district AS text) IS NULL OR district = :district)
             GROUP BY district
             ORDER BY district
        """),
        {
            "key": span.account_key,
            "first": span.first,
            "last": span.last,
            "district": span.district,
        },
    )
    return [CorrectionCounts(**row._mapping) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedReceipt:
    """A receipt that is not verified: its item, or none where no statement covers its day."""

    receipt_key: int
    id: UUID
    serial: str
    credit_code: str
    district: str
    amount_fen: int
    paid_on: date
    item_id: UUID | None
    item_kind: str | None
    item_status: str | None


async def unverified(
    tx: AsyncConnection, span: VerifiedSpan, *, after: UUID | None, limit: int
) -> list[UnverifiedReceipt]:
    """Read the receipts that are not verified, in the order in which they were taken."""
    return await read_page(
        tx,
        f"""
        SELECT receipt.receipt_key, receipt.id, receipt.serial, receipt.credit_code,
               receipt.district, receipt.amount_fen, receipt.paid_on, item.id AS item_id,
               item.kind AS item_kind, item.status AS item_status
        {_JOINED}""",
        key=("receipt.id",),
        after=None if after is None else (after,),
        limit=limit,
        row=UnverifiedReceipt,
        where={f"{_OF_SPAN} AND (item.id IS NOT NULL OR NOT {_COVERED})": span.values()},
    )
