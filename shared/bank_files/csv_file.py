"""Comma-separated files in UTF-8 or GB18030, with one line of headings in Chinese or English."""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Generator, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import IO, Final

from shared.bank_files.protocol import refuse
from shared.bank_files.rows import (
    ORDER_FIELDS,
    Row,
    acknowledgement_of,
    entries_of,
    order_cells,
    statements_of,
)
from shared.bank_files.values import (
    AccountStatement,
    Acknowledgement,
    OrderFile,
    OrderKind,
    StatementEntry,
)

_HEADINGS: Final = Path(__file__).parent / "data" / "headings.json"
_RESULT_FIELDS: Final = ("file_no", "line", "outcome", "serial", "amount")
_ENTRY_FIELDS: Final = ("account", "booked_on", "amount", "serial")
_STREAM_FIELDS: Final = ("booked_on", "amount", "serial")
_CELL_MAX: Final = 4096
_PIECE: Final = 1024 * 1024


@cache
def _headings() -> dict[str, str]:
    named: dict[str, str] = json.loads(_HEADINGS.read_text("utf-8"))["headings"]
    return named


class CsvFormat:
    """Comma-separated orders, results and statements."""

    name = "csv"
    media_type = "text/csv"
    suffix = "csv"

    def build_batch(self, file: OrderFile) -> bytes:
        """Build the file of orders, with the byte mark by which spreadsheets know UTF-8."""
        out = io.StringIO(newline="")
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(ORDER_FIELDS)
        writer.writerows(order_cells(file))
        return codecs.BOM_UTF8 + out.getvalue().encode()

    def parse_acknowledgement(self, source: IO[bytes], kind: OrderKind) -> Acknowledgement:
        """Read the bank's results of orders of a kind."""
        return acknowledgement_of("", _rows(source, _RESULT_FIELDS))

    def parse_statement(self, source: IO[bytes]) -> Sequence[AccountStatement]:
        """Read the statements of accounts."""
        return statements_of(_rows(source, _ENTRY_FIELDS))

    def stream_entries(self, source: IO[bytes]) -> Generator[StatementEntry, None, None]:
        """Read the entries of one statement piece by piece, whatever its length."""
        yield from entries_of(_rows(source, _STREAM_FIELDS))


def _rows(source: IO[bytes], required: Sequence[str]) -> Iterator[Row]:
    encoding = _encoding(source)
    text = io.TextIOWrapper(source, encoding, errors="strict", newline="")
    try:
        reader = csv.reader(text, strict=True)
        fields = _fields(next(reader, []), required)
        for cells in reader:
            if not any(cells):
                continue
            if len(cells) != len(fields) or max(map(len, cells)) > _CELL_MAX:
                line = f"line/{reader.line_num}"
                raise refuse(
                    line, "COLUMNS_DIFFER", "列数与表头不符 (not the columns of the headings)"
                )
            yield dict(zip(fields, cells, strict=True))
    except csv.Error as error:
        raise refuse("", "CSV_INVALID", f"不是 CSV 文件 (not a CSV file: {error})") from error
    finally:
        text.detach()


def _fields(headings: Sequence[str], required: Sequence[str]) -> list[str]:
    fields = [_headings().get(heading.strip(), heading.strip()) for heading in headings]
    missing = [name for name in required if name not in fields]
    if missing:
        raise refuse(
            "line/1", "COLUMN_MISSING", f"缺少列 {', '.join(missing)} (columns are missing)"
        )
    if len(set(fields)) != len(fields):
        raise refuse("line/1", "COLUMN_TWICE", "列名重复 (a column stands twice)")
    return fields


def _encoding(source: IO[bytes]) -> str:
    """Find the encoding of a file: UTF-8 when all of it is, else GB18030.

    Raises:
        BankFileInvalid: it is neither.
    """
    for encoding in ("utf-8-sig", "gb18030"):
        decoder = codecs.getincrementaldecoder(encoding)()
        source.seek(0)
        try:
            while piece := source.read(_PIECE):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        source.seek(0)
        return encoding
    raise refuse("", "ENCODING_UNKNOWN", "文件编码不支持 (only UTF-8 and GB18030 are read)")
