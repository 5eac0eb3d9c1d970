"""Cells of a declaration file, a column at a time: amounts, identity numbers, credit codes.

A column that is written as it should be is read in one go; otherwise cell by cell, naming each one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.collection.common.domain import cell as cell_rules
from services.collection.common.domain.rows import ABSENT, Ints

NUMBER_LENGTH: Final = 18
Complain = Callable[[int, str, str], None]
"""Called with the index of a cell in its column, a code and a sentence."""

_PLAIN = re.compile(r"(?:(?:0|[1-9][0-9]{0,12})\.[0-9]{2}\n)++")
_PLAIN_NUMBERS = re.compile("[0-9A-Z]+")
# A spreadsheet drops trailing zeros, so a file may say 6500 or 6500.5 where JSON says "6500.50".
_CELL = re.compile(r"^(0|[1-9][0-9]{0,12})(?:\.([0-9]{1,2}))?$")


def amounts(
    cells: Sequence[str], limit_fen: int, complain: Complain, *, optional: bool = False
) -> Ints:
    """Fen of a column of yuan below a limit; ABSENT for what is empty or was complained of."""
    if optional and not any(cells):
        return np.full(len(cells), ABSENT, np.int64)
    text = "\n".join(cells) + "\n"
    if _PLAIN.fullmatch(text):
        found = np.fromstring(text.replace(".", ""), np.int64, sep="\n")
        # A cell with a line break in it would shift every amount below it.
        if len(found) == len(cells) and int(found.max(initial=0)) < limit_fen:
            return found
    return np.array(
        [_amount(i, cell, limit_fen, complain, optional) for i, cell in enumerate(cells)], np.int64
    )


def _amount(index: int, cell: str, limit_fen: int, complain: Complain, optional: bool) -> int:
    text = cell_rules.amount(cell)
    if not text and optional:
        return ABSENT
    found = _CELL.fullmatch(text)
    if not found:
        complain(
            index, "AMOUNT_MALFORMED", "金额须为不超过两位小数的非负数 (not an amount in yuan)"
        )
        return ABSENT
    amount_fen = int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))
    if amount_fen >= limit_fen:
        complain(index, "AMOUNT_TOO_LARGE", "金额过大 (amount too large)")
        return ABSENT
    return amount_fen


def identity_numbers(cells: Sequence[str], complain: Complain) -> NDArray[np.bytes_]:
    """Read a column of identity numbers as written; an impossible one is a fault."""
    text = "".join(cells)
    if set(map(len, cells)) == {NUMBER_LENGTH} and _PLAIN_NUMBERS.fullmatch(text):
        return np.frombuffer(text.encode(), f"S{NUMBER_LENGTH}")
    found = []
    for index, cell in enumerate(cells):
        number = cell_rules.number_of_person(cell)
        if cell_rules.is_no_value(cell):
            complain(index, cell_rules.NOT_A_VALUE, cell_rules.NOT_A_VALUE_MESSAGE)
            number = ""
        elif not 1 <= len(number) <= NUMBER_LENGTH or not number.isascii():
            complain(index, "IDENTITY_NUMBER_SHAPE", "身份号码须为18位 (not eighteen characters)")
            number = ""
        found.append(number.encode())
    return np.array(found, f"S{NUMBER_LENGTH}")


def check_words(cells: Sequence[str], complain: Complain) -> None:
    """Complain of each cell of free text that holds no value."""
    wrong = {cell for cell in set(cells) if cell_rules.is_no_value(cell)}
    for index, cell in enumerate(cells) if wrong else ():
        if cell in wrong:
            complain(index, cell_rules.NOT_A_VALUE, cell_rules.NOT_A_VALUE_MESSAGE)


class Codes:
    """Credit codes, each under the number of its first appearance."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}
        self._written: dict[str, int] = {}

    def places(self, cells: Sequence[str]) -> Ints:
        """Return the position of each cell's code; ABSENT for an empty cell."""
        written = self._written
        for cell in set(cells) - written.keys():
            code = cell_rules.code(cell)
            written[cell] = self._known.setdefault(code, len(self._known)) if code else ABSENT
        return np.array([written[cell] for cell in cells], np.int64)

    def all(self) -> tuple[str, ...]:
        """Return the codes, in their order."""
        return tuple(self._known)
