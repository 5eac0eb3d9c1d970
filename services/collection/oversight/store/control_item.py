"""SQL of the items that a closing compares: each added up from business rows, and from facts.

Business is what bills, suspense and credits stand at; statistics is what was declared, charged,
waived, allocated, received and refunded. Where business needs a past day, later changes are taken off
again. Each source is one statement of rows that count from a day until another, so that a total of any
day, and the papers behind a difference, come from the same rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db import patient
from shared.wire.control_item import ControlItem, ItemTotals

_EVER: Final = "CAST('-infinity' AS date)"
_NEVER: Final = "CAST('infinity' AS date)"


def _row(of: str, fen: str, since: str = _EVER, until: str = _NEVER) -> str:
    """Build the columns of a row: its paper, and an amount that counts from a day until another."""
    return f"""
    SELECT {of}, CAST({fen} AS bigint) AS fen, {since} AS since, {until} AS until"""


_OF_BILL: Final = "bill.unit_id AS key, bill.id, bill.kind, bill.period, line.fund, line.account"
_OF_CREDIT: Final = _OF_BILL.replace("line.", "credit.")
_BILLS: Final = """
      FROM bill
      JOIN bill_line AS line ON line.unit_id = bill.unit_id AND line.bill_id = bill.id"""
_BILL_OF_CREDIT: Final = """
      JOIN bill ON bill.unit_id = credit.unit_id AND bill.declaration_id = credit.declaration_id
               AND bill.kind <> 'charge'"""


def _line_of(table: str) -> str:
    return f"""
      JOIN bill_line AS line ON line.unit_id = {table}.unit_id AND line.bill_id = {table}.bill_id
                            AND line.line_no = {table}.line_no
      JOIN bill ON bill.unit_id = line.unit_id AND bill.id = line.bill_id"""


_WAIVERS: Final = """
      FROM waiver
      JOIN waiver_line AS waived
        ON waived.unit_id = waiver.unit_id AND waived.waiver_id = waiver.id
      JOIN bill_line AS line ON line.unit_id = waiver.unit_id AND line.bill_id = waiver.bill_id
                            AND line.line_no = waived.line_no
      JOIN bill ON bill.unit_id = line.unit_id AND bill.id = line.bill_id
     WHERE waiver.status = 'approved'"""
_CHANGES: Final = f"""
      FROM reallocation_line AS change{_line_of("change")}"""
_ISSUED: Final = f"""
    {_row(_OF_BILL, "line.amount_fen + line.credited_fen", "bill.issued_on")}
    {_BILLS}
     UNION ALL
    {_row(_OF_BILL, "change.waived_fen - change.issued_fen", "bill.issued_on", "change.on_day")}
    {_CHANGES}
     WHERE change.on_day > :opening
     UNION ALL
    {_row(_OF_BILL, "waived.amount_fen", "bill.issued_on", "waiver.decided_on")}
    {_WAIVERS} AND waiver.decided_on > :opening
     UNION ALL
    {_row(_OF_CREDIT, "-credit.amount_fen", "credit.granted_on")}
      FROM credit{_BILL_OF_CREDIT}"""
"""The amounts of bills, with what credits lowered, less credits; later changes and waivers undone."""
# Earlier releases named no bill where a charge came to nothing; the payment's other rows do.
_CHARGE_BILL: Final = """coalesce(charge.charge_bill_id, (
               SELECT CAST(max(CAST(other.charge_bill_id AS text)) AS uuid)
                 FROM charge AS other
                WHERE other.unit_id = charge.unit_id AND other.bill_id = charge.bill_id
                  AND other.event_id = charge.event_id))"""
_DECLARED: Final = f"""
    {_row(_OF_BILL, "line.amount_fen", "bill.issued_on")}
      FROM declaration AS paper
      JOIN declaration_line AS line
        ON line.unit_id = paper.unit_id AND line.declaration_id = paper.id
       AND line.round = paper.round
      JOIN bill ON bill.unit_id = paper.unit_id AND bill.declaration_id = paper.id
               AND bill.kind <> 'charge'
     UNION ALL
    SELECT bill.unit_id, bill.id, bill.kind, bill.period, charge.fund, charge.kind,
           charge.amount_fen,
           coalesce((SELECT min(change.on_day)
                       FROM reallocation_line AS change
                      WHERE change.unit_id = charge.unit_id
                        AND change.reallocation_id = charge.reallocation_id
                        AND change.bill_id = bill.id), bill.issued_on), {_NEVER}
      FROM charge
      JOIN bill ON bill.unit_id = charge.unit_id AND bill.id = {_CHARGE_BILL}
     UNION ALL
    {_row(_OF_BILL, "-waived.amount_fen", "waiver.decided_on")}
    {_WAIVERS}
     UNION ALL
    {_row(_OF_BILL, "-change.waived_fen", "change.on_day")}
    {_CHANGES}"""
"""Amounts declared or restated, charged and waived."""
_PARTS: Final = """
      JOIN refund_part AS part
        ON part.refund_key = refund.refund_key AND part.refund_id = refund.id"""
_RESERVED: Final = "refund.settled_on IS NULL AND refund.status NOT IN ('refused', 'withdrawn')"
_BACK: Final = f"coalesce(refund.return_booked_on, {_NEVER})"
_CREDIT_PARTS: Final = f"""
      FROM refund{_PARTS}
      JOIN credit ON credit.unit_id = part.unit_id AND credit.id = part.credit_id
    {_BILL_OF_CREDIT}"""
_SETTLED: Final = f"""
    {_row(_OF_BILL, "line.settled_fen")}
    {_BILLS}
     UNION ALL
    {_row(_OF_BILL, "-paid.amount_fen", until="paid.book_date")}
      FROM allocation AS paid{_line_of("paid")}
     WHERE paid.book_date > :opening
     UNION ALL
    {_row(_OF_CREDIT, "-credit.used_fen")}
      FROM credit{_BILL_OF_CREDIT}
     WHERE credit.used_fen <> 0
     UNION ALL
    {_row(_OF_CREDIT, "used.amount_fen")}
      FROM credit_use AS used
      JOIN credit ON credit.unit_id = used.unit_id AND credit.id = used.credit_id
    {_BILL_OF_CREDIT}
     UNION ALL
    {_row(_OF_CREDIT, "part.amount_fen", until=f"coalesce(refund.settled_on, {_NEVER})")}
    {_CREDIT_PARTS}
     WHERE {_RESERVED}
        OR (refund.status IN ('paid', 'returning') AND refund.settled_on > :opening)
     UNION ALL
    {_row(_OF_CREDIT, "-part.amount_fen", "refund.settled_on", "refund.return_booked_on")}
    {_CREDIT_PARTS}
     WHERE refund.status = 'returned' AND refund.return_booked_on > :opening"""
"""The settled amounts of bills' lines, less refunds of credits, which are used but by no bill."""
_PAID: Final = f"""
    {_row(_OF_BILL, "paid.amount_fen", "paid.book_date")}
      FROM allocation AS paid{_line_of("paid")}
     UNION ALL
    {_row(_OF_CREDIT, "-part.amount_fen", "refund.settled_on", _BACK)}
    {_CREDIT_PARTS}
     WHERE refund.source = 'credits' AND refund.settled_on IS NOT NULL"""
"""Amounts allocated to bills, less refunds of credits."""
_OF_RECEIPT: Final = """receipt.receipt_key AS key, receipt.id, receipt.channel AS kind,
           receipt.period, coalesce(suspense.fund, 'none') AS fund, 'suspense' AS account"""
_SUSPENSE: Final = """
      LEFT JOIN suspense ON suspense.receipt_key = receipt.receipt_key
                        AND suspense.receipt_id = receipt.id"""


_ALLOCATED: Final = "(SELECT receipt_key, receipt_id, amount_fen, book_date FROM allocation)"
"""A part of its own, since an allocation lies with its unit and a receipt by its own key."""


def _receipt_of(table: str) -> str:
    return f"""
      JOIN receipt ON receipt.receipt_key = {table}.receipt_key
                  AND receipt.id = {table}.receipt_id{_SUSPENSE}"""


_RETURNS: Final = f"""
      FROM receipt_change AS change{_receipt_of("change")}
     WHERE change.kind = 'return' AND change.status = 'approved'"""
_RECEIPT_PARTS: Final = f"""
      FROM refund{_PARTS} AND part.credit_id IS NULL{_receipt_of("refund")}"""
_BOOKED: Final = "receipt.book_date"
_SUSPENDED: Final = f"""
    {_row(_OF_RECEIPT, "suspense.amount_fen - suspense.matched_fen", _BOOKED)}
      FROM receipt
      JOIN suspense ON suspense.receipt_key = receipt.receipt_key
                   AND suspense.receipt_id = receipt.id
     UNION ALL
    {_row(_OF_RECEIPT, "paid.amount_fen", _BOOKED, "paid.book_date")}
      FROM {_ALLOCATED} AS paid{_receipt_of("paid")}
     WHERE paid.book_date > :opening
     UNION ALL
    {_row(_OF_RECEIPT, "change.amount_fen", _BOOKED, "change.booked_on")}
    {_RETURNS} AND change.booked_on > :opening
     UNION ALL
    {_row(_OF_RECEIPT, "part.amount_fen", _BOOKED, f"coalesce(refund.settled_on, {_NEVER})")}
    {_RECEIPT_PARTS}
     WHERE {_RESERVED}
        OR (refund.status IN ('paid', 'returning') AND refund.settled_on > :opening)
     UNION ALL
    {_row(_OF_RECEIPT, "-part.amount_fen", "refund.settled_on", "refund.return_booked_on")}
    {_RECEIPT_PARTS}
     WHERE refund.status = 'returned' AND refund.return_booked_on > :opening"""
"""The amounts in suspense; later allocations and returns undone, with what refunds only reserve."""
_UNALLOCATED: Final = f"""
    {_row(_OF_RECEIPT, "receipt.amount_fen", _BOOKED)}
      FROM receipt{_SUSPENSE}
     UNION ALL
    {_row(_OF_RECEIPT, "-paid.amount_fen", "paid.book_date")}
      FROM {_ALLOCATED} AS paid{_receipt_of("paid")}
     UNION ALL
    {_row(_OF_RECEIPT, "-change.amount_fen", "change.booked_on")}
    {_RETURNS}
     UNION ALL
    {_row(_OF_RECEIPT, "-part.amount_fen", "refund.settled_on", _BACK)}
    {_RECEIPT_PARTS}
     WHERE refund.settled_on IS NOT NULL"""
"""Amounts received, less those allocated, taken back by the bank and refunded."""
_OF_REFUND: Final = """refund.refund_key AS key, refund.id, refund.source AS kind,
           to_char(refund.settled_on, 'YYYY-MM') AS period, part.fund, 'whole' AS account"""
_REFUND_PARTS: Final = f"""
    {_row(_OF_REFUND, "part.amount_fen", "refund.settled_on", _BACK)}
      FROM refund{_PARTS}
     WHERE refund.settlement IS NOT NULL AND refund.source <> 'transfer'"""
_WHOLE: Final = """part.fen + CASE WHEN part.is_first THEN refund.amount_fen - part.whole_fen
                                ELSE 0 END"""
_REFUND_HEADS: Final = f"""
    {_row(_OF_REFUND, _WHOLE, "refund.settled_on", _BACK)}
      FROM refund
     CROSS JOIN LATERAL (
           SELECT fund, sum(amount_fen) AS fen, sum(sum(amount_fen)) OVER () AS whole_fen,
                  row_number() OVER (ORDER BY fund) = 1 AS is_first
             FROM refund_part
            WHERE refund_key = refund.refund_key AND refund_id = refund.id
            GROUP BY fund) AS part
     WHERE refund.settlement IS NOT NULL AND refund.source <> 'transfer'"""


@dataclass(frozen=True, slots=True)
class ItemFamily:
    """Items of the same rows: of business and of statistics. An item may count some of them only."""

    business: str
    statistics: str
    items: Mapping[ControlItem, str] = field(default_factory=dict)
    """item → the condition on a row's `kind` or `account`."""

    @property
    def rows(self) -> str:
        """The rows of both sources."""
        return f"""
            SELECT true AS is_business, business.*
              FROM ({self.business}) AS business
             UNION ALL
            SELECT false, statistics.*
              FROM ({self.statistics}) AS statistics"""


_CHARGES: Final = "kind = 'charge'"
FAMILIES: Final = (
    ItemFamily(
        _ISSUED,
        _DECLARED,
        {ControlItem.LEVIED: "true", ControlItem.LATE_FEES_CHARGED: _CHARGES},
    ),
    ItemFamily(
        _SETTLED,
        _PAID,
        {
            ControlItem.COLLECTED: "true",
            ControlItem.LATE_FEES_COLLECTED: _CHARGES,
            ControlItem.PERSONAL: "account = 'personal_account'",
        },
    ),
    ItemFamily(_SUSPENDED, _UNALLOCATED, {ControlItem.SUSPENSE: "true"}),
    ItemFamily(_REFUND_PARTS, _REFUND_HEADS, {ControlItem.REFUNDS: "true"}),
)
ITEMS: Final = tuple(item for family in FAMILIES for item in family.items)
"""The items of which collection tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPaper:
    """A bill, receipt or refund, and what it adds to an item."""

    key: int
    id: UUID
    fund: str
    period: str
    business_fen: int
    statistics_fen: int


PATIENCE_SECONDS: Final = 1800
"""A closing reads all years, a few times a month: some seconds for each year of a large city."""


def _sum(is_business: str, day: str, only: str = "true") -> str:
    """Build a sum of the rows of one source that count at the end of a day."""
    return f"""CAST(coalesce(sum(fen) FILTER (
                   WHERE {is_business} AND {only}
                     AND since <= CAST({day} AS date) AND until > CAST({day} AS date)), 0)
               AS bigint)"""


async def totals(
    tx: AsyncConnection, *, opening: date, as_of: date
) -> dict[str, dict[ControlItem, ItemTotals]]:
    """Return fund → item → totals at the end of two days, in one pass over each item's rows."""
    await patient(tx, PATIENCE_SECONDS)
    found: dict[str, dict[ControlItem, ItemTotals]] = {}
    for family in FAMILIES:
        columns = [
            _sum(source, day, only)
            for only in family.items.values()
            for day in (":as_of", ":opening")
            for source in ("is_business", "NOT is_business")
        ]
        rows = await tx.execute(
            text(f"""
                SELECT fund, ARRAY[{", ".join(columns)}] AS sums
                  FROM ({family.rows}) AS both_sources
                 GROUP BY fund
            """),
            {"opening": opening, "as_of": as_of},
        )
        for row in rows:
            for at, item in enumerate(family.items):
                both = ItemTotals(*row.sums[4 * at : 4 * at + 4])
                found.setdefault(row.fund, {})[item] = both
    # A receipt without suspense has no fund there; it is named only when money of it is missing.
    without_fund = found.pop("none", {})
    if any(one != ItemTotals() for one in without_fund.values()):
        found["none"] = without_fund
    return found


async def business_fen(tx: AsyncConnection, item: ControlItem, as_of: date) -> int:
    """Return what business says of an item at the end of a day, over all funds."""
    await patient(tx, PATIENCE_SECONDS)
    family = next(one for one in FAMILIES if item in one.items)
    rows = await tx.execute(
        text(f"SELECT {_sum('true', ':as_of')} AS fen FROM ({family.business}) AS business"),
        {"opening": as_of, "as_of": as_of},
    )
    return int(rows.scalar_one())


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
    await patient(tx, PATIENCE_SECONDS)
    family = next(one for one in FAMILIES if item in one.items)
    rows = await tx.execute(
        text(f"""
            SELECT key, id, fund, period, business_fen, statistics_fen
              FROM (SELECT key, id, fund, period,
                           {_sum("is_business", ":as_of")} AS business_fen,
                           {_sum("NOT is_business", ":as_of")} AS statistics_fen
                      FROM ({family.rows}) AS both_sources
                     WHERE fund = :fund AND {family.items[item]}
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
            "opening": as_of,
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
