"""A claim (待遇支付申请) and its three signatures (三级审签), as one table.

The filer's filing is itself a signature for the four-eyes rule: who filed signs nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.payout.benefits.domain import ClaimKind
from shared.errors import Forbidden, Kind, Refusal
from shared.ids import Ref, key_of
from shared.period import Period
from shared.roles import Caller, Right

PAPER: Final = "claim"


class State(StrEnum):
    """Where a claim stands."""

    FILED = "filed"
    SIGNED_1 = "signed_1"  # 分中心复核已签
    SIGNED_2 = "signed_2"  # 市中心职能部门已签
    APPROVED = "approved"  # 市中心主管领导已签
    REFUSED = "refused"


class Decision(StrEnum):
    """What a signer says."""

    APPROVE = "approve"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Move:
    """The state a decision leads to, and the right that its signer must have."""

    to: State
    right: Right


MOVES: Final[dict[tuple[State, Decision], Move]] = {
    (State.FILED, Decision.APPROVE): Move(State.SIGNED_1, Right.SIGN_FIRST),
    (State.FILED, Decision.REFUSE): Move(State.REFUSED, Right.SIGN_FIRST),
    (State.SIGNED_1, Decision.APPROVE): Move(State.SIGNED_2, Right.SIGN_SECOND),
    (State.SIGNED_1, Decision.REFUSE): Move(State.REFUSED, Right.SIGN_SECOND),
    (State.SIGNED_2, Decision.APPROVE): Move(State.APPROVED, Right.SIGN_THIRD),
    (State.SIGNED_2, Decision.REFUSE): Move(State.REFUSED, Right.SIGN_THIRD),
}
SIGNING_RIGHTS: Final = (Right.SIGN_FIRST, Right.SIGN_SECOND, Right.SIGN_THIRD)


class OutOfOrder(Refusal):
    """签字顺序不符:须依次由分中心复核、职能部门、主管领导签字 (not this signer's turn)"""

    kind = Kind.CONFLICT
    code = "SIGNATURE_OUT_OF_ORDER"


class Decided(Refusal):
    """该申请已有最终结论 (the claim has been decided already)"""

    kind = Kind.CONFLICT
    code = "CLAIM_DECIDED"


class NoteMissing(Refusal):
    """不予同意须说明理由 (a refusal needs a note that says why)"""

    kind = Kind.INVALID
    code = "NOTE_MISSING"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A claim's head. Its lines stay in the store; `lines` and `total_fen` are their control."""

    ref: Ref
    kind: ClaimKind
    district: str
    period: Period
    fund: str
    account: str
    lines: int
    total_fen: int
    status: State
    summary: str
    credit_code: str | None
    filed_by: str

    def decide(self, decision: Decision, *, by: Caller, note: str | None) -> Move:
        """The move that a signer's decision makes.

        Raises:
            Forbidden: the caller signs nothing at all, or stands in another district.
            Decided: the claim is approved or refused.
            OutOfOrder: the next signature is another's.
            NoteMissing: a refusal without a reason.
        """
        if not any(by.may(right) for right in SIGNING_RIGHTS):
            raise Forbidden(right="payout:sign", role=by.role.value)
        by.require_district(self.district)
        move = MOVES.get((self.status, decision))
        if move is None:
            raise Decided(status=self.status.value)
        if not by.may(move.right):
            raise OutOfOrder(status=self.status.value, needs=move.right.value, role=by.role.value)
        if decision is Decision.REFUSE and not (note or "").strip():
            raise NoteMissing
        return move


def claim_key(kind: ClaimKind, district: str, period: Period) -> int:
    """Shard key of the claims of one kind, district and period; a repeated filing meets itself."""
    return key_of("claim", f"{kind.value}:{district}:{period}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimLine:
    """One payee of a claim. `person_id` and `sealed_number` only where a person is named."""

    line_no: int
    payee_name: str
    bank: str
    bank_number: str
    bank_holder: str
    amount_fen: int
    reference: str
    person_id: int | None = None
    sealed_number: bytes | None = None
