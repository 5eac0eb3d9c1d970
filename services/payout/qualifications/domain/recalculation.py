"""Provisional pensions (暂发), computed anew once the missing figures are published.

A pension whose month of retirement lacked a figure of its year, such as the average wage, was opened
by the last known one. Once two people have loaded the row, the amount is computed again by the rows
of the same day and by the account's balance of then, and corrected from its first month on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.payout.formulas.domain.person import PensionQuestion
from services.payout.qualifications.domain.check import (
    CheckRules,
    EarlierBenefits,
    KnownPerson,
    check,
)
from services.payout.qualifications.domain.qualification import CheckOutcome, Qualification
from shared.errors import Kind, Refusal
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


@dataclass(frozen=True, slots=True, kw_only=True)
class RecalculationProposal:
    """A proposed paper that corrects provisional pensions, and what it comes to."""

    change: Ref
    waiting: int
    items: Sequence[Recalculation]

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
    rules: CheckRules, paper: Qualification, known: KnownPerson
) -> Recalculation | None:
    """Compute a provisional pension again; None while a figure is still missing."""
    account_fen = paper.outcome.evidence.get("account_fen", known.record.account_fen)
    then = replace(known, record=replace(known.record, account_fen=account_fen))
    question = PensionQuestion(
        category=paper.category,
        chosen=paper.chosen,
        deemed_months=paper.deemed_months,
        before_account_months=paper.before_account_months,
    )
    after = check(rules, paper.outcome.checked_on, then, question, earlier=EarlierBenefits())
    if after.provisional or not after.monthly_fen:
        return None
    return Recalculation(paper=paper, after=after)
