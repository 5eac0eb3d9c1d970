"""Flags (失信标记) on a unit or a person, and the dated rules about them. Pure.

A flag is set and lifted by two people. A rule says after which outcome of an inspection one is
proposed, and what a flag blocks.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID

from shared.errors import Fault, Kind, Refusal
from shared.ids import key_of


class RuleTopic(StrEnum):
    """Topics of the rules."""

    OBJECTION_DAYS = "objection_days"  # 陈述申辩天数
    FLAG_AFTER = "flag_after"  # 以该结果结案后列入名单的月数,0 为不列入
    FLAG_BLOCKS = "flag_blocks"  # 名单是否限制该事项


class FlagAction(StrEnum):
    """The two changes of a flag."""

    SET = "set"  # 列入
    LIFT = "lift"  # 移出


class BlockedService(StrEnum):
    """Services that a flag may block, by rule."""

    CERTIFICATE = "certificate"  # 足额缴费证明
    CLAIM = "claim"  # 须核对单位缴费的待遇申请


CODES: Final = {
    RuleTopic.OBJECTION_DAYS: frozenset({"unit"}),
    RuleTopic.FLAG_AFTER: frozenset({"collected", "nothing_found", "uncollectable", "withdrawn"}),
    RuleTopic.FLAG_BLOCKS: frozenset(BlockedService),
}
VALUE_MAX: Final = {
    RuleTopic.OBJECTION_DAYS: 90,
    RuleTopic.FLAG_AFTER: 120,
    RuleTopic.FLAG_BLOCKS: 1,
}


class UnitFlagged(Refusal):
    """该单位已列入失信名单,此事项暂不办理 (the unit is flagged, and its flag blocks this)"""

    kind = Kind.CONFLICT
    code = "UNIT_FLAGGED"


class FlagExists(Refusal):
    """已在失信名单中 (it is flagged already)"""

    kind = Kind.CONFLICT
    code = "CREDIT_FLAG_EXISTS"


class NotFlagged(Refusal):
    """不在失信名单中 (it is not flagged)"""

    kind = Kind.CONFLICT
    code = "CREDIT_FLAG_NONE"


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionRule:
    """A rule on the days on which it is in force."""

    topic: RuleTopic
    code: str
    value: int
    basis: str
    in_force_from: date
    in_force_to: date | None
    reason: str = ""
    set_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditFlag:
    """A flag from a day on. `until` is its last day; None: until two people lift it."""

    shard_key: int
    id: UUID
    target: str
    basis: str
    document: str
    since: date
    until: date | None
    inspection: str | None
    set_by: str
    lifted_on: date | None = None
    lifted_by: str | None = None

    def counts_on(self, day: date) -> bool:
        """Tell whether the flag counts on a day."""
        begun = self.since <= day and (self.until is None or day <= self.until)
        return begun and (self.lifted_on is None or day < self.lifted_on)


def rule_faults(rule: InspectionRule) -> list[Fault]:
    """Find every fault of a rule."""
    faults = []
    if rule.code not in CODES[rule.topic]:
        known = ", ".join(sorted(CODES[rule.topic]))
        faults.append(Fault("/code", "RULE_CODE_UNKNOWN", f"该类规则无此代码 (one of {known})"))
    if rule.value > VALUE_MAX[rule.topic]:
        most = VALUE_MAX[rule.topic]
        faults.append(Fault("/value", "RULE_VALUE_TOO_LARGE", f"最大 {most} (at most {most})"))
    return faults


def rule_key(topic: str, code: str) -> int:
    """Compute the shard key of the papers about a rule."""
    return key_of("inspection_rule", f"{topic}.{code}")


def rule_of(
    rules: Iterable[InspectionRule], topic: RuleTopic, code: str, on: date
) -> InspectionRule | None:
    """Find the rule of a day; None when no row is in force."""
    return next(
        (
            rule
            for rule in rules
            if (rule.topic, rule.code) == (topic, code)
            and rule.in_force_from <= on
            and (rule.in_force_to is None or on <= rule.in_force_to)
        ),
        None,
    )


def counting(flags: Sequence[CreditFlag], day: date) -> CreditFlag | None:
    """Find a flag that counts on a day."""
    return next((flag for flag in flags if flag.counts_on(day)), None)


def months_later(day: date, months: int) -> date:
    """Return the same day some months later, or the last day of a shorter month."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
