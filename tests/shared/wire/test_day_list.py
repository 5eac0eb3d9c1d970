"""Lists of days as people type them."""

import pytest

from shared.wire.day_list import read_days


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("", []),
        ("2027-01-01", ["2027-01-01"]),
        ("2027-01-01、2027-01-04,\n2027-02-20 ", ["2027-01-01", "2027-01-04", "2027-02-20"]),
        ("2026-12-31..2027-01-02", ["2026-12-31", "2027-01-01", "2027-01-02"]),
        ("元旦, 2027-01-03..2027-01-01", ["元旦", "2027-01-03..2027-01-01"]),
        ("2027-02-30..2027-03-01", ["2027-02-30..2027-03-01"]),
        ("1990-01-01..2100-01-01", ["1990-01-01..2100-01-01"]),
    ],
)
def test_days_and_spans_are_read_and_other_words_stay(written: str, expected: list[str]) -> None:
    assert read_days(written) == expected
