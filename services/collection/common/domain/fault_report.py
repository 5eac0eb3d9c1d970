"""The CSV report of the faults of a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Final

from services.collection.common.domain.rows import RowFault

REPORTED_MAX: Final = 100_000
"""Most faults written into one report; all of them are counted."""


def fault_report(faults: Sequence[RowFault]) -> bytes:
    """Write faults as CSV in UTF-8, with the byte order mark that spreadsheets need."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["row", "column", "code", "message"])
    for fault in faults[:REPORTED_MAX]:
        writer.writerow([fault.row, _harmless(fault.column), fault.code, fault.message])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _harmless(cell: str) -> str:
    """Quote a cell of the sender's own text that a spreadsheet would run as a formula."""
    return f"'{cell}" if cell[:1] in {"=", "+", "-", "@"} else cell
