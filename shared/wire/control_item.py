"""The items that a closing compares: business, books and statistics (三个分开)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final


class ControlItem(StrEnum):
    """An item that business, books and statistics each add up by themselves."""

    LEVIED = "levied"  # 应征:已核定,减贷项、减免
    COLLECTED = "collected"  # 实征
    SUSPENSE = "suspense"  # 暂收款
    REFUNDS = "refunds"  # 退费,减退回
    LATE_FEES_CHARGED = "late_fees_charged"  # 加收滞纳金、利息,减免后
    LATE_FEES_COLLECTED = "late_fees_collected"  # 实收滞纳金、利息
    PERSONAL = "personal"  # 到账:个人账户部分
    BENEFITS = "benefits"  # 待遇支出


OF_PAYOUT: Final = frozenset({ControlItem.BENEFITS})
"""The items of which payout tells; collection tells of the others."""


@dataclass(frozen=True, slots=True)
class ItemTotals:
    """One item of a fund, in fen: at the end of a day, and at the opening of its month.

    The difference is what the month moved. With the opening, a row of an earlier month that somebody
    changed is seen too.
    """

    business_fen: int = 0
    statistics_fen: int = 0
    opening_business_fen: int = 0
    opening_statistics_fen: int = 0

    def less(self, fen: int, opening_fen: int) -> ItemTotals:
        """Leave out what the books have only later, at the end of the day and at the opening."""
        return ItemTotals(
            self.business_fen - fen,
            self.statistics_fen - fen,
            self.opening_business_fen - opening_fen,
            self.opening_statistics_fen - opening_fen,
        )

    def plus(self, other: ItemTotals) -> ItemTotals:
        """Add another source of the same item."""
        return ItemTotals(
            self.business_fen + other.business_fen,
            self.statistics_fen + other.statistics_fen,
            self.opening_business_fen + other.opening_business_fen,
            self.opening_statistics_fen + other.opening_statistics_fen,
        )


def opening_of(day: date) -> date:
    """Return the last day before the month of a day: what stood then opened the month."""
    return day.replace(day=1) - timedelta(days=1)
