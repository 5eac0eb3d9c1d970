"""SQL of personal accounts in collection's control totals: what persons were credited, and why not.

Every amount comes from a row with its own day, so the totals of a past day do not change later.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

FundSums = dict[str, int]
"""Amounts in fen by fund."""


async def refunded_personal(tx: AsyncConnection, as_of: date) -> FundSums:
    """Sum up credits of personal accounts that were refunded in money.

    A refund counts from the day of its settlement until the day on which its return is booked.
    """
    return await _sums(
        tx,
        """
        SELECT part.fund, CAST(sum(part.amount_fen) AS bigint) AS fen
          FROM refund
          JOIN refund_part AS part
            ON part.refund_key = refund.refund_key AND part.refund_id = refund.id
         WHERE refund.source = 'credits' AND refund.settled_on <= :as_of
           AND (refund.return_booked_on IS NULL OR refund.return_booked_on > :as_of)
           AND part.account = 'contribution_income.personal_account'
         GROUP BY part.fund
        """,
        as_of,
    )


async def credited(tx: AsyncConnection, as_of: date) -> FundSums:
    """Sum up the amounts credited to persons."""
    return await _sums(
        tx,
        """
        SELECT part.fund, CAST(sum(part.fen) AS bigint) AS fen
          FROM personal_credit AS message
         CROSS JOIN LATERAL unnest(message.funds, message.totals_fen) AS part (fund, fen)
         WHERE message.refused IS NULL AND message.credited_on <= :as_of
         GROUP BY part.fund
        """,
        as_of,
    )


def _is_credited(unit_id: str, declaration_id: str) -> str:
    """Build the condition that a declaration's persons were credited by a day.

    A levy by default names nobody; its persons are credited with the declaration that restates it.
    """
    all_chunks = """
        EXISTS (SELECT 1
                  FROM personal_credit AS message
                 WHERE message.unit_id = {0} AND message.declaration_id = {1}
                 GROUP BY message.chunks
                HAVING sum(message.sign) FILTER (WHERE message.refused IS NULL
                                          AND message.credited_on <= :as_of) = message.chunks)"""
    return f"""
        ({all_chunks.format(unit_id, declaration_id)}
         OR EXISTS (SELECT 1
                      FROM declaration AS restating
                     WHERE restating.unit_id = {unit_id}
                       AND restating.corrects = {declaration_id}
                       AND {all_chunks.format("restating.unit_id", "restating.id")}))"""


_MAYBE_UNCREDITED = """
    SELECT unit_id, id, declaration_id
      FROM bill
     WHERE kind <> 'charge' AND settled_fen > 0 AND (status <> 'settled' OR NOT personal_told)
     UNION
    SELECT unit_id, id, declaration_id
      FROM bill
     WHERE kind <> 'charge' AND (personal_turn > 1 OR (personal_told AND status <> 'settled'))
     UNION
    SELECT unit_id, bill_id, declaration_id
      FROM personal_credit
     WHERE refused IS NOT NULL OR credited_on > :as_of
     UNION
    SELECT bill.unit_id, bill.id, bill.declaration_id
      FROM declaration AS paper
      JOIN bill ON bill.unit_id = paper.unit_id AND bill.declaration_id = paper.id
     WHERE paper.kind = 'default' AND bill.kind <> 'charge'"""
"""Bills whose persons may not have been credited by a day: not settled, waiting for delivery, refused,
credited later, or without named persons. All other bills were credited and need no check."""


async def uncredited(tx: AsyncConnection, as_of: date) -> dict[str, FundSums]:
    """Sum up money for personal accounts whose persons were not credited by a day.

    The sums are by reason: "part_paid", "in_delivery" or "unnamed".
    """
    rows = await tx.execute(
        text(f"""
            WITH candidate AS MATERIALIZED ({_MAYBE_UNCREDITED}),
            waiting AS (
                 SELECT line.fund, paid.amount_fen,
                        CASE
                        WHEN bill.status <> 'settled' OR EXISTS (
                             SELECT 1
                               FROM allocation AS later
                              WHERE later.unit_id = bill.unit_id AND later.bill_id = bill.id
                                AND later.book_date > :as_of) THEN 'part_paid'
                        WHEN coalesce(paper.kind, 'default') = 'default' THEN 'unnamed'
                        ELSE 'in_delivery' END AS reason
                   FROM candidate
                   JOIN bill ON bill.unit_id = candidate.unit_id AND bill.id = candidate.id
                   JOIN allocation AS paid
                     ON paid.unit_id = bill.unit_id AND paid.bill_id = bill.id
                    AND paid.book_date <= :as_of
                   JOIN bill_line AS line
                     ON line.unit_id = paid.unit_id AND line.bill_id = paid.bill_id
                    AND line.line_no = paid.line_no AND line.account = 'personal_account'
                   LEFT JOIN declaration AS paper
                     ON paper.unit_id = bill.unit_id AND paper.id = bill.declaration_id
                  WHERE NOT {_is_credited("bill.unit_id", "bill.declaration_id")})
            SELECT fund, reason, CAST(sum(amount_fen) AS bigint) AS fen
              FROM waiting
             GROUP BY fund, reason
        """),
        {"as_of": as_of},
    )
    found: dict[str, FundSums] = {"part_paid": {}, "in_delivery": {}, "unnamed": {}}
    for row in rows:
        found[row.reason][row.fund] = row.fen
    for fund, fen in (await _to_take_back(tx, as_of)).items():
        found["in_delivery"][fund] = found["in_delivery"].get(fund, 0) + fen
    return found


async def _to_take_back(tx: AsyncConnection, as_of: date) -> FundSums:
    """Sum up what persons were credited of bills that are not settled any more; below zero."""
    return await _sums(
        tx,
        f"""
        SELECT line.fund, CAST(sum(coalesce(paid.fen, 0) - line.amount_fen) AS bigint) AS fen
          FROM bill
          JOIN bill_line AS line ON line.unit_id = bill.unit_id AND line.bill_id = bill.id
                                AND line.account = 'personal_account'
          LEFT JOIN LATERAL (
               SELECT sum(amount_fen) AS fen
                 FROM allocation
                WHERE allocation.unit_id = line.unit_id AND allocation.bill_id = line.bill_id
                  AND allocation.line_no = line.line_no
                  AND allocation.book_date <= :as_of) AS paid ON true
         WHERE bill.kind <> 'charge' AND bill.status <> 'settled' AND bill.personal_turn > 0
           AND {_is_credited("bill.unit_id", "bill.declaration_id")}
         GROUP BY line.fund
        """,
        as_of,
    )


async def standing_credits(tx: AsyncConnection, as_of: date) -> FundSums:
    """Sum up credits of personal accounts by which persons were credited less than was received.

    These are credits granted by credited declarations, less the credits that lowered their bills.
    """
    return await _sums(
        tx,
        f"""
        SELECT fund, CAST(sum(fen) AS bigint) AS fen
          FROM (SELECT credit.fund, credit.amount_fen AS fen
                  FROM credit
                 WHERE credit.account = 'personal_account'
                   AND {_is_credited("credit.unit_id", "credit.declaration_id")}
                 UNION ALL
                SELECT line.fund, -used.amount_fen
                  FROM credit_use AS used
                  JOIN bill_line AS line
                    ON line.unit_id = used.unit_id AND line.bill_id = used.bill_id
                   AND line.line_no = used.line_no AND line.account = 'personal_account'
                  JOIN bill ON bill.unit_id = used.unit_id AND bill.id = used.bill_id
                 WHERE {_is_credited("bill.unit_id", "bill.declaration_id")}) AS moved
         GROUP BY fund
        """,
        as_of,
    )


async def _sums(tx: AsyncConnection, sql: str, as_of: date) -> FundSums:
    rows = await tx.execute(text(sql), {"as_of": as_of})
    return {row.fund: row.fen for row in rows}
