"""The chart is corrected by dated versions; what would break the books is refused, every fault named."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.ledger.rules.domain.chart import Account, Catalogue
from services.ledger.rules.domain.chart_correction import new_version, require_sound
from shared.entry import Book, Side
from shared.errors import Faulty, NotFound
from tests.ledger.support.making import shipped

CHART = shipped()
ROWS = [
    row
    for day in (date(2010, 1, 1), date(2021, 7, 1))
    for row in CHART.every_account(day)
    if CHART.account(row.key, day) == row
]
ROWS = list(dict.fromkeys(ROWS))
DAY = date(2022, 1, 1)


def codes(caught: Any) -> set[str]:
    return {fault.code for fault in caught.value.faults}


def row(key: str, **changes: Any) -> Account:
    found = CHART.account(key, DAY)
    assert found is not None
    return replace(found, **changes)


def test_the_shipped_chart_is_sound() -> None:
    assert require_sound([], ROWS, []) == ROWS


def test_a_version_from_a_day_on_ends_the_one_before_it() -> None:
    eve, since = new_version(ROWS, "income_deposit", DAY, {"code": "100201"})
    assert (eve.code, eve.in_force_to) == ("1002", date(2021, 12, 31))
    assert (since.code, since.in_force_from, since.in_force_to) == ("100201", DAY, None)
    chart = Catalogue(require_sound(ROWS, [eve, since], ["income_deposit"]), [], [])
    read = [chart.account("income_deposit", day) for day in (date(2021, 12, 31), DAY)]
    assert [one.code for one in read if one] == ["1002", "100201"]


def test_a_version_that_begins_on_the_day_is_corrected_in_place() -> None:
    (only,) = new_version(ROWS, "income_deposit", date(2018, 1, 1), {"certainty": "confirmed"})
    assert (only.in_force_from, only.certainty) == (date(2018, 1, 1), "confirmed")


def test_an_account_of_no_version_that_day() -> None:
    for key, day in (("no_such", DAY), ("income_deposit", date(1990, 1, 1))):
        with pytest.raises(NotFound):
            new_version(ROWS, key, day, {"code": "1"})


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"normal_side": Side.CREDIT}, "ACCOUNT_HAS_ENTRIES"),
        ({"floored": True}, "ACCOUNT_HAS_ENTRIES"),
        ({"account_class": "liability"}, "ACCOUNT_HAS_ENTRIES"),
        ({"account_class": "nonsense"}, "CLASS_UNKNOWN"),
        ({"book": Book.MEMO}, "CLASS_NOT_OF_BOOK"),
        ({"code": "1003"}, "CODE_TWICE"),
        ({"name": " "}, "EMPTY"),
        ({"parent": "no_such"}, "PARENT_UNKNOWN"),
        ({"parent": "cash"}, "PARENT_IS_POSTABLE"),
        ({"funds": frozenset({"Pension!"})}, "FUND_MALFORMED"),
        ({"in_force_to": date(2017, 1, 1)}, "ENDS_BEFORE_IT_BEGINS"),
    ],
)
def test_what_would_break_the_books_is_refused(changes: dict[str, Any], code: str) -> None:
    written = [row("income_deposit", **changes)]
    with pytest.raises(Faulty) as caught:
        require_sound(ROWS, written, ["income_deposit"])
    assert code in codes(caught)


def test_overlapping_versions_are_refused() -> None:
    with pytest.raises(Faulty) as caught:
        require_sound(ROWS, [row("income_deposit", in_force_from=DAY)], [])
    assert codes(caught) == {"VERSIONS_OVERLAP"}


def test_a_new_sub_account_goes_in_and_an_unused_account_may_turn() -> None:
    new = replace(row("benefit.hospital"), key="benefit.dental", code="500199", name="牙科待遇")
    assert new in require_sound(ROWS, [new], [])
    turned = row("borrowing", normal_side=Side.DEBIT)
    assert turned in require_sound(ROWS, [turned], ["cash"])
