"""Money in transit: received by a cut-off but not yet in the fiscal account; month-end zero."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from services.ledger.reports.domain.cube import Cube, CubeFilter
from shared.entry import Account, Book

CHANNELS = (Account.INCOME_DEPOSIT, Account.TREASURY_DEPOSIT)
"""Passing accounts: 收入户 (agency mode), 国库 (tax mode)."""


@dataclass(frozen=True, slots=True, order=True)
class InTransit:
    """A balance on a passing account at the cut-off.

    `since` is the first day since which the balance has not been zero; `later_fen` was booked after
    the cut-off and belongs to the next settlement.
    """

    fund: str
    account: str
    district: str
    amount_fen: int
    since: date | None
    later_fen: int


def in_transit(cube: Cube, cut_off: date) -> list[InTransit]:
    """Return what a settlement at a cut-off has to move, and what was booked too late for it."""
    day = cut_off.toordinal()
    found = []
    for account in CHANNELS:
        narrow = CubeFilter(book=Book.STATUTORY.value, account=account)
        for place, one in cube.narrowed(narrow):
            debit_fen, credit_fen = one.until(day) or (0, 0)
            later_fen = sum(step[1] - step[2] for step in one.steps(day + 1))
            since = one.since(day)
            if debit_fen != credit_fen or later_fen:
                found.append(
                    InTransit(
                        place.fund,
                        account,
                        place.district,
                        debit_fen - credit_fen,
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
        if one.account == Account.INCOME_DEPOSIT and one.amount_fen:
            left[one.fund] = left.get(one.fund, 0) + one.amount_fen
    return left
