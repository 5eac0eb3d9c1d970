"""Totals in the database: approved, paid, refused and returned, by fund."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.period import Period


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


_CAME_OUT = """CASE WHEN line.paid_on <= :as_of THEN 1 ELSE 0 END
                        - CASE WHEN line.returned_on <= :as_of
                                AND extract(YEAR FROM line.returned_on)
                                  = extract(YEAR FROM line.paid_on)
                               THEN 1 ELSE 0 END"""
_CLAIMED = f"""
    SELECT claim.claim_key AS key, claim.id, claim.fund, claim.period,
           line.amount_fen * ({_CAME_OUT}) AS business_fen,
           coalesce(approved.amount_fen, 0) * ({_CAME_OUT}) AS statistics_fen
      FROM payment_line AS line
      JOIN payment_part AS part
        ON part.batch_key = line.batch_key AND part.batch_id = line.batch_id
       AND part.part_no = line.part_no
      JOIN claim ON claim.claim_key = part.claim_key AND claim.id = part.claim_id
      LEFT JOIN claim_line AS approved
        ON approved.claim_key = part.claim_key AND approved.claim_id = part.claim_id
       AND approved.line_no = line.claim_line_no AND claim.status = 'approved'
     WHERE line.paid_on IS NOT NULL AND line.paid_serial IS NOT NULL"""
"""Paid lines with the amounts of the payment and of the approved claim's own line."""


async def claimed(tx: AsyncConnection, as_of: date) -> dict[str, int]:
    """Sum each fund's benefits by the approved claims' lines that were paid (statistics)."""
    rows = await tx.execute(
        text(f"""
            SELECT fund, CAST(sum(statistics_fen) AS bigint) AS fen
              FROM ({_CLAIMED}) AS claimed
             GROUP BY fund
             ORDER BY fund
             LIMIT 100
        """),
        {"as_of": as_of},
    )
    return {row.fund: row.fen for row in rows}


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
    rows = await tx.execute(
        text(f"""
            SELECT key, id, fund, period, CAST(sum(business_fen) AS bigint) AS business_fen,
                   CAST(sum(statistics_fen) AS bigint) AS statistics_fen
              FROM ({_CLAIMED}) AS claimed
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


async def benefits(tx: AsyncConnection, as_of: date) -> dict[str, int]:
    """Sum each fund's benefits, of all years, at the end of a day, in fen.

    A payment that came back in the year it was made is taken off; one that came back in a later
    year is other income.
    """
    rows = await tx.execute(
        text("""
            SELECT part.fund, CAST(sum(moved.fen) AS bigint) AS fen
              FROM payment_line AS line
              JOIN payment_part AS part
                ON part.batch_key = line.batch_key AND part.batch_id = line.batch_id
               AND part.part_no = line.part_no
             CROSS JOIN LATERAL (
                   SELECT CASE WHEN line.paid_booked_on <= :as_of THEN line.amount_fen ELSE 0 END
                        - CASE WHEN line.returned_booked_on <= :as_of
                                AND extract(YEAR FROM line.returned_booked_on)
                                  = extract(YEAR FROM line.paid_booked_on)
                               THEN line.amount_fen ELSE 0 END AS fen) AS moved
             WHERE line.paid_on IS NOT NULL AND line.paid_serial IS NOT NULL
             GROUP BY part.fund
            HAVING sum(moved.fen) <> 0
             ORDER BY part.fund
             LIMIT 100
        """),
        {"as_of": as_of},
    )
    return {row.fund: row.fen for row in rows}
