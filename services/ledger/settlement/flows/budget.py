"""Budgets: recording rows with their document, and reading them beside what has been funded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.rules.domain.chart import Catalogue
from services.ledger.settlement.domain.budget import Budget
from services.ledger.settlement.store import basis as basis_store
from services.ledger.settlement.store import budget as budget_store
from shared import clock
from shared.db import raw
from shared.errors import Fault, Faulty


async def record(tx: AsyncConnection, catalogue: Catalogue, rows: Sequence[Budget]) -> None:
    """Add budget rows. Each replaces the earlier row of its fund, account and year.

    Raises:
        Faulty: no such fund or expense account, or the same row twice.
    """
    on = clock.today()
    faults: list[Fault] = []
    seen: set[tuple[str, str, int]] = set()
    for i, row in enumerate(rows):
        account = catalogue.account(row.account, on)
        name = (row.fund, row.account, row.year)
        if catalogue.fund(row.fund, on) is None:
            faults.append(Fault(f"/rows/{i}/fund", "FUND_UNKNOWN", row.fund))
        if account is None or not account.postable or account.account_class != "expense":
            faults.append(Fault(f"/rows/{i}/account", "ACCOUNT_NOT_AN_EXPENSE", row.account))
        elif account.funds and row.fund not in account.funds:
            faults.append(Fault(f"/rows/{i}/account", "ACCOUNT_NOT_IN_FUND", row.account))
        if name in seen:
            faults.append(Fault(f"/rows/{i}", "ROW_TWICE", row.account))
        seen.add(name)
    if faults:
        raise Faulty(faults=faults)
    await budget_store.insert(tx, rows)


async def of_year(
    tx: AsyncConnection, year: int
) -> tuple[list[Budget], Mapping[tuple[str, str], int]]:
    """Read the budget of a year, and (fund, account) → fen funded from it."""
    rows = await budget_store.of_year(tx, year)
    return rows, await basis_store.funded(await raw(tx), year)
