"""Import files of units and people: their columns, and their rows as named cells.

Rows are numbered as in a spreadsheet: row 1 is the header. Blank rows are counted and ignored.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.collection.common.domain.rows import FileUnreadable, RowFault
from shared.cn import cell as cell_rules

ROWS_MAX: Final = 50_000
CELL_MAX: Final = 1000

UNIT_COLUMNS: Final[dict[str, str]] = {
    "credit_code": "统一社会信用代码",
    "name": "单位名称",
    "kind": "单位类型",
    "district": "分中心",
    "injury_class": "工伤类别",
    "size": "单位规模",
    "collector": "征收方式",
    "bank": "开户银行",
    "account_number": "银行账号",
    "account_name": "账户名称",
}
PEOPLE_COLUMNS: Final[dict[str, str]] = {
    "credit_code": "统一社会信用代码",
    "identity_number": "公民身份号码",
    "name": "姓名",
    "joined_on": "参保日期",
    "category": "参保类别",
    "base_choice": "缴费档次",
}
OPTIONAL: Final = frozenset(
    {"injury_class", "size", "bank", "account_number", "account_name", "category", "base_choice"}
)


_READ: Final[dict[str, Callable[[str], str]]] = {
    "credit_code": cell_rules.code,
    "identity_number": cell_rules.number_of_person,
    "joined_on": cell_rules.day,
    "name": cell_rules.words,
    "bank": cell_rules.words,
    "account_name": cell_rules.words,
}
"""Reading of the cells of a column; the others hold codes and numbers."""


def day_headings(columns: Mapping[str, str]) -> list[str]:
    """Return the headings of the columns of days, in both languages."""
    names = [name for name in columns if _READ.get(name) is cell_rules.day]
    return [*names, *(columns[name] for name in names)]


@dataclass(frozen=True, slots=True)
class Record:
    """A row of a file: its number, and its cells by column without the empty ones."""

    row: int
    cells: Mapping[str, str]


def decoded(content: bytes) -> str:
    """Decode a CSV file. Spreadsheets write it in UTF-8 or GB 18030.

    Raises:
        FileUnreadable: the content is neither.
    """
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise FileUnreadable(
        RowFault(0, "", "NOT_TEXT", "文件编码无法识别 (neither UTF-8 nor GB 18030)")
    )


def read(text: str, columns: Mapping[str, str]) -> list[Record]:
    """Read the rows of a CSV text. Its header names the columns in English or Chinese.

    Raises:
        FileUnreadable: a column is missing, repeated or unknown; the text is not CSV or is too long.
    """
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error:
        raise FileUnreadable(RowFault(0, "", "NOT_CSV", "不是有效的 CSV (not valid CSV)")) from None
    if not rows:
        raise FileUnreadable(RowFault(0, "", "FILE_EMPTY", "文件为空 (the file is empty)"))
    names = _header(rows[0], columns)
    found = list(_records(rows[1:], names))
    if len(found) > ROWS_MAX:
        raise FileUnreadable(
            RowFault(0, "", "TOO_MANY_ROWS", f"行数超过 {ROWS_MAX} (too many rows)")
        )
    return found


def without_value(records: Sequence[Record]) -> list[RowFault]:
    """Name the cells that hold an error, a formula without a result, or a control character."""
    return [
        RowFault(record.row, name, cell_rules.NOT_A_VALUE, cell_rules.NOT_A_VALUE_MESSAGE)
        for record in records
        for name, cell in record.cells.items()
        if cell_rules.is_no_value(cell)
    ]


def _header(cells: Sequence[str], columns: Mapping[str, str]) -> list[str]:
    english = {chinese: name for name, chinese in columns.items()}
    names = [english.get(cell.strip(), cell.strip()) for cell in cells]
    while names and not names[-1]:
        names.pop()
    for name in names:
        if name not in columns:
            raise _wrong(name[:40], "COLUMN_UNKNOWN", "未知列 (unknown column)")
        if names.count(name) > 1:
            raise _wrong(name, "COLUMN_REPEATED", "列重复 (the column is repeated)")
    for name in columns:
        if name not in names and name not in OPTIONAL:
            raise _wrong(name, "COLUMN_MISSING", "缺少列 (the column is missing)")
    return names


def _wrong(column: str, code: str, message: str) -> FileUnreadable:
    return FileUnreadable(RowFault(1, column, code, message))


def _records(rows: Sequence[Sequence[str]], names: Sequence[str]) -> Iterator[Record]:
    for number, cells in enumerate(rows, 2):
        read = (
            (name, _READ.get(name, cell_rules.plain)(cell)[:CELL_MAX])
            for name, cell in zip(names, cells, strict=False)
        )
        kept = {name: cell for name, cell in read if cell}
        if kept:
            yield Record(number, kept)
