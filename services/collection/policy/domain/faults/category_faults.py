"""Faults of a policy pack's categories, and of the rates that name them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from services.collection.policy.domain.category import ANY_KIND, EMPLOYEE, BaseChoice, Category
from services.collection.policy.domain.policy import UNIT_KINDS, Policy
from services.collection.policy.domain.rate import BaseKind, Rate
from shared.errors import Fault
from shared.fund import Party
from shared.money import PPM
from shared.period import Period

_BASE_MAX_FEN: Final = 10**10
_FACTOR_MAX_PPM: Final = 10 * PPM


def faults_in(policy: Policy) -> Iterator[Fault]:
    """Find every fault of these rows."""
    for number, row in enumerate(policy.categories):
        at = f"/categories/{number}"
        yield from _row(policy, row, at)
        for earlier in policy.categories[:number]:
            if row.id == earlier.id:
                yield Fault(f"{at}/id", "CATEGORY_REPEATED", f"类别编号重复 (repeated): {row.id}")
            if _both(row, earlier):
                yield Fault(at, "CATEGORY_OVERLAPS", f"与 {earlier.id} 重叠 (overlaps it)")
        yield from _choices(row, at)
    for number, rate in enumerate(policy.rates):
        yield from _rate(policy, rate, f"/rates/{number}/categories")


def bearers(policy: Policy, rate: Rate) -> frozenset[str]:
    """Return the categories whose people may bear a rate."""
    if rate.categories:
        return frozenset(rate.categories)
    rows = policy.categories
    return frozenset(row.category for row in rows if rate.insurance in row.insurances) | {EMPLOYEE}


def _row(policy: Policy, row: Category, at: str) -> Iterator[Fault]:
    if row.category == EMPLOYEE:
        yield Fault(
            f"{at}/category", "CATEGORY_IS_EVERYBODY", "职工无须列明 (employees need no row)"
        )
    for place, name in enumerate(row.insurances):
        if name not in policy.insurances:
            yield Fault(
                f"{at}/insurances/{place}",
                "INSURANCE_NOT_LISTED",
                f"不在本政策险种之列 (not listed): {name}",
            )
    for kind in row.unit_kinds:
        if kind not in {ANY_KIND, *UNIT_KINDS}:
            yield Fault(f"{at}/unit_kinds", "UNIT_KIND_UNKNOWN", f"未知单位类型 (unknown): {kind}")
    yield from _months(row, at)


def _months(row: Category | BaseChoice, at: str) -> Iterator[Fault]:
    first, last = row.period_from, row.period_to
    if first is not None and last is not None and last < first:
        yield Fault(at, "DAYS_REVERSED", "终止月早于起始月 (ends before it begins)")


def _both(row: Category, other: Category) -> bool:
    kinds = ANY_KIND in {*row.unit_kinds, *other.unit_kinds}
    return (
        row.category == other.category
        and (kinds or bool({*row.unit_kinds} & {*other.unit_kinds}))
        and _meet(row, other)
    )


def _meet(row: Category | BaseChoice, other: Category | BaseChoice) -> bool:
    return _starts_by(row.period_from, other.period_to) and _starts_by(
        other.period_from, row.period_to
    )


def _starts_by(first: Period | None, last: Period | None) -> bool:
    return first is None or last is None or first <= last


def _choices(row: Category, at: str) -> Iterator[Fault]:
    for number, choice in enumerate(row.choices):
        place = f"{at}/choices/{number}"
        yield from _months(choice, place)
        if not 0 < choice.factor_ppm <= _FACTOR_MAX_PPM:
            yield Fault(
                f"{place}/average/factor",
                "FACTOR_OUT_OF_RANGE",
                "系数须大于零且不超过十 (above 0, at most 10)",
            )
        elif not 0 < choice.base_fen <= _BASE_MAX_FEN:
            yield Fault(f"{place}/average", "AMOUNT_OUT_OF_RANGE", "基数超出范围 (out of range)")
        for name in choice.insurances:
            if name not in row.insurances:
                yield Fault(
                    f"{place}/insurances",
                    "CHOICE_NOT_OF_CATEGORY",
                    f"该类别不征此险种 (not levied for it): {name}",
                )
        yield from _repeated(choice, row.choices[:number], place)


def _repeated(choice: BaseChoice, earlier: Sequence[BaseChoice], at: str) -> Iterator[Fault]:
    for other in earlier:
        every = not choice.insurances or not other.insurances
        if choice.id == other.id:
            yield Fault(f"{at}/id", "CHOICE_REPEATED", f"档次编号重复 (repeated): {choice.id}")
        if (
            choice.choice == other.choice
            and (every or {*choice.insurances} & {*other.insurances})
            and _meet(choice, other)
        ):
            yield Fault(at, "CHOICE_OVERLAPS", f"与 {other.id} 重叠 (overlaps it)")


def _rate(policy: Policy, rate: Rate, at: str) -> Iterator[Fault]:
    known = {EMPLOYEE, *(row.category for row in policy.categories)}
    for place, name in enumerate(rate.categories):
        if name not in known:
            yield Fault(
                f"{at}/{place}", "CATEGORY_UNKNOWN", f"未列出该类别 (no such category): {name}"
            )
        if name in rate.categories[:place]:
            yield Fault(f"{at}/{place}", "CATEGORY_REPEATED", f"类别重复 (repeated): {name}")
    if not rate.categories:
        return
    if not rate.base.per_person:
        yield Fault(
            at, "CATEGORY_NOT_FOR_BASE", "按单位征缴的费率不分类别 (levied on the unit as a whole)"
        )
    elif policy.level == "unit" and rate.party is Party.UNIT and rate.base is not BaseKind.HEAD:
        yield Fault(
            at, "LEVEL_NOT_FOR_BASE", "按单位舍入时,只有定额可分类别 (rounded per unit: heads only)"
        )
