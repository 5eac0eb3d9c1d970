"""Categories of insured people (参保类别): rows of a policy that say what each category is levied for.

Employees are levied for everything that their unit is levied for. For every other category, a row
lists the insurances: work injury only on construction sites (实名制工伤), for retirees only the items
that name them. If a category may choose its base (灵活就业: 60 %, 70 %, … of an average), the rows list
the choices and their months, so that one choice may rise from year to year (过渡档).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from services.collection.common.domain.errors import (
    BaseChoiceMissing,
    BaseChoiceUnknown,
    CategoryNotCovered,
)
from shared.errors import Fault, Refusal
from shared.period import Period

EMPLOYEE: Final = "employee"
"""Default category: insured for everything the unit pays, so it needs no row."""
ANY_KIND: Final = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseChoice:
    """A base that people of a category may choose, in fen: a factor of published averages.

    `insurances` empty: all insurances of the category. Both months are inclusive; None means no
    limit.
    """

    id: str
    choice: str
    insurances: tuple[str, ...]
    base_fen: int
    factor_ppm: int
    period_from: Period | None
    period_to: Period | None
    source: str

    def holds(self, period: Period | None) -> bool:
        """Tell whether the base may be chosen in a period."""
        return _within(self.period_from, self.period_to, period)


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """The insurances that a category is levied for, at some unit kinds and in some months
    (inclusive)."""

    id: str
    category: str
    insurances: tuple[str, ...]
    unit_kinds: tuple[str, ...]
    period_from: Period | None
    period_to: Period | None
    choices: tuple[BaseChoice, ...]
    source: str

    @property
    def is_dated(self) -> bool:
        """Tell whether some month differs from another."""
        rows: Sequence[Category | BaseChoice] = (self, *self.choices)
        return any((row.period_from, row.period_to) != (None, None) for row in rows)

    def fits(self, kind: str, period: Period | None) -> bool:
        """Tell whether the row applies to a unit kind in a period."""
        return (ANY_KIND in self.unit_kinds or kind in self.unit_kinds) and _within(
            self.period_from, self.period_to, period
        )


def _within(first: Period | None, last: Period | None, period: Period | None) -> bool:
    return period is None or (
        (first is None or first <= period) and (last is None or period <= last)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The insurances of a category at one unit in one period. Employees have no `row`."""

    category: str
    row: Category | None
    choices: tuple[BaseChoice, ...] = ()

    def insured(self, insurance: str) -> bool:
        """Tell whether the category has an insurance."""
        return self.row is None or insurance in self.row.insurances

    def chosen(self, insurance: str, choice: str | None) -> BaseChoice | None:
        """Return the chosen base in an insurance; None if the base follows from the wage.

        Raises:
            BaseChoiceMissing, BaseChoiceUnknown: the category has choices, and this is none of
            them.
        """
        if self.row is None or insurance not in self.row.insurances:
            return None
        rows = [row for row in self.choices if not row.insurances or insurance in row.insurances]
        if not rows:
            return None
        if choice is None:
            raise BaseChoiceMissing(category=self.category, insurance=insurance)
        found = next((row for row in rows if row.choice == choice), None)
        if found is None:
            raise BaseChoiceUnknown(category=self.category, base_choice=choice, insurance=insurance)
        return found

    def refusal(self, choice: str | None) -> Refusal | None:
        """Return the reason why a person with this choice (None: no choice) cannot be levied."""
        if choice is not None and choice not in {row.choice for row in self.choices}:
            return BaseChoiceUnknown(category=self.category, base_choice=choice)
        for insurance in () if self.row is None else self.row.insurances:
            try:
                self.chosen(insurance, choice)
            except Refusal as refusal:
                return refusal
        return None


EMPLOYEE_COVERAGE: Final = Coverage(category=EMPLOYEE, row=None)


def coverages(rows: Iterable[Category], kind: str, period: Period | None) -> dict[str, Coverage]:
    """Return the coverage of every category at a unit kind in a period. Employees need no row."""
    found = {EMPLOYEE: EMPLOYEE_COVERAGE}
    for row in rows:
        if row.fits(kind, period):
            choices = tuple(choice for choice in row.choices if choice.holds(period))
            found[row.category] = Coverage(category=row.category, row=row, choices=choices)
    return found


def not_covered(category: str) -> CategoryNotCovered:
    """Build the refusal of a category for which the policy has no row."""
    return CategoryNotCovered(category=category)


def category_fault(refusal: Refusal, at: str) -> Fault:
    """Build the fault of a person whose category or chosen base cannot be levied."""
    of_choice = refusal.code in {BaseChoiceMissing.code, BaseChoiceUnknown.code}
    return Fault(
        f"{at}/{'base_choice' if of_choice else 'category'}", refusal.code, refusal.message
    )
