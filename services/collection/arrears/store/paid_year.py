"""SQL of what a unit has paid for a year."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.allocation.domain.receipt import Payer
from services.collection.arrears.domain.paid_year import PaidYear


async def of_unit(tx: AsyncConnection, payer: Payer, *, insurance: str, year: int) -> PaidYear:
    """Sum up what a unit has paid of an insurance for the months of a year, and count its people.

    A line is paid by money or by a credit; a credit of these months is what was paid too much for
    them, wherever it went.
    """
    row = (
        await tx.execute(
            text("""
                WITH month AS (
                    SELECT bill.period, sum(line.settled_fen) AS paid_fen,
                           bool_and(line.settled_fen = line.amount_fen) AS in_full
                      FROM bill
                      JOIN bill_line AS line
                        ON line.unit_id = bill.unit_id AND line.bill_id = bill.id
                     WHERE bill.unit_id = :unit_id AND bill.credit_code = :credit_code
                       AND bill.kind <> 'charge' AND line.insurance = :insurance
                       AND bill.period BETWEEN :first AND :last
                     GROUP BY bill.period
                ), given AS (
                    SELECT coalesce(sum(amount_fen), 0) AS fen
                      FROM credit
                     WHERE unit_id = :unit_id AND credit_code = :credit_code
                       AND insurance = :insurance AND period BETWEEN :first AND :last
                ), last_day AS (
                    SELECT number, CAST(make_date(:year, 1, 1) + make_interval(months => number)
                                        AS date) - 1 AS day
                      FROM generate_series(0, 12) AS number
                ), heads AS (
                    SELECT number, (SELECT count(DISTINCT held.person_id)
                                      FROM enrolment AS held
                                     WHERE held.unit_id = :unit_id AND held.joined_on <= day
                                       AND (held.left_on IS NULL OR held.left_on >= day)) AS people
                      FROM last_day
                )
                SELECT CAST(greatest((SELECT coalesce(sum(paid_fen), 0) FROM month)
                                     - (SELECT fen FROM given), 0) AS bigint) AS paid_fen,
                       (SELECT count(*) FROM month WHERE in_full) AS paid_months,
                       (SELECT people FROM heads WHERE number = 0) AS heads_before,
                       (SELECT people FROM heads WHERE number = 12) AS heads_after,
                       (SELECT CAST(sum(people) AS bigint) FROM heads WHERE number > 0)
                         AS head_months
            """),
            {
                "unit_id": payer.unit_id,
                "credit_code": payer.credit_code,
                "insurance": insurance,
                "year": year,
                "first": f"{year}-01",
                "last": f"{year}-12",
            },
        )
    ).one()
    return PaidYear(district=payer.district, insurance=insurance, year=year, **row._mapping)
