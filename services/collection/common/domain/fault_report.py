"""The CSV report of the faults of a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from services.collection.common.domain.csv_table import csv_of, harmless
from services.collection.common.domain.rows import RowFault

REPORTED_MAX: Final = 100_000
"""Most faults written into one report; all of them are counted."""


def fault_report(faults: Sequence[RowFault]) -> bytes:
    """Write faults as CSV."""
    return csv_of(
        ["row", "column", "code", "message"],
        (
            [fault.row, harmless(fault.column), fault.code, fault.message]
            for fault in faults[:REPORTED_MAX]
        ),
    )
