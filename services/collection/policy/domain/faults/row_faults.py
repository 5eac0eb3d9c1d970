"""Faults of the optional rows of a policy pack, and of the rates that need them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any, Final

from services.collection.policy.domain.allocation_order import AllocationMethod
from services.collection.policy.domain.category import EMPLOYEE
from services.collection.policy.domain.construction import Tier
from services.collection.policy.domain.crediting import CreditRule
from services.collection.policy.domain.floating import Floating, FloatingStep, StageCut
from services.collection.policy.domain.policy import FundRow, Policy, personal_base
from services.collection.policy.domain.rate import ANY, BaseKind, Rate
from shared.effective import in_force, overlaps
from shared.errors import Fault
from shared.fund import Party
from shared.money import PPM

AMOUNT_MAX_FEN: Final = 10**10
_FACTOR_MAX_PPM: Final = 10 * PPM


def faults_in(policy: Policy, content: Mapping[str, Any]) -> Iterator[Fault]:
    """Find every fault of these rows."""
    yield from _averages(policy)
    yield from _limits(policy, content)
    yield from _rates(policy, content)
    yield from _dated_funds(policy)
    yield from _level(policy)
    yield from _allocation(policy, content)
    yield from _credits(policy)
    if policy.floating is not None:
        yield from _floating(policy, policy.floating)
    if policy.construction is not None:
        if policy.construction.insurance not in policy.insurances:
            yield _not_listed("/construction/insurance", policy.construction.insurance)
        yield from _tiers(policy.construction.tiers)
    if not PPM <= policy.default_levy.factor_ppm <= _FACTOR_MAX_PPM:
        yield Fault("/default_levy/factor", "FACTOR_OUT_OF_RANGE", "加成须在一至十之间 (1 to 10)")


def _not_listed(pointer: str, name: str) -> Fault:
    return Fault(pointer, "INSURANCE_NOT_LISTED", f"不在本政策险种之列 (not listed): {name}")


def _averages(policy: Policy) -> Iterator[Fault]:
    names = [row.id for row in policy.averages]
    for number, row in enumerate(policy.averages):
        if row.id in names[:number]:
            yield Fault(f"/averages/{number}/id", "AVERAGE_REPEATED", f"平均工资编号重复: {row.id}")
        if not 0 < row.amount_fen <= AMOUNT_MAX_FEN:
            yield Fault(
                f"/averages/{number}/amount",
                "AMOUNT_OUT_OF_RANGE",
                "平均工资超出范围 (out of range)",
            )


def _limits(policy: Policy, content: Mapping[str, Any]) -> Iterator[Fault]:
    held = [(f"/limits/{number}", row) for number, row in enumerate(policy.limits)]
    held += [
        (f"/rates/{number}/limits", rate.limit)
        for number, rate in enumerate(policy.rates)
        if rate.limit is not None
    ]
    for at, row in held:
        for name, rule in (("floor_from", row.floor_from), ("ceiling_from", row.ceiling_from)):
            if rule is not None and not 0 < rule.factor_ppm <= _FACTOR_MAX_PPM:
                yield _factor(f"{at}/{name}/factor")
    for number, given in enumerate(content["rates"]):
        average = given.get("average")
        if average is not None and policy.rates[number].fixed_fen == 0:
            yield _factor(f"/rates/{number}/average/factor")


def _factor(pointer: str) -> Fault:
    return Fault(pointer, "FACTOR_OUT_OF_RANGE", "系数须大于零且不超过十 (above 0, at most 10)")


def _rates(policy: Policy, content: Mapping[str, Any]) -> Iterator[Fault]:
    for number, (rate, row) in enumerate(zip(policy.rates, content["rates"], strict=True)):
        at = f"/rates/{number}"
        yield from _members(rate, row, at)
        if rate.fixed_fen is not None and not 0 <= rate.fixed_fen <= AMOUNT_MAX_FEN:
            yield Fault(at, "AMOUNT_OUT_OF_RANGE", "定额或基数超出范围 (out of range)")
        if rate.sum_of is not None and not (
            rate.sum_of.per_person and not rate.sum_of.is_fixed and _sums(rate)
        ):
            yield Fault(
                f"{at}/sum_of",
                "SUM_NOT_OF_BASES",
                "只能对个人基数求和 (a sum of personal bases only)",
            )
        if rate.limit is not None and (rate.base.is_fixed or not rate.base.per_person):
            yield Fault(
                f"{at}/limits", "LIMITS_NOT_FOR_BASE", "该基数来源无上下限 (its base has no limits)"
            )
        if len(set(rate.months)) != len(rate.months):
            yield Fault(f"{at}/months", "MONTH_REPEATED", "月份重复 (a month twice)")


def _sums(rate: Rate) -> bool:
    return rate.base in {BaseKind.PERSONAL_SUM, BaseKind.UNIT_DUAL}


def _members(rate: Rate, row: Mapping[str, Any], at: str) -> Iterator[Fault]:
    """Check that a rate has the members that its base needs, and none that would be ignored."""
    needed = {
        "rate": rate.base is not BaseKind.HEAD,
        "amount": rate.base is BaseKind.HEAD,
        "average": rate.base is BaseKind.CITY_AVERAGE,
    }
    for name, needs in needed.items():
        given = row.get(name) is not None
        if needs and not given:
            yield Fault(
                f"{at}/{name}", f"{name.upper()}_MISSING", f"该基数来源须有 {name} (needs it)"
            )
        if given and not needs:
            yield Fault(
                f"{at}/{name}", f"{name.upper()}_NOT_FOR_BASE", f"该基数来源不用 {name} (not used)"
            )


def _dated_funds(policy: Policy) -> Iterator[Fault]:
    """Check that every insurance has exactly one fund on each day of the policy."""
    for insurance in policy.insurances:
        own = [row for row in policy.fund_rows if row.insurance == insurance]
        if len(own) > 1 and overlaps(own):
            yield Fault(
                "/fund_map", "FUND_REPEATED", f"险种归属日期重叠 (days overlap): {insurance}"
            )
        elif own and not _covers(own, policy.in_force_from, policy.in_force_to):
            yield Fault(
                "/fund_map", "FUND_GAP", f"险种归属有空档 (days without a fund): {insurance}"
            )
        for row in own:
            if row.in_force_from > policy.in_force_from and row.in_force_from.day != 1:
                yield Fault(
                    "/fund_map",
                    "DAY_NOT_FIRST",
                    f"归属须自月初变更 (changes on a first): {insurance}",
                )


def _covers(rows: Sequence[FundRow], first: date, last: date | None) -> bool:
    ordered = sorted(rows, key=lambda row: row.in_force_from)
    joined = all(
        earlier.in_force_to is not None and (later.in_force_from - earlier.in_force_to).days == 1
        for earlier, later in pairwise(ordered)
    )
    end = ordered[-1].in_force_to
    return (
        joined
        and bool(in_force(ordered, first))
        and (end is None or (last is not None and end >= last))
    )


def _level(policy: Policy) -> Iterator[Fault]:
    """Check that rounding once for the unit gives the unit's share a single base.

    The share is then taken from the sum of the personal bases, so both shares need one base source.
    """
    if policy.level != "unit":
        return
    for number, rate in enumerate(policy.rates):
        if rate.party is Party.PERSONAL or not rate.base.per_person or rate.categories:
            continue
        rates = [
            other
            for other in policy.rates
            if other.insurance == rate.insurance and set(other.unit_kinds) & {*rate.unit_kinds, ANY}
        ]
        if rate.base is not BaseKind.HEAD and (
            rate.base is not personal_base(rates)[0] or rate.limit is not None
        ):
            yield Fault(
                f"/rates/{number}/base",
                "LEVEL_NOT_FOR_BASE",
                "按单位舍入时,单位与个人须同一基数来源 (rounded per unit: one base source)",
            )


def _allocation(policy: Policy, content: Mapping[str, Any]) -> Iterator[Fault]:
    """Check that an order of insurances names each of them once, and only where it is used."""
    named = content["allocation"].get("insurances")
    at = "/allocation/insurances"
    if named is None:
        return
    if policy.allocation.name is not AllocationMethod.INSURANCE_ORDER:
        yield Fault(at, "ORDER_NOT_USED", "该分账次序不用险种次序 (this order does not use it)")
    if sorted(named) != sorted(policy.insurances):
        yield Fault(at, "ORDER_INCOMPLETE", "须列出每一险种且仅一次 (each insurance, exactly once)")


def _credits(policy: Policy) -> Iterator[Fault]:
    for number, row in enumerate(policy.credits):
        at = f"/crediting/{number}"
        if row.id in {earlier.id for earlier in policy.credits[:number]}:
            yield Fault(f"{at}/id", "CREDIT_REPEATED", f"划账编号重复 (repeated): {row.id}")
        if row.insurance not in policy.insurances:
            yield _not_listed(f"{at}/insurance", row.insurance)
        if row.age_below is not None and row.age_below <= row.age_from:
            yield Fault(at, "AGES_REVERSED", "年龄上限不高于下限 (ages reversed)")
        if (row.rate_ppm is None) == (row.yearly_fen is None):
            yield Fault(at, "CREDIT_AMBIGUOUS", "须有且仅有比例或年额 (a rate or a yearly amount)")
        if not row.retired:
            yield from _active(policy, row, at)
        for other in policy.credits[:number]:
            if _same_people(row, other):
                yield Fault(at, "CREDIT_OVERLAPS", f"与 {other.id} 年龄重叠 (ages overlap)")


def _active(policy: Policy, row: CreditRule, at: str) -> Iterator[Fault]:
    """Check that an active person's unit share can be divided, and exceeds what is credited."""
    if row.rate_ppm is None or row.standing is not None:
        yield Fault(at, "CREDIT_NOT_FOR_ACTIVE", "在职人员按基数比例划入 (a share of the base)")
        return
    for rate in policy.rates:
        if (rate.insurance, rate.party) != (row.insurance, Party.UNIT):
            continue
        if rate.categories and not _insured(policy, rate):
            continue
        if rate.base is BaseKind.HEAD:
            yield Fault(at, "CREDIT_OF_FIXED", f"定额缴费不划账 (a fixed amount): {rate.id}")
        elif row.rate_ppm > rate.rate_ppm or (
            row.rate_ppm == rate.rate_ppm and not rate.base.per_person
        ):
            yield Fault(
                f"{at}/rate",
                "CREDIT_ABOVE_RATE",
                f"划入比例不低于单位费率 (above the rate): {rate.id}",
            )


def _insured(policy: Policy, rate: Rate) -> bool:
    """Tell whether somebody who bears the rate has the insurance in general, and so its credits."""
    return any(
        name == EMPLOYEE
        or any(
            row.category == name and rate.insurance in row.insurances for row in policy.categories
        )
        for name in rate.categories
    )


def _same_people(row: CreditRule, other: CreditRule) -> bool:
    if (row.insurance, row.retired, row.standing) != (
        other.insurance,
        other.retired,
        other.standing,
    ):
        return False
    return (row.age_below is None or other.age_from < row.age_below) and (
        other.age_below is None or row.age_from < other.age_below
    )


def _floating(policy: Policy, rules: Floating) -> Iterator[Fault]:
    at = "/injury_floating"
    if rules.insurance not in policy.insurances:
        yield _not_listed(f"{at}/insurance", rules.insurance)
    named: list[FloatingStep | StageCut] = [*rules.steps, *rules.cuts]
    for number, row in enumerate(named):
        if row.id in {earlier.id for earlier in named[:number]}:
            yield Fault(at, "STEP_REPEATED", f"档次编号重复 (repeated): {row.id}")
        if not 0 < row.factor_ppm <= _FACTOR_MAX_PPM:
            yield _factor(f"{at}: {row.id}")
    yield from _cuts(rules.cuts, at)
    for number, rate in enumerate(policy.rates):
        if rate.insurance == rules.insurance:
            yield from _whole(rules, rate, number)


def _cuts(cuts: Sequence[StageCut], at: str) -> Iterator[Fault]:
    for number, cut in enumerate(cuts):
        below = cut.months_below_hundredths
        if below is not None and below <= cut.months_from_hundredths:
            yield Fault(f"{at}/stage_cuts/{number}", "MONTHS_REVERSED", "可支付月数上限不高于下限")
        for other in cuts[:number]:
            if other.holds(cut.months_from_hundredths) or cut.holds(other.months_from_hundredths):
                yield Fault(
                    f"{at}/stage_cuts/{number}",
                    "CUT_OVERLAPS",
                    f"与 {other.id} 月数重叠 (overlaps)",
                )


def _whole(rules: Floating, rate: Rate, number: int) -> Iterator[Fault]:
    """Check that an adjusted rate is a whole number of millionths, so that nothing is lost."""
    for step in (None, *(row.id for row in rules.steps)):
        parts = rate.rate_ppm
        for factor in rules.factors(rate.injury_class, step):
            parts *= factor.factor_ppm
            if parts % PPM:
                yield Fault(
                    f"/rates/{number}/rate",
                    "RATE_ROUNDS_AWAY",
                    f"浮动后费率超过六位小数 (more than six decimals): {factor.id}",
                )
                break
            parts //= PPM


def _tiers(tiers: Sequence[Tier]) -> Iterator[Fault]:
    """Check that tiers run upwards from zero without gap or overlap, and that the last is open."""
    expected: int | None = 0
    for number, tier in enumerate(tiers):
        at = f"/construction/tiers/{number}"
        if tier.id in {earlier.id for earlier in tiers[:number]}:
            yield Fault(f"{at}/id", "TIER_REPEATED", f"档次编号重复 (repeated): {tier.id}")
        if tier.rate_ppm > PPM:
            yield Fault(f"{at}/rate", "RATE_ABOVE_ONE", "费率大于一 (above one)")
        if tier.from_fen != expected:
            yield Fault(f"{at}/from", "TIERS_BROKEN", "各档须自零起首尾相接 (from zero, no gap)")
        expected = tier.below_fen
        if expected is not None and expected <= tier.from_fen:
            yield Fault(at, "TIERS_BROKEN", "档次上限不高于下限 (reversed)")
    if expected is not None:
        yield Fault("/construction/tiers", "TIERS_BROKEN", "最高档不设上限 (the last is open)")
