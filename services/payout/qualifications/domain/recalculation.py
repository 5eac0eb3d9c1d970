"""Provisional pensions (暂发), computed anew once the missing figures are published.

A pension whose month of retirement lacked a figure of its year, such as the average wage, was opened
by the last known one. Once two people have loaded the row, the amount is computed again by the rows
of the same day and by the account's balance of then, and corrected from its first month on. Whoever
cannot be corrected so is left out and named, and keeps nobody else waiting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from services.payout.formulas.domain.person import PensionQuestion
from services.payout.formulas.domain.retirement import OutsideFlexibleRange
from services.payout.formulas.domain.row import FormulaRowMissing
from services.payout.qualifications.domain.check import (
    CheckRules,
    EarlierBenefits,
    KnownPerson,
    check,
    refusal_text,
)
from services.payout.qualifications.domain.qualification import CheckOutcome, Qualification
from shared.errors import Fault, Faulty, Kind, Refusal
from shared.ids import Ref

SAMPLES = 20


class NothingPublished(Refusal):
    """没有可重新核定的暂发待遇 (no provisional pension can be computed finally yet)"""

    kind = Kind.INVALID
    code = "NOTHING_PUBLISHED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalculation:
    """A provisional pension and its final amount.

    `paid_months` counts the months of it that runs have paid so far.
    """

    paper: Qualification
    after: CheckOutcome
    paid_months: int = 0

    @property
    def before_fen(self) -> int:
        """The provisional amount."""
        assert self.paper.outcome.monthly_fen is not None
        return self.paper.outcome.monthly_fen

    @property
    def after_fen(self) -> int:
        """The final amount."""
        assert self.after.monthly_fen is not None
        return self.after.monthly_fen

    @property
    def arrears_fen(self) -> int:
        """The difference of the months paid so far; below zero it is overpaid."""
        return (self.after_fen - self.before_fen) * self.paid_months


class SkipReason(StrEnum):
    """Reasons to leave a provisional pension out of a paper."""

    PERSON_UNKNOWN = "person_unknown"  # 征缴系统没有该参保人
    FACTS_WRONG = "facts_wrong"  # 申请事项与现有记录不符
    CHECK_FAILED = "check_failed"  # 重新核查未通过
    RECORDS_CHANGED = "records_changed"  # 退休月或缴费月数与核定时不同
    ENTITLEMENT_WRONG = "entitlement_wrong"  # 待遇现状不能重新核定


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedRecalculation:
    """A provisional pension that a paper leaves out, and why."""

    paper: Qualification
    reason: SkipReason
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecalculationProposal:
    """A proposed paper that corrects provisional pensions, and what it comes to.

    `following` is the application after which the next paper continues; None after the last.
    """

    change: Ref
    waiting: int
    items: Sequence[Recalculation]
    skipped: Sequence[SkippedRecalculation]
    following: Ref | None

    @property
    def monthly_fen(self) -> int:
        """The sum of the differences of a month."""
        return sum(one.after_fen - one.before_fen for one in self.items)

    @property
    def arrears_fen(self) -> int:
        """The sum of what is to be paid for the months so far."""
        return sum(max(0, one.arrears_fen) for one in self.items)

    @property
    def overpaid_fen(self) -> int:
        """The sum of what was overpaid so far, to be recovered."""
        return sum(max(0, -one.arrears_fen) for one in self.items)


def recalculated(
    rules: CheckRules, paper: Qualification, known: KnownPerson | None
) -> Recalculation | SkippedRecalculation | None:
    """Compute a provisional pension again; None while a figure is still missing.

    Only the published figure may change the amount: other months, another month of retirement or a
    reason against the pension leave it out, for people to look at.
    """
    if known is None:
        return SkippedRecalculation(paper=paper, reason=SkipReason.PERSON_UNKNOWN, detail="")
    account_fen = paper.outcome.evidence.get("account_fen", known.record.account_fen)
    then = replace(known, record=replace(known.record, account_fen=account_fen))
    question = PensionQuestion(
        category=paper.category,
        chosen=paper.chosen,
        deemed_months=paper.deemed_months,
        before_account_months=paper.before_account_months,
    )
    try:
        after = check(rules, paper.outcome.checked_on, then, question, earlier=EarlierBenefits())
    except (Faulty, OutsideFlexibleRange, FormulaRowMissing) as refusal:
        detail = refusal_text(refusal)
        return SkippedRecalculation(paper=paper, reason=SkipReason.FACTS_WRONG, detail=detail)
    if after.provisional or not after.monthly_fen:
        return None
    if after.reasons:
        details = after.evidence["details"]
        detail = "; ".join(f"{one.text}: {details[one.value]}" for one in after.reasons)
        return SkippedRecalculation(paper=paper, reason=SkipReason.CHECK_FAILED, detail=detail)
    before = paper.outcome
    if (after.retirement, after.paid_months) != (before.retirement, before.paid_months):
        detail = (
            f"{before.retirement}, {before.paid_months} 个月 → "
            f"{after.retirement}, {after.paid_months} 个月"
        )
        return SkippedRecalculation(paper=paper, reason=SkipReason.RECORDS_CHANGED, detail=detail)
    return Recalculation(paper=paper, after=after)


def without_faulty(
    items: Sequence[Recalculation], faults: Sequence[Fault]
) -> tuple[list[Recalculation], list[SkippedRecalculation]] | None:
    """Part people whose lines of a refused paper have faults; None if a fault is of no person."""
    details: dict[int, list[str]] = {}
    for fault in faults:
        _, member, index, *_ = [*fault.pointer.split("/"), "", ""]
        if member != "people" or not index.isdigit():
            return None
        details.setdefault(int(index), []).append(fault.message)
    skipped = [
        SkippedRecalculation(
            paper=items[index].paper,
            reason=SkipReason.ENTITLEMENT_WRONG,
            detail="; ".join(messages),
        )
        for index, messages in details.items()
    ]
    return [one for index, one in enumerate(items) if index not in details], skipped
