"""A payment batch (支付批次): approved claims of one fund, paid by one list to the bank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from services.payout.claims.domain import Claim, State
from shared.errors import Fault, Kind, Refusal
from shared.ids import Ref, key_of
from shared.money import AMOUNT_MAX_FEN
from shared.period import Period

PAPER: Final = "payment_batch"
CLAIMS_MAX: Final = 1000
"""Claims in one batch."""
BOOKINGS_MAX: Final = 199
"""(account, district) pairs in one batch: a voucher carries 400 entries, and one of returns has two
for each pair and one for the deposit."""


class BatchStatus(StrEnum):
    """Where a batch stands."""

    FUNDING = "funding"  # the ledger is being asked to hold the money
    UNFUNDED = "unfunded"  # it said no; a check may be asked again, or the batch given up
    READY = "ready"  # held: the bank may fetch it
    CLOSED = "closed"  # every line has its final word
    CANCELLED = "cancelled"


HEARS_THE_BANK: Final = frozenset({BatchStatus.READY, BatchStatus.CLOSED})
"""A closed batch still hears returns."""


class BatchState(Refusal):
    """批次当前状态不允许此操作 (the batch's present state does not allow this)"""

    kind = Kind.CONFLICT
    code = "BATCH_STATE"


class NotPayable(Refusal):
    """所列申请不能组成一个支付批次 (these claims cannot be paid as one batch)"""

    kind = Kind.CONFLICT
    code = "CLAIMS_NOT_PAYABLE"


class BatchTooLarge(Refusal):
    """批次过大:金额或涉及的科目与分中心过多 (the batch's total or its spread is too large)"""

    kind = Kind.INVALID
    code = "BATCH_TOO_LARGE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A batch's head. `attempt` numbers the times that funding was asked for."""

    ref: Ref
    fund: str
    pay_date: date
    status: BatchStatus
    reason: str | None
    attempt: int
    hold: str | None
    lines: int
    open_lines: int
    total_fen: int
    paid_fen: int
    refused_fen: int
    returned_fen: int
    reports: int
    created_by: str

    @property
    def funding_event(self) -> str:
        """Event id of the hold. A new attempt has a new one: a refusal may be pinned to its id."""
        stem = f"hold:{self.ref.id.hex}"
        return stem if self.attempt == 1 else f"{stem}:{self.attempt}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One claim inside a batch: what a voucher needs to know about its lines."""

    part_no: int
    claim: Ref
    district: str
    period: Period
    account: str
    lines: int
    total_fen: int


def batch_key(creator: str, idempotency_key: str) -> int:
    """Shard key of a new batch: a repeat of the request finds its first answer under it."""
    return key_of("payment_batch", f"{creator}:{idempotency_key}")


def faults_in_batch(asked: Sequence[Ref], found: Sequence[Claim]) -> list[Fault]:
    """Why claims cannot form a batch, each claim named by its place in the request."""
    by_ref = {claim.ref: claim for claim in found}
    fund = next((by_ref[ref].fund for ref in asked if ref in by_ref), None)
    faults = []
    seen: set[Ref] = set()
    for at, ref in enumerate(asked):
        code = _fault_in_claim(by_ref.get(ref), fund)
        if code is None and ref in seen:
            code = "CLAIM_REPEATED"
        seen.add(ref)
        if code is not None:
            faults.append(Fault(f"/claims/{at}", code, _WHY[code]))
    return faults


_WHY: Final = {
    "CLAIM_UNKNOWN": "没有这份申请 (no such claim)",
    "CLAIM_NOT_APPROVED": "尚未三级审签通过 (not approved on three signatures)",
    "FUND_DIFFERS": "基金与首份申请不同,一批只付一个基金 (of another fund than the first claim)",
    "CLAIM_REPEATED": "重复列出 (listed twice)",
    "CLAIM_IN_BATCH": "已在另一支付批次中 (already in a live payment batch)",
}


def already_in_batch(at: int) -> Fault:
    """The fault of a claim that another live batch has taken."""
    return Fault(f"/claims/{at}", "CLAIM_IN_BATCH", _WHY["CLAIM_IN_BATCH"])


def _fault_in_claim(claim: Claim | None, fund: str | None) -> str | None:
    if claim is None:
        return "CLAIM_UNKNOWN"
    if claim.status is not State.APPROVED:
        return "CLAIM_NOT_APPROVED"
    return "FUND_DIFFERS" if claim.fund != fund else None


def require_bounded(parts: Sequence[Part]) -> None:
    """Refuse what one hold or one voucher could not carry.

    Raises:
        BatchTooLarge: above the largest amount, or over too many accounts and districts.
    """
    total_fen = sum(part.total_fen for part in parts)
    bookings = len({(part.account, part.district) for part in parts})
    if total_fen > AMOUNT_MAX_FEN or bookings > BOOKINGS_MAX:
        raise BatchTooLarge(total_fen=total_fen, bookings=bookings)
