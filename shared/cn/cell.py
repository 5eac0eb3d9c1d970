"""Cells as people and spreadsheets write them.

A way of writing that has one meaning is taken: blanks around, full-width digits, a lower-case x, a
year-first day, the noise of a binary fraction. Anything else stays as it is, so that the check of its
column names it. An error value or a formula without a result is never read as an empty cell.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

NOT_A_VALUE: Final = "CELL_NOT_A_VALUE"
NOT_A_VALUE_MESSAGE: Final = (
    "单元格为错误值、未存结果的公式,或含控制字符"
    " (the cell holds an error, a formula without a result, or a control character)"
)

_AROUND: Final = " \t\r\n\u00a0\u3000\u200b\ufeff"
_QUOTED: Final = re.compile(r'="([^"]*)"')
_ERROR: Final = re.compile(
    r"#(N/A|DIV/0!|VALUE!|REF!|NAME\?|NUM!|NULL!|SPILL!|CALC!|FIELD!|BLOCKED!|GETTING_DATA.*|N/A!?)",
    re.IGNORECASE,
)
_DAY: Final = re.compile(
    r"([0-9]{4})(?:([-/.])([0-9]{1,2})\2([0-9]{1,2})|年([0-9]{1,2})月([0-9]{1,2})日?"
    r"|([0-9]{2})([0-9]{2}))(?:[ T]0?0:00(?::00(?:\.0+)?)?)?"
)
_SERIAL: Final = re.compile(r"([1-7][0-9]{4})(?:\.0+)?")
_SERIAL_ZERO: Final = date(1899, 12, 30)
_GROUPED: Final = re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+(\.[0-9]+)?")
_NOISY: Final = re.compile(r"[0-9]{1,15}\.[0-9]{3,30}")
_DIGITS: Final = 15
"""Digits that a spreadsheet keeps; what a number says beyond them is noise."""


def words(cell: str) -> str:
    """Return a cell of free text without the blanks around it."""
    return cell.strip(_AROUND)


def plain(cell: str) -> str:
    """Return a cell of a number, code or day: half-width, without blanks or a text mark around it."""
    if not cell.isascii():
        cell = unicodedata.normalize("NFKC", cell)
    cell = cell.strip(_AROUND)
    quoted = _QUOTED.fullmatch(cell)
    if quoted:
        cell = quoted[1].strip(_AROUND)
    return cell.removeprefix("'")


def is_no_value(cell: str) -> bool:
    """Tell whether a cell holds an error, a formula, or a control character."""
    if cell.isalnum():
        return False
    text = cell.strip(_AROUND)
    return (
        (text.startswith("#") and _ERROR.fullmatch(text) is not None)
        or (text.startswith("=") and not _QUOTED.fullmatch(text))
        or any(unicodedata.category(character) == "Cc" for character in text)
    )


def number_of_person(cell: str) -> str:
    """Return an identity number; its check character is a capital X."""
    return plain(cell).upper()


def code(cell: str) -> str:
    """Return a unified social credit code in capitals."""
    return plain(cell).upper()


def amount(cell: str) -> str:
    """Return an amount without thousands separators and without the noise of a binary fraction."""
    text = plain(cell)
    if _GROUPED.fullmatch(text):
        text = text.replace(",", "")
    if not _NOISY.fullmatch(text):
        return text
    number = Decimal(text)
    kept = Decimal(f"{number:.{_DIGITS}g}")
    rounded = kept.quantize(Decimal("0.01"))
    is_noise = kept == rounded and len(text.replace(".", "").lstrip("0")) > _DIGITS
    return str(rounded) if is_noise else text


def day(cell: str) -> str:
    """Return a year-first day, or a spreadsheet's day number, as YYYY-MM-DD."""
    text = plain(cell)
    serial = _SERIAL.fullmatch(text)
    if serial:
        return (_SERIAL_ZERO + timedelta(int(serial[1]))).isoformat()
    found = _DAY.fullmatch(text)
    if not found:
        return text
    year, _, *parts = found.groups()
    month, number = (int(part) for part in parts if part is not None)
    try:
        return date(int(year), month, number).isoformat()
    except ValueError:
        return text
