"""A declaration file's text, record by record: CSV, or one JSON object a line (NDJSON)."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import IO, Any, Final

import numpy as np
import orjson

from services.collection.common.domain.rows import FileRows, FileUnreadable, RowFault
from services.collection.filing.domain.cells import PlainColumn
from services.collection.filing.domain.file_rows import (
    CODE,
    FIGURE,
    FIGURES,
    NUMBER,
    OWN,
    UNIT_FIGURE,
    UNIT_FIGURES,
    WAGE,
    WAGE_TOTAL,
    Reader,
    columns_of,
)
from shared.wire.json_grammar import MEMBER_REPEATED, NUL_IN_REQUEST, has_repeated_member

RECORDS: Final = 10_000
"""Records read at a time."""
_PIECE_BYTES: Final = 512 * 1024
_HEADER_BYTES: Final = 100_000
_PLAIN_COLUMNS: Final = 100
"""Columns of a file that is cut into columns at once: each costs a look at the whole piece. Only
empty columns that a spreadsheet left behind are more."""
_COMMA, _LINE_END = ord(","), ord("\n")
_NESTED: Final = {"wages": OWN, "figures": FIGURE, "unit_figures": UNIT_FIGURE}
Progress = Callable[[int], None]
"""Called with how many more records were read."""


def read_csv(
    file: IO[bytes],
    encoding: str,
    insurances: Sequence[str],
    pepper: bytes,
    one_unit: str | None,
    progress: Progress,
) -> FileRows:
    """Read CSV; its first record is the header.

    Raises:
        FileUnreadable: it is empty, no CSV, or its header is not of a declaration.
    """
    row = 1
    try:
        header, has_plain_header = _header(file, encoding)
        if header is None:
            raise _unreadable(0, "FILE_EMPTY", "文件为空 (the file is empty)")
        places = columns_of(header, insurances, one_unit=one_unit is not None)
        reader = Reader(places, pepper, one_unit)
        is_plain = has_plain_header and len(header) <= _PLAIN_COLUMNS
        for cells in _plain_pieces(file, len(header)) if is_plain else ():
            count = len(cells[0])
            reader.take_columns(np.arange(row + 1, row + 1 + count, dtype=np.int64), cells)
            row += count
            progress(count)
        with _text(file, encoding) as lines:
            records = csv.reader(lines, strict=True)
            if not has_plain_header:
                next(records)
            while piece := list(islice(records, RECORDS)):
                reader.take(np.arange(row + 1, row + 1 + len(piece), dtype=np.int64), piece)
                row += len(piece)
                progress(len(piece))
    except csv.Error:
        raise _unreadable(
            row, "CSV_MALFORMED", f"第 {row} 行之后非 CSV (no CSV from there)"
        ) from None
    except UnicodeDecodeError:
        raise _unreadable(row, "TEXT_MALFORMED", f"第 {row} 行之后非文本 (no text)") from None
    return reader.filed()


@contextmanager
def _text(file: IO[bytes], encoding: str) -> Iterator[io.TextIOWrapper]:
    """Decode the lines of a file from where it stands; only its beginning may have a mark."""
    if file.tell():
        encoding = encoding.removesuffix("-sig")
    lines = io.TextIOWrapper(file, encoding=encoding, newline="")
    try:
        yield lines
    finally:
        lines.detach()


def _header(file: IO[bytes], encoding: str) -> tuple[list[str] | None, bool]:
    """Read the first record, and tell whether it is a line without quotes. A file behind such a
    line stands at the second record, else at the first."""
    file.seek(0)
    line = file.readline(_HEADER_BYTES)
    is_plain = line.endswith(b"\n") and b'"' not in line
    is_plain = is_plain and b"\r" not in line.removesuffix(b"\r\n")
    file.seek(0)
    with _text(file, encoding) as lines:
        header = next(csv.reader(lines, strict=True), None)
    file.seek(len(line) if is_plain else 0)
    return header, is_plain


def _plain_pieces(file: IO[bytes], width: int) -> Iterator[list[PlainColumn]]:
    """Read lines of ASCII without quotes, all of one width, in columns, as long as they are so.

    Such a piece is cut at its commas and line ends at once, in a third of the time that `csv` needs.
    The file then stands at the first line that was not read.
    """
    while piece := file.read(_PIECE_BYTES):
        start = file.tell() - len(piece)
        piece += file.readline()
        cells = _plain_cells(piece, width)
        if cells is None:
            file.seek(start)
            return
        yield cells


def _plain_cells(piece: bytes, width: int) -> list[PlainColumn] | None:
    """Cut whole lines into columns; None when they are not plain, or when one may be blank."""
    piece = piece.replace(b"\r\n", b"\n")
    if not piece.endswith(b"\n"):
        piece += b"\n"
    if not piece.isascii() or b'"' in piece or b"\r" in piece or b"\0" in piece:
        return None
    content = np.frombuffer(piece, np.uint8)
    marks = np.flatnonzero((content == _COMMA) | (content == _LINE_END))
    if len(marks) % width:
        return None
    ends = (content[marks] == _LINE_END).reshape(-1, width)
    if ends[:, :-1].any() or not ends[:, -1].all():
        return None
    widths = np.diff(marks, prepend=-1).reshape(-1, width) - 1
    if not widths[:, 0].all():
        return None
    of_bytes = np.repeat(
        np.tile(np.arange(width, dtype=np.uint8), len(ends)), widths.reshape(-1) + 1
    )
    return [
        PlainColumn(content[of_bytes == place].tobytes().replace(b",", b"\n"), widths[:, place])
        for place in range(width)
    ]


def _unreadable(row: int, code: str, message: str) -> FileUnreadable:
    return FileUnreadable(RowFault(row, "", code, message))


def read_ndjson(
    lines: Iterable[bytes],
    insurances: Sequence[str],
    pepper: bytes,
    one_unit: str | None,
    progress: Progress,
) -> FileRows:
    """Read one JSON object a line, of the members of a declaration's person and `credit_code`.

    Raises:
        FileUnreadable: it has too many rows.
    """
    own = (OWN + name for name in insurances)
    names = (CODE, NUMBER, WAGE, WAGE_TOTAL, *own, *FIGURES, *UNIT_FIGURES)
    if one_unit is not None:
        names = names[1:]
    reader = Reader({name: place for place, name in enumerate(names)}, pepper, one_unit)
    numbered = enumerate(lines, 1)
    while piece := list(islice(numbered, RECORDS)):
        rows, records = [], []
        for row, line in piece:
            if not line.strip():
                continue
            found = _record(line, names, row)
            if isinstance(found, RowFault):
                reader.reject(found)
            else:
                rows.append(row)
                records.append(found)
        reader.take(np.array(rows, np.int64), records)
        progress(len(piece))
    return reader.filed()


def _record(line: bytes, names: Sequence[str], row: int) -> list[str] | RowFault:
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        found = None
    if found is not None and has_repeated_member(line, found):
        return RowFault(row, "", MEMBER_REPEATED, "成员重复 (a member is repeated)")
    if not isinstance(found, dict):
        return RowFault(row, "", "JSON_MALFORMED", "非 JSON 对象 (not a JSON object)")
    cells: dict[str, str] = {}
    for name, value in _members(found):
        if name not in names:
            return RowFault(row, name[:40], "MEMBER_UNKNOWN", "未知成员 (unknown member)")
        if not isinstance(value, str):
            return RowFault(row, name, "NOT_A_STRING", "须为字符串 (a string is needed)")
        if "\x00" in value:
            return RowFault(row, name, NUL_IN_REQUEST, "含空字符 (NUL character)")
        cells[name] = value
    record = [cells.get(name, "") for name in names]
    if not any(record):
        return RowFault(row, "", "JSON_MALFORMED", "空对象 (an empty object)")
    return record


def _members(found: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The members as columns: `wages` gives one for each insurance, "*" the wage of the others;
    `figures` and `unit_figures` one for each of theirs."""
    for name, value in found.items():
        if name in _NESTED and isinstance(value, dict):
            for part, amount in value.items():
                plain = name == "wages" and part == "*"
                yield (WAGE if plain else _NESTED[name] + part), amount
        else:
            yield name, value
