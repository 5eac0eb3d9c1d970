"""`wuxian ledger close`: a period is checked before anybody is asked.

Two people close a month by these commands in `tests/stories/test_first_month.py`.
"""

import pytest

from tests.house.conftest import Wuxian


@pytest.mark.parametrize("period", ["July", "2021-13", "2021-07-31"])
def test_what_is_no_month_is_refused_by_name(wuxian: Wuxian, period: str) -> None:
    wrong = wuxian("ledger", "close", "month", period, "--token", "any")
    assert (wrong.returncode, f"{period} is no month" in wrong.stderr) == (1, True)
