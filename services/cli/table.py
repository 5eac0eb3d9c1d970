"""Tables for people, as wide as the screen: a figure, a code or a hash is never broken."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from rich.cells import cell_len

_PIECES: Final = re.compile(r"\s+|[\u2e80-\uffff]|[^\s\u2e80-\uffff]+")
"""Blanks, one Chinese character, or a run that must stay together."""
FRAME: Final = 3
"""Columns of the screen that a table's own lines take beside each cell."""

Rows = Sequence[Sequence[str]]


def fitted(columns: Sequence[str], rows: Rows, width: int) -> list[list[str]] | None:
    """Return the head and the rows with line breaks, so that the table fits a screen.

    None: it cannot without breaking something; show the rows one below the other.
    """
    lines = [list(columns), *(list(row) for row in rows)]
    upright = list(zip(*lines, strict=True))
    least = [max(_longest(cell) for cell in column) for column in upright]
    wanted = [max(cell_len(part) for cell in column for part in _parts(cell)) for column in upright]
    spare = width - 1 - sum(least) - FRAME * len(least)
    if spare < 0:
        return None
    widths = _widened(least, wanted, spare)
    return [
        ["\n".join(_wrapped(cell, size)) for cell, size in zip(line, widths, strict=True)]
        for line in lines
    ]


def records(columns: Sequence[str], rows: Rows) -> Iterator[str]:
    """Return the lines of rows one below the other; a blank line ends each row."""
    size = max(map(cell_len, columns), default=0)
    for row in rows:
        for name, value in zip(columns, row, strict=True):
            yield f"{name}{' ' * (size - cell_len(name))}  {value}".rstrip()
        yield ""


def _parts(cell: str) -> list[str]:
    return cell.split("\n")


def _longest(cell: str) -> int:
    return max(
        (cell_len(piece) for piece in _PIECES.findall(cell) if not piece.isspace()), default=1
    )


def _widened(least: list[int], wanted: list[int], spare: int) -> list[int]:
    """Give what is left of the screen to the columns that lack most, one by one."""
    widths = list(least)
    for _ in range(spare):
        lacking = max(range(len(widths)), key=lambda at: wanted[at] - widths[at])
        if widths[lacking] >= wanted[lacking]:
            break
        widths[lacking] += 1
    return widths


def _wrapped(cell: str, width: int) -> Iterator[str]:
    for part in _parts(cell):
        line = ""
        for piece in _PIECES.findall(part):
            if cell_len(line) + cell_len(piece) <= width:
                line += piece
            else:
                yield line.rstrip()
                line = "" if piece.isspace() else piece
        yield line.rstrip()
