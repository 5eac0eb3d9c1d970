"""Formula rows (待遇计发参数): dated values of rules, of a place or of the whole country."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from shared.effective import in_force
from shared.errors import Kind, Refusal

CHINA: Final = "china"
"""The place of rows for the whole country; a row of the place itself goes before them."""


class FormulaRowMissing(Refusal):
    """该日没有此项计发参数 (no row of this rule is in force on this day)"""

    kind = Kind.INVALID
    code = "FORMULA_ROW_MISSING"


@dataclass(frozen=True, slots=True, kw_only=True)
class FormulaRow:
    """A value of a rule in a place, from a day until a day, and its source.

    A row that is not `certain` must still be confirmed by a person.
    """

    id: UUID
    rule: str
    place: str
    title: str
    in_force_from: date
    in_force_to: date | None
    value: Mapping[str, Any]
    source: str
    certain: bool


class RowBook:
    """The rows in force for one place."""

    def __init__(self, rows: Iterable[FormulaRow], place: str) -> None:
        self.place = place
        self._rows: dict[tuple[str, str], list[FormulaRow]] = {}
        for row in rows:
            self._rows.setdefault((row.rule, row.place), []).append(row)

    def search(self, rule: str, day: date) -> FormulaRow | None:
        """Find the row of a rule on a day: of the place, else of the country; None if neither."""
        for place in (self.place, CHINA):
            found = in_force(self._rows.get((rule, place), ()), day)
            if found:
                return found[-1]
        return None

    def find(self, rule: str, day: date) -> FormulaRow:
        """Find the row of a rule on a day.

        Raises:
            FormulaRowMissing: there is none.
        """
        row = self.search(rule, day)
        if row is None:
            raise FormulaRowMissing(rule=rule, place=self.place, day=day)
        return row

    def last_known(self, rule: str, day: date) -> FormulaRow | None:
        """Find the last row of a rule that was in force before a day."""
        for place in (self.place, CHINA):
            earlier = [row for row in self._rows.get((rule, place), ()) if row.in_force_from <= day]
            if earlier:
                return max(earlier, key=lambda row: row.in_force_from)
        return None
