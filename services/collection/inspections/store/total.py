"""SQL of totals: the money that came in for findings of inspections, by year and district."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectedTotal:
    """The money of a year, a district and an insurance; late charges apart."""

    year: int
    district: str
    insurance: str
    contributions_fen: int
    charges_fen: int


async def totals(
    tx: AsyncConnection, *, year: int | None, district: str | None
) -> list[CollectedTotal]:
    """Add up what receipts pay of the bills of inspections, by the year of its booking.

    Money that was returned or moved away lowers the year in which that was booked.
    """
    rows = await tx.execute(
        text("""
            SELECT CAST(extract(YEAR FROM paid.book_date) AS integer) AS year, owed.district,
                   line.insurance,
                   CAST(coalesce(sum(paid.amount_fen) FILTER (WHERE owed.kind <> 'charge'), 0)
                        AS bigint) AS contributions_fen,
                   CAST(coalesce(sum(paid.amount_fen) FILTER (WHERE owed.kind = 'charge'), 0)
                        AS bigint) AS charges_fen
              FROM inspection_month AS month
              JOIN bill
                ON bill.unit_id = month.unit_id AND bill.declaration_id = month.declaration_id
               AND bill.kind <> 'charge'
              JOIN bill AS owed
                ON owed.unit_id = month.unit_id AND (owed.id = bill.id OR owed.of_bill = bill.id)
              JOIN bill_line AS line
                ON line.unit_id = owed.unit_id AND line.bill_id = owed.id
              JOIN allocation AS paid
                ON paid.unit_id = line.unit_id AND paid.bill_id = line.bill_id
               AND paid.line_no = line.line_no
             WHERE (CAST(:district AS text) IS NULL OR owed.district = :district)
               AND (CAST(:year AS integer) IS NULL
                    OR extract(YEAR FROM paid.book_date) = CAST(:year AS integer))
             GROUP BY 1, 2, 3
             ORDER BY 1, 2, 3
             LIMIT 10000
        """),
        {"year": year, "district": district},
    )
    return [CollectedTotal(**row._mapping) for row in rows]
