"""Totals of recovered money in the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.wire.control_item import ItemTotals


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveredTotal:
    """Settled amounts of a year, district, fund, kind and way, in fen."""

    year: int
    district: str
    fund: str
    kind: str
    way: str
    entries: int
    total_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTotal:
    """Open amounts of confirmed cases by the months since they were opened, in fen."""

    district: str
    fund: str
    age: str
    cases: int
    open_fen: int


async def expenses(tx: AsyncConnection, *, opening: date, as_of: date) -> dict[str, ItemTotals]:
    """Sum by fund what recoveries add to benefits by the end of two days, from both sources.

    An entry says it of itself (business); its shares say it by their lines' years (statistics).
    """
    rows = await tx.execute(
        text("""
            SELECT owner.fund,
                   CAST(sum(entry.expense_fen) AS bigint) AS business_fen,
                   CAST(sum(share.fen) AS bigint) AS statistics_fen,
                   CAST(coalesce(sum(entry.expense_fen) FILTER (
                       WHERE entry.booked_on <= :opening), 0) AS bigint) AS opening_business_fen,
                   CAST(coalesce(sum(share.fen) FILTER (
                       WHERE entry.booked_on <= :opening), 0) AS bigint) AS opening_statistics_fen
              FROM recovery_entry AS entry
              JOIN recovery_case AS owner
                ON owner.case_key = entry.case_key AND owner.id = entry.case_id
             CROSS JOIN LATERAL (
                   SELECT coalesce(sum(CASE WHEN entry.way = 'deduction' AND is_income THEN fen
                                            WHEN entry.way = 'repayment' AND NOT is_income THEN -fen
                                            ELSE 0 END), 0) AS fen
                     FROM recovery_share AS divided
                     JOIN recovery_line AS line
                       ON line.case_key = divided.case_key AND line.case_id = entry.case_id
                      AND line.line_no = divided.line_no AND line.account <> 'temporary_payment'
                    WHERE divided.case_key = entry.case_key
                      AND divided.entry_id = entry.id) AS share
             WHERE entry.status = 'settled' AND entry.booked_on <= :as_of
             GROUP BY owner.fund
             ORDER BY owner.fund
             LIMIT 100
        """),
        {"opening": opening, "as_of": as_of},
    )
    return {row.fund: ItemTotals(*row[1:]) for row in rows}


async def recovered(tx: AsyncConnection, *, district: str | None) -> list[RecoveredTotal]:
    """Sum what was recovered and written off, by the year of booking."""
    rows = await tx.execute(
        text("""
            SELECT CAST(extract(YEAR FROM coalesce(entry.booked_on, CAST(entry.decided_at AS date)))
                        AS integer) AS year,
                   owner.district, owner.fund, owner.kind, entry.way, count(*) AS entries,
                   CAST(sum(entry.amount_fen) AS bigint) AS total_fen
              FROM recovery_entry AS entry
              JOIN recovery_case AS owner
                ON owner.case_key = entry.case_key AND owner.id = entry.case_id
             WHERE entry.status = 'settled'
               AND (CAST(:district AS text) IS NULL OR owner.district = :district)
             GROUP BY 1, 2, 3, 4, 5
             ORDER BY 1, 2, 3, 4, 5
             LIMIT 10000
        """),
        {"district": district},
    )
    return [RecoveredTotal(**row._mapping) for row in rows]


async def still_open(tx: AsyncConnection, *, today: date, district: str | None) -> list[OpenTotal]:
    """Sum what confirmed cases have open, by their age in days."""
    rows = await tx.execute(
        text("""
            SELECT owner.district, owner.fund,
                   CASE WHEN CAST(:today AS date) - owner.opened_on <= 90 THEN '0-90'
                        WHEN CAST(:today AS date) - owner.opened_on <= 365 THEN '91-365'
                        WHEN CAST(:today AS date) - owner.opened_on <= 1095 THEN '366-1095'
                        ELSE '1096-' END AS age,
                   count(DISTINCT owner.id) AS cases,
                   CAST(sum(line.amount_fen - line.recovered_fen - line.written_off_fen)
                        AS bigint) AS open_fen
              FROM recovery_case AS owner
              JOIN recovery_line AS line
                ON line.case_key = owner.case_key AND line.case_id = owner.id
             WHERE owner.status = 'confirmed'
               AND (CAST(:district AS text) IS NULL OR owner.district = :district)
             GROUP BY 1, 2, 3
             ORDER BY 1, 2, 3
             LIMIT 10000
        """),
        {"today": today, "district": district},
    )
    return [OpenTotal(**row._mapping) for row in rows]
