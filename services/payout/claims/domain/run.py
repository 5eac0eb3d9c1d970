"""Pension runs: the month's, and those of arrears only."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class RunScope(StrEnum):
    """The months that a pension run pays."""

    MONTH = "month"  # 当月,连同以前月份的差额
    ARREARS = "arrears"  # 只补发已发放月份的差额


SCOPE_NAMES: Final = {RunScope.MONTH: "月度发放", RunScope.ARREARS: "补发"}
