"""公民身份号码: eighteen characters, checked by ISO 7064 MOD 11-2 and by the date inside.

The region prefix is only warned about: lists of codes miss valid ones (120115, 120116, 120225) and
residence permits (81, 82, 83, 9).

Two kinds of numbers are not Chinese citizens': those of residence permits, which have the same
layout (81 Hong Kong, 82 Macau, 83 Taiwan, 9 foreigners with permanent residence), and the social
security number of other foreigners, made of country and passport, which hides neither day of birth
nor sex and has no check digit.
"""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum

from stdnum.iso7064 import mod_11_2

_SHAPE = re.compile(r"^[1-9][0-9]{16}[0-9X]$")
# 外国人社会保障号码: country in three letters, one place held in reserve, fourteen of the passport.
# From general knowledge of the 2011 coding rule; the reserved place is seen as 0.
_FOREIGNERS = re.compile(r"^[A-Z]{3}[0-9][0-9A-Z]{14}$")
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


class Document(StrEnum):
    """The kind of document that a number belongs to."""

    CITIZEN = "citizen"  # 居民身份证
    HK_MACAU_TAIWAN = "hk_macau_taiwan"  # 港澳台居民居住证
    PERMANENT_RESIDENT = "permanent_resident"  # 外国人永久居留身份证
    FOREIGNER = "foreigner"  # 外国人社会保障号码(护照)


def document_of(number: str) -> Document:
    """Return the kind of document that a valid number belongs to."""
    if _FOREIGNERS.fullmatch(number):
        return Document.FOREIGNER
    if number[:2] in {"81", "82", "83"}:
        return Document.HK_MACAU_TAIWAN
    return Document.PERMANENT_RESIDENT if number[0] == "9" else Document.CITIZEN


def fault_in(number: str) -> str | None:
    """Return the fault in an identity number as one code, or None."""
    if _FOREIGNERS.fullmatch(number):
        return None
    if not _SHAPE.fullmatch(number):
        return "IDENTITY_NUMBER_SHAPE"
    if birth_date(number) is None:
        return "IDENTITY_NUMBER_DATE"
    if not mod_11_2.is_valid(number):
        return "IDENTITY_NUMBER_CHECK_DIGIT"
    return None


def looks_like_one(text: str) -> bool:
    """Return whether a text of 17 or 18 characters is a person's number rather than a unit's code."""
    return _SHAPE.fullmatch(f"{text[:17]}0") is not None and birth_date(text) is not None


def has_known_region(number: str) -> bool:
    """Return whether the first two digits are those of a province or of a residence permit."""
    return (
        number[:2] in _REGION_HEADS or number[0] == "9" or _FOREIGNERS.fullmatch(number) is not None
    )


def birth_date(number: str) -> date | None:
    """Return the date inside, or None: no such day, outside 1880-2100, or a number without one."""
    if _FOREIGNERS.fullmatch(number):
        return None
    try:
        found = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None
    return found if 1880 <= found.year <= 2100 else None


def is_female(number: str) -> bool:
    """Tell whether the number is a woman's: its seventeenth digit is even."""
    return int(number[16]) % 2 == 0


def with_check_digit(first_seventeen: str) -> str:
    """Complete seventeen digits to a valid number."""
    return first_seventeen + str(mod_11_2.calc_check_digit(first_seventeen))


def masked(number: str) -> str:
    """Return the number as lists show it: 1201**********4516."""
    return f"{number[:4]}**********{number[-4:]}"
