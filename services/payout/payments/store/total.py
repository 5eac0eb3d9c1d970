"""Totals in the database: approved, paid, refused and returned, by fund."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db import patient
from shared.period import Period
from shared.wire.control_item import ItemTotals


@dataclass(frozen=True, slots=True, kw_only=True)
class FundTotals:
    """One fund's sums in fen. `in_flight` is in a live batch and not reported by the bank yet."""

    fund: str
    approved_fen: int
    paid_fen: int
    refused_fen: int
    returned_fen: int
    in_flight_fen: int


async def by_fund(
    tx: AsyncConnection, *, first: Period | None, last: Period | None, district: str | None
) -> list[FundTotals]:
    """Sum the claims of a span of months and a district; each is open when not given."""
    rows = await tx.execute(
        text("""
            WITH approved AS (
                SELECT fund, sum(total_fen) AS fen
                  FROM claim
                 WHERE status = 'approved'
                   AND (CAST(:first AS text) IS NULL OR period >= CAST(:first AS text))
                   AND (CAST(:last AS text) IS NULL OR period <= CAST(:last AS text))
                   AND (CAST(:district AS text) IS NULL OR district = CAST(:district AS text))
                 GROUP BY fund
            ), sent AS (
                SELECT fund, sum(total_fen) AS fen, sum(paid_fen) AS paid,
                       sum(refused_fen) AS refused, sum(returned_fen) AS returned
                  FROM payment_part
                 WHERE live
                   AND (CAST(:first AS text) IS NULL OR period >= CAST(:first AS text))
                   AND (CAST(:last AS text) IS NULL OR period <= CAST(:last AS text))
                   AND (CAST(:district AS text) IS NULL OR district = CAST(:district AS text))
                 GROUP BY fund
            )
            SELECT approved.fund, CAST(approved.fen AS bigint) AS approved_fen,
                   CAST(coalesce(sent.paid, 0) AS bigint) AS paid_fen,
                   CAST(coalesce(sent.refused, 0) AS bigint) AS refused_fen,
                   CAST(coalesce(sent.returned, 0) AS bigint) AS returned_fen,
                   CAST(coalesce(sent.fen - sent.paid - sent.refused, 0) AS bigint) AS in_flight_fen
              FROM approved
              LEFT JOIN sent ON sent.fund = approved.fund
             ORDER BY approved.fund
             LIMIT 100
        """),
        {
            "first": str(first) if first else None,
            "last": str(last) if last else None,
            "district": district,
        },
    )
    return [FundTotals(**row._mapping) for row in rows]


def _came_out(day: str) -> str:
    """Build how often a line counts at the end of a day: 1 once it is paid, 0 when it came back.

    A payment that came back in the year it was made is taken off; one that came back in a later year
    is other income.
    """
    return f"""(CASE WHEN line.paid_booked_on <= {day} THEN 1 ELSE 0 END
                     - CASE WHEN line.returned_booked_on <= {day}
                             AND extract(YEAR FROM line.returned_booked_on)
                               = extract(YEAR FROM line.paid_booked_on)
                            THEN 1 ELSE 0 END)"""


_LINES: Final = """line AS (
    SELECT part.claim_key, part.claim_id, line.claim_line_no, line.amount_fen,
           line.paid_booked_on, line.returned_booked_on
      FROM payment_line AS line
      JOIN payment_part AS part
        ON part.batch_key = line.batch_key AND part.batch_id = line.batch_id
       AND part.part_no = line.part_no
     WHERE line.paid_on IS NOT NULL AND line.paid_serial IS NOT NULL
       AND part.account <> 'temporary_payment'
)"""
"""A common table: paid lines of benefits, not of advances. They lie with their batches."""
_PAID: Final = """
      FROM line
      JOIN claim ON claim.claim_key = line.claim_key AND claim.id = line.claim_id
      LEFT JOIN claim_line AS approved
        ON approved.claim_key = claim.claim_key AND approved.claim_id = claim.id
       AND approved.line_no = line.claim_line_no AND claim.status = 'approved'"""
"""Paid lines of benefits, not of advances, with the amounts of the payment (business) and of the approved claim's line (statistics)."""


_MADE: Final = """made AS (
    SELECT claim_key, claim_id, line_no, amount_fen FROM advance_settlement WHERE live
)"""
"""A common table: what claims settle of advances, which it lies with."""
_SETTLED: Final = """
      FROM made
      JOIN claim ON claim.claim_key = made.claim_key AND claim.id = made.claim_id
      LEFT JOIN claim_line AS approved
        ON approved.claim_key = claim.claim_key AND approved.claim_id = claim.id
       AND approved.line_no = made.line_no AND claim.status = 'approved'
     WHERE claim.settled_on IS NOT NULL"""
"""Advances that claims settled: a benefit from the day of its booking, from the same two sources."""

PATIENCE_SECONDS: Final = 1800
"""A closing reads all years, a few times a month."""


async def benefits(tx: AsyncConnection, *, opening: date, as_of: date) -> dict[str, ItemTotals]:
    """Sum each fund's benefits, of all years, at the end of two days, from both sources."""
    await patient(tx, PATIENCE_SECONDS)
    at, before = (_came_out(f"CAST({day} AS date)") for day in (":as_of", ":opening"))
    rows = await tx.execute(
        text(f"""
            WITH {_LINES}, {_MADE}
            SELECT fund,
                   CAST(sum(business * at) AS bigint) AS business_fen,
                   CAST(sum(statistics * at) AS bigint) AS statistics_fen,
                   CAST(sum(business * before) AS bigint) AS opening_business_fen,
                   CAST(sum(statistics * before) AS bigint) AS opening_statistics_fen
              FROM (SELECT claim.fund, line.amount_fen AS business,
                           coalesce(approved.amount_fen, 0) AS statistics,
                           {at} AS at, {before} AS before
                    {_PAID}
                     UNION ALL
                    SELECT claim.fund, made.amount_fen, coalesce(approved.settled_fen, 0),
                           CAST(claim.settled_on <= CAST(:as_of AS date) AS integer),
                           CAST(claim.settled_on <= CAST(:opening AS date) AS integer)
                    {_SETTLED}) AS benefit
             GROUP BY fund
             ORDER BY fund
             LIMIT 100
        """),
        {"opening": opening, "as_of": as_of},
    )
    return {row.fund: totals for row in rows if (totals := ItemTotals(*row[1:])) != ItemTotals()}


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPaper:
    """A claim, and what it adds to benefits by payments and by its own lines."""

    key: int
    id: UUID
    fund: str
    period: str
    business_fen: int
    statistics_fen: int


async def claims_of_item(
    tx: AsyncConnection,
    *,
    as_of: date,
    fund: str,
    period: str | None,
    differing: bool,
    after: tuple[int, UUID] | None,
    limit: int,
) -> list[ControlPaper]:
    """Return paid claims of a fund by their key; with `differing` only those that differ."""
    at = _came_out("CAST(:as_of AS date)")
    rows = await tx.execute(
        text(f"""
            WITH {_LINES}, {_MADE}
            SELECT key, id, fund, period, CAST(sum(business_fen) AS bigint) AS business_fen,
                   CAST(sum(statistics_fen) AS bigint) AS statistics_fen
              FROM (SELECT claim.claim_key AS key, claim.id, claim.fund, claim.period,
                           line.amount_fen * {at} AS business_fen,
                           coalesce(approved.amount_fen, 0) * {at} AS statistics_fen
                    {_PAID}
                     UNION ALL
                    SELECT claim.claim_key, claim.id, claim.fund, claim.period, made.amount_fen,
                           coalesce(approved.settled_fen, 0)
                    {_SETTLED} AND claim.settled_on <= CAST(:as_of AS date)) AS paid
             WHERE fund = :fund AND (CAST(:period AS text) IS NULL OR period = :period)
               AND (CAST(:after_key AS bigint) IS NULL
                    OR (key, id) > (:after_key, CAST(:after_id AS uuid)))
             GROUP BY key, id, fund, period
            HAVING NOT CAST(:differing AS boolean) OR sum(business_fen) <> sum(statistics_fen)
             ORDER BY key, id
             LIMIT :limit
        """),
        {
            "as_of": as_of,
            "fund": fund,
            "period": period,
            "differing": differing,
            "after_key": after[0] if after else None,
            "after_id": after[1] if after else None,
            "limit": limit,
        },
    )
    return [ControlPaper(**row._mapping) for row in rows]
