"""Checks that claims and entitlements share."""

from datetime import date

import pytest

from services.payout.common.domain import PeriodInFuture, require_begun
from shared.period import Period

TODAY = date(2021, 8, 10)


def test_a_month_that_has_not_begun_is_refused() -> None:
    require_begun(Period(2021, 8), TODAY)
    with pytest.raises(PeriodInFuture):
        require_begun(Period(2021, 9), TODAY)
