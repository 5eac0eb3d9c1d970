"""Draw up the bank balance adjustment table of an account from its differences and their items."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.reconciliation.domain.bank_table import AdjustmentTable
from services.collection.reconciliation.flows.run import NoStatementYet, window_of
from services.collection.reconciliation.flows.statement import require_account
from services.collection.reconciliation.store import books as books_store
from services.collection.reconciliation.store import match as match_store
from services.collection.reconciliation.store import statement as statement_store
from shared.errors import StateConflict

LINES_MAX: Final = 10_000


class TableTooLong(StateConflict):
    """差异过多,请先处理差异 (too many differences for one table: settle some first)"""

    code = "TOO_MANY_DIFFERENCES"


async def table(tx: AsyncConnection, account: str, as_of: date, *, region: str) -> AdjustmentTable:
    """Draw up the table at the end of a day.

    Raises:
        Faulty: the account is not one of ours.
        NoStatementYet: no statement of that day or before was taken.
        TableTooLong: more differences than a table can have.
    """
    require_account(account)
    statement = await statement_store.nearest(tx, account, before=as_of + timedelta(days=1))
    if statement is None:
        raise NoStatementYet(account=account)
    window = await window_of(tx, account, first=as_of.replace(day=1), until=as_of, region=region)
    lines = await match_store.adjustments(tx, window, LINES_MAX + 1)
    if len(lines) > LINES_MAX:
        raise TableTooLong(account=account, lines=f">{LINES_MAX}")
    return AdjustmentTable(
        account=account,
        as_of=as_of,
        statement_day=statement.day,
        bank_fen=statement.closing_fen,
        book_fen=await books_store.balance_fen(tx, account, as_of),
        lines=lines,
    )
