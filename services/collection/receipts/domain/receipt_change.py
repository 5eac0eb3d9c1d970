"""Rules of returns (退回) and moves (改入): what became of a receipt after it was booked. Pure.

A return says that the bank has money of a receipt again. A move says that money of a receipt belongs
to another unit or period. Neither takes more than the receipt still holds there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from shared.errors import NotFound, StateConflict
from shared.ids import Ref
from shared.references import Reference


class ReceiptChangeKind(StrEnum):
    """Kinds of changes of a receipt."""

    RETURN = "return"
    MOVE = "move"

    @property
    def reference(self) -> Reference:
        """The kind of reference of its papers."""
        return Reference.RECEIPT_RETURN if self is self.RETURN else Reference.RECEIPT_MOVE

    @property
    def paper(self) -> str:
        """Return the name of its papers in the trail, and of what it causes in accounts."""
        return f"receipt_{self.value}"


class ReceiptChangeState(StrEnum):
    """Status of a return or a move."""

    FILED = "filed"
    APPROVED = "approved"
    REFUSED = "refused"


class ReceiptChangeUnknown(NotFound):
    """无此退回或改入申请 (no such return or move of a receipt)"""

    code = "RECEIPT_CHANGE_UNKNOWN"


class ReceiptChangePending(StateConflict):
    """该笔到账已有待批的退回或改入申请 (a return or a move of this receipt waits for its decision)"""

    code = "RECEIPT_CHANGE_WAITS"


class ReceiptHoldsLess(StateConflict):
    """金额超过该笔到账尚余金额 (more than the receipt still holds)"""

    code = "RECEIPT_HOLDS_LESS"


class NothingToMove(StateConflict):
    """该笔到账没有可改入的金额:未认领的暂收款请用认领 (no unit holds money of this receipt that could be moved; match what nobody holds)"""

    code = "NOTHING_TO_MOVE"


class ReturnSerialUsed(StateConflict):
    """该银行流水号已用于另一笔退回 (this serial of the bank stands for another return)"""

    code = "RETURN_SERIAL_USED"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptChange:
    """A return or a move of a receipt.

    `on` is the day on which the bank took the money back, or on which it is moved in the books. A
    return has the bank's `serial`; a move has the unit and the period that the money belongs to.
    `by_bank`: the bank itself reported it, so no person had to.
    """

    receipt: Ref
    id: UUID
    kind: ReceiptChangeKind
    status: ReceiptChangeState
    amount_fen: int
    on: date
    reason: str
    document: str
    serial: str | None = None
    unit_id: int | None = None
    credit_code: str | None = None
    period: str | None = None
    by_bank: bool = False
    filed_by: str
    filed_at: datetime
    decided_by: str | None = None
    decided_on: date | None = None

    @property
    def reference(self) -> str:
        """Its reference on the wire."""
        return Ref(self.receipt.key, self.id).text(self.kind.reference)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldPayment:
    """Money of a receipt that a unit holds (fen): entrusted to it for a period, and not taken away."""

    unit_id: int
    event_id: UUID
    period: str
    booked_on: date
    amount_fen: int
    left_fen: int


def parts_of(held: Sequence[HeldPayment], amount_fen: int) -> list[tuple[HeldPayment, int]]:
    """Take an amount from payments, from the one that was entrusted last first."""
    parts = []
    for payment in sorted(held, key=lambda one: one.event_id, reverse=True):
        part_fen = min(amount_fen, payment.amount_fen)
        if part_fen:
            parts.append((payment, part_fen))
            amount_fen -= part_fen
    assert amount_fen == 0, "never more than is held"
    return parts
