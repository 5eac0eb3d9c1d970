"""Sums of the expenditure account, all in the centre's slot."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.settlement.domain.spending import FundAccount, FundingPart
from services.ledger.settlement.store.basis import STILL_FUNDED, UNDONE
from shared.entry import Account


async def balances(tx: AsyncConnection, first: date, last: date) -> dict[str, tuple[int, int]]:
    """Return fund → balance before the first day and at the end of the last."""
    rows = await tx.execute(
        text("""
            SELECT fund,
                   CAST(coalesce(sum(debit_fen - credit_fen) FILTER (WHERE day < :first), 0)
                        AS bigint) AS opening_fen,
                   CAST(sum(debit_fen - credit_fen) AS bigint) AS closing_fen
              FROM bucket
             WHERE slot = :slot AND book = 'statutory' AND account = :account AND day <= :last
             GROUP BY fund
             ORDER BY fund
             LIMIT 100
        """),
        {
            "slot": CENTRE_SLOT,
            "account": Account.EXPENDITURE_DEPOSIT,
            "first": first,
            "last": last,
        },
    )
    return {row.fund: (row.opening_fen, row.closing_fen) for row in rows}


async def payments(
    tx: AsyncConnection, first: date, last: date
) -> tuple[dict[FundAccount, int], dict[FundAccount, int]]:
    """Return (fund, account) → fen that payments booked between two days, and that came back."""
    rows = await tx.execute(
        text("""
            WITH moved AS (
                SELECT DISTINCT v.seq, v.kind
                  FROM posting AS p
                  JOIN voucher AS v ON v.slot = p.slot AND v.seq = p.seq
                 WHERE p.slot = :slot AND p.account = :deposit
                   AND p.day BETWEEN :first AND :last
                   AND v.kind IN ('payment', 'payment_return')
            )
            SELECT e.fund, e.account,
                   CAST(coalesce(sum(e.debit_fen) FILTER (WHERE moved.kind = 'payment'), 0)
                        AS bigint) AS paid_fen,
                   CAST(coalesce(sum(e.credit_fen) FILTER (WHERE moved.kind = 'payment_return'), 0)
                        AS bigint) AS returned_fen
              FROM moved
              JOIN entry AS e ON e.slot = :slot AND e.seq = moved.seq
             WHERE e.account <> :deposit
             GROUP BY e.fund, e.account
             ORDER BY e.fund, e.account
             LIMIT 10000
        """),
        {
            "slot": CENTRE_SLOT,
            "deposit": Account.EXPENDITURE_DEPOSIT,
            "first": first,
            "last": last,
        },
    )
    found = list(rows)
    return (
        {(row.fund, row.account): row.paid_fen for row in found if row.paid_fen},
        {(row.fund, row.account): row.returned_fen for row in found if row.returned_fen},
    )


async def fundings(tx: AsyncConnection, first: date, last: date) -> list[FundingPart]:
    """Read what posted settlements brought between two days, without what was reversed wholly."""
    rows = await tx.execute(
        text(f"""
            WITH {UNDONE.format(slot=":slot", first=":first", last=":last")}
            SELECT id, day, terms ->> 'plan' AS plan, part ->> 'fund' AS fund,
                   part ->> 'account' AS account,
                   CAST(part ->> 'amount_fen' AS bigint) AS amount_fen
              FROM settlement
             CROSS JOIN LATERAL jsonb_array_elements(parts) AS part
             WHERE slot = :slot AND kind = 'expenditure_funding' AND status = 'posted'
               AND day BETWEEN :first AND :last AND {STILL_FUNDED}
             ORDER BY day, id, fund, account
             LIMIT 10000
        """),
        {"slot": CENTRE_SLOT, "first": first, "last": last},
    )
    return [
        FundingPart(
            settlement=UUID(int=row.id.int),
            day=row.day,
            plan=row.plan,
            fund=row.fund,
            account=row.account,
            amount_fen=row.amount_fen,
        )
        for row in rows
    ]
