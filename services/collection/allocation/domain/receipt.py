"""Receipts (到账): money that arrived, as reported by the bank or the tax bureau.

A receipt is a fact and never changes. Its money is allocated to bills (分账); what no bill needs is
kept in suspense (暂收款).

Its shard key is the hash of its natural key (source, serial), not the unit. The source is the tax
authority or the bank, not the client that speaks for it. The same serial must be
recognised even if it names another unit the second time, money of an unknown payer has no unit, and
the key must stay when the payer is found. So taking in a receipt needs no lookup table.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.collection.policy.domain.allocation_order import ONE_TICKET, AllocationOrder
from shared.errors import Kind, NotFound, Refusal
from shared.ids import key_of, uuid7
from shared.roles import CENTRE

UNIDENTIFIED: Final = "unidentified"
"""Owner of money whose payer is not known."""


class Channel(StrEnum):
    """The way in which money arrives."""

    BANK_DEBIT = "bank_debit"
    TAX = "tax"


class ReceiptUnknown(NotFound):
    """无此到账 (no such receipt)"""

    code = "RECEIPT_UNKNOWN"


class NothingSuspended(Refusal):
    """该笔到账已无暂收余额 (nothing of this receipt is left in suspense)"""

    kind = Kind.CONFLICT
    code = "NOTHING_SUSPENDED"


class NoOpenBill(Refusal):
    """该单位该所属期无未缴清的通知单 (the unit has no open bill of that period)"""

    kind = Kind.CONFLICT
    code = "NO_OPEN_BILL"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptPolicy:
    """Booking of receipts under one policy: account per channel, the fund that carries suspense,
    and the order in which bills are paid."""

    in_force_from: date
    in_force_to: date | None
    accounts: Mapping[str, str]
    suspense_fund: str
    order: AllocationOrder = ONE_TICKET


@dataclass(frozen=True, slots=True)
class Payer:
    """A registered unit that pays."""

    unit_id: int
    credit_code: str
    district: str


@dataclass(frozen=True, slots=True)
class PaymentPart:
    """The part of a payment that is for one insurance and party, or for one kind of late charge."""

    insurance: str
    party: str
    amount_fen: int


def remaining_parts(
    parts: Sequence[PaymentPart], taken: Sequence[PaymentPart], taken_fen: int
) -> tuple[PaymentPart, ...]:
    """Return the parts of a payment after `taken_fen` was taken away: `taken` from the parts that it
    names, the rest from the last part first."""
    left_fen = [part.amount_fen for part in parts]
    for one in taken:
        for place, part in enumerate(parts):
            if (part.insurance, part.party) == (one.insurance, one.party):
                less_fen = min(left_fen[place], one.amount_fen, taken_fen)
                left_fen[place] -= less_fen
                taken_fen -= less_fen
    for place in reversed(range(len(parts))):
        less_fen = min(left_fen[place], taken_fen)
        left_fen[place] -= less_fen
        taken_fen -= less_fen
    assert taken_fen == 0, "no more is taken than the payment has"
    return tuple(
        PaymentPart(part.insurance, part.party, fen)
        for part, fen in zip(parts, left_fen, strict=True)
        if fen
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingPayment:
    """A payment as its sender reports it: a ticket of the tax bureau, or one line of a debit result.

    `bill_id` names the bill that a debit was made for. A tax ticket names its period, and by its
    `parts` the insurances and parties that it pays.
    """

    serial: str
    credit_code: str
    period: str
    amount_fen: int
    paid_on: date
    bill_id: UUID | None = None
    parts: tuple[PaymentPart, ...] = ()

    @property
    def body_hash(self) -> bytes:
        """Hash of the reported facts. A repeat of a serial must have the same hash."""
        facts = [
            self.credit_code,
            self.period,
            self.amount_fen,
            self.paid_on.isoformat(),
            str(self.bill_id),
            *[[part.insurance, part.party, part.amount_fen] for part in self.parts],
        ]
        return hashlib.sha256(json.dumps(facts).encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A receipt. `payer` is None when the reported credit code is not a registered unit."""

    key: int
    id: UUID
    source: str
    channel: Channel
    paper: str
    incoming: IncomingPayment
    payer: Payer | None
    book_date: date

    @property
    def district(self) -> str:
        """District of the booking: the payer's district, or the centre."""
        return self.payer.district if self.payer else CENTRE

    @property
    def owner(self) -> str:
        """Owner of the money in the books."""
        return self.payer.credit_code if self.payer else UNIDENTIFIED


BANK_SOURCE: Final = "bank_gateway"
TAX_SOURCE: Final = "tax_bureau"
"""Sources of receipts: the party whose serials are unique, whatever its clients are called."""
_AUTHORITY: Final = "authority:"
_BANK: Final = "bank:"


def tax_source(authority: str | None) -> str:
    """Return the source of a tax ticket: the authority that a push names, or the city's own."""
    return TAX_SOURCE if authority is None else _AUTHORITY + authority


def bank_source(bank: str | None) -> str:
    """Return the source of a debit: the bank that a result file names, or the city's own."""
    return BANK_SOURCE if bank is None else _BANK + bank


def is_known(source: str, body_hash: bytes, known: tuple[str, bytes]) -> bool | None:
    """Compare a payment with a known one of its serial: repeated, contradicted (False), or another's.

    The same facts under the same serial are one event whoever reports them. Different facts are
    another event (None) only if another authority, or bank, was named for one of them. Older receipts
    name the client as their source; they are compared like those of the city's own authority.
    """
    known_source, known_hash = known
    if known_hash == body_hash:
        return True
    return False if may_be_same_sender(source, known_source) else None


def may_be_same_sender(source: str, known_source: str) -> bool:
    """Tell whether two sources may be one sender: unless another authority, or bank, was named."""
    named = {one for one in (source, known_source) if one.startswith((_AUTHORITY, _BANK))}
    return not named or source == known_source


def receipt_key(source: str, serial: str) -> int:
    """Compute the shard key of a receipt."""
    return key_of("receipt", f"{source}:{serial}")


def new_receipt(
    incoming: IncomingPayment,
    *,
    source: str,
    channel: Channel,
    paper: str,
    payer: Payer | None,
    book_date: date,
    receipt_id: UUID | None = None,
) -> Receipt:
    """Build a new receipt of a payment; `paper` is the push or batch that reported it."""
    return Receipt(
        key=receipt_key(source, incoming.serial),
        id=receipt_id or uuid7(),
        source=source,
        channel=channel,
        paper=paper,
        incoming=incoming,
        payer=payer,
        book_date=book_date,
    )


@dataclass(frozen=True, slots=True)
class Rejection:
    """An item that is not taken, and the reason. `item` is the sender's own name for it."""

    item: str
    code: str
    message: str


SERIAL_REUSED: Final = "SERIAL_REUSED"
SERIAL_REUSED_MESSAGE: Final = "流水号已用于另一笔 (this serial stands for another receipt)"
