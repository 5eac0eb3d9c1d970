"""Cut-off (汇总截止日): the last day for sending a period's summaries; later ones are late."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from shared.period import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOffRule:
    """A rule from a period on: the cut-off is this day of the following month, moved to a workday."""

    region: str
    from_period: str
    cut_off_day: int
    source: str
    certain: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOff:
    """The cut-off of a period; `estimated` if the workday table does not reach that far."""

    period: str
    cut_off_on: date
    source: str
    certain: bool
    set_by: str | None = None
    estimated: bool = False


def rule_of(rules: Iterable[CutOffRule], region: str, period: Period) -> CutOffRule | None:
    """Find the rule of a region for a period: the latest that has begun."""
    begun = [
        rule for rule in rules if rule.region == region and Period.parse(rule.from_period) <= period
    ]
    return max(begun, key=lambda rule: rule.from_period, default=None)


def is_late(cut_off_on: date | None, sent_on: date) -> bool:
    """Tell whether a summary sent on a day is late. Without a cut-off nothing is late."""
    return cut_off_on is not None and sent_on > cut_off_on
