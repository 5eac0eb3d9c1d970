"""Tables as CSV that a spreadsheet opens safely."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence


def csv_of(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Write a table as CSV, with the byte order mark by which spreadsheets recognise UTF-8."""
    return b"\xef\xbb\xbf" + csv_rows_of([header, *rows])


def csv_rows_of(rows: Iterable[Sequence[object]]) -> bytes:
    """Write rows of a table that is written piece by piece."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def harmless(cell: str) -> str:
    """Return a cell of somebody else's text so that no spreadsheet runs it as a formula."""
    return f"'{cell}" if cell[:1] in {"=", "+", "-", "@"} else cell
