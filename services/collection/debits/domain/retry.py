"""Rules of retries: how often, and after how many workdays, a refused debit is tried again. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.collection.debits.domain.debit import DebitReasonClass
from services.collection.debits.domain.debit_agreement import workday_before
from shared.errors import Kind, Refusal
from shared.ids import key_of

NO_CLASS = ""
"""The class of a refusal whose raw code no class is known for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRule:
    """The retries after refusals of one class of reasons, on the days of the rule."""

    reason_class: str
    retries: int
    after_workdays: int
    in_force_from: date
    in_force_to: date | None
    reason: str = ""
    set_by: str = ""


class ReasonClassUnknown(Refusal):
    """该拒付原因类别没有再扣规则 (no class of refusals that are tried again)"""

    kind = Kind.INVALID
    code = "REASON_CLASS_UNKNOWN"


_RETRIED: Final = frozenset(DebitReasonClass) - {DebitReasonClass.STATUS_UNKNOWN}
"""Classes of reasons that may be tried again; an unknown outcome is asked about instead."""


def rule_key(reason_class: str) -> int:
    """Compute the shard key of the papers about a class's rules."""
    return key_of("retry_rule", reason_class)


def require_class(reason_class: str) -> None:
    """Refuse a class that refusals do not have.

    Raises:
        ReasonClassUnknown: it is none.
    """
    if reason_class != NO_CLASS and reason_class not in _RETRIED:
        raise ReasonClassUnknown(reason_class=reason_class)


@dataclass(frozen=True, slots=True)
class RetryBound:
    """A rule on one debit day: the refusals admitted, and the latest day of the last of them."""

    reason_class: str
    retries: int
    refused_until: date


def bounds_on(
    day: date, rules: Iterable[RetryRule], workdays: Mapping[date, bool]
) -> Sequence[RetryBound]:
    """Turn the rules in force on a debit day into bounds of the last refusal."""
    return [
        RetryBound(
            rule.reason_class, rule.retries, workday_before(day, rule.after_workdays, workdays)
        )
        for rule in rules
        if rule.in_force_from <= day and (rule.in_force_to is None or day <= rule.in_force_to)
    ]
