"""Read a declaration file's rows into columns, in pieces, naming every cell that cannot be read.

Row 1 is the header, as a spreadsheet numbers rows; blank rows count and say nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.collection.common.domain.rows import (
    ABSENT,
    ROWS_MAX,
    FileRows,
    FileUnreadable,
    Ints,
    RowFault,
)
from services.collection.filing.domain.cells import (
    Codes,
    amounts,
    check_words,
    identity_numbers,
)
from services.collection.levy.domain.levy import WAGE_MAX_FEN, WAGE_TOTAL_MAX_FEN
from services.collection.policy.domain.rate import Figure, UnitFigure
from services.collection.register.domain.person_columns import ids_of_persons

CODE: Final = "credit_code"
NUMBER: Final = "identity_number"
WAGE: Final = "wage"
WAGE_TOTAL: Final = "unit_wage_total"
NAME: Final = "name"
OWN: Final = "wage."
"""A column `wage.medical` holds the wages that differ for an insurance."""
FIGURE: Final = "figure."
"""A column `figure.last_year` holds what some policies ask of a person beside the wage."""
UNIT_FIGURE: Final = "unit_figure."
"""A column `unit_figure.last_year` holds what some policies ask of the unit."""
FIGURES: Final = tuple(FIGURE + name for name in Figure)
UNIT_FIGURES: Final = tuple(UNIT_FIGURE + name for name in UnitFigure)

_OF_UNITS: Final = frozenset({WAGE_TOTAL, *UNIT_FIGURES})
_CHINESE: Final = {
    "统一社会信用代码": CODE,
    "信用代码": CODE,
    "公民身份号码": NUMBER,
    "身份号码": NUMBER,
    "身份证号码": NUMBER,
    "身份证号": NUMBER,
    "缴费工资": WAGE,
    "缴费基数": WAGE,
    "工资": WAGE,
    "单位工资总额": WAGE_TOTAL,
    "本人上年度月平均工资": FIGURE + Figure.LAST_YEAR,
    "本人上月工资": FIGURE + Figure.LAST_MONTH,
    "档案工资": FIGURE + Figure.ARCHIVE,
    "单位上年度月平均工资总额": UNIT_FIGURE + UnitFigure.LAST_YEAR,
    "单位上月工资总额": UNIT_FIGURE + UnitFigure.LAST_MONTH,
    "姓名": NAME,
}


def columns_of(
    header: Sequence[str], insurances: Sequence[str], *, one_unit: bool
) -> dict[str, int]:
    """Return the position of each column.

    Raises:
        FileUnreadable: a column is missing, stands twice, or is not known.
    """
    places: dict[str, int] = {}
    for place, cell in enumerate(header):
        name = _CHINESE.get(cell.strip(), cell.strip())
        if not name and not any(rest.strip() for rest in header[place:]):
            break
        known = name in {CODE, NUMBER, WAGE, WAGE_TOTAL, NAME, *FIGURES, *UNIT_FIGURES} or (
            name.startswith(OWN) and name.removeprefix(OWN) in insurances
        )
        if not known:
            raise _header(cell.strip()[:40], "COLUMN_UNKNOWN", "未知列 (unknown column)")
        if name in places:
            raise _header(name, "COLUMN_REPEATED", "列重复 (the column stands twice)")
        places[name] = place
    for name in (NUMBER, WAGE) if one_unit else (CODE, NUMBER, WAGE):
        if name not in places:
            raise _header(name, "COLUMN_MISSING", "缺少列 (the column is missing)")
    return places


def _header(column: str, code: str, message: str) -> FileUnreadable:
    return FileUnreadable(RowFault(1, column, code, message))


class Reader:
    """Takes records piece by piece; `filed` gives all of them as columns."""

    def __init__(self, places: dict[str, int], pepper: bytes, one_unit: str | None = None) -> None:
        self._places = places
        self._pepper = pepper
        self._one_unit = one_unit
        self._width = max(places.values()) + 1
        self._codes = Codes()
        self._parts: dict[str, list[Ints]] = {}
        self._numbers: list[NDArray[np.bytes_]] = []
        self._faults: list[RowFault] = []
        self._faulty: set[int] = set()
        self._people = 0
        self._wages_fen: int | None = 0

    def take(self, rows: Ints, records: Sequence[Sequence[str]]) -> None:
        """Read some records; `rows` says where each stands.

        Raises:
            FileUnreadable: there are more rows than any file may have.
        """
        rows, kept = self._regular(rows, records)
        if kept:
            self.take_columns(rows, list(zip(*kept, strict=True)))

    def take_columns(self, rows: Ints, cells: Sequence[Sequence[str]]) -> None:
        """Read some records in columns; none of them is blank.

        Raises:
            FileUnreadable: there are more rows than any file may have.
        """
        self._people += len(rows)
        if self._people > ROWS_MAX:
            raise FileUnreadable(RowFault(0, "", "TOO_MANY_ROWS", f"行数超过 {ROWS_MAX} (rows)"))
        self._read(rows, cells)

    def reject(self, fault: RowFault) -> None:
        """Count a row that is no record at all."""
        self._people += 1
        self._wages_fen = None
        self._faults.append(fault)

    def _regular(
        self, rows: Ints, records: Sequence[Sequence[str]]
    ) -> tuple[Ints, Sequence[Sequence[str]]]:
        """Return the records that are not blank, all of one width, and their rows."""
        widths = set(map(len, records))
        if len(widths) == 1 and widths.pop() >= self._width and all(map(any, records)):
            return rows, records
        kept = [any(cell.strip() for cell in record) for record in records]
        padded = [
            [*record[: self._width], *[""] * (self._width - len(record))]
            for record, keep in zip(records, kept, strict=True)
            if keep
        ]
        return rows[np.array(kept, bool)], padded

    def _read(self, rows: Ints, cells: Sequence[Sequence[str]]) -> None:
        good = np.ones(len(rows), bool)

        def complaint(column: str) -> Callable[[int, str, str], None]:
            def complain(index: int, code: str, message: str) -> None:
                good[index] = False
                self._faults.append(RowFault(int(rows[index]), column, code, message))

            return complain

        unit = self._units(cells, len(rows), complaint(CODE))
        numbers = identity_numbers(cells[self._places[NUMBER]], complaint(NUMBER))
        if NAME in self._places:
            check_words(cells[self._places[NAME]], complaint(NAME))
        wages = amounts(cells[self._places[WAGE]], WAGE_MAX_FEN, complaint(WAGE))
        others = {
            name: amounts(
                cells[place],
                WAGE_TOTAL_MAX_FEN if name in _OF_UNITS else WAGE_MAX_FEN,
                complaint(name),
                optional=True,
            )
            for name, place in self._places.items()
            if name in _OF_UNITS or name in FIGURES or name.startswith(OWN)
        }
        self._count_wages(wages)
        self._faulty.update(unit[~good].tolist())
        kept = numbers[good]
        self._numbers.append(kept)
        columns = {"row": rows, "unit": unit, WAGE: wages, **others}
        for name, column in columns.items():
            self._parts.setdefault(name, []).append(column[good])
        self._parts.setdefault("person", []).append(ids_of_persons(kept.tolist(), self._pepper))

    def _units(
        self,
        cells: Sequence[Sequence[str]],
        count: int,
        complain: Callable[[int, str, str], None],
    ) -> Ints:
        if CODE not in self._places:
            assert self._one_unit is not None, "a file of many units names them"
            return self._codes.places([self._one_unit] * count)
        written = cells[self._places[CODE]]
        places = self._codes.places(written)
        check_words(written, complain)
        for index in np.flatnonzero(places == ABSENT).tolist():
            complain(index, "CREDIT_CODE_MISSING", "缺少统一社会信用代码 (no credit code)")
        if self._one_unit is not None:
            own = self._codes.places([self._one_unit])[0]
            for index in np.flatnonzero((places != own) & (places != ABSENT)).tolist():
                complain(index, "UNIT_OF_ANOTHER_FILE", "非本文件所属单位 (another unit's row)")
        return places

    def _count_wages(self, wages: Ints) -> None:
        unread = bool((wages == ABSENT).any())
        if unread or self._wages_fen is None:
            self._wages_fen = None
        else:
            self._wages_fen += int(wages.sum())

    def filed(self) -> FileRows:
        """Everything that was read."""
        codes = self._codes.all()
        joined = {name: np.concatenate(parts) for name, parts in self._parts.items()}
        nothing = np.empty(0, np.int64)
        wages = joined.get(WAGE, nothing)
        return FileRows(
            codes=codes,
            row=joined.get("row", nothing),
            unit=joined.get("unit", nothing),
            number=np.concatenate(self._numbers) if self._numbers else np.empty(0, "S18"),
            person_id=joined.get("person", nothing),
            wage_fen=wages,
            unit_wage_total_fen=joined.get(WAGE_TOTAL, np.full(len(wages), ABSENT, np.int64)),
            own_fen=_given(joined, OWN),
            figures=_given(joined, FIGURE),
            unit_figures=_given(joined, UNIT_FIGURE),
            people=self._people,
            wages_fen=self._wages_fen,
            faults=tuple(self._faults),
            faulty=frozenset(codes[place] for place in self._faulty if place != ABSENT),
        )


def _given(columns: Mapping[str, Ints], prefix: str) -> dict[str, Ints]:
    """Return the columns of a prefix in which some cell is not empty, by what stands behind it."""
    return {
        name.removeprefix(prefix): column
        for name, column in columns.items()
        if name.startswith(prefix) and bool((column != ABSENT).any())
    }
