"""公民身份号码: eighteen characters, checked by ISO 7064 MOD 11-2 and by the date inside.

The region prefix is only warned about: lists of codes miss valid ones (120115, 120116, 120225) and
residence permits (81, 82, 83, 9).
"""

from __future__ import annotations

import re
from datetime import date

from stdnum.iso7064 import mod_11_2

_SHAPE = re.compile(r"^[1-9][0-9]{16}[0-9X]$")
_REGION_HEADS = frozenset(
    [
        "11",
        "12",
        "13",
        "14",
        "15",
        "21",
        "22",
        "23",
        "31",
        "32",
        "33",
        "34",
        "35",
        "36",
        "37",
        "41",
        "42",
        "43",
        "44",
        "45",
        "46",
        "50",
        "51",
        "52",
        "53",
        "54",
        "61",
        "62",
        "63",
        "64",
        "65",
        "71",
        "81",
        "82",
        "83",
    ]
)


def fault_in(number: str) -> str | None:
    """What is wrong with an identity number, in one code, or None."""
    if not _SHAPE.match(number):
        return "IDENTITY_NUMBER_SHAPE"
    if birth_date(number) is None:
        return "IDENTITY_NUMBER_DATE"
    if not mod_11_2.is_valid(number):
        return "IDENTITY_NUMBER_CHECK_DIGIT"
    return None


def has_known_region(number: str) -> bool:
    """Whether the first two digits are those of a province or of a residence permit."""
    return number[:2] in _REGION_HEADS or number[0] == "9"


def birth_date(number: str) -> date | None:
    """The date inside, or None when there is no such day or it lies outside 1880-2100."""
    try:
        found = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None
    return found if 1880 <= found.year <= 2100 else None


def is_female(number: str) -> bool:
    """The seventeenth digit is even for women."""
    return int(number[16]) % 2 == 0


def with_check_digit(first_seventeen: str) -> str:
    """Complete seventeen digits to a valid number."""
    return first_seventeen + str(mod_11_2.calc_check_digit(first_seventeen))


def masked(number: str) -> str:
    """The number as lists show it: 1201**********4516."""
    return f"{number[:4]}**********{number[-4:]}"
