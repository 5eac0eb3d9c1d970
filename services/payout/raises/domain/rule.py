"""The rule of a raise (调整办法): groups of people, and what each group adds to a monthly pension.

A person gets what every group adds that they belong to. A group adds a fixed amount, an amount for
each year paid, and a share of the pension before the raise, together within the group's floor and
cap. The sum is kept within the raise's own floor and cap, rounded once, and added; a least pension
lifts what is still below it. `raises/store/line.py` computes the same in SQL for all people at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

from shared.errors import Fault
from shared.money import Rounding, scale
from shared.period import Period

SHARE: Final = 12_000_000
"""Amounts before rounding count in this part of a fen: months of a year times a millionth."""
ADDED_MAX_FEN: Final = 1_000_000
"""A raise of more than ten thousand yuan a month is a typing error."""
PERCENT_MAX_PPM: Final = 1_000_000
Bound = TypeVar("Bound", Period, int)


class YearCount(StrEnum):
    """The years that months paid count as."""

    UP = "up"  # 不满一年按一年
    DOWN = "down"  # 不满一年不计
    MONTHS = "months"  # 按月折算

    def months(self, paid: int) -> int:
        """Return the months that count."""
        match self:
            case YearCount.UP:
                return -(-paid // 12) * 12
            case YearCount.DOWN:
                return paid // 12 * 12
            case YearCount.MONTHS:
                return paid


@dataclass(frozen=True, slots=True, kw_only=True)
class RaiseGroup:
    """A group of people and what it adds. A bound that is None is open; bounds are inclusive."""

    code: str
    name: str
    born_from: Period | None = None
    born_to: Period | None = None
    retired_from: Period | None = None
    retired_to: Period | None = None
    paid_months_from: int | None = None
    paid_months_to: int | None = None
    fixed_fen: int = 0
    per_year_fen: int = 0
    percent_ppm: int = 0
    floor_fen: int = 0
    cap_fen: int | None = None

    @property
    def asks_paid_months(self) -> bool:
        """Tell whether the group depends on the months paid."""
        return bool(self.per_year_fen) or (self.paid_months_from, self.paid_months_to) != (
            None,
            None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RaiseRule:
    """The whole rule of one raise."""

    groups: Sequence[RaiseGroup]
    years: YearCount
    rounding: Rounding
    floor_fen: int = 0
    cap_fen: int | None = None
    least_fen: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PensionFacts:
    """The facts of a person that raises ask for; None where nobody has said."""

    born_in: Period | None = None
    retired_in: Period | None = None
    paid_months: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupShare:
    """The addition of one group to one pension, in parts of a fen (`SHARE`); `share` is within bounds."""

    code: str
    name: str
    fixed: int
    per_year: int
    percent: int
    share: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RaiseResult:
    """A raised pension with the groups that raised it."""

    groups: Sequence[GroupShare]
    before_fen: int
    after_fen: int


def raised(rule: RaiseRule, facts: PensionFacts, before_fen: int) -> RaiseResult | None:
    """Compute a person's raise; None for one of no group."""
    shares = [
        _share(rule, group, facts, before_fen) for group in rule.groups if belongs(group, facts)
    ]
    if not shares:
        return None
    whole = max(sum(share.share for share in shares), rule.floor_fen * SHARE)
    if rule.cap_fen is not None:
        whole = min(whole, rule.cap_fen * SHARE)
    after_fen = max(before_fen + scale(whole, 1, SHARE, rule.rounding), rule.least_fen)
    return RaiseResult(groups=shares, before_fen=before_fen, after_fen=after_fen)


def belongs(group: RaiseGroup, facts: PensionFacts) -> bool:
    """Tell whether a person is of a group; an unknown fact is in no bounds."""
    return (
        _within(facts.born_in, group.born_from, group.born_to)
        and _within(facts.retired_in, group.retired_from, group.retired_to)
        and _within(facts.paid_months, group.paid_months_from, group.paid_months_to)
        and (not group.per_year_fen or facts.paid_months is not None)
    )


def _within(value: Bound | None, first: Bound | None, last: Bound | None) -> bool:
    if first is None and last is None:
        return True
    if value is None:
        return False
    return (first is None or first <= value) and (last is None or value <= last)


def _share(rule: RaiseRule, group: RaiseGroup, facts: PensionFacts, before_fen: int) -> GroupShare:
    fixed = group.fixed_fen * SHARE
    per_year = group.per_year_fen * rule.years.months(facts.paid_months or 0) * (SHARE // 12)
    percent = before_fen * group.percent_ppm * 12
    share = max(fixed + per_year + percent, group.floor_fen * SHARE)
    if group.cap_fen is not None:
        share = min(share, group.cap_fen * SHARE)
    return GroupShare(
        code=group.code,
        name=group.name,
        fixed=fixed,
        per_year=per_year,
        percent=percent,
        share=share,
    )


def rule_faults(rule: RaiseRule) -> list[Fault]:
    """Find every fault in a rule: repeated codes, empty groups, reversed bounds, large amounts."""
    faults = []
    codes: set[str] = set()
    for index, group in enumerate(rule.groups):
        at = f"/groups/{index}"
        if group.code in codes:
            faults.append(
                Fault(f"{at}/code", "GROUP_REPEATED", "组别代码重复 (the code stands twice)")
            )
        codes.add(group.code)
        if not (group.fixed_fen or group.per_year_fen or group.percent_ppm or group.floor_fen):
            faults.append(Fault(at, "GROUP_ADDS_NOTHING", "未设金额 (the group adds nothing)"))
        if group.percent_ppm > PERCENT_MAX_PPM:
            faults.append(
                Fault(
                    f"{at}/percent", "PERCENT_IMPLAUSIBLE", "比例不得超过 1 (more than the whole)"
                )
            )
        faults += _reversed_bounds(group, at)
        faults += _large_amounts(group, at)
    if rule.cap_fen is not None and rule.cap_fen < rule.floor_fen:
        faults.append(Fault("/cap", "BOUNDS_REVERSED", _REVERSED))
    return faults


_REVERSED: Final = "上限低于下限 (the upper bound is below the lower one)"


def _reversed_bounds(group: RaiseGroup, at: str) -> list[Fault]:
    pairs = {
        "born_to": (group.born_from, group.born_to),
        "retired_to": (group.retired_from, group.retired_to),
    }
    found = [
        name
        for name, (first, last) in pairs.items()
        if first is not None and last is not None and last < first
    ]
    first_month, last_month = group.paid_months_from, group.paid_months_to
    if first_month is not None and last_month is not None and last_month < first_month:
        found.append("paid_months_to")
    if group.cap_fen is not None and group.cap_fen < group.floor_fen:
        found.append("cap")
    return [Fault(f"{at}/{name}", "BOUNDS_REVERSED", _REVERSED) for name in found]


def _large_amounts(group: RaiseGroup, at: str) -> list[Fault]:
    amounts = {"fixed": group.fixed_fen, "per_year": group.per_year_fen, "floor": group.floor_fen}
    message = "金额过大 (the amount is implausible)"
    return [
        Fault(f"{at}/{name}", "AMOUNT_IMPLAUSIBLE", message)
        for name, fen in amounts.items()
        if fen > ADDED_MAX_FEN
    ]
