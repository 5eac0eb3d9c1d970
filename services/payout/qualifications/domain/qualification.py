"""Applications for retirement (退休审批): computed checks and four steps by four people.

Months, bases, arrears and the personal account are read from collection and the ledger; the amount
follows from the formulas. What keeps an application from going on is a reason with a stable code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from services.payout.draws.domain import AccountPart, part_fen
from services.payout.entitlements.domain.change import BankAccount
from services.payout.formulas.domain.retirement import RetirementCategory
from shared.errors import Kind, Refusal
from shared.ids import Ref
from shared.period import Period
from shared.roles import Right

PAPER: Final = "qualification"
AT_ONCE: Final = 200
"""The most applications of one request; the records of each are read."""


class QualificationStep(StrEnum):
    """The four steps, in their order."""

    INITIAL = "initial"  # 初审
    SECTION = "section"  # 负责人审核
    LEADER = "leader"  # 领导核定
    MEETING = "meeting"  # 会审

    @property
    def right(self) -> Right:
        """Return the right of the step's people."""
        return _RIGHTS[self]

    @property
    def following(self) -> QualificationStep | None:
        """Return the step after this one; None after the last."""
        steps = list(QualificationStep)
        place = steps.index(self) + 1
        return steps[place] if place < len(steps) else None


_RIGHTS: Final = {
    QualificationStep.INITIAL: Right.REGISTER_ENTITLEMENT,
    QualificationStep.SECTION: Right.SIGN_FIRST,
    QualificationStep.LEADER: Right.SIGN_SECOND,
    QualificationStep.MEETING: Right.SIGN_THIRD,
}
STEP_RIGHTS: Final = (Right.REGISTER_ENTITLEMENT, *list(_RIGHTS.values())[1:])


class QualificationStatus(StrEnum):
    """The states of an application."""

    OPEN = "open"
    RETURNED = "returned"
    APPROVED = "approved"
    REFUSED = "refused"


class StepDecision(StrEnum):
    """Decisions of a step."""

    APPROVE = "approve"  # 同意
    RETURN = "return"  # 退回补正
    REFUSE = "refuse"  # 不予核定


class BlockReason(StrEnum):
    """Reasons that keep an application from going on."""

    YEARS_TOO_FEW = "years_too_few"
    UNIT_ARREARS = "unit_arrears"
    DOUBLE_COVER = "double_cover"
    PENSION_DRAWN = "pension_drawn"
    ACCOUNT_PAID = "account_paid"
    TOO_EARLY = "too_early"
    ROWS_MISSING = "rows_missing"
    FACTS_WRONG = "facts_wrong"

    @property
    def text(self) -> str:
        """Describe the reason."""
        return _TEXTS[self]


_TEXTS: Final = {
    BlockReason.YEARS_TOO_FEW: "缴费年限不足 (too few years)",
    BlockReason.UNIT_ARREARS: "单位欠缴养老保险费 (a unit owes months of the person)",
    BlockReason.DOUBLE_COVER: "重复参保,或转入年限与本地重复;同一月只计一次,转入的须冲回联系函、按不重复的年限重新转入 (two units paid the same months, or a letter brought them again: each counts once, so reverse the letter and book it again with its other years)",
    BlockReason.PENSION_DRAWN: "已有基本养老金待遇 (the person has a pension)",
    BlockReason.ACCOUNT_PAID: "个人账户已退还、继承或转出,或正在办理;其年限已计在别处,回来的须由人核实 (the account was or is being paid out or transferred, and its months went with it; of somebody who came back, people look at which months count here)",
    BlockReason.TOO_EARLY: "未到退休月 (the month of retirement has not come)",
    BlockReason.ROWS_MISSING: "缺少计发参数,无法计算 (formula rows are missing)",
    BlockReason.FACTS_WRONG: "申请事项与现有记录不符 (what was handed in contradicts the records)",
}


class QualificationExists(Refusal):
    """该人在本分中心已有在办的退休申请 (an application of this person waits in the district)"""

    kind = Kind.CONFLICT
    code = "QUALIFICATION_EXISTS"


class QualificationNotReturned(Refusal):
    """申请未被退回,不能补正 (only a returned application is handed in again)"""

    kind = Kind.CONFLICT
    code = "QUALIFICATION_NOT_RETURNED"


class QualificationNotApproved(Refusal):
    """申请尚未核定 (the application is not approved)"""

    kind = Kind.CONFLICT
    code = "QUALIFICATION_NOT_APPROVED"


class QualificationNotDecided(Refusal):
    """申请尚无结论,没有通知单 (there is no result to notify of yet)"""

    kind = Kind.CONFLICT
    code = "QUALIFICATION_NOT_DECIDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class PensionClaimFacts:
    """The part of an application that the records lack: category, chosen month, archive, account."""

    category: RetirementCategory | None
    chosen: Period | None
    deemed_months: int
    before_account_months: int
    account: BankAccount
    holder_reason: str | None
    document: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOutcome:
    """The result of a check. `monthly_fen` is None where rows of formulas are missing.

    `waived` are reasons that stand but do not block, by a rule in force. `evidence` explains.
    """

    checked_on: date
    retirement: Period
    paid_months: int
    monthly_fen: int | None
    provisional: bool
    reasons: tuple[BlockReason, ...]
    waived: tuple[BlockReason, ...]
    evidence: Mapping[str, Any]

    @property
    def since(self) -> Period:
        """Return the first month of the pension: the one after the month of retirement."""
        return self.retirement.plus(1)

    @property
    def signed_content(self) -> tuple[Any, ...]:
        """Return what people sign; a check that changes it lets the signatures lapse."""
        return self.retirement, self.paid_months, self.monthly_fen, self.reasons, self.waived


@dataclass(frozen=True, slots=True, kw_only=True)
class Qualification:
    """A stored application. Number, name and account are sealed; `step` is the one that waits."""

    ref: Ref
    district: str
    round: int
    status: QualificationStatus
    step: QualificationStep | None
    person_id: int
    blind: bytes
    sealed_number: bytes
    name: bytes
    category: RetirementCategory | None
    chosen: Period | None
    deemed_months: int
    before_account_months: int
    bank: str
    bank_number: bytes
    bank_holder: bytes
    holder_reason: str | None
    document: str
    outcome: CheckOutcome
    note: str | None
    filed_by: str
    initial_by: str | None = None
    meeting: Ref | None = None
    change: Ref | None = None


def account_parts(
    computed: Sequence[tuple[Qualification, CheckOutcome]], change: Ref
) -> list[AccountPart]:
    """List the parts of pensions that the accounts pay, as far as their results say; `change` opens
    or corrects the pensions."""
    stated = [(paper, part_fen(outcome.evidence)) for paper, outcome in computed]
    return [
        AccountPart(
            person_id=paper.person_id,
            blind=paper.blind,
            since=paper.outcome.since,
            change=change,
            account_fen=fen,
        )
        for paper, fen in stated
        if fen is not None
    ]


@dataclass(frozen=True, slots=True)
class Finding:
    """A reason that a check found, and its details."""

    reason: BlockReason
    detail: str


def split_findings(
    findings: Sequence[Finding], waivable: frozenset[str]
) -> tuple[tuple[BlockReason, ...], tuple[BlockReason, ...]]:
    """Split reasons into those that block and those that a rule lets pass."""
    blocking = tuple(one.reason for one in findings if one.reason not in waivable)
    waived = tuple(one.reason for one in findings if one.reason in waivable)
    return blocking, waived
