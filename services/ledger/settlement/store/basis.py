"""Rows that settlements are checked against: budgets, refunded vouchers, adjustment money.

They are read twice: by the request that proposes a settlement, and by the centre's writer under the
lock of the centre's head when it is approved. Nothing is locked or written here.
"""

from __future__ import annotations

from datetime import date
from typing import Any, TypeAlias

import asyncpg

from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.settlement.domain.adjustment import AdjustmentRule, AdjustmentTotals
from services.ledger.settlement.domain.refund import ReceiptKey, RefundedReceipt
from shared.entry import Account

Connection: TypeAlias = "asyncpg.Connection[Any]"


async def budget(connection: Connection, year: int) -> dict[tuple[str, str], int]:
    """Return (fund, account) → fen of the last recorded row of each."""
    rows = await connection.fetch(
        """
        SELECT DISTINCT ON (fund, account) fund, account, amount_fen
          FROM budget
         WHERE year = $1
         ORDER BY fund, account, recorded_at DESC, id DESC
        """,
        year,
    )
    return {(row["fund"], row["account"]): row["amount_fen"] for row in rows}


async def funded(connection: Connection, year: int) -> dict[tuple[str, str], int]:
    """Return (fund, account) → fen funded by the posted spending plans of a year."""
    rows = await connection.fetch(
        """
        SELECT part ->> 'fund' AS fund, part ->> 'account' AS account,
               CAST(SUM(CAST(part ->> 'amount_fen' AS bigint)) AS bigint) AS amount_fen
          FROM settlement
         CROSS JOIN LATERAL jsonb_array_elements(parts) AS part
         WHERE slot = $1 AND kind = 'expenditure_funding' AND status = 'posted'
           AND day BETWEEN $2 AND $3 AND part ->> 'account' IS NOT NULL
         GROUP BY 1, 2
        """,
        CENTRE_SLOT,
        date(year, 1, 1),
        date(year, 12, 31),
    )
    return {(row["fund"], row["account"]): row["amount_fen"] for row in rows}


async def original(connection: Connection, slot: int, seq: int) -> RefundedReceipt:
    """Return what a voucher received, less its reversals."""
    rows = await connection.fetch(
        """
        SELECT e.fund, e.account, e.district, v.seq AS of,
               CAST(SUM(e.debit_fen) AS bigint) AS debit_fen,
               CAST(SUM(e.credit_fen) AS bigint) AS credit_fen
          FROM voucher AS v
          JOIN entry AS e ON e.slot = $1 AND e.seq = v.seq
         WHERE v.slot = $1 AND (v.seq = $2 OR v.reverses_seq = $2)
           AND e.book = 'statutory'
         GROUP BY e.fund, e.account, e.district, v.seq
        """,
        slot,
        seq,
    )
    received: dict[ReceiptKey, int] = {}
    deposits: set[str] = set()
    for row in rows:
        name = (row["fund"], row["account"], row["district"])
        received[name] = received.get(name, 0) + row["credit_fen"] - row["debit_fen"]
        if row["of"] == seq and row["debit_fen"] > 0:
            deposits.add(row["account"])
    return RefundedReceipt(received_fen=received, deposits=frozenset(deposits))


async def receipt_of(connection: Connection, slot: int, seq: int) -> tuple[str, str | None] | None:
    """Return (kind, receipt) of a voucher; None if there is no such voucher."""
    row = await connection.fetchrow(
        "SELECT kind, refs ->> 'receipt' AS receipt FROM voucher WHERE slot = $1 AND seq = $2",
        slot,
        seq,
    )
    return (row["kind"], row["receipt"]) if row else None


async def suspended(connection: Connection, receipt: str) -> dict[ReceiptKey, int]:
    """Return (fund, account, district) → fen of a receipt still in suspense, over all slots."""
    rows = await connection.fetch(
        """
        SELECT mine.fund, mine.district,
               CAST(SUM(mine.credit_fen - mine.debit_fen) AS bigint) AS open_fen
          FROM slot_head AS h
         CROSS JOIN LATERAL (
               SELECT e.fund, e.district, e.debit_fen, e.credit_fen
                 FROM entry AS e
                 JOIN voucher AS v ON v.slot = e.slot AND v.seq = e.seq
                 LEFT JOIN voucher AS o ON o.slot = v.slot AND o.seq = v.reverses_seq
                WHERE e.slot = h.slot AND e.account = $1
                  AND COALESCE(v.refs ->> 'receipt', o.refs ->> 'receipt') = $2) AS mine
         GROUP BY mine.fund, mine.district
        """,
        Account.SUSPENSE_RECEIPTS,
        receipt,
    )
    return {
        (row["fund"], Account.SUSPENSE_RECEIPTS, row["district"]): row["open_fen"] for row in rows
    }


async def refunded(connection: Connection, voucher: str) -> dict[ReceiptKey, int]:
    """Return (fund, account, district) → fen of a voucher refunded by posted settlements."""
    rows = await connection.fetch(
        """
        SELECT part ->> 'fund' AS fund, part ->> 'account' AS account,
               part ->> 'district' AS district,
               CAST(SUM(CAST(part ->> 'amount_fen' AS bigint)) AS bigint) AS amount_fen
          FROM settlement
         CROSS JOIN LATERAL jsonb_array_elements(parts) AS part
         WHERE slot = $1 AND kind = 'refund' AND status = 'posted' AND terms ->> 'voucher' = $2
         GROUP BY 1, 2, 3
        """,
        CENTRE_SLOT,
        voucher,
    )
    return {(row["fund"], row["account"], row["district"]): row["amount_fen"] for row in rows}


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
