"""JSON files, with the fields of the CSV files as members."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import IO, Any, Final

import orjson

from shared.bank_files.protocol import refuse
from shared.bank_files.rows import Row, acknowledgement_of, entries_of, order_rows, statements_of
from shared.bank_files.values import (
    AccountStatement,
    Acknowledgement,
    OrderFile,
    OrderKind,
    StatementEntry,
)
from shared.money import format_yuan

_NO_TEXT: Final = "?"
"""A value that no field takes."""
_BYTES_MAX: Final = 64 * 1024 * 1024
"""The largest JSON file that is read: a JSON file is read at once, not as a stream."""


class JsonFormat:
    """JSON orders, results and statements."""

    name = "json"
    media_type = "application/json"
    suffix = "json"

    def build_batch(self, file: OrderFile) -> bytes:
        """Build the file of orders."""
        return orjson.dumps(
            {
                "file_no": file.number,
                "kind": file.kind.value,
                "due_on": file.due_on.isoformat(),
                "account": file.own.number,
                "control": {"lines": len(file.orders), "total": format_yuan(file.total_fen)},
                "lines": list(order_rows(file)),
            },
            option=orjson.OPT_INDENT_2,
        )

    def parse_acknowledgement(self, source: IO[bytes], kind: OrderKind) -> Acknowledgement:
        """Read `{"number": …, "results": […]}`."""
        whole = _document(source)
        return acknowledgement_of(_cell(whole.get("number", "")), _rows(whole, "results"))

    def parse_statement(self, source: IO[bytes]) -> Sequence[AccountStatement]:
        """Read `{"entries": […]}`."""
        return statements_of(_rows(_document(source), "entries"))

    def stream_entries(self, source: IO[bytes]) -> Generator[StatementEntry, None, None]:
        """Read the entries of statements one by one."""
        return entries_of(_rows(_document(source), "entries"), balances=True)


def _document(source: IO[bytes]) -> dict[str, Any]:
    source.seek(0)
    content = source.read(_BYTES_MAX + 1)
    if len(content) > _BYTES_MAX:
        raise refuse("", "FILE_TOO_LONG", "JSON 文件过大 (the JSON file is too large)")
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise refuse("", "JSON_INVALID", f"不是 JSON 文件 (not a JSON file: {error})") from error
    if not isinstance(found, dict):
        raise refuse("", "JSON_INVALID", "应为一个 JSON 对象 (a JSON object is expected)")
    return found


def _rows(whole: dict[str, Any], member: str) -> Iterator[Row]:
    rows = whole.get(member)
    if not isinstance(rows, list):
        raise refuse(f"/{member}", "MEMBER_MISSING", f"缺少 {member} 数组 (the array is missing)")
    for index, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise refuse(
                f"line/{index}", "LINE_INVALID", "明细应为 JSON 对象 (a line is an object)"
            )
        yield {name: _cell(value) for name, value in row.items()}


def _cell(value: object) -> str:
    """Read a member as text. A number with a fraction is no amount: money is a text."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return "" if value is None else _NO_TEXT
