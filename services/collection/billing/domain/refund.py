"""Rules of refunds (退费): an unused credit is paid back in money. Pure.

The ledger's refund settlement (误缴多缴原路退回), made there by two people of the centre, moves the money.
Collection marks the credit as used by the refund and records it in the memo book.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from services.collection.billing.domain.credit import Credit
from shared.entry import Account, Book, Voucher, transfer
from shared.errors import Kind, NotFound, Refusal, StateConflict


class RefundState(StrEnum):
    """Status of a refund."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REFUSED = "refused"


class RefundUnknown(NotFound):
    """无此退费申请 (no such refund)"""

    code = "CREDIT_REFUND_UNKNOWN"


class NoUnusedCredit(Refusal):
    """该单位没有待抵的贷项可退 (no credit of this unit stands)"""

    kind = Kind.CONFLICT
    code = "NO_STANDING_CREDIT"


class RefundPending(StateConflict):
    """该单位已有待批的退费申请 (a refund of this unit waits for its decision)"""

    code = "CREDIT_REFUND_WAITS"


class CreditAlreadyUsed(StateConflict):
    """申请后贷项已用于抵减通知单,须重新申请 (a bill has used the credit since it was asked for)"""

    code = "CREDIT_USED_MEANWHILE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """A refund of a unit's credits, requested on one day and decided on another."""

    unit_id: int
    id: UUID
    credit_code: str
    district: str
    status: RefundState
    amount_fen: int
    requested_on: date
    decided_on: date | None
    note: str


@dataclass(frozen=True, slots=True)
class RefundLine:
    """The amount that a refund takes from one credit; positive, in fen."""

    credit: Credit
    amount_fen: int


def refund_voucher(refund: Refund, lines: Iterable[RefundLine], on: date, paid_by: str) -> Voucher:
    """Build the memo voucher of a refund: receivable (应收) against collected (实征), per fund and
    district."""
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for line in lines:
        sums[line.credit.fund, line.credit.district] += line.amount_fen
    return Voucher(
        event_id=f"credit_refund:{refund.id.hex}",
        owner=refund.credit_code,
        kind="refund",
        book_date=on,
        summary=f"贷项退费 {refund.credit_code}",
        entries=tuple(
            entry
            for (fund, district), amount_fen in sorted(sums.items())
            for entry in transfer(
                book=Book.MEMO,
                fund=fund,
                debit=Account.MEMO_RECEIVABLE,
                credit=Account.MEMO_COLLECTED,
                amount_fen=amount_fen,
                district=district,
            )
        ),
        references={"credit_refund": refund.id.hex, "settlement": paid_by},
    )
