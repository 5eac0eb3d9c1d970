"""Rules of refunds (退费). Pure.

A refund gives back money of one source: what of a receipt is in suspense, credits of a unit that no
bill has used, or a late charge that was paid. Suspense that another city sent for a person goes the
same way, but is not given back: it becomes the income of the transfer that its letter names. The money is reserved from the request on, so nothing
else can use it. Two people of the centre approve it, and two settle it in the ledger. Until it is
settled, two people can withdraw it. When it is withdrawn, or the bank sends the money back, the source
is open again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from shared.entry import Account, Book, Entry, RefundOrderSource, Side, Voucher
from shared.errors import Kind, NotFound, Refusal, StateConflict
from shared.ids import Ref
from shared.money import format_yuan
from shared.references import Reference
from shared.roles import CENTRE


class RefundSource(StrEnum):
    """The money that a refund gives back."""

    RECEIPT = "receipt"
    CREDITS = "credits"
    CHARGE = "charge"
    TRANSFER = "transfer"
    """Suspense of a receipt too, matched with the letter of a transfer from another city."""


class RefundStatus(StrEnum):
    """Status of a refund."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWAL_REQUESTED = "withdrawal_requested"
    WITHDRAWAL_APPROVED = "withdrawal_approved"
    WITHDRAWN = "withdrawn"
    PAID = "paid"
    RETURNING = "returning"
    RETURNED = "returned"


_ORDER_SOURCES: Final = {
    RefundSource.CREDITS: RefundOrderSource.CREDITS,
    RefundSource.TRANSFER: RefundOrderSource.TRANSFER,
}
"""The sources that the ledger tells apart from other suspense."""
ROUTES: Final = (Account.INCOME_DEPOSIT, Account.TREASURY_DEPOSIT, Account.FISCAL_DEPOSIT)
"""Deposits that a refund may be paid from."""


class RefundUnknown(NotFound):
    """无此退费申请 (no such refund)"""

    code = "REFUND_UNKNOWN"


class NothingToRefund(Refusal):
    """无可退之款,已扣除其他退费所占用 (nothing is left to refund, other refunds counted)"""

    kind = Kind.CONFLICT
    code = "NOTHING_TO_REFUND"


class RefundExceeds(Refusal):
    """申请额超过可退余额 (more than is left to refund)"""

    kind = Kind.CONFLICT
    code = "REFUND_EXCEEDS"


class NotACharge(StateConflict):
    """该单为缴费通知单:先更正申报,再退所得贷项 (correct the declaration, then refund the credit)"""

    code = "NOT_A_CHARGE_BILL"


class RefundPending(StateConflict):
    """该加收单已有待批的退费申请 (another refund of this charge is pending)"""

    code = "REFUND_PENDING"


class RouteDiffers(Refusal):
    """退费须循原路,已划转的由财政专户支付 (the original account, or after a sweep the fiscal one)"""

    kind = Kind.INVALID
    code = "ROUTE_DIFFERS"


class ReversedByLedger(StateConflict):
    """转列的款项不由银行退回:到账认错的,在总账冲销转入凭证,款项即回到暂收款 (money of a transfer is not sent
    back by the bank: reverse the transfer's voucher in the ledger, and it is in suspense again)"""

    code = "REVERSED_BY_LEDGER"


class ChargeMoneyNeeded(StateConflict):
    """该加收额在申请后已变动,须重新申请 (the charge has changed since the request: request it again)"""

    code = "CHARGE_CHANGED"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundPart:
    """An amount of a refund: the account it is taken from, and the credit or payment that it reserves."""

    fund: str
    account: str
    district: str
    amount_fen: int
    unit_id: int | None = None
    credit_id: UUID | None = None
    event_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferLetter:
    """The contact letter (联系函) of a transfer that suspense was sent for."""

    fund: str
    city: str
    letter: str
    supplement: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Payout:
    """The settlement that paid a refund, as the ledger reports it; and when a transfer was reversed."""

    settlement: str
    settled_on: date
    paid_from: str
    seq: int
    reversed_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BankReturn:
    """A refund that the bank sent back."""

    returned_on: date
    serial: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """A refund. `key` is its shard key: the unit's, or the receipt's where the payer is unknown."""

    key: int
    id: UUID
    source: RefundSource
    credit_code: str
    district: str
    unit_id: int | None
    receipt_key: int | None
    receipt_id: UUID | None
    bill_id: UUID | None
    deposit: str
    amount_fen: int
    reason: str
    status: RefundStatus
    requested_on: date
    decided_on: date | None = None
    settlement: str | None = None
    settled_on: date | None = None
    paid_from: str | None = None
    round: int = 1
    returned_on: date | None = None
    return_serial: str | None = None
    return_reason: str | None = None
    transfer: TransferLetter | None = None

    @property
    def ref(self) -> Ref:
        """The reference of the refund."""
        return Ref(self.key, self.id)

    @property
    def text(self) -> str:
        """The reference as it is written."""
        return self.ref.text(Reference.REFUND)

    @property
    def payer_deposit(self) -> str:
        """The deposit that paid it. The ledger did not tell of refunds paid before it knew orders."""
        return self.paid_from or self.deposit

    @property
    def receipt(self) -> Ref | None:
        """The receipt whose money is given back."""
        if self.receipt_key is None or self.receipt_id is None:
            return None
        return Ref(self.receipt_key, self.receipt_id)

    @property
    def receipt_text(self) -> str | None:
        """The receipt's reference as it is written."""
        return self.receipt.text(Reference.RECEIPT) if self.receipt else None


def chosen_fen(left_fen: int, wanted_fen: int | None) -> int:
    """Return the amount of a refund: what is wanted, or all that is left.

    Raises:
        NothingToRefund: nothing is left.
        RefundExceeds: more is wanted than is left.
    """
    if left_fen <= 0:
        raise NothingToRefund
    if wanted_fen is not None and wanted_fen > left_fen:
        raise RefundExceeds(left=format_yuan(left_fen), asked=format_yuan(wanted_fen))
    return left_fen if wanted_fen is None else wanted_fen


def route(deposits: Sequence[str], named: str | None) -> str:
    """Return the deposit that pays a refund: the named one, or the first of the original ones.

    Raises:
        RouteDiffers: the named one is neither an original deposit nor the fiscal account.
    """
    if named is None:
        return deposits[0]
    if named not in {*deposits, Account.FISCAL_DEPOSIT}:
        raise RouteDiffers(route="/".join(deposits))
    return named


def taken_in_turn(left_fen: Iterable[int], wanted_fen: int) -> list[int]:
    """Take an amount from what is left of several, in their order; what each gives."""
    taken = []
    for fen in left_fen:
        part_fen = min(fen, wanted_fen)
        taken.append(part_fen)
        wanted_fen -= part_fen
    return taken


def places(parts: Iterable[RefundPart]) -> dict[tuple[str, str, str], int]:
    """Sum parts by (fund, account, district)."""
    sums: dict[tuple[str, str, str], int] = {}
    for part in parts:
        key = (part.fund, part.account, part.district)
        sums[key] = sums.get(key, 0) + part.amount_fen
    return dict(sorted(sums.items()))


def order_message(refund: Refund, parts: Sequence[RefundPart]) -> dict[str, Any]:
    """Return the order that the ledger settles, as the outbox keeps it."""
    assert refund.decided_on is not None
    order = {
        "refund": refund.text,
        "source": _ORDER_SOURCES.get(refund.source, RefundOrderSource.SUSPENSE).value,
        "payee": refund.credit_code,
        "receipt": refund.receipt_text,
        "deposit": refund.deposit,
        "reason": refund.reason,
        "ordered_on": refund.decided_on.isoformat(),
        "amounts": [
            {
                "fund": fund,
                "account": account,
                "district": district,
                "amount": format_yuan(amount_fen),
            }
            for (fund, account, district), amount_fen in places(parts).items()
        ],
    }
    return order if refund.transfer is None else order | {"transfer": asdict(refund.transfer)}


def return_voucher(refund: Refund, parts: Sequence[RefundPart], on: date) -> Voucher:
    """Build the voucher of a refund that the bank sent back: the refund's entries on the other side."""
    deposit = refund.payer_deposit
    entries: list[Entry] = []
    for (fund, account, district), fen in places(parts).items():
        # The fiscal account belongs to the centre, whichever district received the money.
        payer = CENTRE if deposit == Account.FISCAL_DEPOSIT else district
        entries += _pair(Book.STATUTORY, fund, fen, (deposit, payer), (account, district))
        if refund.source is RefundSource.CREDITS:
            memo = (Account.MEMO_COLLECTED, district), (Account.MEMO_RECEIVABLE, district)
            entries += _pair(Book.MEMO, fund, fen, *memo)
    references: Mapping[str, str | None] = {
        "refund": refund.text,
        "receipt": refund.receipt_text,
        "settlement": refund.settlement,
        "serial": refund.return_serial,
    }
    return Voucher(
        event_id=f"refund_return:{refund.id.hex}:{refund.round}",
        owner=CENTRE,
        kind="refund_return",
        book_date=on,
        value_date=refund.returned_on,
        summary=f"退费退回 {refund.credit_code}",
        entries=tuple(entries),
        references={name: value for name, value in references.items() if value},
    )


def _pair(
    book: Book, fund: str, fen: int, debit: tuple[str, str], credit: tuple[str, str]
) -> list[Entry]:
    return [
        Entry(book=book, fund=fund, account=account, side=side, amount_fen=fen, district=district)
        for side, (account, district) in ((Side.DEBIT, debit), (Side.CREDIT, credit))
    ]
