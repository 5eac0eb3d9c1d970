"""Rules of allocation (分账): how much of a payment each line of each bill gets. Pure.

The policy names the order in which money pays bills (`allocation_order`). The default order is "one
ticket" (一票征缴): a bill is paid as one. A payment that does not cover it is divided over all its
lines in proportion, so that no insurance falls behind. Money beyond the bill goes to suspense,
where a person decides whose it is.

A part payment is divided by largest remainder, two parts at a time: line 1 against the rest, then
line 2 against the remaining rest. Dividing all lines at once would be wrong: with three or more
parts the share of one line may shrink while the total grows, so the order of two part payments
would change the result. With two parts a share never shrinks, and the settled amount of a line
depends only on the settled amount of the bill. The same holds when insurances, or bills, are paid
one after another. In proportion over several bills it holds while the same bills are open; a bill
that joins or leaves them changes the proportions of later payments.

Lines of an insurance that an agreement (缓缴、还款协议) covers on the day of payment wait: money pays
them after all others of the bill.

A late payment costs the unit a late fee and interest. They are assessed when the payment is booked,
as a charge bill of the same period. The policy says whether open charge bills are paid before or
after the principal. New charges are paid by the rest of the same payment, or by a later one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple, Protocol
from uuid import UUID

from services.collection.allocation.domain.division import divide, divide_in_turn, last_in_turn
from services.collection.allocation.domain.receipt import PaymentPart, Receipt
from services.collection.billing.domain.bill import CHARGE
from services.collection.policy.domain.allocation_order import (
    ONE_TICKET,
    AllocationMethod,
    AllocationOrder,
)
from services.collection.policy.domain.charge import Span


class BillLine(NamedTuple):
    """A line of a bill: one insurance and party. On a charge bill `account` is the kind of charge."""

    line_no: int
    fund: str
    account: str
    amount_fen: int
    insurance: str = ""
    party: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """A bill with the settled amount of each line, in the order of its lines.

    `agreed` are insurances of its period that agreements cover, each with its days.
    """

    unit_id: int
    id: UUID
    declaration_id: UUID
    credit_code: str
    district: str
    period: str
    issued_on: date
    lines: tuple[BillLine, ...]
    line_settled_fen: tuple[int, ...]
    due_on: date = date.max
    kind: str = "contribution"
    agreed: tuple[tuple[str, Span], ...] = ()

    def agreed_on(self, day: date) -> set[str]:
        """Return the insurances that an agreement covers on a day."""
        return {insurance for insurance, days in self.agreed if day in days}

    @property
    def settled_fen(self) -> int:
        """Sum paid into the bill."""
        return sum(self.line_settled_fen)

    @property
    def total_fen(self) -> int:
        """Sum that the bill asks for."""
        return sum([line.amount_fen for line in self.lines])

    @property
    def open_fen(self) -> int:
        """Sum that is still to be paid."""
        return self.total_fen - self.settled_fen

    @property
    def status(self) -> str:
        """Return the status on the wire: open, part or settled."""
        if self.open_fen == 0:
            return "settled"
        return "part" if self.settled_fen else "open"


class LineShare(NamedTuple):
    """The part of a payment that one line gets."""

    line: BillLine
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Money that pays bills: a receipt, or a match of suspended money. `event_id` is its id.

    With `parts`, each part pays only lines of its insurance and party, in bills of the period.
    """

    event_id: UUID
    paid_on: date
    booked_on: date
    amount_fen: int
    period: str
    bill_id: UUID | None = None
    parts: tuple[PaymentPart, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentAllocation:
    """The part of a payment that one bill gets, and the late charges (`charge_bill`) that it causes."""

    bill: Bill
    after: Bill
    shares: tuple[LineShare, ...]
    charge_bill: Bill | None = None

    @property
    def amount_fen(self) -> int:
        """Sum that the bill gets."""
        return sum(share.amount_fen for share in self.shares)


class ChargeAssessor(Protocol):
    """Assesses late charges of payments."""

    def charge(self, bill: Bill, shares: Sequence[LineShare], payment: Payment) -> Bill | None:
        """Return the charge bill for one allocation; None when nothing of it was late."""

    def charges_first(self, on: date) -> bool:
        """Tell whether charges are paid before the principal on a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptAllocation:
    """The allocation of one receipt: bills over contributions, charge bills, and the rest, in suspense."""

    receipt: Receipt
    contributions: tuple[PaymentAllocation, ...]
    suspended_fen: int
    charges: tuple[PaymentAllocation, ...] = ()

    @property
    def bill(self) -> Bill | None:
        """Return the first bill over contributions; None when there is none."""
        return self.contributions[0].bill if self.contributions else None

    @property
    def parts(self) -> list[tuple[Bill, tuple[LineShare, ...]]]:
        """Return every bill that gets money, with the shares of its lines."""
        return [(one.bill, one.shares) for one in (*self.contributions, *self.charges)]

    @property
    def allocated_fen(self) -> int:
        """Sum that bills get."""
        return sum(one.amount_fen for one in (*self.contributions, *self.charges))


def settle(
    bill: Bill,
    paid_fen: int,
    order: AllocationOrder = ONE_TICKET,
    last: Collection[str] = frozenset(),
) -> tuple[Bill, tuple[LineShare, ...], int]:
    """Pay into a bill, insurances in `last` last. Return it afterwards, the shares, and the rest."""
    taken_fen = min(paid_fen, bill.open_fen)
    after, shares = _paid(bill, _settled_after(bill, taken_fen, order, last))
    assert sum(share.amount_fen for share in shares) == taken_fen
    return after, shares, paid_fen - taken_fen


def settle_parts(
    bill: Bill, parts: Sequence[PaymentPart]
) -> tuple[Bill, tuple[LineShare, ...], list[PaymentPart]]:
    """Pay parts into the lines that they are for. Return the bill afterwards, the shares, and the rests."""
    amounts_fen = [line.amount_fen for line in bill.lines]
    found, left = list(bill.line_settled_fen), []
    for part in parts:
        places = [place for place, line in enumerate(bill.lines) if _is_for(bill, line, part)]
        after = divide_in_turn(amounts_fen, found, part.amount_fen, [places])
        left.append(replace(part, amount_fen=part.amount_fen - sum(after) + sum(found)))
        found = after
    return *_paid(bill, found), left


def _is_for(bill: Bill, line: BillLine, part: PaymentPart) -> bool:
    """Tell whether a part pays a line. A line of a charge bill is known by its kind of charge."""
    side = line.account if bill.kind == CHARGE else line.party
    return (line.insurance, side) == (part.insurance, part.party)


def _paid(bill: Bill, targets: Sequence[int]) -> tuple[Bill, tuple[LineShare, ...]]:
    """Return a bill with new settled amounts, and by how much each line got more."""
    shares = tuple(
        LineShare(line, target_fen - settled_fen)
        for line, settled_fen, target_fen in zip(
            bill.lines, bill.line_settled_fen, targets, strict=True
        )
        if target_fen != settled_fen
    )
    assert all(share.amount_fen > 0 for share in shares)
    return replace(bill, line_settled_fen=tuple(targets)), shares


def _settled_after(
    bill: Bill, taken_fen: int, order: AllocationOrder, last: Collection[str]
) -> list[int]:
    """Compute the settled amount of each line after the bill takes `taken_fen` more."""
    amounts_fen = [line.amount_fen for line in bill.lines]
    in_order = order.name is AllocationMethod.INSURANCE_ORDER
    if bill.kind == CHARGE or not (in_order or last):
        return divide(amounts_fen, bill.line_settled_fen, taken_fen)
    insurances = [line.insurance for line in bill.lines]
    groups = order.groups(insurances) if in_order else [range(len(insurances))]
    turns = last_in_turn(groups, [name in last for name in insurances])
    return divide_in_turn(amounts_fen, bill.line_settled_fen, taken_fen, turns)


def bills_to_pay(
    bills: Iterable[Bill],
    period: str,
    bill_id: UUID | None,
    *,
    charges_first: bool,
    order: AllocationOrder = ONE_TICKET,
) -> list[Bill]:
    """Return the open bills that a payment pays, in order.

    A payment that names its bill pays only that one. Otherwise it pays the bills of its period; if
    the unit has no bill of that period, it pays those of the period that has been open longest.
    Within a period come the bills over contributions, the first bill before its adjustments, and
    the charge bills. Money never moves on from a period that has a bill: a person looks at the
    excess. Under another order of the policy, money pays all open bills.
    """
    known = list(bills)
    if bill_id is not None:
        return [bill for bill in known if bill.id == bill_id and bill.open_fen > 0]
    if not order.keeps_to_period:
        return _all_open_bills(known, charges_first=charges_first, shared=order.is_shared)
    of_period = [bill for bill in known if bill.period == period]
    open_ones = [bill for bill in of_period or known if bill.open_fen > 0]
    if len(open_ones) > 1:
        open_ones.sort(key=lambda bill: (bill.period, bill.issued_on, bill.id))
    principal = [bill for bill in open_ones if bill.kind != CHARGE]
    first = (principal or open_ones)[:1]
    principal = [bill for bill in principal if bill.period == first[0].period]
    charges = [bill for bill in open_ones if bill.kind == CHARGE and bill.period == first[0].period]
    return charges + principal if charges_first else principal + charges


def _all_open_bills(bills: Iterable[Bill], *, charges_first: bool, shared: bool) -> list[Bill]:
    """Sort all open bills by period. Charges of a period come before or after its principal; when
    the principal is shared, all charges come before or after all of it."""

    def turn(bill: Bill) -> tuple[object, ...]:
        side = (bill.kind == CHARGE) is not charges_first
        turns = (side, bill.period) if shared else (bill.period, side)
        return (*turns, bill.issued_on, bill.id)

    return sorted((bill for bill in bills if bill.open_fen > 0), key=turn)


def allocate(
    bills: Iterable[Bill],
    payment: Payment,
    assessor: ChargeAssessor | None = None,
    order: AllocationOrder = ONE_TICKET,
) -> tuple[list[PaymentAllocation], int]:
    """Pay into the bills that a payment is for. Return the allocations and the unused rest.

    A charge that the payment itself causes is paid last, by no payment that names its bill.
    """
    if payment.parts:
        return _allocate_parts(bills, payment, assessor)
    first = assessor.charges_first(payment.booked_on) if assessor else False
    queue = bills_to_pay(bills, payment.period, payment.bill_id, charges_first=first, order=order)
    shared = order.is_shared and payment.bill_id is None
    parts: dict[UUID, int] | None = None
    settled: list[PaymentAllocation] = []
    left_fen = payment.amount_fen
    for bill in queue:
        if not left_fen:
            break
        given_fen = left_fen
        if shared and bill.kind != CHARGE:
            parts = _shares_of_bills(queue, left_fen) if parts is None else parts
            given_fen = parts[bill.id]
            if not given_fen:
                continue
        last = bill.agreed_on(payment.paid_on)
        after, shares, unused_fen = settle(bill, given_fen, order, last)
        left_fen -= given_fen - unused_fen
        charge_bill = None
        if assessor and bill.kind != CHARGE:
            charge_bill = assessor.charge(bill, shares, payment)
            if charge_bill and payment.bill_id is None:
                queue.append(charge_bill)
        settled.append(
            PaymentAllocation(bill=bill, after=after, shares=shares, charge_bill=charge_bill)
        )
    return settled, left_fen


def _allocate_parts(
    bills: Iterable[Bill], payment: Payment, assessor: ChargeAssessor | None
) -> tuple[list[PaymentAllocation], int]:
    """Pay the parts of a payment into the lines that they name, in the bills of the period."""
    of_period = [bill for bill in bills if bill.period == payment.period and bill.open_fen > 0]
    queue = sorted(of_period, key=lambda bill: (bill.kind == CHARGE, bill.issued_on, bill.id))
    left = list(payment.parts)
    settled: list[PaymentAllocation] = []
    for bill in queue:
        after, shares, left = settle_parts(bill, left)
        if not shares:
            continue
        charge_bill = None
        if assessor and bill.kind != CHARGE:
            charge_bill = assessor.charge(bill, shares, payment)
            if charge_bill:
                queue.append(charge_bill)
        settled.append(
            PaymentAllocation(bill=bill, after=after, shares=shares, charge_bill=charge_bill)
        )
    return settled, sum(part.amount_fen for part in left)


def _shares_of_bills(queue: Sequence[Bill], paid_fen: int) -> dict[UUID, int]:
    """Divide a payment over the open bills over contributions, in proportion."""
    bills = [bill for bill in queue if bill.kind != CHARGE]
    before_fen = [bill.settled_fen for bill in bills]
    taken_fen = min(paid_fen, sum(bill.open_fen for bill in bills))
    after_fen = divide([bill.total_fen for bill in bills], before_fen, taken_fen)
    return {
        bill.id: after - before
        for bill, before, after in zip(bills, before_fen, after_fen, strict=True)
    }


def allocate_receipts(
    receipts: Iterable[Receipt],
    bills: Iterable[Bill],
    assessor: ChargeAssessor | None = None,
    order_on: Callable[[date], AllocationOrder] = lambda _: ONE_TICKET,
) -> tuple[list[ReceiptAllocation], list[Bill]]:
    """Allocate receipts to bills, one after another. Return the allocations and the changed bills."""
    purse: dict[int, dict[UUID, Bill]] = {}
    for known in bills:
        purse.setdefault(known.unit_id, {})[known.id] = known
    changed: dict[UUID, Bill] = {}
    allocations = []
    for receipt in receipts:
        own = purse.get(receipt.payer.unit_id, {}) if receipt.payer else {}
        order = order_on(receipt.book_date)
        settled, left_fen = allocate(own.values(), payment_of(receipt), assessor, order)
        for one in settled:
            own[one.bill.id] = changed[one.bill.id] = one.after
            if one.charge_bill:
                own[one.charge_bill.id] = one.charge_bill
        allocations.append(_receipt_allocation(receipt, settled, left_fen))
    return allocations, list(changed.values())


def payment_of(receipt: Receipt) -> Payment:
    """Build the payment that a receipt makes."""
    incoming = receipt.incoming
    return Payment(
        event_id=receipt.id,
        paid_on=incoming.paid_on,
        booked_on=receipt.book_date,
        amount_fen=incoming.amount_fen,
        period=incoming.period,
        bill_id=incoming.bill_id,
        parts=incoming.parts,
    )


def _receipt_allocation(
    receipt: Receipt, settled: Sequence[PaymentAllocation], left_fen: int
) -> ReceiptAllocation:
    return ReceiptAllocation(
        receipt=receipt,
        contributions=tuple(one for one in settled if one.bill.kind != CHARGE),
        suspended_fen=left_fen,
        charges=tuple(one for one in settled if one.bill.kind == CHARGE),
    )
