"""Cells with one meaning are taken; nothing else changes, and an error is never an empty cell."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.cn import cell as cell_rules


@pytest.mark.parametrize(
    "text",
    [
        "2021-07-01",
        "2021/7/1",
        "2021/07/01",
        "20210701",
        "2021年7月1日",
        "2021年07月01日",
        "2021.7.1",
        "2021-7-1",
        "２０２１／７／１",
        " 2021/7/1\u3000",
        "2021-07-01 00:00:00",
        "2021/7/1 0:00",
        "44378",
        "44378.0",
        "'2021-07-01",
        '="2021-07-01"',
        "\ufeff2021-07-01",
        "2021-07-01T00:00:00",
    ],
)
def test_a_year_first_day_is_taken(text: str) -> None:
    assert cell_rules.day(text) == "2021-07-01"


@pytest.mark.parametrize(
    "text",
    [
        "1/7/2021",
        "2021/7",
        "21/7/1",
        "2021-02-30",
        "2021/7-1",
        "20211301",
        "2021-07-01 08:00:00",
        "#N/A",
        "",
        "七月一日",
        "1625097600",
        "2021-07-01\n2",
    ],
)
def test_another_day_is_left_for_the_check(text: str) -> None:
    assert cell_rules.day(text) == text.strip()


@given(st.dates(date(1951, 3, 1), date(2100, 12, 31)))
def test_every_way_of_writing_a_day_names_the_same_day(day: date) -> None:
    serial = (day - date(1899, 12, 30)).days
    for text in (
        f"{day:%Y%m%d}",
        f"{day.year}/{day.month}/{day.day}",
        f"{day.year}年{day.month}月{day.day}日",
        str(serial),
    ):
        assert cell_rules.day(text) == day.isoformat()


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("13000.000000000002", "13000.00"),
        ("12999.999999999998", "13000.00"),
        ("0.30000000000000004", "0.30"),
        ("１３０００．５０", "13000.50"),
        ("13,000.50", "13000.50"),
        ("1,234,567", "1234567"),
        (" 6500 ", "6500"),
        ("12.345", "12.345"),
        ("13000.001", "13000.001"),
        ("1,23.00", "1,23.00"),
        ("1.3E+4", "1.3E+4"),
        ("0.001", "0.001"),
        ("#DIV/0!", "#DIV/0!"),
        ("-1.00", "-1.00"),
        ("13000.010000000001", "13000.01"),
    ],
)
def test_noise_beyond_fifteen_digits_is_dropped_and_nothing_else(text: str, amount: str) -> None:
    assert cell_rules.amount(text) == amount


@given(st.integers(0, 10**10))
def test_any_amount_that_a_spreadsheet_computed_is_read_exactly(fen: int) -> None:
    exact = fen / 100
    for noisy in (exact, exact * 3 / 3, exact + exact / 7 - exact / 7):
        whole, _, part = cell_rules.amount(
            f"{noisy:.17g}" if "e" not in f"{noisy:.17g}" else "0"
        ).partition(".")
        if "e" not in f"{noisy:.17g}":
            assert int(whole) * 100 + int(part.ljust(2, "0") or "0") == fen


@pytest.mark.parametrize(
    "text",
    [
        "#N/A",
        " #DIV/0! ",
        "#VALUE!",
        "#REF!",
        "#NAME?",
        "#NUM!",
        "#NULL!",
        "=A1+1",
        "a\x00b",
        "a\nb",
    ],
)
def test_what_is_no_value_is_known(text: str) -> None:
    assert cell_rules.is_no_value(text)


@pytest.mark.parametrize(
    "text", ["", " ", "张三", "#1 车间", "Anna-Maria", '="0123"', "阿·不都", "N/A"]
)
def test_what_is_a_value_is_not_refused(text: str) -> None:
    assert not cell_rules.is_no_value(text)


def test_numbers_and_codes() -> None:
    assert cell_rules.number_of_person(" 12010119900101002x\u3000") == "12010119900101002X"
    assert (
        cell_rules.number_of_person("１２０１０１１９９００１０１００１７") == "120101199001010017"
    )
    assert cell_rules.code("91120101ma0000002f\u200b") == "91120101MA0000002F"
