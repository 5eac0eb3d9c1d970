"""The items that a closing compares: business, books and statistics (三个分开)."""

from __future__ import annotations

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
