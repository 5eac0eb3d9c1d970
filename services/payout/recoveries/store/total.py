"""Totals of recovered money in the database."""

from __future__ import annotations

from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.wire.control_item import ItemTotals


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
