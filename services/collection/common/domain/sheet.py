"""Conversion of a spreadsheet to CSV in its own process: `python -m` this module.

A hostile workbook may ask for any amount of memory. The parent process limits it, and treats its
death as a refusal. The first sheet is read; its cells become plain text.
"""

from __future__ import annotations

import csv
import io
import sys

from python_calamine import CalamineWorkbook


def main() -> int:
    """Read a workbook from standard input and write CSV to standard output; exit 2: not a
    workbook."""
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
