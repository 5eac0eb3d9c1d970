"""SQL of what collection says when the books are to be closed: sums of dated rows up to a day.

Everything here is a row with its day (a bill's issue, an allocation, a grant, a waiver, a refund), so
that a day that is past can be told of as it was, whatever came later.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

Sums = dict[str, int]
"""fund → fen."""


@dataclass(frozen=True, slots=True)
class Lines:
    """fund → fen of all bills' lines: issued by a day; and, whatever the day, settled, in all and of
    personal accounts. Charges are included."""

    issued: Sums
    settled: Sums
    personal: Sums


async def lines(tx: AsyncConnection, as_of: date) -> Lines:
    """What bills were issued over by a day, whatever lowered them afterwards, and what is settled."""
    rows = await tx.execute(
        text("""
            SELECT line.fund,
                   CAST(coalesce(sum(line.amount_fen + line.credited_fen + line.waived_fen)
                        FILTER (WHERE bill.issued_on <= :as_of), 0) AS bigint) AS issued_fen,
                   CAST(sum(line.settled_fen) AS bigint) AS settled_fen,
                   CAST(coalesce(sum(line.settled_fen)
                        FILTER (WHERE line.account = 'personal_account'), 0) AS bigint)
                       AS personal_fen
              FROM bill
              JOIN bill_line AS line ON line.unit_id = bill.unit_id AND line.bill_id = bill.id
             GROUP BY line.fund
        """),
        {"as_of": as_of},
    )
    found = Lines({}, {}, {})
    for row in rows:
        found.issued[row.fund] = row.issued_fen
        found.settled[row.fund] = row.settled_fen
        found.personal[row.fund] = row.personal_fen
    return found


async def later(tx: AsyncConnection, as_of: date) -> tuple[Sums, Sums]:
    """What was received for bills after a day: in all, and of personal accounts. It is less than what
    came before, so that is found as the rest."""
    rows = await tx.execute(
        text("""
            SELECT line.fund, CAST(sum(paid.amount_fen) AS bigint) AS fen,
                   CAST(coalesce(sum(paid.amount_fen)
                        FILTER (WHERE line.account = 'personal_account'), 0) AS bigint)
                       AS personal_fen
              FROM allocation AS paid
              JOIN bill_line AS line
                ON line.unit_id = paid.unit_id AND line.bill_id = paid.bill_id
               AND line.line_no = paid.line_no
             WHERE paid.book_date > :as_of
             GROUP BY line.fund
        """),
        {"as_of": as_of},
    )
    found = rows.all()
    return {row.fund: row.fen for row in found}, {row.fund: row.personal_fen for row in found}


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


def _told(unit_id: str, declaration_id: str) -> str:
    """Whether the persons of a paper had been credited by a day; or those of the paper that restates
    it: a default names nobody, and is credited with the paper that says who it was about."""
    done = """
        EXISTS (SELECT 1
                  FROM personal_credit AS told
                 WHERE told.unit_id = {0} AND told.declaration_id = {1}
                 GROUP BY told.chunks
                HAVING count(*) FILTER (WHERE told.refused IS NULL
                                          AND told.credited_on <= :as_of) = told.chunks)"""
    return f"""
        ({done.format(unit_id, declaration_id)}
         OR EXISTS (SELECT 1
                      FROM declaration AS restating
                     WHERE restating.unit_id = {unit_id}
                       AND restating.corrects = {declaration_id}
                       AND {done.format("restating.unit_id", "restating.id")}))"""


_UNTOLD = """
    SELECT unit_id, id, declaration_id
      FROM bill
     WHERE kind <> 'charge' AND settled_fen > 0 AND (status <> 'settled' OR NOT personal_told)
     UNION
    SELECT unit_id, bill_id, declaration_id
      FROM personal_credit
     WHERE refused IS NOT NULL OR credited_on > :as_of
     UNION
    SELECT bill.unit_id, bill.id, bill.declaration_id
      FROM declaration AS paper
      JOIN bill ON bill.unit_id = paper.unit_id AND bill.declaration_id = paper.id
     WHERE paper.kind = 'default' AND bill.kind <> 'charge'"""
"""Bills that may not have been told of by a day: not settled, waiting, refused, told of later, or of
nobody. All others had been, and need not be looked at."""


async def untold(tx: AsyncConnection, as_of: date) -> dict[str, Sums]:
    """What came in for personal accounts and is of bills that persons were not credited of: by why
    not ("part_paid", "in_delivery", "unnamed")."""
    rows = await tx.execute(
        text(f"""
            WITH candidate AS ({_UNTOLD})
            SELECT line.fund, why.is, CAST(sum(paid.amount_fen) AS bigint) AS fen
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
             CROSS JOIN LATERAL (
                   SELECT CASE
                          WHEN bill.status <> 'settled' OR EXISTS (
                               SELECT 1
                                 FROM allocation AS later
                                WHERE later.unit_id = bill.unit_id AND later.bill_id = bill.id
                                  AND later.book_date > :as_of) THEN 'part_paid'
                          WHEN coalesce(paper.kind, 'default') = 'default' THEN 'unnamed'
                          ELSE 'in_delivery' END AS is) AS why
             WHERE NOT {_told("candidate.unit_id", "candidate.declaration_id")}
             GROUP BY line.fund, why.is
        """),
        {"as_of": as_of},
    )
    found: dict[str, Sums] = {"part_paid": {}, "in_delivery": {}, "unnamed": {}}
    for row in rows.mappings():
        found[row["is"]][row["fund"]] = row["fen"]
    return found


async def standing(tx: AsyncConnection, as_of: date) -> Sums:
    """Credits of personal accounts granted by papers whose persons were credited, less what bills of
    such papers were lowered by: persons have less (more) than came in by so much."""
    return await _sums(
        tx,
        f"""
        SELECT fund, CAST(sum(fen) AS bigint) AS fen
          FROM (SELECT credit.fund, credit.amount_fen AS fen
                  FROM credit
                 WHERE credit.account = 'personal_account'
                   AND {_told("credit.unit_id", "credit.declaration_id")}
                 UNION ALL
                SELECT line.fund, -used.amount_fen
                  FROM credit_use AS used
                  JOIN bill_line AS line
                    ON line.unit_id = used.unit_id AND line.bill_id = used.bill_id
                   AND line.line_no = used.line_no AND line.account = 'personal_account'
                  JOIN bill ON bill.unit_id = used.unit_id AND bill.id = used.bill_id
                 WHERE {_told("bill.unit_id", "bill.declaration_id")}) AS moved
         GROUP BY fund
        """,
        as_of,
    )


async def _sums(tx: AsyncConnection, sql: str, as_of: date) -> Sums:
    rows = await tx.execute(text(sql), {"as_of": as_of})
    return {row.fund: row.fen for row in rows}
