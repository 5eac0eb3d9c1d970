"""Declaration files (申报文件): their rows as columns, and the faults found in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

ROWS_MAX: Final = 2_500_000
"""More people than any city has; a larger file is refused."""
ABSENT: Final = -1
"""Marks an empty cell in a column of fen."""


class OnFault(StrEnum):
    """The treatment of a file with faults."""

    REFUSE = "refuse"  # nothing of it is stored
    SKIP_UNITS = "skip_units"  # units with a fault are left out whole
    SKIP_ROWS = "skip_rows"  # faulty rows are left out one by one


class Format(StrEnum):
    """The formats of files."""

    CSV = "csv"
    NDJSON = "ndjson"
    XLSX = "xlsx"


@dataclass(frozen=True, slots=True)
class RowFault:
    """A fault in one cell: the row as a spreadsheet numbers it (0: the file as a whole)."""

    row: int
    column: str
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRows:
    """The readable rows of a file, one element per row; `codes` are its units' credit codes.

    `unit` is an index into `codes`. `own_fen` holds separate wages by insurance; `figures` and
    `unit_figures` hold, by name, the figures that some policies need. An empty cell is ABSENT, and
    a column that the file does not have is left out. `people` counts all data rows, readable or
    not. `wages_fen` is the sum of the wages, None if one of them is unreadable. `faulty` are units
    that have lost a row.
    """

    codes: tuple[str, ...]
    row: Ints
    unit: Ints
    number: NDArray[np.bytes_] = field(repr=False)
    person_id: Ints
    wage_fen: Ints
    unit_wage_total_fen: Ints
    own_fen: Mapping[str, Ints]
    figures: Mapping[str, Ints]
    unit_figures: Mapping[str, Ints]
    people: int
    wages_fen: int | None
    faults: tuple[RowFault, ...]
    faulty: frozenset[str]


class FileUnreadable(Exception):
    """The refusal of a file that cannot be read as a whole."""

    def __init__(self, fault: RowFault) -> None:
        self.fault = fault
        super().__init__(fault.code)
