"""Cut-off (汇总截止日): until which day a period's summary is regular; what comes later is late."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from shared.period import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOffRule:
    """From a period on, the cut-off is this day of the following month, moved to a workday."""

    region: str
    from_period: str
    cut_off_day: int
    source: str
    certain: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOff:
    """The cut-off of a period; `estimated` when the workday table did not reach that far."""

    period: str
    cut_off_on: date
    source: str
    certain: bool
    set_by: str | None = None
    estimated: bool = False


def rule_of(rules: Iterable[CutOffRule], region: str, period: Period) -> CutOffRule | None:
    """The rule of a region that a period falls under: the latest that has begun."""
    begun = [
        rule for rule in rules if rule.region == region and Period.parse(rule.from_period) <= period
    ]
    return max(begun, key=lambda rule: rule.from_period, default=None)


def is_late(cut_off_on: date | None, sent_on: date) -> bool:
    """Whether a summary sent on a day is after the cut-off; without a cut-off nothing is late."""
    return cut_off_on is not None and sent_on > cut_off_on
