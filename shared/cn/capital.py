"""Amounts in capital numerals (大写金额), as papers that are paid by have to say them.

壹、贰、叁 … with 佰仟万亿, 元角分. Between digits one 零 stands for any run of zeros; a whole number
of yuan ends in 整, and so does one of jiao (票据法 and 正确填写票据和结算凭证的基本规定).
"""

from __future__ import annotations

from typing import Final

_DIGITS: Final = "零壹贰叁肆伍陆柒捌玖"
_PLACES: Final = ("仟", "佰", "拾", "")
_WAN: Final = 10**4
_YI: Final = 10**8


def capital(amount_fen: int) -> str:
    """Write 123456 fen as 壹仟贰佰叁拾肆元伍角陆分; below zero it begins with 负."""
    yuan, rest = divmod(abs(amount_fen), 100)
    jiao, fen = divmod(rest, 10)
    words = "负" if amount_fen < 0 else ""
    if yuan or not rest:
        words += _whole(yuan) + "元"
    if jiao:
        words += f"{_DIGITS[jiao]}角"
    elif fen and yuan:
        words += "零"
    return words + (f"{_DIGITS[fen]}分" if fen else "整")


def _whole(number: int) -> str:
    """Write a whole number; the part before 亿 is written as a number by itself."""
    high, low = divmod(number, _YI)
    if not high:
        return _below_yi(low) or _DIGITS[0]
    return f"{_whole(high)}亿{_gap(low, _YI)}{_below_yi(low)}"


def _below_yi(number: int) -> str:
    high, low = divmod(number, _WAN)
    if not high:
        return _below_wan(low)
    return f"{_below_wan(high)}万{_gap(low, _WAN)}{_below_wan(low)}"


def _gap(low: int, unit: int) -> str:
    """Return 零 before a part that does not fill its first place."""
    return _DIGITS[0] if 0 < low < unit // 10 else ""


def _below_wan(number: int) -> str:
    words, has_gap = "", False
    for digit, place in zip(f"{number:04d}", _PLACES, strict=True):
        if digit == "0":
            has_gap = bool(words)
            continue
        words += (_DIGITS[0] if has_gap else "") + _DIGITS[int(digit)] + place
        has_gap = False
    return words
