"""Categories of insured people (参保类别): for what each is levied, and on which base. Rows of a policy.

Employees are levied for everything that the unit is. Of every other category a row says for what:
work injury alone on construction sites (实名制工伤), nothing for retirees but what is asked of them by
name. Where a category may choose its base (灵活就业: 60 %, 70 %, … of an average), the rows say which
choices there are in which months, so that one choice may rise year by year (过渡档).
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
"""Who needs no row: everything that is levied on the unit is levied for him."""
ANY_KIND: Final = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseChoice:
    """One base that a category may choose, in fen: a factor of averages that the policy names.

    `insurances` empty: those of the category. Months from … to, both inclusive; None: without end.
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
        """Whether it may be chosen in a period."""
        return _within(self.period_from, self.period_to, period)


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """For what a category is levied at some unit kinds, in some months (both inclusive)."""

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
        """Whether some month differs from another."""
        rows: Sequence[Category | BaseChoice] = (self, *self.choices)
        return any((row.period_from, row.period_to) != (None, None) for row in rows)

    def fits(self, kind: str, period: Period | None) -> bool:
        """Whether it speaks of a unit kind in a period."""
        return (ANY_KIND in self.unit_kinds or kind in self.unit_kinds) and _within(
            self.period_from, self.period_to, period
        )


def _within(first: Period | None, last: Period | None, period: Period | None) -> bool:
    return period is None or (
        (first is None or first <= period) and (last is None or period <= last)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What a category means for one unit in one period; `row` None: an employee."""

    category: str
    row: Category | None
    choices: tuple[BaseChoice, ...] = ()

    def insured(self, insurance: str) -> bool:
        """Whether the insurance is levied for the category in general."""
        return self.row is None or insurance in self.row.insurances

    def chosen(self, insurance: str, choice: str | None) -> BaseChoice | None:
        """The base that was chosen in an insurance; None where the wage says the base.

        Raises:
            BaseChoiceMissing, BaseChoiceUnknown: there are choices, and none of them was made.
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
        """Why somebody with this choice (None: none) cannot be levied."""
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
    """What each category means for a unit kind in a period; employees need no row."""
    found = {EMPLOYEE: EMPLOYEE_COVERAGE}
    for row in rows:
        if row.fits(kind, period):
            choices = tuple(choice for choice in row.choices if choice.holds(period))
            found[row.category] = Coverage(category=row.category, row=row, choices=choices)
    return found


def not_covered(category: str) -> CategoryNotCovered:
    """The refusal of a category that a policy says nothing of."""
    return CategoryNotCovered(category=category)


def category_fault(refusal: Refusal, at: str) -> Fault:
    """The fault of a person whose category or chosen base cannot be levied; `at` is the person."""
    of_choice = refusal.code in {BaseChoiceMissing.code, BaseChoiceUnknown.code}
    return Fault(
        f"{at}/{'base_choice' if of_choice else 'category'}", refusal.code, refusal.message
    )
