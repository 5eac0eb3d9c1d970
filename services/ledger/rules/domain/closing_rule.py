"""Rules of closings: the levels of periods, and what a closing of each must satisfy."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Final

from shared.errors import Fault, Faulty, Refusal
from shared.period import Period


class Level(StrEnum):
    """Length of the period that is closed."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"


class Rule(StrEnum):
    """A condition of a closing; dated data say which level has which."""

    RECEIPTS_MATCHED = "receipts_matched"
    INCOME_ACCOUNT_EMPTY = "income_account_empty"
    BUSINESS_TIES = "business_ties"
    PERSONAL_TIES = "personal_ties"
    BENEFITS_TIE = "benefits_tie"
    TOTALS_TIE = "totals_tie"
    RECONCILED = "reconciled"
    HOLDS_RELEASED = "holds_released"


_SHAPES: Final = {Level.DAY: 10, Level.MONTH: 7, Level.YEAR: 4}


def last_day(level: Level, period: str) -> date:
    """Find the last day of "2021-07-15", "2021-07" or "2021".

    Raises:
        Faulty: not such a period.
    """
    try:
        if len(period) != _SHAPES[level]:
            raise ValueError
        match level:
            case Level.DAY:
                found = date.fromisoformat(period)
            case Level.MONTH:
                found = Period.parse(period).last_day
            case Level.YEAR:
                found = date(int(period), 12, 31)
    except (ValueError, Refusal):
        raise Faulty(faults=[Fault("/period", "PERIOD_MALFORMED", f"{level}: {period}")]) from None
    if not 1990 <= found.year <= 2100:
        raise Faulty(faults=[Fault("/period", "PERIOD_MALFORMED", f"{level}: {period}")])
    return found
