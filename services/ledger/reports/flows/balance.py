"""Fund balances and trial balances."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.reports.domain.balance import FundTrialBalance, Sum, by_fund, trial_balances
from services.ledger.reports.flows.known_at import catalogue as known_catalogue
from services.ledger.reports.flows.known_at import places
from services.ledger.reports.store import balance as balance_store
from services.ledger.reports.store import report as report_store
from services.ledger.reports.store.report import Window
from services.ledger.rules.domain.chart import Catalogue
from shared import clock
from shared.roles import CENTRE


async def fund_balances(
    tx: AsyncConnection,
    catalogue: Catalogue,
    *,
    as_of: date,
    district: str | None,
    known_at: str | None = None,
) -> tuple[Mapping[str, Mapping[str, int]], dict[str, int]]:
    """Read fund → account → balance, and fund → held. Holds belong to the centre, not to districts.

    Raises:
        Faulty, NotFound: `known_at` names no such moment.
    """
    sums = await _sums(tx, as_of, known_at, district=district)
    held = await balance_store.held(tx, clock.today()) if district in {None, CENTRE} else {}
    return by_fund(catalogue, sums, as_of), held


async def trial_balance(
    tx: AsyncConnection,
    catalogue: Catalogue,
    *,
    as_of: date,
    book: str | None,
    known_at: str | None = None,
) -> tuple[Catalogue, list[FundTrialBalance]]:
    """Read the chart and the trial balances of every fund and book at the end of a day.

    Raises:
        Faulty, NotFound: `known_at` names no such moment.
    """
    chart = await known_catalogue(tx, catalogue, known_at)
    return chart, trial_balances(chart, await _sums(tx, as_of, known_at, book=book), as_of)


async def _sums(
    tx: AsyncConnection,
    as_of: date,
    known_at: str | None,
    *,
    district: str | None = None,
    book: str | None = None,
) -> list[Sum]:
    if known_at is None:
        return await balance_store.sums(tx, as_of=as_of, district=district, book=book)
    known = await places(tx, known_at)
    window = Window(to_day=as_of, district=district, book=book, known_at=known)
    return await report_store.sums_between(tx, window)
