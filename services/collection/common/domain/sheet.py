"""Turn a spreadsheet into CSV rows, in a process of its own: `python -m` this module.

A hostile workbook may ask for any amount of memory, so whoever starts this process bounds it and
takes its death for an answer. The first sheet is read; its cells become their plain text.
"""

from __future__ import annotations

import csv
import io
import sys

from python_calamine import CalamineWorkbook


def main() -> int:
    """Read a workbook from standard input, write CSV to standard output; 2: not a workbook."""
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
        rows = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except Exception as error:
        print(type(error).__name__, file=sys.stderr)  # noqa: T201 the only words of a child process
        return 2
    out = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="")
    csv.writer(out).writerows(rows)
    out.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
