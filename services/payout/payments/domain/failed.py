"""Failed payments: claim lines that the bank refused or returned, or that a batch held back.

A failed line waits until another batch pays it again. A batch holds back what is no longer due of a
pension's month, as after a death that became known once the run was filed: it is listed and not
paid; when the end is withdrawn it waits again. A wrong account is corrected by two people; the next
batch pays to the latest approved account.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.payout.entitlements.domain.holder import holder_faults
from services.payout.payments.domain.payment import FileReview, LineStatus
from shared.errors import Fault, Kind, Refusal
from shared.ids import Ref

PAPER: Final = "account_correction"


class CorrectionStatus(StrEnum):
    """The states of an account correction."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REFUSED = "refused"


FailedKey = tuple[UUID, int, UUID, str]
"""The place of a failed payment in its list: claim, line, batch and outcome."""


class FailureOutcome(StrEnum):
    """Reasons for which a line of a batch, or a part of it, did not reach the payee."""

    REFUSED = "refused"  # 银行拒付
    RETURNED = "returned"  # 退票
    NOT_DUE = "not_due"  # 组批时已不再应付


class LineNotFailed(Refusal):
    """该笔没有待重付的失败支付 (no failed payment of this line waits to be paid again)"""

    kind = Kind.CONFLICT
    code = "LINE_NOT_FAILED"


class CorrectionWaits(Refusal):
    """该笔已有待审的账户更正 (a correction of this line's account waits for approval)"""

    kind = Kind.CONFLICT
    code = "ACCOUNT_CORRECTION_WAITS"


class CorrectionDecided(Refusal):
    """该账户更正已有结论 (the correction is approved or refused already)"""

    kind = Kind.CONFLICT
    code = "ACCOUNT_CORRECTION_DECIDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedPayment:
    """An amount of a claim line that waits to be paid, name and account sealed."""

    claim: Ref
    line_no: int
    batch: Ref
    fund: str
    district: str
    outcome: FailureOutcome
    reason_code: str | None
    reason: str | None
    payee_name: bytes
    bank: str
    bank_number: bytes
    bank_holder: bytes
    amount_fen: int
    is_due: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectedAccount:
    """The account that a correction names, sealed, and the reason if it is another's."""

    bank: str
    bank_number: bytes
    bank_holder: bytes
    holder_reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountCorrection:
    """A correction of the account of one claim line."""

    ref: Ref
    claim: Ref
    line_no: int
    district: str
    account: CorrectedAccount
    note: str
    status: CorrectionStatus
    proposed_by: str


def correction_faults(
    names: Collection[str], holder: str, reason: str | None, known: Collection[str]
) -> list[Fault]:
    """Find an account of neither the payee nor the line's holder, and a reason that no rule has."""
    if reason is not None and reason not in known:
        message = f"须为 {'、'.join(sorted(known))} 之一 (one of these)"
        return [Fault("/holder_reason", "HOLDER_REASON_UNKNOWN", message)]
    faults = [holder_faults("", name, holder, reason) for name in names]
    return faults[0] if all(faults) else []


def failed_lines(review: FileReview) -> list[int]:
    """List the lines that a result file made refused or returned."""
    failed = (LineStatus.REFUSED, LineStatus.RETURNED)
    return [
        line_no
        for line_no, after in review.after.items()
        if after.status in failed and review.before[line_no].status not in failed
    ]
