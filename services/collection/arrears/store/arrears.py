"""SQL of arrears: open lines of units or of a district, as of the end of a day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.arrears.domain.arrears import OpenLine

# A settled bill is looked at only when money came to it, some of it was waived or a credit lowered it
# after the day that is asked about; what was waived or credited later was open on that day. Waivers
# are read by themselves: as papers that two people sign, a distributed database has them at one server.
_WAIVED = """
    WITH waived AS MATERIALIZED (
         SELECT waiver.unit_id, waiver.bill_id, part.line_no,
                CAST(sum(part.amount_fen) AS bigint) AS fen
           FROM waiver
           JOIN waiver_line AS part
             ON part.unit_id = waiver.unit_id AND part.waiver_id = waiver.id
          WHERE {mine} AND waiver.status = 'approved' AND waiver.decided_on > :as_of
          GROUP BY waiver.unit_id, waiver.bill_id, part.line_no)
"""
_OPEN = """
    SELECT bill.unit_id, bill.credit_code, bill.id AS bill_id, bill.kind, bill.policy_id,
           bill.period, bill.due_on, bill.total_fen, line.line_no, line.insurance, line.party,
           line.account, line.amount_fen - coalesce((
               SELECT CAST(sum(allocation.amount_fen) AS bigint)
                 FROM allocation
                WHERE allocation.unit_id = line.unit_id
                  AND allocation.bill_id = line.bill_id
                  AND allocation.line_no = line.line_no
                  AND allocation.book_date <= :as_of), 0)
           + CASE WHEN bill.waived_fen > 0 THEN coalesce(waived.fen, 0) ELSE 0 END
           - coalesce((
               SELECT CAST(sum(change.issued_fen - change.waived_fen) AS bigint)
                 FROM reallocation_line AS change
                WHERE change.unit_id = line.unit_id
                  AND change.bill_id = line.bill_id
                  AND change.line_no = line.line_no
                  AND change.on_day > :as_of), 0)
           + CASE WHEN line.credited_fen > 0 OR bill.credited_fen > 0 THEN coalesce((
               SELECT CAST(sum(credit_use.amount_fen) AS bigint)
                 FROM credit_use
                WHERE credit_use.unit_id = line.unit_id
                  AND credit_use.bill_id = line.bill_id
                  AND credit_use.line_no = line.line_no
                  AND credit_use.used_on > :as_of), 0) ELSE 0 END AS open_fen
      FROM {bills}
      JOIN bill_line AS line ON line.unit_id = bill.unit_id AND line.bill_id = bill.id
      LEFT JOIN waived ON waived.unit_id = line.unit_id AND waived.bill_id = line.bill_id
                      AND waived.line_no = line.line_no
     WHERE bill.issued_on <= :as_of
       AND (bill.status <> 'settled'
            OR EXISTS (
               SELECT 1
                 FROM allocation
                WHERE allocation.unit_id = bill.unit_id
                  AND allocation.bill_id = bill.id
                  AND allocation.book_date > :as_of)
            OR (bill.waived_fen > 0
                AND (bill.unit_id, bill.id) IN (SELECT unit_id, bill_id FROM waived))
            OR (bill.credited_fen > 0 AND EXISTS (
               SELECT 1
                 FROM credit_use
                WHERE credit_use.unit_id = bill.unit_id
                  AND credit_use.bill_id = bill.id
                  AND credit_use.used_on > :as_of)))
"""
_OF_UNITS = _OPEN.format(
    bills="""unnest(CAST(:units AS bigint[]), CAST(:codes AS text[])) AS wanted (unit_id, code)
      JOIN bill ON bill.unit_id = wanted.unit_id AND bill.credit_code = wanted.code"""
)
_OF_DISTRICT = f"""{_OPEN.format(bills="bill")}
       AND bill.district = :district
       AND bill.status <> 'settled'
       AND bill.due_on < :as_of
"""
_ORDERED = f"""
    {_WAIVED}
    SELECT *
      FROM ({{lines}}) AS lines
     WHERE open_fen > 0
     ORDER BY unit_id, period, bill_id, line_no
"""


async def of_units(
    tx: AsyncConnection, units: Sequence[tuple[int, str]], as_of: date
) -> list[OpenLine]:
    """Read the open lines of units (key, credit code)."""
    rows = await tx.execute(
        text(
            _ORDERED.format(lines=_OF_UNITS, mine="waiver.unit_id = ANY(CAST(:units AS bigint[]))")
        ),
        {
            "units": [unit_id for unit_id, _ in units],
            "codes": [code for _, code in units],
            "as_of": as_of,
        },
    )
    return [OpenLine(**row._mapping) for row in rows]


async def of_district(tx: AsyncConnection, district: str, as_of: date) -> list[OpenLine]:
    """Read the overdue lines of a district that are still open today; a bulk job."""
    rows = await tx.execute(
        text(_ORDERED.format(lines=_OF_DISTRICT, mine="true")),
        {"district": district, "as_of": as_of},
    )
    return [OpenLine(**row._mapping) for row in rows]


async def billed(
    tx: AsyncConnection, unit_id: int, credit_code: str, period_from: str, period_to: str
) -> int:
    """Sum the bills over contributions of a unit and periods."""
    found = await tx.scalar(
        text("""
            SELECT CAST(coalesce(sum(total_fen), 0) AS bigint)
              FROM bill
             WHERE unit_id = :unit_id AND credit_code = :credit_code
               AND kind <> 'charge'
               AND period BETWEEN :period_from AND :period_to
        """),
        {
            "unit_id": unit_id,
            "credit_code": credit_code,
            "period_from": period_from,
            "period_to": period_to,
        },
    )
    return int(found or 0)
