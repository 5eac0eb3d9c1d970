"""Movements between two days by account, district, day or month, with opening and closing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from services.ledger.reports.domain.cube import Cube, CubeFilter, Place, Series


class GroupBy(StrEnum):
    """The grouping of an account's movements."""

    ACCOUNT = "account"
    DISTRICT = "district"
    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, slots=True, order=True)
class AccountFlow:
    """Movements of one account of a fund in one group, from `first` to `last`.

    `group` is the account key, the district, the day or the month. The opening is debits minus
    credits.
    """

    fund: str
    book: str
    account: str
    group: str
    first: date
    last: date
    opening_net_fen: int
    debit_fen: int
    credit_fen: int

    @property
    def closing_net_fen(self) -> int:
        """Debits minus credits at the end of the group's last day."""
        return self.opening_net_fen + self.debit_fen - self.credit_fen

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Return the unique key, in the order of the list."""
        return self.fund, self.book, self.account, self.group


def flows(
    cube: Cube, first: date, last: date, by: GroupBy, narrow: CubeFilter
) -> list[AccountFlow]:
    """Return flows in order of fund, book, account and group.

    Left out are accounts and districts with neither postings nor a balance, and days and months
    without postings.
    """
    together: dict[tuple[str, str, str, str], list[Series]] = {}
    each = cube.narrowed if by is GroupBy.DISTRICT else cube.added_up
    for place, one in each(narrow):
        key = (place.fund, place.book, place.account, _fixed_group(place, by))
        together.setdefault(key, []).append(one)
    found: list[AccountFlow] = []
    for (fund, book, account, group), series in sorted(together.items()):
        opening_net_fen = sum(_net_before(one, first) for one in series)
        steps = _steps(series, first, last, by)
        if not steps and opening_net_fen and group:
            steps = [((first, last, ""), 0, 0)]  # a balance without movements is still shown
        for (start, end, label), debit_fen, credit_fen in steps:
            found.append(
                AccountFlow(
                    fund,
                    book,
                    account,
                    label or group,
                    start,
                    end,
                    opening_net_fen,
                    debit_fen,
                    credit_fen,
                )
            )
            opening_net_fen += debit_fen - credit_fen
    return found


def _fixed_group(place: Place, by: GroupBy) -> str:
    if by is GroupBy.ACCOUNT:
        return place.account
    return place.district if by is GroupBy.DISTRICT else ""


def _net_before(one: Series, day: date) -> int:
    debit_fen, credit_fen = one.until(day.toordinal() - 1) or (0, 0)
    return debit_fen - credit_fen


Group = tuple[date, date, str]
"""First day, last day and label."""


def _steps(
    series: Iterable[Series], first: date, last: date, by: GroupBy
) -> list[tuple[Group, int, int]]:
    sums: dict[Group, tuple[int, int]] = {}
    for one in series:
        for day, debit_fen, credit_fen in one.steps(first.toordinal(), last.toordinal()):
            group = _group(date.fromordinal(day), first, last, by)
            before = sums.get(group, (0, 0))
            sums[group] = (before[0] + debit_fen, before[1] + credit_fen)
    return [(group, *sums[group]) for group in sorted(sums)]


def _group(day: date, first: date, last: date, by: GroupBy) -> Group:
    match by:
        case GroupBy.ACCOUNT | GroupBy.DISTRICT:
            return first, last, ""
        case GroupBy.DAY:
            return day, day, day.isoformat()
        case GroupBy.MONTH:
            begins = day.replace(day=1)
            ends = (begins + timedelta(days=31)).replace(day=1) - timedelta(days=1)
            return max(begins, first), min(ends, last), day.strftime("%Y-%m")
