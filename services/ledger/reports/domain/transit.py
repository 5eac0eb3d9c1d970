"""Money in transit: received by a cut-off but not yet in the fiscal account; month-end zero."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from services.ledger.common.domain.movable import movable_fen
from services.ledger.reports.domain.cube import Cube, CubeFilter
from shared.entry import Account, Book

CHANNELS = (Account.INCOME_DEPOSIT, Account.TREASURY_DEPOSIT)
"""Passing accounts: 收入户 (agency mode), 国库 (tax mode)."""
_END = date.max.toordinal()


@dataclass(frozen=True, slots=True, order=True)
class InTransit:
    """A balance on a passing account at the cut-off.

    `amount_fen` is what a settlement of that day moves: the least of the balances of that day and
    of all later days, so that nothing is moved twice; below zero, what it brings back. `later_fen` is what later settlements may move
    beyond it. `since` is the first day since which the balance has not been zero.
    """

    fund: str
    account: str
    district: str
    balance_fen: int
    amount_fen: int
    since: date | None
    later_fen: int


def in_transit(cube: Cube, cut_off: date) -> list[InTransit]:
    """Return what a settlement at a cut-off may move, and what is left for later settlements."""
    day = cut_off.toordinal()
    found = []
    for account in CHANNELS:
        narrow = CubeFilter(book=Book.STATUTORY.value, account=account)
        for place, one in cube.narrowed(narrow):
            debit_fen, credit_fen = one.until(day) or (0, 0)
            balance_fen = debit_fen - credit_fen
            amount_fen = movable_fen(balance_fen, one.least_from(day))
            later_fen = one.least_from(_END) - amount_fen
            since = one.since(day)
            if balance_fen or amount_fen or later_fen:
                found.append(
                    InTransit(
                        place.fund,
                        account,
                        place.district,
                        balance_fen,
                        amount_fen,
                        date.fromordinal(since) if since else None,
                        later_fen,
                    )
                )
    return sorted(found, key=lambda one: (one.fund, one.account, one.district))


def last_month_end(day: date) -> date:
    """Return the latest month end that is not after a day."""
    if (day + timedelta(days=1)).day == 1:
        return day
    return day.replace(day=1) - timedelta(days=1)


def left_at_month_end(cube: Cube, day: date) -> dict[str, int]:
    """Return fund → fen left on the income account at a month end; empty when it is zero."""
    left: dict[str, int] = {}
    for one in in_transit(cube, day):
        if one.account == Account.INCOME_DEPOSIT and one.balance_fen:
            left[one.fund] = left.get(one.fund, 0) + one.balance_fen
    return left
