"""Categories and choices of people in columns: masks of who bears a rate, and chosen bases.

Most people are employees, and most units have no others. Then there is no mask, and the calculation
runs as if there were no categories.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.collection.policy.domain.category import EMPLOYEE
from services.collection.policy.domain.policy import Rule, Schedule
from services.collection.policy.domain.rate import Rate

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
KnownCategories = Mapping[tuple[int, int], tuple[str, str | None]]
"""Category and choice by unit and person, of people who are not employees."""
_NONE: Final = -1
"""Marks people without a chosen base in a column of bases."""


@dataclass(frozen=True, slots=True)
class PeopleCategories:
    """The category and choice of many people: `code` is an index into `kinds`."""

    kinds: tuple[tuple[str, str | None], ...]
    code: Ints

    def words(self) -> list[tuple[str | None, str | None]]:
        """Return each person's category and choice; (None, None) for employees."""
        kinds: list[tuple[str | None, str | None]] = [
            (None, None) if kind == (EMPLOYEE, None) else kind for kind in self.kinds
        ]
        return [kinds[code] for code in self.code.tolist()]

    def of(self, rows: Ints) -> PeopleCategories | None:
        """Select some rows; None if all of them are employees."""
        code = self.code[rows]
        return PeopleCategories(self.kinds, code) if code.any() else None


def people_categories(
    found: KnownCategories, unit_id: Ints, person_id: Ints
) -> PeopleCategories | None:
    """Look up the categories of people in rows by unit and person; None if all are employees."""
    if not found:
        return None
    kinds: dict[tuple[str, str | None], int] = {(EMPLOYEE, None): 0}
    code = np.zeros(len(person_id), np.int64)
    known = np.array([person for _, person in found], np.int64)
    rows = np.flatnonzero(np.isin(person_id, known))
    for row, unit, person in zip(
        rows.tolist(), unit_id[rows].tolist(), person_id[rows].tolist(), strict=True
    ):
        kind = found.get((unit, person))
        if kind is not None:
            code[row] = kinds.setdefault(kind, len(kinds))
    return PeopleCategories(tuple(kinds), code) if code.any() else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearers:
    """The people who are levied: mask `holds` (None: everybody), and their chosen bases (None: no
    choices).

    `by_wage` masks people whose base follows from the wage or a figure (None: everybody).
    """

    holds: Mask | None = None
    chosen_fen: Ints | None = None
    categories: PeopleCategories | None = None
    none: bool = False

    @property
    def nobody(self) -> bool:
        """Tell whether nobody is levied."""
        return self.none or (self.holds is not None and not self.holds.any())

    @property
    def by_wage(self) -> Mask | None:
        """Mask the people whose base follows from the wage or a figure."""
        if self.chosen_fen is None:
            return self.holds
        wage: Mask = self.chosen_fen == _NONE
        return wage if self.holds is None else wage & self.holds

    def only(self, column: Ints) -> Ints:
        """Set a column to 0 for people who are not levied."""
        return column if self.holds is None else np.where(self.holds, column, 0)

    def based(self, column: Ints) -> Ints:
        """Put chosen bases into a column of bases, and 0 for people who are not levied."""
        if self.chosen_fen is not None:
            column = np.where(self.chosen_fen == _NONE, column, self.chosen_fen)
        return self.only(column)

    def of(self, rate: Rate) -> Bearers:
        """Find who bears a rate."""
        if not rate.categories:
            return self
        if self.categories is None:
            return EVERYBODY if EMPLOYEE in rate.categories else NOBODY
        return Bearers(
            holds=_mask(
                self.categories,
                [category in rate.categories for category, _ in self.categories.kinds],
            ),
            chosen_fen=self.chosen_fen,
        )


EVERYBODY: Final = Bearers()
NOBODY: Final = Bearers(none=True)


def bearers(schedule: Schedule, rule: Rule, categories: PeopleCategories | None) -> Bearers:
    """Find who is levied for an insurance in general.

    Raises:
        CategoryNotCovered, BaseChoiceMissing, BaseChoiceUnknown: somebody cannot be levied.
    """
    if categories is None:
        return EVERYBODY
    insured, chosen = [], []
    present = np.bincount(categories.code, minlength=len(categories.kinds)).tolist()
    for (category, choice), count in zip(categories.kinds, present, strict=True):
        # Some kinds may be those of other units' people; nobody in this column has them.
        coverage = schedule.coverage(category) if count else None
        row = None if coverage is None else coverage.chosen(rule.insurance, choice)
        insured.append(coverage is not None and coverage.insured(rule.insurance))
        chosen.append(_NONE if row is None else row.base_fen)
    return Bearers(
        holds=_mask(categories, insured),
        chosen_fen=None if set(chosen) <= {_NONE} else np.array(chosen, np.int64)[categories.code],
        categories=categories,
    )


def _mask(categories: PeopleCategories, of_kinds: list[bool]) -> Mask | None:
    """Mask the people of some kinds; None if that is everybody."""
    holds: Mask = np.array(of_kinds, bool)[categories.code]
    return None if bool(holds.all()) else holds
