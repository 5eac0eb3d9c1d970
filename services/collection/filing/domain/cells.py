"""Cells of a declaration file, a column at a time: amounts, identity numbers, credit codes.

A column that is written as it should be is read in one go; otherwise cell by cell, naming each one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from services.collection.common.domain.rows import ABSENT, Ints
from shared.cn import cell as cell_rules

NUMBER_LENGTH: Final = 18
_LINE_END: Final = b"\n"
Complain = Callable[[int, str, str], None]
"""Called with the index of a cell in its column, a code and a sentence."""

_PLAIN = re.compile(rb"(?:(?:0|[1-9][0-9]{0,12})\.[0-9]{2}\n)++")
_PLAIN_NUMBERS = re.compile(b"[0-9A-Z]+")
# A spreadsheet drops trailing zeros, so a file may say 6500 or 6500.5 where JSON says "6500.50".
_CELL = re.compile(r"^(0|[1-9][0-9]{0,12})(?:\.([0-9]{1,2}))?$")


class PlainColumn(Sequence[str]):
    """A column of ASCII cells as they stood in a file, each with a line end behind it.

    Most columns are read as a whole; only one with something to complain of is cut into cells.
    """

    def __init__(self, text: bytes, widths: Ints) -> None:
        self.text = text
        self._widths = widths

    @cached_property
    def _cells(self) -> list[str]:
        return self.text[:-1].decode("ascii").split("\n")

    def __len__(self) -> int:
        return len(self._widths)

    def __getitem__(self, place: Any) -> Any:
        return self._cells[place]

    def matrix(self, width: int) -> NDArray[np.bytes_] | None:
        """Return the cells as bytes of this width; None when some are shorter or longer."""
        if not len(self) or (self._widths != width).any():
            return None
        lines = np.frombuffer(self.text, np.uint8).reshape(len(self), width + 1)
        return np.ascontiguousarray(lines[:, :width]).view(f"S{width}").reshape(-1)

    @cached_property
    def runs(self) -> tuple[list[str], Ints]:
        """Cells of which no two neighbours are alike, and how often each stands in a row."""
        cells = self.matrix(int(self._widths[0])) if len(self) and self._widths[0] else None
        if cells is None:
            return self._cells, np.ones(len(self), np.int64)
        starts = np.flatnonzero(np.append(True, cells[1:] != cells[:-1]))
        lengths = np.diff(starts, append=len(cells))
        return [cell.decode("ascii") for cell in cells[starts].tolist()], lengths


def amounts(
    cells: Sequence[str], limit_fen: int, complain: Complain, *, optional: bool = False
) -> Ints:
    """Fen of a column of yuan below a limit; ABSENT for what is empty or was complained of."""
    if optional and not any(cells):
        return np.full(len(cells), ABSENT, np.int64)
    text = cells.text if isinstance(cells, PlainColumn) else _joined(cells)
    if text is not None and _PLAIN.fullmatch(text):
        found = np.fromstring(text.replace(b".", b""), np.int64, sep="\n")
        # A cell with a line break in it would shift every amount below it.
        if len(found) == len(cells) and int(found.max(initial=0)) < limit_fen:
            return found
    return np.array(
        [_amount(i, cell, limit_fen, complain, optional) for i, cell in enumerate(cells)], np.int64
    )


def _joined(cells: Sequence[str]) -> bytes | None:
    """Write a column with a line end behind each cell; None when it is not ASCII."""
    text = "\n".join(cells)
    return text.encode() + _LINE_END if text.isascii() else None


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
    plain = _plain_numbers(cells)
    if plain is not None:
        return plain
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


def _plain_numbers(cells: Sequence[str]) -> NDArray[np.bytes_] | None:
    """Read a column in which every cell is eighteen digits and capitals; None for another."""
    if isinstance(cells, PlainColumn):
        numbers = cells.matrix(NUMBER_LENGTH)
    else:
        text = "".join(cells)
        fits = set(map(len, cells)) == {NUMBER_LENGTH} and text.isascii()
        numbers = np.frombuffer(text.encode(), f"S{NUMBER_LENGTH}") if fits else None
    if numbers is None or not _PLAIN_NUMBERS.fullmatch(numbers.tobytes()):
        return None
    return numbers


def check_words(cells: Sequence[str], complain: Complain) -> None:
    """Complain of each cell of free text that holds no value."""
    distinct = set(cells.runs[0] if isinstance(cells, PlainColumn) else cells)
    wrong = {cell for cell in distinct if cell_rules.is_no_value(cell)}
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
        if isinstance(cells, PlainColumn):
            different, lengths = cells.runs
            return np.repeat(self._places(different), lengths)
        return self._places(cells)

    def _places(self, cells: Sequence[str]) -> Ints:
        written = self._written
        for cell in set(cells) - written.keys():
            code = cell_rules.code(cell)
            written[cell] = self._known.setdefault(code, len(self._known)) if code else ABSENT
        return np.array([written[cell] for cell in cells], np.int64)

    def all(self) -> tuple[str, ...]:
        """Return the codes, in their order."""
        return tuple(self._known)
