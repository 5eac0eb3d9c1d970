"""SQL of collection's totals: declared, billed, credited and received, over all units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodRange:
    """Periods from … to (inclusive, YYYY-MM) of one district, or of all."""

    period_from: str
    period_to: str
    district: str | None

    def values(self) -> dict[str, Any]:
        """Return the parameters of a statement."""
        return {
            "period_from": self.period_from,
            "period_to": self.period_to,
            "district": self.district,
        }


_IN_RANGE = """{0}.period BETWEEN :period_from AND :period_to
               AND (CAST(:district AS text) IS NULL OR {0}.district = :district)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """Amounts of one insurance in one fund, in fen. `declared_fen` may be negative for restated months."""

    insurance: str
    fund: str
    declared_fen: int = 0
    billed_fen: int = 0
    collected_fen: int = 0
    credits_fen: int = 0
    refunded_fen: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelReceipts:
    """Money received by one channel, in fen, what the bank took back of it, and its part in suspense."""

    channel: str
    amount_fen: int
    returned_fen: int
    suspended_fen: int

    @property
    def net_fen(self) -> int:
        """The money that was received and not taken back."""
        return self.amount_fen - self.returned_fen


_IS_ACTIVE = "status NOT IN ('returned', 'superseded', 'withdrawn')"


async def declared(tx: AsyncConnection, periods: PeriodRange) -> list[Amounts]:
    """Sum up the levy of active declarations, per insurance and fund."""
    rows = await tx.execute(
        text(f"""
            SELECT line.insurance, line.fund, CAST(sum(line.amount_fen) AS bigint) AS declared_fen
              FROM declaration
              JOIN declaration_line AS line
                ON line.unit_id = declaration.unit_id
               AND line.declaration_id = declaration.id
               AND line.round = declaration.round
             WHERE {_IN_RANGE.format("declaration")}
               AND declaration.{_IS_ACTIVE}
             GROUP BY line.insurance, line.fund
             ORDER BY line.insurance, line.fund
        """),
        periods.values(),
    )
    return [Amounts(**row._mapping) for row in rows]


async def billed(
    tx: AsyncConnection, periods: PeriodRange, *, charges: bool = False
) -> list[Amounts]:
    """Sum up the amounts of bills and their settled part, per insurance and fund.

    The bills are of contributions, or with `charges` of late fees and interest.
    """
    rows = await tx.execute(
        text(f"""
            SELECT line.insurance, line.fund,
                   CAST(sum(line.amount_fen) AS bigint) AS billed_fen,
                   CAST(sum(line.settled_fen) AS bigint) AS collected_fen
              FROM bill
              JOIN bill_line AS line ON line.unit_id = bill.unit_id AND line.bill_id = bill.id
             WHERE {_IN_RANGE.format("bill")}
               AND (bill.kind = 'charge') = CAST(:charges AS boolean)
             GROUP BY line.insurance, line.fund
             ORDER BY line.insurance, line.fund
        """),
        periods.values() | {"charges": charges},
    )
    return [Amounts(**row._mapping) for row in rows]


async def credits(tx: AsyncConnection, periods: PeriodRange) -> list[Amounts]:
    """Sum up the credits of these periods that no bill has used, and those refunded in money.

    What a refund reserves counts as a credit until the refund is paid.
    """
    rows = await tx.execute(
        text(f"""
            WITH reserved AS MATERIALIZED (
                 SELECT part.refund_key AS unit_id, part.credit_id,
                        sum(part.amount_fen)
                            FILTER (WHERE refund.settled_on IS NULL
                                      AND refund.status NOT IN ('refused', 'withdrawn')) AS fen,
                        sum(part.amount_fen)
                            FILTER (WHERE refund.status IN ('paid', 'returning')) AS paid_fen
                   FROM refund_part AS part
                   JOIN refund ON refund.refund_key = part.refund_key
                              AND refund.id = part.refund_id
                  GROUP BY part.refund_key, part.credit_id)
            SELECT credit.insurance, credit.fund,
                   CAST(sum(credit.amount_fen - credit.used_fen + coalesce(reserved.fen, 0))
                       AS bigint) AS credits_fen,
                   CAST(coalesce(sum(reserved.paid_fen), 0) AS bigint) AS refunded_fen
              FROM credit
              LEFT JOIN reserved
                ON reserved.unit_id = credit.unit_id AND reserved.credit_id = credit.id
             WHERE {_IN_RANGE.format("credit")}
             GROUP BY credit.insurance, credit.fund
             ORDER BY credit.insurance, credit.fund
        """),
        periods.values(),
    )
    return [Amounts(**row._mapping) for row in rows]


async def counts(tx: AsyncConnection, periods: PeriodRange) -> dict[str, int]:
    """Count units, people (once per period, as last restated), bills and open bills."""
    row = (
        await tx.execute(
            text(f"""
                WITH declarations AS (
                    SELECT count(DISTINCT unit_id) AS units, coalesce(sum(people), 0) AS people
                      FROM declaration
                     WHERE {_IN_RANGE.format("declaration")}
                       AND declaration.{_IS_ACTIVE}
                       AND NOT EXISTS (
                           SELECT 1
                             FROM declaration AS later
                            WHERE later.unit_id = declaration.unit_id
                              AND later.corrects = declaration.id AND NOT later.void
                              AND later.{_IS_ACTIVE})),
                bills AS (
                    SELECT count(*) AS bills,
                           count(*) FILTER (WHERE status <> 'settled') AS open_bills
                      FROM bill
                     WHERE {_IN_RANGE.format("bill")} AND bill.kind <> 'charge')
                SELECT units, CAST(people AS bigint) AS people, bills, open_bills
                  FROM declarations
                 CROSS JOIN bills
            """),
            periods.values(),
        )
    ).one()
    return dict(row._mapping)


async def received(tx: AsyncConnection, periods: PeriodRange) -> list[ChannelReceipts]:
    """Sum up per channel what was received, what the bank took back, and what is in suspense now."""
    rows = await tx.execute(
        text(f"""
            SELECT receipt.channel, CAST(sum(receipt.amount_fen) AS bigint) AS amount_fen,
                   CAST(coalesce(sum(returned.fen), 0) AS bigint) AS returned_fen,
                   CAST(coalesce(sum(suspense.amount_fen - suspense.matched_fen), 0) AS bigint)
                       AS suspended_fen
              FROM receipt
              LEFT JOIN suspense ON suspense.receipt_key = receipt.receipt_key
                                AND suspense.receipt_id = receipt.id
              LEFT JOIN (
                   SELECT receipt_key, receipt_id, sum(amount_fen) AS fen
                     FROM receipt_change
                    WHERE kind = 'return' AND status = 'approved'
                    GROUP BY receipt_key, receipt_id) AS returned
                ON returned.receipt_key = receipt.receipt_key
               AND returned.receipt_id = receipt.id
             WHERE {_IN_RANGE.format("receipt")}
             GROUP BY receipt.channel
        """),
        periods.values(),
    )
    return [ChannelReceipts(**row._mapping) for row in rows]
