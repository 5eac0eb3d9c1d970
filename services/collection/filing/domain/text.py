"""A declaration file's text, record by record: CSV, or one JSON object a line (NDJSON)."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

import numpy as np
import orjson

from services.collection.common.domain.rows import FileRows, FileUnreadable, RowFault
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
_NESTED: Final = {"wages": OWN, "figures": FIGURE, "unit_figures": UNIT_FIGURE}
Progress = Callable[[int], None]
"""Called with how many more records were read."""


def read_csv(
    lines: Iterable[str],
    insurances: Sequence[str],
    pepper: bytes,
    one_unit: str | None,
    progress: Progress,
) -> FileRows:
    """Read CSV; its first record is the header.

    Raises:
        FileUnreadable: it is empty, no CSV, or its header is not of a declaration.
    """
    records = csv.reader(lines, strict=True)
    row = 1
    try:
        header = next(records, None)
        if header is None:
            raise _unreadable(0, "FILE_EMPTY", "文件为空 (the file is empty)")
        places = columns_of(header, insurances, one_unit=one_unit is not None)
        reader = Reader(places, pepper, one_unit)
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
