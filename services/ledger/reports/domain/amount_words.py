"""Amounts in words (人民币大写), as printed on vouchers so that they cannot be altered."""

from __future__ import annotations

from typing import Final

_DIGITS: Final = "零壹贰叁肆伍陆柒捌玖"
_UNITS: Final = ("", "拾", "佰", "仟")


def amount_words(fen: int) -> str:
    """Write 1234.50 yuan as 壹仟贰佰叁拾肆元伍角 and 0.05 as 伍分; negative amounts begin with 负."""
    sign, size = ("负", -fen) if fen < 0 else ("", fen)
    yuan, jiao, cents = size // 100, size // 10 % 10, size % 10
    if size == 0:
        return "零元整"
    whole = f"{_whole(yuan)}元" if yuan else ""
    if not jiao and not cents:
        return f"{sign}{whole}整"
    tenth = f"{_DIGITS[jiao]}角" if jiao else ("零" if whole else "")
    hundredth = f"{_DIGITS[cents]}分" if cents else ""
    return f"{sign}{whole}{tenth}{hundredth}"


def _whole(yuan: int) -> str:
    for size, unit in ((10**8, "亿"), (10**4, "万")):
        if yuan >= size:
            head, rest = divmod(yuan, size)
            gap = "零" if 0 < rest < size // 10 else ""
            return _whole(head) + unit + gap + (_whole(rest) if rest else "")
    return _group(yuan)


def _group(group: int) -> str:
    """Write one to four digits, with a single 零 for each run of zeros between them."""
    words = ""
    zero = False
    for place in range(3, -1, -1):
        digit = group // 10**place % 10
        if digit == 0:
            zero = zero or bool(words)
            continue
        words += ("零" if zero else "") + _DIGITS[digit] + _UNITS[place]
        zero = False
    return words
