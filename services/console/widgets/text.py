"""Values as text: money with separators, days, times, shares; never by a float."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from services.console.words import t

CITY_TIME: Final = ZoneInfo("Asia/Shanghai")
NOTHING: Final = "—"


def money(amount: str | None) -> str:
    """Return an amount in yuan with thousands separators: 1234567.8 is 1,234,567.80."""
    if amount is None or amount == "":
        return NOTHING
    sign, digits = ("-", amount[1:]) if amount.startswith("-") else ("", amount)
    yuan, _, fen = digits.partition(".")
    return f"{sign}{int(yuan):,}.{(fen + '00')[:2]}"


def number(value: int | str | None) -> str:
    """Return a count with thousands separators."""
    if value is None or value == "":
        return NOTHING
    whole, dot, rest = str(value).partition(".")
    return f"{int(whole):,}{dot}{rest}"


def moment(value: str | None) -> str:
    """Return a moment in the city's time, to the second."""
    if not value:
        return NOTHING
    return datetime.fromisoformat(value).astimezone(CITY_TIME).strftime("%Y-%m-%d %H:%M:%S")


def percent(share: str | None, digits: int = 1) -> str:
    """Return a share as percent, cut and not rounded up: 0.99999 is 99.9 %, never 100 %."""
    if not share:
        return NOTHING
    sign, digits_of = ("-", share[1:]) if share.startswith("-") else ("", share)
    whole, _, rest = digits_of.partition(".")
    shifted = whole + (rest + "0" * (2 + digits))[: 2 + digits]
    head, tail = (shifted[:-digits], shifted[-digits:]) if digits else (shifted, "")
    return f"{sign}{int(head):,}{'.' + tail if tail else ''} %"


def rate(share: str | None) -> str:
    """Return a rate as percent with every digit that it has: 0.0005 is 0.05%."""
    if not share:
        return NOTHING
    return f"{(Decimal(share) * 100).normalize():f}%"


def yes(value: bool | None) -> str:
    """Return yes or no."""
    return NOTHING if value is None else t("是", "Yes") if value else t("否", "No")


def plain(value: Any) -> str:
    """Return any other value; nothing is a dash."""
    return NOTHING if value is None or value == "" else str(value)
