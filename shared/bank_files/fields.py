"""Reading of single fields of bank files: amounts, days, texts."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Final

from shared.bank_files.protocol import Faults
from shared.cn import cell as cell_rules
from shared.money import AMOUNT_MAX_FEN

_AMOUNT: Final = re.compile(
    r"^([+-]?)(\d{1,15}|[1-9]\d{0,2}(?:,\d{3})+)(?:\.(\d{1,5}))?$", re.ASCII
)
_DAY: Final = re.compile(r"^(\d{4})-?(\d{2})-?(\d{2})", re.ASCII)
_SERIAL: Final = re.compile(r"[A-Za-z0-9._:/-]+")
TEXT_MAX: Final = 500


def read_amount(text: str, pointer: str, faults: Faults, *, signed: bool = False) -> int:
    """Read an amount in yuan as fen; 0 with a fault when it is none."""
    match = _AMOUNT.fullmatch(text.strip())
    if match is None or (match[1] and not signed):
        faults.add(pointer, "AMOUNT_INVALID", "金额无法识别 (not an amount in yuan)")
        return 0
    sign, whole, part = match.groups()
    part = (part or "").ljust(2, "0")
    if part[2:].strip("0"):
        faults.add(
            pointer, "AMOUNT_BELOW_FEN", "金额小于一分的部分 (the amount has parts of a fen)"
        )
        return 0
    amount = int(whole.replace(",", "")) * 100 + int(part[:2])
    if amount > AMOUNT_MAX_FEN:
        faults.add(pointer, "AMOUNT_TOO_LARGE", "金额过大 (the amount is too large)")
        return 0
    return -amount if sign == "-" else amount


@lru_cache(maxsize=1024)
def _day(year: str, month: str, day: str) -> date:
    """Return a day; the lines of a file share the few that it has."""
    return date(int(year), int(month), int(day))


def read_day(text: str, pointer: str, faults: Faults) -> date:
    """Read a day, also from a date with a time; the first of all days with a fault when it is none."""
    text = text.strip()
    match = _DAY.search(text) or _DAY.fullmatch(cell_rules.day(text))
    if match:
        try:
            return _day(match[1], match[2], match[3])
        except ValueError:
            pass
    faults.add(pointer, "DAY_INVALID", "日期无法识别 (not a day)")
    return date.min


def read_text(
    text: str, pointer: str, faults: Faults, *, required: bool = False, limit: int = TEXT_MAX
) -> str:
    """Read a text without characters that no database stores."""
    found = text.strip()
    if required and not found:
        faults.add(pointer, "FIELD_MISSING", "缺少必填项 (a required field is empty)")
    if len(found) > limit or not found.isprintable():
        faults.add(
            pointer, "TEXT_INVALID", "文字过长或含控制字符 (too long, or control characters)"
        )
        return ""
    return found


def read_serial(text: str, at: str, faults: Faults, *, required: bool = False) -> str:
    """Read a serial or a code of a bank: letters, digits and . _ : / - ."""
    found = read_text(text, at, faults, required=required, limit=64)
    if found and not _SERIAL.fullmatch(found):
        faults.add(at, "SERIAL_INVALID", "流水号或代码含非法字符 (characters that no serial has)")
        return ""
    return found
