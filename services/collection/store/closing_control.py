"""SQL of what collection says when the books are to be closed: sums of dated rows up to a day.

Everything here is a row with its day (a bill's issue, an allocation, a grant, a waiver, a refund), so
that a day that is past can be told of as it was, whatever came later.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

Sums = dict[str, int]
"""fund → fen."""


async def issued(tx: AsyncConnection, as_of: date) -> Sums:
    """What bills were issued over, charges included, whatever lowered them afterwards."""
    return await _sums(
        tx,
        """
        SELECT line.fund,
               CAST(sum(line.amount_fen + line.credited_fen + line.waived_fen) AS bigint) AS fen
          FROM bill
          JOIN bill_line AS line ON line.unit_id = bill.unit_id AND line.bill_id = bill.id
         WHERE bill.issued_on <= :as_of
         GROUP BY line.fund
        """,
        as_of,
    )


async def allocated(tx: AsyncConnection, as_of: date) -> Sums:
    """What was received for bills."""
    return await _sums(
        tx,
        """
        SELECT line.fund, CAST(sum(allocation.amount_fen) AS bigint) AS fen
          FROM allocation
          JOIN bill_line AS line
            ON line.unit_id = allocation.unit_id AND line.bill_id = allocation.bill_id
           AND line.line_no = allocation.line_no
         WHERE allocation.book_date <= :as_of
         GROUP BY line.fund
        """,
        as_of,
    )


async def granted(tx: AsyncConnection, as_of: date) -> Sums:
    """Credits, used or not."""
    return await _sums(
        tx,
        """
        SELECT fund, CAST(sum(amount_fen) AS bigint) AS fen
          FROM credit
         WHERE granted_on <= :as_of
         GROUP BY fund
        """,
        as_of,
    )


async def waived(tx: AsyncConnection, as_of: date) -> Sums:
    """What was waived of late fees and interest."""
    return await _sums(
        tx,
        """
        SELECT line.fund, CAST(sum(line.amount_fen) AS bigint) AS fen
          FROM waiver
          JOIN waiver_line AS line
            ON line.unit_id = waiver.unit_id AND line.waiver_id = waiver.id
         WHERE waiver.status = 'approved' AND waiver.decided_on <= :as_of
         GROUP BY line.fund
        """,
        as_of,
    )


async def refunded(tx: AsyncConnection, as_of: date, *, personal: bool = False) -> Sums:
    """Credits given back in money; of personal accounts alone, when asked."""
    return await _sums(
        tx,
        f"""
        SELECT credit.fund, CAST(sum(line.amount_fen) AS bigint) AS fen
          FROM credit_refund AS refund
          JOIN credit_refund_line AS line
            ON line.unit_id = refund.unit_id AND line.refund_id = refund.id
          JOIN credit ON credit.unit_id = line.unit_id AND credit.id = line.credit_id
         WHERE refund.status = 'approved' AND refund.decided_on <= :as_of
           {"AND credit.account = 'personal_account'" if personal else ""}
         GROUP BY credit.fund
        """,
        as_of,
    )


async def credited(tx: AsyncConnection, as_of: date) -> Sums:
    """What persons were credited."""
    return await _sums(
        tx,
        """
        SELECT part.fund, CAST(sum(part.fen) AS bigint) AS fen
          FROM personal_credit AS told
         CROSS JOIN LATERAL unnest(told.funds, told.totals_fen) AS part (fund, fen)
         WHERE told.refused IS NULL AND told.credited_on <= :as_of
         GROUP BY part.fund
        """,
        as_of,
    )


_TOLD = """
    done AS (
        SELECT unit_id, declaration_id
          FROM personal_credit
         WHERE refused IS NULL AND credited_on <= :as_of
         GROUP BY unit_id, declaration_id, chunks
        HAVING count(*) = chunks),
    told AS (
        SELECT unit_id, declaration_id
          FROM done
         UNION
        SELECT later.unit_id, later.corrects
          FROM done
          JOIN declaration AS later
            ON later.unit_id = done.unit_id AND later.id = done.declaration_id
         WHERE later.corrects IS NOT NULL)"""
"""Papers whose persons had been credited by a day, and those that they restate: a default names
nobody, and is credited with the paper that says who it was about."""


async def untold(tx: AsyncConnection, as_of: date) -> dict[str, Sums]:
    """What came in for personal accounts and is of bills that persons were not credited of: by why
    not ("part_paid", "in_delivery", "unnamed")."""
    rows = await tx.execute(
        text(f"""
            WITH {_TOLD}
            SELECT line.fund, why.is, CAST(sum(paid.amount_fen) AS bigint) AS fen
              FROM allocation AS paid
              JOIN bill_line AS line
                ON line.unit_id = paid.unit_id AND line.bill_id = paid.bill_id
               AND line.line_no = paid.line_no AND line.account = 'personal_account'
              JOIN bill ON bill.unit_id = paid.unit_id AND bill.id = paid.bill_id
              LEFT JOIN told ON told.unit_id = bill.unit_id
                            AND told.declaration_id = bill.declaration_id
              LEFT JOIN declaration AS paper
                ON paper.unit_id = bill.unit_id AND paper.id = bill.declaration_id
             CROSS JOIN LATERAL (
                   SELECT CASE
                          WHEN bill.status <> 'settled' OR EXISTS (
                               SELECT 1
                                 FROM allocation AS later
                                WHERE later.unit_id = bill.unit_id AND later.bill_id = bill.id
                                  AND later.book_date > :as_of) THEN 'part_paid'
                          WHEN coalesce(paper.kind, 'default') = 'default' THEN 'unnamed'
                          ELSE 'in_delivery' END AS is) AS why
             WHERE paid.book_date <= :as_of AND told.unit_id IS NULL
             GROUP BY line.fund, why.is
        """),
        {"as_of": as_of},
    )
    found: dict[str, Sums] = {"part_paid": {}, "in_delivery": {}, "unnamed": {}}
    for row in rows.mappings():
        found[row["is"]][row["fund"]] = row["fen"]
    return found


async def personal_received(tx: AsyncConnection, as_of: date) -> Sums:
    """What came in for personal accounts."""
    return await _sums(
        tx,
        """
        SELECT line.fund, CAST(sum(paid.amount_fen) AS bigint) AS fen
          FROM allocation AS paid
          JOIN bill_line AS line
            ON line.unit_id = paid.unit_id AND line.bill_id = paid.bill_id
           AND line.line_no = paid.line_no AND line.account = 'personal_account'
         WHERE paid.book_date <= :as_of
         GROUP BY line.fund
        """,
        as_of,
    )


async def standing(tx: AsyncConnection, as_of: date) -> Sums:
    """Credits of personal accounts granted by papers whose persons were credited, less what bills of
    such papers were lowered by: persons have less (more) than came in by so much."""
    return await _sums(
        tx,
        f"""
        WITH {_TOLD}, moved AS (
            SELECT credit.fund, credit.amount_fen AS fen
              FROM told
              JOIN credit ON credit.unit_id = told.unit_id
                         AND credit.declaration_id = told.declaration_id
             WHERE credit.account = 'personal_account'
             UNION ALL
            SELECT line.fund, -used.amount_fen
              FROM told
              JOIN bill ON bill.unit_id = told.unit_id
                       AND bill.declaration_id = told.declaration_id AND bill.kind <> 'charge'
              JOIN credit_use AS used ON used.unit_id = bill.unit_id AND used.bill_id = bill.id
              JOIN bill_line AS line
                ON line.unit_id = used.unit_id AND line.bill_id = used.bill_id
               AND line.line_no = used.line_no AND line.account = 'personal_account')
        SELECT fund, CAST(sum(fen) AS bigint) AS fen
          FROM moved
         GROUP BY fund
        """,
        as_of,
    )


async def _sums(tx: AsyncConnection, sql: str, as_of: date) -> Sums:
    rows = await tx.execute(text(sql), {"as_of": as_of})
    return {row.fund: row.fen for row in rows}
