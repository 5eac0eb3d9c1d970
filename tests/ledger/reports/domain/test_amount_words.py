"""Amounts in words by the banks' rules for filling in bills (人民币大写)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ledger.reports.domain.amount_words import amount_words


@pytest.mark.parametrize(
    ("fen", "words"),
    [
        # The examples of 支付结算办法 附一 (正确填写票据和结算凭证的基本规定), 四.
        (140_950, "壹仟肆佰零玖元伍角"),
        (600_714, "陆仟零柒元壹角肆分"),
        (168_032, "壹仟陆佰捌拾元零叁角贰分"),
        (10_700_053, "壹拾万柒仟元零伍角叁分"),
        (1_640_902, "壹万陆仟肆佰零玖元零贰分"),
        (32_504, "叁佰贰拾伍元零肆分"),
        # Our own.
        (0, "零元整"),
        (5, "伍分"),
        (100, "壹元整"),
        (1_0000_0001_00, "壹亿零壹元整"),
        (-150, "负壹元伍角"),
        (12_345_678_901_234, "壹仟贰佰叁拾肆亿伍仟陆佰柒拾捌万玖仟零壹拾贰元叁角肆分"),
    ],
)
def test_published_examples(fen: int, words: str) -> None:
    # 零 between 元 and 角 is optional when the yuan end in zero ("也可以写作"): we leave it out.
    assert re.sub("元零(?=.角)", "元", words) == re.sub("元零(?=.角)", "元", amount_words(fen))


DIGITS = {word: value for value, word in enumerate("零壹贰叁肆伍陆柒捌玖")}
UNITS = {"拾": 10, "佰": 100, "仟": 1000}


def read(words: str) -> int:
    """Read the characters back into fen, independently of the code that writes them."""
    sign, words = (-1, words[1:]) if words.startswith("负") else (1, words)
    whole, _, rest = words.removesuffix("整").rpartition("元")
    total = section = digit = 0
    for word in whole:
        if word in DIGITS:
            digit = DIGITS[word]
        elif word in UNITS:
            section, digit = section + digit * UNITS[word], 0
        elif word == "万":
            total, section, digit = total + (section + digit) * 10_000, 0, 0
        else:  # 亿 multiplies all that was said before it
            total, section, digit = (total + section + digit) * 10**8, 0, 0
    fen, digit = (total + section + digit) * 100, 0
    for word in rest:
        if word in DIGITS:
            digit = DIGITS[word]
        else:
            fen, digit = fen + digit * {"角": 10, "分": 1}[word], 0
    return sign * fen


@given(st.integers(-(10**17), 10**17))
def test_written_amounts_can_be_read_back(fen: int) -> None:
    words = amount_words(fen)
    assert read(words) == fen
    assert "零零" not in words
