"""Reading a month of the expenditure account."""

from __future__ import annotations

from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.posting.store import hold as hold_store
from services.ledger.settlement.domain.spending import FundSpending, SpendingFacts, spending_of
from services.ledger.settlement.store import budget as budget_store
from services.ledger.settlement.store import spending as spending_store
from shared.entry import Account
from shared.period import Period


async def of_month(tx: AsyncConnection, month: Period) -> list[FundSpending]:
    """Read what came to the expenditure account, was paid and came back, beside the year's budget."""
    first, last = month.first_day, month.last_day
    paid, returned = await spending_store.payments(tx, first, last)
    year_end = date(first.year, 12, 31)
    facts = SpendingFacts(
        balances=await spending_store.balances(tx, first, last),
        held=await hold_store.held(tx, Account.EXPENDITURE_DEPOSIT),
        paid=paid,
        returned=returned,
        fundings=await spending_store.fundings(tx, date(first.year, 1, 1), year_end),
        budget={
            (row.fund, row.account): row.amount_fen
            for row in await budget_store.of_year(tx, first.year)
        },
    )
    return spending_of(facts, first, last)
