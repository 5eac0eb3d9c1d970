"""Conversion of a spreadsheet to CSV in its own process: `python -m` this module.

A hostile workbook may ask for any amount of memory. The parent process limits it, and treats its
death as a refusal. The first sheet is read; its cells become plain text. An error, and a formula
whose result the file does not keep, are written as they stand: they are not empty cells.
"""

from __future__ import annotations

import csv
import io
import posixpath
import re
import sys
import zipfile
from collections.abc import Iterator, Sequence
from numbers import Real
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

from python_calamine import CalamineWorkbook

_SUSPECT = re.compile(rb"""\bt\s*=\s*["']e["']|<(?:\w+:)?f[\s/>]""")
_PIECE = 1 << 20
_DAYS_1900_TO_1904 = 1462
_EXACT = 10**15
"""A spreadsheet keeps fifteen digits; a longer number has lost some."""


def main() -> int:
    """Read a workbook from standard input and write CSV to standard output; exit 2: not a workbook.

    The program's arguments behind the second are headings of columns of days.
    """
    try:
        content = io.BytesIO(sys.stdin.buffer.read())
        rows = (
            CalamineWorkbook.from_filelike(content)
            .get_sheet_by_index(0)
            .to_python(skip_empty_area=False)
        )
        marks = _marks(content)
        days = sys.argv[3:]
        if days and _counts_from_1904(content):
            _count_from_1900(rows, days)
    except Exception as error:
        print(type(error).__name__, file=sys.stderr)  # noqa: T201 the only words of a child process
        return 2
    for (row, column), mark in marks.items():
        # The reader's area ends with the last value; a mark may stand behind it.
        rows.extend([] for _ in range(row + 1 - len(rows)))
        rows[row].extend("" for _ in range(column + 1 - len(rows[row])))
        rows[row][column] = mark
    out = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="")
    csv.writer(out).writerows([_text(cell) for cell in row] for row in rows)
    out.flush()
    return 0


def _text(cell: Any) -> Any:
    """Write a cell as text; whole numbers lose the fraction that spreadsheets give them."""
    is_number = isinstance(cell, Real) and not isinstance(cell, bool)
    return int(cell) if is_number and abs(cell) < _EXACT and cell == int(cell) else cell


def _counts_from_1904(content: io.BytesIO) -> bool:
    """Tell whether a workbook's day numbers count from 1904, as old ones of the Macintosh do."""
    with zipfile.ZipFile(content) as book:
        root = ElementTree.fromstring(book.read("xl/workbook.xml"))
    marks = (one.get("date1904", "") for one in root.iter() if one.tag.endswith("}workbookPr"))
    return any(mark in {"1", "true"} for mark in marks)


def _count_from_1900(rows: list[list[Any]], days: Sequence[str]) -> None:
    """Let plain numbers of day columns count from 1900; cells formatted as days are days already."""
    header = rows[0] if rows else []
    columns = [at for at, cell in enumerate(header) if str(cell).strip() in days]
    for row in rows[1:]:
        for at in columns:
            if at < len(row) and isinstance(row[at], Real):
                row[at] += _DAYS_1900_TO_1904


def _marks(content: io.BytesIO) -> dict[tuple[int, int], str]:
    """Find the errors and the formulas without a result on the first sheet, by row and column."""
    with zipfile.ZipFile(content) as book:
        name = _first_sheet(book)
        with book.open(name) as sheet:
            if not any(_SUSPECT.search(piece) for piece in _overlapping(sheet)):
                return {}
        with book.open(name) as sheet:
            reader = _Cells()
            reader.parser.ParseFile(sheet)
            return reader.marks


def _overlapping(sheet: Any) -> Iterator[bytes]:
    before = b""
    while piece := sheet.read(_PIECE):
        yield before + piece
        before = piece[-64:]


def _first_sheet(book: zipfile.ZipFile) -> str:
    """Name the part that holds the first sheet."""
    sheets = ElementTree.fromstring(book.read("xl/workbook.xml"))
    wanted = next(
        value
        for element in sheets.iter()
        if element.tag.endswith("}sheet")
        for key, value in element.attrib.items()
        if key.endswith("}id")
    )
    targets = ElementTree.fromstring(book.read("xl/_rels/workbook.xml.rels"))
    target = next(
        element.attrib["Target"] for element in targets.iter() if element.attrib.get("Id") == wanted
    )
    return posixpath.normpath(
        target.lstrip("/") if target.startswith("/") else posixpath.join("xl", target)
    )


class _Cells:
    """Reads a sheet's XML and keeps the cells that hold no value."""

    def __init__(self) -> None:
        self.marks: dict[tuple[int, int], str] = {}
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self._row = self._column = -1
        self._kind, self._part = "", ""
        self._texts: dict[str, str] = {}

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if name == "row":
            self._row = int(attributes.get("r", self._row + 2)) - 1
            self._column = -1
        elif name == "c":
            place = attributes.get("r", "")
            self._column = _column(place) if place else self._column + 1
            self._kind, self._texts = attributes.get("t", "n"), {}
        elif name in {"f", "v", "t"}:
            self._part = name
            self._texts.setdefault(name, "")

    def _characters(self, text: str) -> None:
        if self._part:
            self._texts[self._part] += text

    def _end(self, tag: str) -> None:
        name = tag.rpartition(":")[2]
        if name in {"f", "v", "t"}:
            self._part = ""
        elif name == "c":
            self._judge()

    def _judge(self) -> None:
        found = self._texts
        result = found.get("v", "") or found.get("t", "")
        if self._kind == "e":
            self.marks[self._row, self._column] = result or "#VALUE!"
        elif "f" in found and not result and not (self._kind == "str" and "v" in found):
            self.marks[self._row, self._column] = "=" + found["f"]


def _column(place: str) -> int:
    """Return the number of a column by its letters: A is 0, AA is 26."""
    number = 0
    for letter in place.rstrip("0123456789").upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


if __name__ == "__main__":
    sys.exit(main())
