"""SQL of the items that a closing compares: each added up from business rows, and from facts.

Business is what bills and suspense stand at; statistics is what was declared, charged, allocated and
received. Each source is one statement of rows (paper, fund, period, fen), so that a total and the
papers behind a difference come from the same rows. Only rows with their own day count, so the totals
of a past day do not change later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.wire.control_item import ControlItem

_OF_BILL = "bill.unit_id AS key, bill.id, bill.kind, bill.period, line.fund, line.account"
_LINE = """JOIN bill_line AS line ON line.unit_id = {0}.unit_id AND line.bill_id = {0}.bill_id
                            AND line.line_no = {0}.line_no
           JOIN bill ON bill.unit_id = line.unit_id AND bill.id = line.bill_id"""
_WAIVED = f"""
    SELECT {_OF_BILL}, -waived.amount_fen AS fen
      FROM waiver
      JOIN waiver_line AS waived
        ON waived.unit_id = waiver.unit_id AND waived.waiver_id = waiver.id
      JOIN bill_line AS line ON line.unit_id = waiver.unit_id AND line.bill_id = waiver.bill_id
                            AND line.line_no = waived.line_no
      JOIN bill ON bill.unit_id = line.unit_id AND bill.id = line.bill_id
     WHERE waiver.status = 'approved' AND waiver.decided_on <= :as_of
     UNION ALL
    SELECT {_OF_BILL}, -change.waived_fen
      FROM reallocation_line AS change
      {_LINE.format("change")}
     WHERE change.on_day <= :as_of"""
_ISSUED = f"""
    SELECT {_OF_BILL}, line.amount_fen + line.credited_fen + line.waived_fen AS fen
      FROM bill
      JOIN bill_line AS line ON line.unit_id = bill.unit_id AND line.bill_id = bill.id
     WHERE bill.issued_on <= :as_of
     UNION ALL
    SELECT {_OF_BILL}, -change.issued_fen
      FROM reallocation_line AS change
      {_LINE.format("change")}
     WHERE change.on_day > :as_of AND bill.issued_on <= :as_of
     UNION ALL
    SELECT bill.unit_id, bill.id, bill.kind, bill.period, credit.fund, credit.account,
           -credit.amount_fen
      FROM credit
      JOIN bill ON bill.unit_id = credit.unit_id AND bill.declaration_id = credit.declaration_id
               AND bill.kind <> 'charge'
     WHERE credit.granted_on <= :as_of
     UNION ALL {_WAIVED}"""
_DECLARED = f"""
    SELECT bill.unit_id AS key, bill.id, bill.kind, bill.period, line.fund, line.account,
           line.amount_fen AS fen
      FROM declaration AS paper
      JOIN declaration_line AS line
        ON line.unit_id = paper.unit_id AND line.declaration_id = paper.id
       AND line.round = paper.round
      JOIN bill ON bill.unit_id = paper.unit_id AND bill.declaration_id = paper.id
               AND bill.kind <> 'charge'
     WHERE bill.issued_on <= :as_of
     UNION ALL
    SELECT bill.unit_id, bill.id, bill.kind, bill.period, charge.fund, charge.kind,
           charge.amount_fen
      FROM charge
      JOIN bill ON bill.unit_id = charge.unit_id AND bill.id = charge.charge_bill_id
     WHERE coalesce((
               SELECT min(change.on_day)
                 FROM reallocation_line AS change
                WHERE change.unit_id = charge.unit_id
                  AND change.reallocation_id = charge.reallocation_id
                  AND change.bill_id = charge.charge_bill_id), bill.issued_on) <= :as_of
     UNION ALL {_WAIVED}"""
_OUT = """refund.settled_on <= :as_of
       AND (refund.return_booked_on IS NULL OR refund.return_booked_on > :as_of)"""
_PARTS = """JOIN refund_part AS part
        ON part.refund_key = refund.refund_key AND part.refund_id = refund.id"""
_REFUNDED = f"""
    SELECT bill.unit_id, bill.id, bill.kind, bill.period, part.fund, credit.account,
           -part.amount_fen
      FROM refund
      {_PARTS}
      JOIN credit ON credit.unit_id = part.unit_id AND credit.id = part.credit_id
      JOIN bill ON bill.unit_id = credit.unit_id AND bill.declaration_id = credit.declaration_id
               AND bill.kind <> 'charge'
     WHERE refund.source = 'credits' AND {_OUT}"""
_SETTLED = f"""
    SELECT {_OF_BILL}, line.settled_fen AS fen
      FROM bill
      JOIN bill_line AS line ON line.unit_id = bill.unit_id AND line.bill_id = bill.id
     UNION ALL
    SELECT {_OF_BILL}, -paid.amount_fen
      FROM allocation AS paid
      {_LINE.format("paid")}
     WHERE paid.book_date > :as_of
     UNION ALL {_REFUNDED}"""
_PAID = f"""
    SELECT {_OF_BILL}, paid.amount_fen AS fen
      FROM allocation AS paid
      {_LINE.format("paid")}
     WHERE paid.book_date <= :as_of
     UNION ALL {_REFUNDED}"""
_OF_RECEIPT = """receipt.receipt_key AS key, receipt.id, receipt.channel AS kind, receipt.period,
                 coalesce(suspense.fund, 'none') AS fund, 'suspense' AS account"""
_SUSPENSE = """LEFT JOIN suspense ON suspense.receipt_key = receipt.receipt_key
                                  AND suspense.receipt_id = receipt.id"""
_REFUNDED_RECEIPT = f"""JOIN receipt ON receipt.receipt_key = refund.receipt_key
                    AND receipt.id = refund.receipt_id AND part.credit_id IS NULL
      {_SUSPENSE}"""
_SUSPENDED = f"""
    SELECT {_OF_RECEIPT}, suspense.amount_fen - suspense.matched_fen AS fen
      FROM receipt
      {_SUSPENSE}
     WHERE receipt.book_date <= :as_of AND suspense.amount_fen IS NOT NULL
     UNION ALL
    SELECT {_OF_RECEIPT}, paid.amount_fen
      FROM allocation AS paid
      JOIN receipt ON receipt.receipt_key = paid.receipt_key AND receipt.id = paid.receipt_id
      {_SUSPENSE}
     WHERE receipt.book_date <= :as_of AND paid.book_date > :as_of
     UNION ALL
    SELECT {_OF_RECEIPT}, change.amount_fen
      FROM receipt_change AS change
      JOIN receipt ON receipt.receipt_key = change.receipt_key AND receipt.id = change.receipt_id
      {_SUSPENSE}
     WHERE change.kind = 'return' AND change.status = 'approved'
       AND receipt.book_date <= :as_of AND change.booked_on > :as_of
     UNION ALL
    SELECT {_OF_RECEIPT},
           part.amount_fen * CASE WHEN refund.status = 'returned' THEN -1 ELSE 1 END
      FROM refund
      {_PARTS}
      {_REFUNDED_RECEIPT}
     WHERE receipt.book_date <= :as_of
       AND CASE refund.status WHEN 'refused' THEN false
                              WHEN 'returned' THEN {_OUT}
                              ELSE coalesce(refund.settled_on > :as_of, true) END"""
_UNALLOCATED = f"""
    SELECT {_OF_RECEIPT}, receipt.amount_fen AS fen
      FROM receipt
      {_SUSPENSE}
     WHERE receipt.book_date <= :as_of
     UNION ALL
    SELECT {_OF_RECEIPT}, -paid.amount_fen
      FROM allocation AS paid
      JOIN receipt ON receipt.receipt_key = paid.receipt_key AND receipt.id = paid.receipt_id
      {_SUSPENSE}
     WHERE paid.book_date <= :as_of
     UNION ALL
    SELECT {_OF_RECEIPT}, -change.amount_fen
      FROM receipt_change AS change
      JOIN receipt ON receipt.receipt_key = change.receipt_key AND receipt.id = change.receipt_id
      {_SUSPENSE}
     WHERE change.kind = 'return' AND change.status = 'approved' AND change.booked_on <= :as_of
     UNION ALL
    SELECT {_OF_RECEIPT}, -part.amount_fen
      FROM refund
      {_PARTS}
      {_REFUNDED_RECEIPT}
     WHERE {_OUT}"""
_OF_REFUND = """refund.refund_key AS key, refund.id, refund.source AS kind,
                to_char(refund.settled_on, 'YYYY-MM') AS period"""
_REFUND_PARTS = f"""
    SELECT {_OF_REFUND}, part.fund, part.account, part.amount_fen AS fen
      FROM refund
      {_PARTS}
     WHERE refund.settlement IS NOT NULL AND {_OUT}"""
_REFUND_HEADS = f"""
    SELECT {_OF_REFUND}, parts.fund, 'whole' AS account,
           parts.fen + CASE WHEN parts.is_first THEN refund.amount_fen - parts.whole_fen ELSE 0 END
           AS fen
      FROM refund
     CROSS JOIN LATERAL (
           SELECT part.fund, sum(part.amount_fen) AS fen,
                  sum(sum(part.amount_fen)) OVER () AS whole_fen,
                  row_number() OVER (ORDER BY part.fund) = 1 AS is_first
             FROM refund_part AS part
            WHERE part.refund_key = refund.refund_key AND part.refund_id = refund.id
            GROUP BY part.fund) AS parts
     WHERE refund.settlement IS NOT NULL AND {_OUT}"""


@dataclass(frozen=True, slots=True)
class ItemSources:
    """The rows of an item: of business and of statistics, and the condition that narrows both."""

    business: str
    statistics: str
    only: str = "true"


SOURCES: Final = {
    ControlItem.LEVIED: ItemSources(_ISSUED, _DECLARED),
    ControlItem.COLLECTED: ItemSources(_SETTLED, _PAID),
    ControlItem.SUSPENSE: ItemSources(_SUSPENDED, _UNALLOCATED),
    ControlItem.REFUNDS: ItemSources(_REFUND_PARTS, _REFUND_HEADS),
    ControlItem.LATE_FEES_CHARGED: ItemSources(_ISSUED, _DECLARED, "kind = 'charge'"),
    ControlItem.LATE_FEES_COLLECTED: ItemSources(_SETTLED, _PAID, "kind = 'charge'"),
    ControlItem.PERSONAL: ItemSources(_SETTLED, _PAID, "account = 'personal_account'"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPaper:
    """A bill or receipt, and what it adds to an item."""

    key: int
    id: UUID
    fund: str
    period: str
    business_fen: int
    statistics_fen: int


async def totals(tx: AsyncConnection, as_of: date) -> dict[str, dict[ControlItem, tuple[int, int]]]:
    """Return fund → item → (business, statistics) at the end of a day."""
    found: dict[str, dict[ControlItem, tuple[int, int]]] = {}
    for item, sources in SOURCES.items():
        rows = await tx.execute(
            text(f"""
                SELECT fund, CAST(coalesce(sum(fen) FILTER (WHERE is_business), 0) AS bigint)
                             AS business_fen,
                       CAST(coalesce(sum(fen) FILTER (WHERE NOT is_business), 0) AS bigint)
                             AS statistics_fen
                  FROM ({_both(sources)}) AS both_sources
                 GROUP BY fund
            """),
            {"as_of": as_of},
        )
        for row in rows:
            found.setdefault(row.fund, {})[item] = (row.business_fen, row.statistics_fen)
    # A receipt without suspense has no fund there; it is named only when money of it is missing.
    without_fund = found.pop("none", {})
    if any(one != (0, 0) for one in without_fund.values()):
        found["none"] = without_fund
    return found


async def papers(
    tx: AsyncConnection,
    item: ControlItem,
    *,
    as_of: date,
    fund: str,
    period: str | None,
    differing: bool,
    after: tuple[int, UUID, str] | None,
    limit: int,
) -> Sequence[ControlPaper]:
    """Return papers of an item by their key; with `differing` only those whose sources differ."""
    rows = await tx.execute(
        text(f"""
            SELECT key, id, fund, period, business_fen, statistics_fen
              FROM (SELECT key, id, fund, period,
                           CAST(coalesce(sum(fen) FILTER (WHERE is_business), 0) AS bigint)
                               AS business_fen,
                           CAST(coalesce(sum(fen) FILTER (WHERE NOT is_business), 0) AS bigint)
                               AS statistics_fen
                      FROM ({_both(SOURCES[item])}) AS both_sources
                     WHERE fund = :fund
                     GROUP BY key, id, fund, period) AS paper
             WHERE (CAST(:period AS text) IS NULL OR period = :period)
               AND (business_fen <> 0 OR statistics_fen <> 0)
               AND (NOT CAST(:differing AS boolean) OR business_fen <> statistics_fen)
               AND (CAST(:after_key AS bigint) IS NULL
                    OR (key, id, period) > (:after_key, CAST(:after_id AS uuid),
                                            CAST(:after_period AS text)))
             ORDER BY key, id, period
             LIMIT :limit
        """),
        {
            "as_of": as_of,
            "fund": fund,
            "period": period,
            "differing": differing,
            "after_key": after[0] if after else None,
            "after_id": after[1] if after else None,
            "after_period": after[2] if after else None,
            "limit": limit,
        },
    )
    return [ControlPaper(**row._mapping) for row in rows]


def _both(sources: ItemSources) -> str:
    return f"""
        SELECT true AS is_business, key, id, fund, period, fen
          FROM ({sources.business}) AS business
         WHERE {sources.only}
         UNION ALL
        SELECT false, key, id, fund, period, fen
          FROM ({sources.statistics}) AS statistics
         WHERE {sources.only}"""
