"""Fund balances and trial balances."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.domain.balance import Trial, by_fund, trial_balances
from services.ledger.domain.chart import Catalogue
from services.ledger.store import balance as balance_store
from shared import clock
from shared.roles import CENTRE


async def fund_balances(
    tx: AsyncConnection, catalogue: Catalogue, *, as_of: date, district: str | None
) -> tuple[Mapping[str, Mapping[str, int]], dict[str, int]]:
    """(fund → account → balance, fund → held). Holds are the centre's, so districts have none."""
    sums = await balance_store.sums(tx, as_of=as_of, district=district)
    held = await balance_store.held(tx, clock.today()) if district in {None, CENTRE} else {}
    return by_fund(catalogue, sums, as_of), held


async def trial_balance(
    tx: AsyncConnection, catalogue: Catalogue, *, as_of: date, book: str | None
) -> list[Trial]:
    """Trial balances of every fund and book by the end of a day."""
    return trial_balances(catalogue, await balance_store.sums(tx, as_of=as_of, book=book), as_of)
