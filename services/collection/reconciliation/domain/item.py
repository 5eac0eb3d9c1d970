"""Rules of work items (对账差异): kinds, reasons, and who may settle one. Pure.

An item is one difference between a statement, the list of receipts and the books. It is found by a
run, assigned to a person, and settled with a reason: by two people where money moves. A run clears
an item whose facts agree again, and reopens a settled one whose facts have changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID

from shared.errors import Kind, NotFound, Refusal, StateConflict
from shared.ids import Ref
from shared.references import Reference


class DifferenceKind(StrEnum):
    """Kinds of differences. An item has the first that applies."""

    DUPLICATE = "duplicate"
    STATEMENT_NOT_LIST = "statement_not_list"
    LIST_NOT_STATEMENT = "list_not_statement"
    STATEMENT_NOT_BOOKS = "statement_not_books"
    BOOKS_NOT_STATEMENT = "books_not_statement"
    AMOUNT_DIFFERS = "amount_differs"
    WRONG_PAYER = "wrong_payer"
    WRONG_DAY = "wrong_day"

    @property
    def remedy(self) -> str:
        """The usual remedy, as a person reads it."""
        return _REMEDIES[self]


_REMEDIES: Final = {
    DifferenceKind.DUPLICATE: "核实是否重复到账;重复的按退费退回 (check for a second payment, then refund it)",
    DifferenceKind.STATEMENT_NOT_LIST: "向税务或银行索取明细后补录到账 (ask the tax bureau or bank for the list)",
    DifferenceKind.LIST_NOT_STATEMENT: "查在途;确未到账的登记退回 (wait for the money, or file a return of the receipt)",
    DifferenceKind.STATEMENT_NOT_BOOKS: "查未送达凭证或补记凭证 (look for an undelivered voucher, or post one)",
    DifferenceKind.BOOKS_NOT_STATEMENT: "查在途;记错的冲销 (wait for the bank, or reverse the voucher)",
    DifferenceKind.AMOUNT_DIFFERS: "核对金额后由银行或我方更正 (find out which side is wrong and have it corrected)",
    DifferenceKind.WRONG_PAYER: "办理到账改入 (file a move: POST /v1/receipts/{id}/moves)",
    DifferenceKind.WRONG_DAY: "核实到账日 (check the day of payment)",
}


class DifferenceStatus(StrEnum):
    """The status of an item. `in_transit` is still within the time that money may take."""

    IN_TRANSIT = "in_transit"
    OPEN = "open"
    PROPOSED = "proposed"
    SETTLED = "settled"
    CLEARED = "cleared"


class SettlingReason(StrEnum):
    """Reasons with which people settle an item."""

    IN_TRANSIT = "in_transit"
    DAY_ACCEPTED = "day_accepted"
    PAYER_CONFIRMED = "payer_confirmed"
    BANK_CORRECTS = "bank_corrects"
    WE_CORRECT = "we_correct"
    GIVEN_BACK = "given_back"

    @property
    def moves_money(self) -> bool:
        """True when money or books change, so that a second person must approve."""
        return self in {self.BANK_CORRECTS, self.WE_CORRECT, self.GIVEN_BACK}

    @property
    def chinese(self) -> str:
        """The reason on a printed page."""
        return _REASONS[self]


_REASONS: Final = {
    SettlingReason.IN_TRANSIT: "未达账项",
    SettlingReason.DAY_ACCEPTED: "入账日差异,已核实",
    SettlingReason.PAYER_CONFIRMED: "代缴,付款人已核实",
    SettlingReason.BANK_CORRECTS: "银行错记,由银行更正",
    SettlingReason.WE_CORRECT: "我方错记,由我方更正",
    SettlingReason.GIVEN_BACK: "已办理退回或退费",
}

BLOCKING: Final = (DifferenceStatus.OPEN, DifferenceStatus.PROPOSED)
"""Statuses that keep a period from being closed."""


class DifferenceUnknown(NotFound):
    """无此对账差异 (no such reconciliation item)"""

    code = "RECONCILIATION_ITEM_UNKNOWN"


class DifferenceNotOpen(StateConflict):
    """该对账差异的状态不允许此操作 (the item's status does not allow this step)"""

    code = "RECONCILIATION_ITEM_NOT_OPEN"


class ReasonDoesNotFit(Refusal):
    """该处理原因不适用于此类差异 (this reason does not fit this kind of difference)"""

    kind = Kind.INVALID
    code = "REASON_DOES_NOT_FIT"


_ONLY: Final = {
    SettlingReason.DAY_ACCEPTED: frozenset({DifferenceKind.WRONG_DAY}),
    SettlingReason.PAYER_CONFIRMED: frozenset({DifferenceKind.WRONG_PAYER}),
    SettlingReason.IN_TRANSIT: frozenset(
        {
            DifferenceKind.LIST_NOT_STATEMENT,
            DifferenceKind.BOOKS_NOT_STATEMENT,
            DifferenceKind.STATEMENT_NOT_BOOKS,
            DifferenceKind.STATEMENT_NOT_LIST,
        }
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciliationItem:
    """A difference: what statement, list and books say of one subject (fen), and its handling."""

    account_key: int
    id: UUID
    account: str
    subject: str
    kind: DifferenceKind
    day: date
    statement_fen: int
    list_fen: int
    book_fen: int
    receipt: Ref | None
    district: str
    status: DifferenceStatus
    owner: str | None
    reason: SettlingReason | None
    note: str | None
    round: int
    opened_on: date
    proposed_by: str | None
    settled_by: str | None
    settled_on: date | None
    cleared_on: date | None

    @property
    def ref(self) -> Ref:
        """Its key and id."""
        return Ref(self.account_key, self.id)

    @property
    def reference(self) -> str:
        """Its reference on the wire."""
        return self.ref.text(Reference.RECONCILIATION_ITEM)

    @property
    def amount_fen(self) -> int:
        """The amount in question: the difference, or the whole where all sides name the same sum."""
        other_fen = (
            self.list_fen if self.kind is DifferenceKind.LIST_NOT_STATEMENT else self.book_fen
        )
        if self.kind in {DifferenceKind.DUPLICATE, DifferenceKind.AMOUNT_DIFFERS} and self.list_fen:
            other_fen = self.list_fen if self.list_fen != self.statement_fen else self.book_fen
        return self.statement_fen - other_fen or self.statement_fen

    def age(self, today: date) -> int:
        """Count the days since it was found first."""
        return ((self.cleared_on or self.settled_on or today) - self.opened_on).days


def require_fitting(item: ReconciliationItem, reason: SettlingReason) -> None:
    """Refuse a reason that does not fit the item's kind.

    Raises:
        ReasonDoesNotFit: it does not.
    """
    kinds = _ONLY.get(reason)
    if kinds is not None and item.kind not in kinds:
        raise ReasonDoesNotFit(kind=item.kind.value, reason=reason.value)


def require_status(item: ReconciliationItem, *allowed: DifferenceStatus) -> None:
    """Refuse a step that the item's status does not allow.

    Raises:
        DifferenceNotOpen: it does not.
    """
    if item.status not in allowed:
        raise DifferenceNotOpen(status=item.status.value)
