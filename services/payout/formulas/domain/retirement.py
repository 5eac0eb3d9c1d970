"""Statutory retirement (法定退休): age by birth month, the flexible choice, and the minimum years."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from services.payout.formulas.domain.row import RowBook
from services.payout.formulas.domain.value import FormulaRule, ValueReader
from services.payout.formulas.domain.worksheet import (
    BenefitQuote,
    Worksheet,
    age_text,
    span_text,
)
from shared.errors import Kind, Refusal
from shared.period import Period


class RetirementCategory(StrEnum):
    """The three ages of retirement."""

    MEN = "men"  # 男职工
    WOMEN_55 = "women_55"  # 原法定退休年龄55周岁的女职工
    WOMEN_50 = "women_50"  # 原法定退休年龄50周岁的女职工


class OutsideFlexibleRange(Refusal):
    """所选退休时间不在弹性范围内 (the chosen month is outside the flexible range)"""

    kind = Kind.INVALID
    code = "RETIREMENT_OUTSIDE_RANGE"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeSteps:
    """The old age in months rises from `first_birth` on: one month per `step` months of birth."""

    old: int
    new: int
    first_birth: Period
    step: int

    def age_months(self, birth: Period) -> int:
        """Calculate the statutory age of people born in a month."""
        if birth < self.first_birth:
            return self.old
        months = _index(birth) - _index(self.first_birth)
        return min(self.old + months // self.step + 1, self.new)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetirementAges:
    """The ages of all categories, and the months that people may choose to go earlier or later."""

    steps: dict[RetirementCategory, AgeSteps]
    flexible: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RetirementMonths:
    """The statutory month of a person, and the earliest and latest that may be chosen."""

    age_months: int
    statutory: Period
    earliest: Period
    latest: Period


@dataclass(frozen=True, slots=True, kw_only=True)
class RetirementInputs:
    """The birth month and category of a person, and the month that he or she would choose."""

    category: RetirementCategory
    birth: Period
    chosen: Period | None = None


def _index(period: Period) -> int:
    return period.year * 12 + period.month


def _read_ages(value: ValueReader) -> RetirementAges:
    steps = {}
    for category in RetirementCategory:
        group = value.group(category.value)
        if group is None:
            value.fault(category.value, "MEMBER_MISSING", "缺少此项 (missing)")
            continue
        steps[category] = AgeSteps(
            old=group.whole("old", 1),
            new=group.whole("new", 1),
            first_birth=group.period("first_birth"),
            step=group.whole("step", 1),
        )
        if steps[category].new < steps[category].old:
            group.fault("new", "AGE_FALLS", "新年龄低于原年龄 (the new age is below the old one)")
        group.finish()
    return RetirementAges(steps=steps, flexible=value.whole("flexible"))


def _read_minimum(value: ValueReader) -> tuple[tuple[int, int], ...]:
    years = []
    for item in value.items("years"):
        years.append((item.whole("from", 1990), item.whole("months", 1)))
        item.finish()
    if [year for year, _ in years] != sorted({year for year, _ in years}):
        value.fault("years", "YEARS_UNORDERED", "年份须递增 (years must rise)")
    return tuple(years)


RETIREMENT_AGES: Final = FormulaRule("retirement_ages", "法定退休年龄", _read_ages)
MINIMUM_MONTHS: Final = FormulaRule("pension_minimum_months", "最低缴费年限", _read_minimum)


def retirement_months(
    ages: RetirementAges, category: RetirementCategory, birth: Period
) -> RetirementMonths:
    """Calculate when a person retires. The earliest choice is never below the old age."""
    steps = ages.steps[category]
    age = steps.age_months(birth)
    statutory = birth.plus(age)
    return RetirementMonths(
        age_months=age,
        statutory=statutory,
        earliest=max(statutory.plus(-ages.flexible), birth.plus(steps.old)),
        latest=statutory.plus(ages.flexible),
    )


def minimum_months(years: tuple[tuple[int, int], ...], retirement: Period) -> int:
    """Find the months that must be paid by people who retire in a month."""
    months = [months for year, months in years if year <= retirement.year]
    return months[-1] if months else years[0][1]


def quote_retirement(book: RowBook, day: date, given: RetirementInputs) -> BenefitQuote:
    """Quote the retirement month of a person by the rows of a day, and the minimum years then.

    Raises:
        OutsideFlexibleRange: the chosen month is too early or too late.
    """
    birth, chosen = given.birth, given.chosen
    sheet = Worksheet(book, day)
    ages = sheet.value(RETIREMENT_AGES)
    months = retirement_months(ages, given.category, birth)
    sheet.step(
        "法定退休年龄",
        f"{birth} 出生,原退休年龄 {age_text(ages.steps[given.category].old)}",
        f"{age_text(months.age_months)},{months.statutory}",
    )
    sheet.step(
        "弹性退休范围",
        f"{months.statutory} ± {ages.flexible} 个月,不早于原退休年龄",
        f"{months.earliest} 至 {months.latest}",
    )
    if chosen is not None and not months.earliest <= chosen <= months.latest:
        raise OutsideFlexibleRange(
            chosen=str(chosen), earliest=str(months.earliest), latest=str(months.latest)
        )
    retirement = chosen or months.statutory
    minimum = minimum_months(sheet.value(MINIMUM_MONTHS), retirement)
    sheet.step("最低缴费年限", f"{retirement.year} 年退休", span_text(minimum))
    for id, name, value in (
        ("age", "法定退休年龄", age_text(months.age_months)),
        ("statutory_month", "法定退休月", str(months.statutory)),
        ("earliest_month", "最早可选月", str(months.earliest)),
        ("latest_month", "最晚可选月", str(months.latest)),
        ("retirement_month", "退休月", str(retirement)),
        ("minimum_months", "最低缴费月数", str(minimum)),
    ):
        sheet.fact(id, name, value)
    return sheet.close()
