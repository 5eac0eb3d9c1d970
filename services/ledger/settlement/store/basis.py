"""Rows that settlements are checked against: budgets, refunded vouchers, adjustment money.

They are read twice: by the request that proposes a settlement, and by the centre's writer under the
lock of the centre's head when it is approved. Nothing is locked or written here.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final, TypeAlias

import asyncpg

from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.settlement.domain.adjustment import AdjustmentRule, AdjustmentTotals

Connection: TypeAlias = "asyncpg.Connection[Any]"


async def budget(connection: Connection, year: int) -> dict[tuple[str, str], int]:
    """Return (fund, account) → fen of the row of each that was approved last."""
    rows = await connection.fetch(
        """
        SELECT DISTINCT ON (b.fund, b.account) b.fund, b.account, b.amount_fen
          FROM budget AS b
          JOIN budget_approval AS a ON a.id = coalesce(b.paper, b.id)
         WHERE b.year = $1
         ORDER BY b.fund, b.account, a.approved_at DESC, b.id DESC
        """,
        year,
    )
    return {(row["fund"], row["account"]): row["amount_fen"] for row in rows}


UNDONE: Final = """undone AS MATERIALIZED (
    SELECT reversing.reverses_seq AS seq, entry.fund, -sum(entry.debit_fen) AS fen
      FROM voucher AS reversing
      JOIN entry
        ON entry.slot = reversing.slot AND entry.seq = reversing.seq
       AND entry.account = 'expenditure_deposit'
     WHERE reversing.slot = {slot} AND reversing.reverses_seq IN (
               SELECT seq
                 FROM settlement
                WHERE slot = {slot} AND kind = 'expenditure_funding' AND status = 'posted'
                  AND day BETWEEN {first} AND {last})
     GROUP BY reversing.reverses_seq, entry.fund
)"""
"""A common table: what was reversed of the fundings of a slot between two days, by fund. Vouchers may
lie elsewhere than settlements."""

STILL_FUNDED: Final = """
           CAST(moved ->> (part ->> 'fund') AS bigint) > coalesce((
               SELECT undone.fen
                 FROM undone
                WHERE undone.seq = settlement.seq AND undone.fund = part ->> 'fund'), 0)"""
"""True for a `part` of a `settlement` whose fund was not reversed wholly. A partial reversal names no
benefit account, so the part counts whole until all of its fund is reversed."""


async def funded(connection: Connection, year: int) -> dict[tuple[str, str], int]:
    """Return (fund, account) → fen funded by a year's posted spending plans that are not reversed."""
    rows = await connection.fetch(
        f"""
        WITH {UNDONE.format(slot="$1", first="$2", last="$3")}
        SELECT part ->> 'fund' AS fund, part ->> 'account' AS account,
               CAST(SUM(CAST(part ->> 'amount_fen' AS bigint)) AS bigint) AS amount_fen
          FROM settlement
         CROSS JOIN LATERAL jsonb_array_elements(parts) AS part
         WHERE slot = $1 AND kind = 'expenditure_funding' AND status = 'posted'
           AND day BETWEEN $2 AND $3 AND part ->> 'account' IS NOT NULL
           AND {STILL_FUNDED}
         GROUP BY 1, 2
        """,
        CENTRE_SLOT,
        date(year, 1, 1),
        date(year, 12, 31),
    )
    return {(row["fund"], row["account"]): row["amount_fen"] for row in rows}


async def adjustment_rules(connection: Connection, on: date) -> dict[str, AdjustmentRule]:
    """Return fund → its adjustment rule in force on a day."""
    rows = await connection.fetch(
        """
        SELECT DISTINCT ON (fund) fund, paid_up_ppm, size_cap_ppm, gap_share_ppm, in_force_from,
               in_force_to, source, certainty
          FROM adjustment_rule
         WHERE in_force_from <= $1 AND (in_force_to IS NULL OR in_force_to >= $1)
         ORDER BY fund, in_force_from DESC
        """,
        on,
    )
    return {row["fund"]: AdjustmentRule(**dict(row)) for row in rows}


async def adjustment_totals(connection: Connection, on: date) -> dict[str, AdjustmentTotals]:
    """Return fund → its collection and adjustment money at the end of a day.

    Year-end carry-overs are left out: they empty accounts without moving money.
    """
    rows = await connection.fetch(
        """
        SELECT fund,
               CAST(COALESCE(SUM(net_fen) FILTER (
                   WHERE account LIKE 'contribution\\_income%' AND day < $2), 0) AS bigint)
                   AS last_year_fen,
               CAST(COALESCE(SUM(net_fen) FILTER (
                   WHERE account LIKE 'contribution\\_income%' AND day >= $2), 0) AS bigint)
                   AS this_year_fen,
               CAST(COALESCE(SUM(-net_fen) FILTER (
                   WHERE account IN ('superior_remittance', 'superior_subsidy')), 0) AS bigint)
                   AS paid_up_fen,
               CAST(COALESCE(SUM(-net_fen) FILTER (
                   WHERE account = 'superior_remittance' AND day >= $2), 0) AS bigint)
                   AS paid_up_this_year_fen,
               CAST(COALESCE(SUM(net_fen) FILTER (
                   WHERE account IN ('subordinate_remittance', 'subordinate_subsidy')), 0)
                   AS bigint) AS gathered_fen
          FROM (SELECT fund, account, day, credit_fen - debit_fen AS net_fen
                  FROM bucket
                 WHERE book = 'statutory' AND day <= $1
                   AND (account = ANY($4) OR account LIKE 'contribution\\_income%' AND day >= $3)
                 UNION ALL
                SELECT e.fund, e.account, e.book_date, e.debit_fen - e.credit_fen
                  FROM closing AS c
                 CROSS JOIN LATERAL jsonb_array_elements(c.carried) AS one
                  JOIN entry AS e
                    ON e.slot = $5 AND e.seq = CAST(one ->> 'seq' AS bigint)
                 WHERE c.slot = $5 AND c.status = 'done' AND e.book_date <= $1
                   AND (e.account = ANY($4)
                        OR e.account LIKE 'contribution\\_income%' AND e.book_date >= $3)
               ) AS moved
         GROUP BY fund
        """,
        on,
        date(on.year, 1, 1),
        date(on.year - 1, 1, 1),
        [
            "superior_remittance",
            "superior_subsidy",
            "subordinate_remittance",
            "subordinate_subsidy",
        ],
        CENTRE_SLOT,
    )
    return {
        row["fund"]: AdjustmentTotals(**{k: v for k, v in row.items() if k != "fund"})
        for row in rows
    }
