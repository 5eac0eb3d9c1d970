"""Payment batches (支付批次): approved claims of one fund, paid by one list to the bank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from services.payout.claims.domain.claim import Claim, ClaimStatus
from shared.errors import Fault, Kind, Refusal
from shared.ids import Ref, key_of
from shared.money import AMOUNT_MAX_FEN
from shared.period import Period

PAPER: Final = "payment_batch"
CLAIMS_MAX: Final = 1000
"""The most claims in one batch."""
BOOKINGS_MAX: Final = 199
"""The most (account, district) pairs in one batch. A voucher carries 400 entries, and a voucher of
returns has two for each pair and one for the deposit."""


class BatchStatus(StrEnum):
    """The states of a payment batch."""

    FUNDING = "funding"  # the ledger is being asked to hold the money
    UNFUNDED = "unfunded"  # the ledger refused; check again, or cancel the batch
    READY = "ready"  # the money is held; the bank may fetch the list
    CLOSED = "closed"  # every line is final
    CANCELLED = "cancelled"


ACCEPTS_RESULTS: Final = frozenset({BatchStatus.READY, BatchStatus.CLOSED})
"""States in which results are accepted. Lines of a closed batch may still be returned."""


class BatchStatusConflict(Refusal):
    """批次当前状态不允许此操作 (the batch's present status does not allow this)"""

    kind = Kind.CONFLICT
    code = "BATCH_STATE"


class ClaimsNotPayable(Refusal):
    """所列申请不能组成一个支付批次 (these claims cannot be paid as one batch)"""

    kind = Kind.CONFLICT
    code = "CLAIMS_NOT_PAYABLE"


class NothingToRepay(Refusal):
    """没有账户已更正、待重付的失败笔 (no failed line waits on a corrected account)"""

    kind = Kind.INVALID
    code = "NOTHING_TO_REPAY"


class BatchTooLarge(Refusal):
    """批次过大:金额或涉及的科目与分中心过多 (the total is too large, or it has too many accounts and districts)"""

    kind = Kind.INVALID
    code = "BATCH_TOO_LARGE"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentBatch:
    """A batch's head. `attempt` counts the requests for funding."""

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
        """Event id of the hold. Each attempt has its own: a refusal may be stored under its id."""
        stem = f"hold:{self.ref.id.hex}"
        return stem if self.attempt == 1 else f"{stem}:{self.attempt}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPart:
    """One claim in a batch, with what a voucher needs to know about its lines."""

    part_no: int
    claim: Ref
    district: str
    period: Period
    account: str
    lines: int
    total_fen: int
    is_retry: bool = False
    """True when only failed lines of the claim are paid, again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack:
    """Amount of a claim that a batch does not pay: of `lines`, and wholly of `whole_lines` of them."""

    whole_lines: int
    lines: int
    fen: int


def batch_key(creator: str, idempotency_key: str) -> int:
    """Compute the shard key of a new batch; a repeated request finds its first answer under it."""
    return key_of("payment_batch", f"{creator}:{idempotency_key}")


def batch_faults(
    refs: Sequence[Ref], claims: Sequence[Claim], unbooked: Set[Ref] = frozenset()
) -> list[Fault]:
    """Find why claims cannot form a batch; each fault names the claim's place in the request.

    Of `unbooked` claims the ledger has not taken the amount from the personal account.
    """
    by_ref = {claim.ref: claim for claim in claims}
    fund = next((by_ref[ref].fund for ref in refs if ref in by_ref), None)
    faults = []
    seen: set[Ref] = set()
    for index, ref in enumerate(refs):
        code = _claim_fault(by_ref.get(ref), fund)
        if code is None and ref in seen:
            code = "CLAIM_REPEATED"
        if code is None and ref in unbooked:
            code = "CLAIM_NOT_BOOKED"
        seen.add(ref)
        if code is not None:
            faults.append(Fault(f"/claims/{index}", code, _MESSAGES[code]))
    return faults


_MESSAGES: Final = {
    "CLAIM_UNKNOWN": "没有这份申请 (no such claim)",
    "CLAIM_NOT_APPROVED": "尚未三级审签通过 (not approved by three signatures)",
    "CLAIM_SETTLED": "预付已抵扣全部金额,无须支付 (advances cover all of it; nothing is left to pay)",
    "FUND_DIFFERS": "基金与首份申请不同,一批只付一个基金 (another fund than the first claim's; a batch pays one fund)",
    "CLAIM_NOT_BOOKED": "账务系统尚未扣减或拒绝扣减个人账户,不得支付 (the ledger has not taken the amount from the personal account yet, or refused to)",
    "CLAIM_REPEATED": "重复列出 (listed twice)",
    "CLAIM_STOPPED": "各笔均为重复支付,不再支付;见 /v1/double-payments (every line is a double payment and is not paid)",
    "CLAIM_NOT_DUE": "各笔所属月份均已不再应付(死亡、停发等),不再支付 (nothing is due of its months any more, after deaths or suspensions)",
    "CLAIM_IN_BATCH": "已在另一支付批次中,且没有待重付的失败笔 (in another payment batch, and no failed line waits)",
}


def in_batch_fault(index: int) -> Fault:
    """Build the fault of a claim that another batch has taken."""
    return Fault(f"/claims/{index}", "CLAIM_IN_BATCH", _MESSAGES["CLAIM_IN_BATCH"])


def empty_faults(
    refs: Sequence[Ref], parts: Sequence[BatchPart], held: Mapping[Ref, HeldBack]
) -> list[Fault]:
    """Find claims of which every line is a double payment, or no longer due."""
    empty = {part.claim for part in parts if not part.lines}
    codes = {ref: "CLAIM_NOT_DUE" if ref in held else "CLAIM_STOPPED" for ref in empty}
    return [
        Fault(f"/claims/{index}", codes[ref], _MESSAGES[codes[ref]])
        for index, ref in enumerate(refs)
        if ref in empty
    ]


def _claim_fault(claim: Claim | None, fund: str | None) -> str | None:
    if claim is None:
        return "CLAIM_UNKNOWN"
    if claim.status is not ClaimStatus.APPROVED:
        return "CLAIM_NOT_APPROVED"
    if not claim.total_fen:
        return "CLAIM_SETTLED"
    return "FUND_DIFFERS" if claim.fund != fund else None


def parts_of(
    refs: Sequence[Ref],
    claims: Sequence[Claim],
    failed: Mapping[Ref, tuple[int, int]],
    stopped: Mapping[Ref, tuple[int, int]],
    held: Mapping[Ref, HeldBack],
) -> list[BatchPart]:
    """Build a batch's parts from its claims, in the order of the request.

    `failed` has (lines, sum in fen) of the claims of which only failed lines are paid again.
    `stopped` has those of the double payments that are left out of the other claims, `held` what is
    no longer due of any.
    """
    by_ref = {claim.ref: claim for claim in claims}
    parts = []
    for part_no, ref in enumerate(refs, start=1):
        claim = by_ref[ref]
        if ref in failed:
            lines, total_fen = failed[ref]
        else:
            stopped_lines, stopped_fen = stopped.get(ref, (0, 0))
            lines = claim.lines - claim.settled_lines - stopped_lines
            total_fen = claim.total_fen - stopped_fen
        if back := held.get(ref):
            lines -= back.whole_lines
            total_fen -= back.fen
        parts.append(
            BatchPart(
                part_no=part_no,
                claim=ref,
                district=claim.district,
                period=claim.period,
                account=claim.account,
                lines=lines,
                total_fen=total_fen,
                is_retry=ref in failed,
            )
        )
    return parts


def require_bounded(parts: Sequence[BatchPart]) -> None:
    """Refuse a batch that one hold or one voucher cannot carry.

    Raises:
        BatchTooLarge: above the largest amount, or too many accounts and districts.
    """
    total_fen = sum(part.total_fen for part in parts)
    bookings = len({(part.account, part.district) for part in parts})
    if total_fen > AMOUNT_MAX_FEN or bookings > BOOKINGS_MAX:
        raise BatchTooLarge(total_fen=total_fen, bookings=bookings)
