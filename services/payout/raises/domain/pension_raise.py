"""Raise papers (调待文件): drafted by one person, approved by another with the previewed totals.

Raises act in the order of their first months, then of their sequence numbers, whatever the order in
which they were approved: each is computed on the pension after those before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from services.payout.raises.domain.rule import PensionFacts, RaiseRule
from shared.errors import Kind, Refusal
from shared.ids import Ref, key_of
from shared.period import Period

PAPER: Final = "pension_raise"


class RaiseStatus(StrEnum):
    """The states of a raise."""

    DRAFT = "draft"
    APPROVED = "approved"
    REFUSED = "refused"


class RaiseExists(Refusal):
    """该月该顺序号的调待文件已存在 (a raise from this month with this sequence number exists)"""

    kind = Kind.CONFLICT
    code = "PENSION_RAISE_EXISTS"


class RaiseDecided(Refusal):
    """该调待文件已有结论 (the raise is approved or refused already)"""

    kind = Kind.CONFLICT
    code = "PENSION_RAISE_DECIDED"


class RaiseTotalsDiffer(Refusal):
    """控制数与实算不符;请重新试算 (the control totals are not what the raise comes to; preview it again)"""

    kind = Kind.CONFLICT
    code = "PENSION_RAISE_TOTALS_DIFFER"


class RaiseNobody(Refusal):
    """没有符合条件的人员 (the raise raises nobody)"""

    kind = Kind.INVALID
    code = "PENSION_RAISE_NOBODY"


@dataclass(frozen=True, slots=True, kw_only=True)
class RaiseControl:
    """The totals that a raise comes to: what the approver has seen."""

    people: int
    monthly_fen: int
    arrears_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PensionRaise:
    """A raise paper with its rule. `sequence` orders raises from the same month.

    An approved one has the totals that it came to.
    """

    ref: Ref
    kind: str
    first_period: Period
    sequence: int
    title: str
    source: str
    rule: RaiseRule
    status: RaiseStatus
    drafted_by: str
    decided_by: str | None = None
    decided_at: datetime | None = None
    control: RaiseControl | None = None

    @property
    def order(self) -> tuple[Period, int]:
        """The place among all raises."""
        return self.first_period, self.sequence


@dataclass(frozen=True, slots=True)
class RaiseLine:
    """One raised row of a person: facts, group codes, and the pension before and after."""

    ref: Ref
    sealed_number: bytes
    name: bytes
    district: str
    begins: Period
    facts: PensionFacts
    before_fen: int
    after_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RaiseOutcome:
    """The changes that a raise brings, in figures.

    `month` is the month whose dues are compared. Arrears are by month that has a run already.
    `people` counts persons of any group; `by_group` those of each; `without_facts` those of whom a
    fact is missing that a group asks for.
    """

    month: Period
    people: int
    monthly_fen: int
    arrears: Sequence[tuple[Period, int]]
    by_group: Sequence[tuple[str, int]]
    without_facts: int
    samples: Sequence[RaiseLine]

    @property
    def control(self) -> RaiseControl:
        """The totals to approve."""
        return RaiseControl(
            people=self.people,
            monthly_fen=self.monthly_fen,
            arrears_fen=sum(fen for _, fen in self.arrears),
        )


def raise_key(kind: str, first_period: Period, sequence: int) -> int:
    """Compute the shard key of a raise; the same raise drafted twice has the same key."""
    return key_of("pension_raise", f"{kind}:{first_period}:{sequence}")
