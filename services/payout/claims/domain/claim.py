"""Claims (待遇支付申请) and the table of their three signatures (三级审签).

Filing counts as a signature for the four-eyes rule: the person who filed a claim signs nothing else
on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Final

from services.payout.benefits.domain import SIGNATURES
from shared.errors import Forbidden, Kind, Refusal
from shared.ids import Ref, key_of
from shared.money import PPM, scale
from shared.period import Period
from shared.roles import Caller, Right

PAPER: Final = "claim"
REFUSAL_PROPOSED: Final = "refusal_proposed"
"""The first of two refusals of an approved claim."""


class ClaimStatus(StrEnum):
    """The states of a claim."""

    FILED = "filed"
    SIGNED_1 = "signed_1"  # 分中心复核已签
    SIGNED_2 = "signed_2"  # 市中心职能部门已签
    APPROVED = "approved"  # 市中心主管领导已签
    REFUSED = "refused"


class Decision(StrEnum):
    """A signer's decision."""

    APPROVE = "approve"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Transition:
    """The status that a decision leads to, and the right that its signer needs."""

    to: ClaimStatus
    right: Right


TRANSITIONS: Final[dict[tuple[ClaimStatus, Decision], Transition]] = {
    (ClaimStatus.FILED, Decision.APPROVE): Transition(ClaimStatus.SIGNED_1, Right.SIGN_FIRST),
    (ClaimStatus.FILED, Decision.REFUSE): Transition(ClaimStatus.REFUSED, Right.SIGN_FIRST),
    (ClaimStatus.SIGNED_1, Decision.APPROVE): Transition(ClaimStatus.SIGNED_2, Right.SIGN_SECOND),
    (ClaimStatus.SIGNED_1, Decision.REFUSE): Transition(ClaimStatus.REFUSED, Right.SIGN_SECOND),
    (ClaimStatus.SIGNED_2, Decision.APPROVE): Transition(ClaimStatus.APPROVED, Right.SIGN_THIRD),
    (ClaimStatus.SIGNED_2, Decision.REFUSE): Transition(ClaimStatus.REFUSED, Right.SIGN_THIRD),
}
SIGNING_RIGHTS: Final = (Right.SIGN_FIRST, Right.SIGN_SECOND, Right.SIGN_THIRD)


class SignatureOutOfOrder(Refusal):
    """签字顺序不符:须依次由分中心复核、职能部门、主管领导签字 (another signer's turn: reviewer, department head, leader)"""

    kind = Kind.CONFLICT
    code = "SIGNATURE_OUT_OF_ORDER"


class ClaimDecided(Refusal):
    """该申请已有最终结论 (the claim is approved or refused already)"""

    kind = Kind.CONFLICT
    code = "CLAIM_DECIDED"


class NoteMissing(Refusal):
    """不予同意须说明理由 (a refusal needs a note with the reason)"""

    kind = Kind.INVALID
    code = "NOTE_MISSING"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A claim's head. Its lines stay in the store; `lines` and `total_fen` are their control.

    `filed_on` decides the fund; claims of earlier releases do not state it. `signatures` is what its
    kind's row asked for when it was filed. `total_fen` is to be paid;
    `settled_fen` was deducted for advances, wholly of `settled_lines` lines.
    """

    ref: Ref
    kind: str
    district: str
    period: Period
    filed_on: date | None
    fund: str
    account: str
    lines: int
    total_fen: int
    status: ClaimStatus
    summary: str
    credit_code: str | None
    filed_by: str
    documents: Sequence[str] = ()
    signatures: int = SIGNATURES
    settled_fen: int = 0
    settled_lines: int = 0

    def decide(self, decision: Decision, *, by: Caller, note: str | None) -> Transition:
        """Find the transition that a signer's decision makes.

        Raises:
            Forbidden: the caller may sign nothing, or belongs to another district.
            ClaimDecided: the claim is approved or refused already.
            SignatureOutOfOrder: the next signature is another person's.
            NoteMissing: a refusal without a reason.
        """
        if not any(by.may(right) for right in SIGNING_RIGHTS):
            raise Forbidden(right="payout:sign", role=by.role.value)
        by.require_district(self.district)
        transition = TRANSITIONS.get((self.status, decision))
        if transition is None:
            raise ClaimDecided(status=self.status.value)
        if not by.may(transition.right):
            raise SignatureOutOfOrder(
                status=self.status.value, needs=transition.right.value, role=by.role.value
            )
        if decision is Decision.REFUSE and not (note or "").strip():
            raise NoteMissing
        if transition.to is self._last_signed:
            return replace(transition, to=ClaimStatus.APPROVED)
        return transition

    def require_refusable(self, *, by: Caller, note: str | None) -> None:
        """Refuse a caller who may not refuse this claim after its approval.

        Raises:
            Forbidden: the claim is another district's.
            SignatureOutOfOrder: the caller is no second or third signer.
            NoteMissing: no reason.
        """
        by.require_district(self.district)
        if not (by.may(Right.SIGN_SECOND) or by.may(Right.SIGN_THIRD)):
            raise SignatureOutOfOrder(status=self.status.value, role=by.role.value)
        if not (note or "").strip():
            raise NoteMissing

    @property
    def _last_signed(self) -> ClaimStatus:
        signed = (ClaimStatus.SIGNED_1, ClaimStatus.SIGNED_2, ClaimStatus.APPROVED)
        return signed[self.signatures - 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The cost of a treatment, as the sender settled it: what is paid follows from it."""

    total_fen: int
    own_fen: int
    deductible_fen: int
    ratio_ppm: int

    @property
    def covered_fen(self) -> int:
        """Return what is above the deductible, without what the fund does not cover."""
        return self.total_fen - self.own_fen - self.deductible_fen

    @property
    def payable_fen(self) -> int:
        """Return what the fund pays, rounded half up to the fen."""
        return scale(max(0, self.covered_fen), self.ratio_ppm, PPM)


@dataclass(frozen=True, slots=True)
class AdvanceRef:
    """The claim and line of an advance; `claim` is None when the reference is none of ours."""

    claim: Ref | None
    line_no: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimLine:
    """One payee of a claim, name and account sealed.

    `person_id` and `sealed_number` are set only for a named person, `advance` where the line is read
    with what it settles.
    """

    line_no: int
    payee_name: bytes
    bank: str
    bank_number: bytes
    bank_holder: bytes
    amount_fen: int
    reference: str
    person_id: int | None = None
    sealed_number: bytes | None = None
    event_on: date | None = None
    settled_fen: int = 0
    cost: Cost | None = None
    advance: AdvanceRef | None = None

    @property
    def whole_fen(self) -> int:
        """Return the benefit: what is paid and what an advance has paid before."""
        return self.amount_fen + self.settled_fen


def claim_key(kind: str, district: str, period: Period) -> int:
    """Compute the shard key of the claims of one kind, district and month.

    The same claim filed twice has the same key, so the database can refuse the second one.
    """
    return key_of("claim", f"{kind!s}:{district}:{period}")
