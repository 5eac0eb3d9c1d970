"""Receipts (到账): money that arrived, as the bank or the tax bureau said, once and for ever.

A receipt is a fact and is never changed. What becomes of its money stands in allocations (分账) and,
for what nobody could be found to owe, in the suspense account (暂收款).

Its shard key is the hash of its natural key (source, serial), not the unit: the same serial must be
recognised whatever unit its second coming names, money of unknown payers has no unit, and a key
never changes when the payer is found. So one receipt's intake needs no look-up table, and the unit
is touched exactly once, by the allocation in the unit's own group.
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

from services.collection.common.domain.errors import ControlTotalsDiffer
from services.collection.policy.domain.allocation_order import ONE_TICKET, AllocationOrder
from shared.errors import Fault, Faulty, Kind, NotFound, Refusal
from shared.ids import key_of, uuid7
from shared.money import format_yuan
from shared.roles import CENTRE

UNIDENTIFIED: Final = "unidentified"
"""Owner of money whose payer is not known."""


class Channel(StrEnum):
    """How money comes."""

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
    """Where receipts are booked: account per channel, the fund that carries the suspense, and in
    which order bills are paid."""

    in_force_from: date
    in_force_to: date | None
    accounts: Mapping[str, str]
    suspense_fund: str
    order: AllocationOrder = ONE_TICKET


@dataclass(frozen=True, slots=True)
class Payer:
    """A registered unit, as far as receipts need it."""

    unit_id: int
    credit_code: str
    district: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingPayment:
    """One line of a push or of a bank's answer: money that its sender says has arrived.

    `bill_id` names the bill that a debit was made for; a tax line names only its period.
    """

    serial: str
    credit_code: str
    period: str
    amount_fen: int
    paid_on: date
    bill_id: UUID | None = None

    @property
    def body_hash(self) -> bytes:
        """What the sender said, in 32 bytes: the same serial must say the same for ever."""
        said = [
            self.credit_code,
            self.period,
            self.amount_fen,
            self.paid_on.isoformat(),
            str(self.bill_id),
        ]
        return hashlib.sha256(json.dumps(said).encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A receipt. `payer` is None when no registered unit has the credit code that came with it."""

    key: int
    id: UUID
    source: str
    channel: Channel
    paper: str
    arrival: IncomingPayment
    payer: Payer | None
    book_date: date

    @property
    def district(self) -> str:
        """Where the money is booked: the payer's district, or the centre."""
        return self.payer.district if self.payer else CENTRE

    @property
    def owner(self) -> str:
        """Whose money it is, for the books."""
        return self.payer.credit_code if self.payer else UNIDENTIFIED


def receipt_key(source: str, serial: str) -> int:
    """Shard key of a receipt."""
    return key_of("receipt", f"{source}:{serial}")


def new_receipt(
    arrival: IncomingPayment,
    *,
    source: str,
    channel: Channel,
    paper: str,
    payer: Payer | None,
    book_date: date,
) -> Receipt:
    """A new receipt for an arrival; `paper` is the push or batch it came in."""
    return Receipt(
        key=receipt_key(source, arrival.serial),
        id=uuid7(),
        source=source,
        channel=channel,
        paper=paper,
        arrival=arrival,
        payer=payer,
        book_date=book_date,
    )


@dataclass(frozen=True, slots=True)
class Rejection:
    """One item that was not taken, and why. `item` is the sender's own name for it."""

    item: str
    code: str
    message: str


SERIAL_REUSED: Final = "SERIAL_REUSED"
SERIAL_REUSED_MESSAGE: Final = "流水号已用于另一笔 (this serial stands for another receipt)"


def check_tax_push(
    arrivals: Sequence[IncomingPayment], *, count: int, total_fen: int, collected_on: date
) -> None:
    """Hold a push against its own control totals and dates.

    Raises:
        ControlTotalsDiffer: number or sum of the lines is not what the sender announced.
        Faulty: lines paid after the day they were collected.
    """
    faults = []
    found_fen = sum(arrival.amount_fen for arrival in arrivals)
    if count != len(arrivals):
        faults.append(Fault("/control/count", "COUNT_DIFFERS", f"{count} ≠ {len(arrivals)}"))
    if total_fen != found_fen:
        said, found = format_yuan(total_fen), format_yuan(found_fen)
        faults.append(Fault("/control/total", "TOTAL_DIFFERS", f"{said} ≠ {found}"))
    if faults:
        raise ControlTotalsDiffer(faults=faults)
    late = [
        Fault(
            f"/lines/{index}/paid_on",
            "PAID_AFTER_COLLECTION",
            "缴纳日晚于征收日 (paid after the day of collection)",
        )
        for index, arrival in enumerate(arrivals)
        if arrival.paid_on > collected_on
    ]
    if late:
        raise Faulty(faults=late[:1000], count=len(late))


def drop_repeats(
    arrivals: Sequence[IncomingPayment],
) -> tuple[list[IncomingPayment], int, list[Rejection]]:
    """One arrival per serial: the first; how many repeats say the same; those that do not."""
    first: dict[str, IncomingPayment] = {}
    repeats, rejected = 0, []
    for arrival in arrivals:
        known = first.setdefault(arrival.serial, arrival)
        if known is arrival:
            continue
        if known.body_hash == arrival.body_hash:
            repeats += 1
        else:
            rejected.append(Rejection(arrival.serial, SERIAL_REUSED, SERIAL_REUSED_MESSAGE))
    return list(first.values()), repeats, rejected
