"""Capital numerals say exactly the amount, the way papers write it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.cn.capital import capital
from shared.money import AMOUNT_MAX_FEN, parse_yuan

DIGITS = {digit: number for number, digit in enumerate("零壹贰叁肆伍陆柒捌玖")}
PLACES = {"拾": 10, "佰": 100, "仟": 1000}


@pytest.mark.parametrize(
    ("yuan", "text"),
    [
        ("0.00", "零元整"),
        ("0.01", "壹分"),
        ("0.10", "壹角整"),
        ("0.56", "伍角陆分"),
        ("1.00", "壹元整"),
        ("10.00", "壹拾元整"),
        ("1409.50", "壹仟肆佰零玖元伍角整"),
        ("6007.14", "陆仟零柒元壹角肆分"),
        ("1680.32", "壹仟陆佰捌拾元叁角贰分"),
        ("107000.53", "壹拾万柒仟元伍角叁分"),
        ("16409.02", "壹万陆仟肆佰零玖元零贰分"),
        ("325.04", "叁佰贰拾伍元零肆分"),
        ("100000.00", "壹拾万元整"),
        ("100005.00", "壹拾万零伍元整"),
        ("10010001.00", "壹仟零壹万零壹元整"),
        ("100000000.00", "壹亿元整"),
        ("100010000.00", "壹亿零壹万元整"),
        ("1000100000000.00", "壹万零壹亿元整"),
        ("1000000000000.00", "壹万亿元整"),
        ("-12.30", "负壹拾贰元叁角整"),
    ],
)
def test_amounts_are_written_as_on_papers(yuan: str, text: str) -> None:
    assert capital(parse_yuan(yuan)) == text


def number_of(text: str) -> int:
    """Read a whole number again, place by place: an own way back."""
    for unit, size in (("亿", 10**8), ("万", 10**4)):
        if unit in text:
            high, _, low = text.rpartition(unit)
            return number_of(high) * size + number_of(low)
    total, digit = 0, 0
    for character in text:
        if character in PLACES:
            total += digit * PLACES[character]
            digit = 0
        else:
            digit = DIGITS[character]
    return total + digit


def fen_of(text: str) -> int:
    """Read an amount again."""
    found = re.fullmatch(r"(负?)(?:(.+)元)?零?(?:(.)角)?(?:(.)分)?整?", text)
    assert found, text
    sign, yuan, jiao, fen = found.groups()
    size = number_of(yuan or "零") * 100 + DIGITS[jiao or "零"] * 10 + DIGITS[fen or "零"]
    return -size if sign else size


@given(st.integers(-AMOUNT_MAX_FEN, AMOUNT_MAX_FEN))
def test_a_written_amount_reads_back_as_the_same_fen(amount_fen: int) -> None:
    text = capital(amount_fen)
    assert fen_of(text) == amount_fen
    assert "零零" not in text
    assert not re.search("零[元万亿]", text) or abs(amount_fen) < 100


@given(st.integers(0, AMOUNT_MAX_FEN))
def test_it_ends_in_whole_unless_it_has_fen(amount_fen: int) -> None:
    assert capital(amount_fen).endswith("整") == (amount_fen % 10 == 0)
