"""Booking of receipts, shared by both channels: take in, allocate, and send vouchers to the ledger."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.allocation.domain import books as books_rules
from services.collection.allocation.domain.allocation import (
    Bill,
    ReceiptAllocation,
    allocate_receipts,
    payment_of,
)
from services.collection.allocation.domain.books import Suspense
from services.collection.allocation.domain.receipt import (
    SERIAL_REUSED,
    SERIAL_REUSED_MESSAGE,
    Receipt,
    Rejection,
    is_known,
)
from services.collection.allocation.flows import ReceiptPolicies
from services.collection.allocation.store import allocation as allocation_store
from services.collection.allocation.store import payment as payment_store
from services.collection.allocation.store import receipt as receipt_store
from services.collection.arrears.domain.charge_books import ChargePayment, charge_payment_vouchers
from services.collection.arrears.domain.late import LateChargeAssessor
from services.collection.arrears.flows import charges as charges_flow
from services.collection.reallocation import flows as reallocation_flow
from services.collection.reallocation.domain.books import Heading
from services.collection.reallocation.flows import Cause
from shared import outbox
from shared.ids import Ref
from shared.references import Reference
from shared.roles import Caller
from shared.webhooks.event import EventType, NewEvent, record_events
from shared.wire.ledger import voucher_message


@dataclass(frozen=True, slots=True)
class ReceiptIntake:
    """New receipts, the number of repeats, and rejected contradictions."""

    new: list[Receipt]
    replayed: int
    rejected: list[Rejection]


async def take_in(tx: AsyncConnection, receipts: Sequence[Receipt]) -> ReceiptIntake:
    """Write the receipts that are new; they are of one channel. A known serial with the same body is a
    repeat; with another body it is rejected."""
    earlier = await _taken_before(tx, receipts)
    fresh = [receipt for receipt in receipts if receipt.id not in earlier]
    inserted = await receipt_store.insert_new(tx, fresh)
    new = [receipt for receipt in fresh if receipt.id in inserted]
    known = [receipt for receipt in fresh if receipt.id not in inserted]
    # Taken by another request between the two statements.
    hashes = await receipt_store.body_hashes(tx, known) if known else {}
    repeated = earlier | {
        receipt.id: hashes[receipt.incoming.serial] == receipt.incoming.body_hash
        for receipt in known
    }
    rejected = [
        Rejection(receipt.incoming.serial, SERIAL_REUSED, SERIAL_REUSED_MESSAGE)
        for receipt in receipts
        if repeated.get(receipt.id) is False
    ]
    return ReceiptIntake(new, len(repeated) - len(rejected), rejected)


async def _taken_before(tx: AsyncConnection, receipts: Sequence[Receipt]) -> dict[UUID, bool]:
    """Find receipts whose serial is known: True for a repeat, False for a contradiction."""
    if not receipts:
        return {}
    known: dict[str, list[tuple[str, bytes]]] = defaultdict(list)
    serials = [receipt.incoming.serial for receipt in receipts]
    rows = await receipt_store.of_serials(tx, receipts[0].channel, serials)
    for serial, source, body_hash in rows:
        known[serial].append((source, body_hash))
    found = {}
    for receipt in receipts:
        marks = [
            is_known(receipt.source, receipt.incoming.body_hash, one)
            for one in known[receipt.incoming.serial]
        ]
        if True in marks or False in marks:
            found[receipt.id] = True in marks
    return found


@dataclass(frozen=True, slots=True)
class BookedReceipt:
    """The parts of a receipt that went to bills, and the part in suspense (fen)."""

    receipt: Receipt
    allocated_fen: int
    suspended_fen: int


LockBills = Callable[[Sequence[Receipt]], Awaitable[list[Bill]]]
"""Locks the bills that receipts are for."""


async def book(
    tx: AsyncConnection,
    policies: ReceiptPolicies,
    receipts: Sequence[Receipt],
    lock: LockBills,
    caller: Caller,
) -> list[BookedReceipt]:
    """Settle bills with new receipts: allocations, charges, suspense, and their vouchers.

    Receipts are booked in the order in which they were paid. Money that was paid before something
    that is booked already changes what follows it: the accounts of those units are reallocated.
    """
    in_order = sorted(
        receipts, key=lambda one: (one.incoming.paid_on, one.source, one.incoming.serial)
    )
    overtaken = await payment_store.out_of_order(tx, in_order)
    late = [one for one in in_order if one.payer and one.payer.unit_id in overtaken]
    timely = [one for one in in_order if not (one.payer and one.payer.unit_id in overtaken)]
    await payment_store.insert_own(tx, timely)
    booked = await _book_in_order(tx, policies, timely, lock)
    for receipt in sorted(late, key=lambda one: one.payer.unit_id if one.payer else 0):
        booked.append(await _book_overtaken(tx, policies, receipt, caller))
    await record_events(tx, [_event(one) for one in booked])
    return booked


def _event(booked: BookedReceipt) -> NewEvent:
    receipt = booked.receipt
    kind = EventType.RECEIPT_SUSPENDED if booked.suspended_fen else EventType.RECEIPT_MATCHED
    reference = Ref(receipt.key, receipt.id).text(Reference.RECEIPT)
    return NewEvent(kind, receipt.key, reference)


async def _book_overtaken(
    tx: AsyncConnection, policies: ReceiptPolicies, receipt: Receipt, caller: Caller
) -> BookedReceipt:
    assert receipt.payer is not None
    await payment_store.insert_own(tx, [receipt])
    heading = Heading(
        event_id=f"receipt:{receipt.id.hex}",
        kind="receipt",
        summary=f"{receipt.incoming.period} 社会保险费到账",
        day=receipt.book_date,
        value_date=receipt.incoming.paid_on,
    )
    cause = Cause(
        name="receipt",
        on=receipt.book_date,
        paper=receipt.paper,
        headings={receipt.id: heading},
        booked_fen={receipt.id: 0},
    )
    found = await reallocation_flow.reallocate(
        tx, receipt.payer.unit_id, cause, region=policies.region, caller=caller
    )
    left_fen = found.left.get(receipt.id, 0)
    return BookedReceipt(receipt, receipt.incoming.amount_fen - left_fen, left_fen)


async def _book_in_order(
    tx: AsyncConnection,
    policies: ReceiptPolicies,
    receipts: Sequence[Receipt],
    lock: LockBills,
) -> list[BookedReceipt]:
    if not receipts:
        return []
    bills = await charges_flow.with_agreements(tx, await lock(receipts))
    payments = [(one.payer.unit_id, payment_of(one)) for one in receipts if one.payer]
    assessor = await charges_flow.assess(tx, policies.region, bills, payments)
    allocations, changed = allocate_receipts(receipts, bills, assessor, cache(policies.order))
    if assessor:
        await charges_flow.save(tx, assessor)
    await allocation_store.save_bills(tx, changed)
    await allocation_store.insert(tx, allocations)
    await _write_vouchers(tx, policies, allocations, assessor)
    return [BookedReceipt(one.receipt, one.allocated_fen, one.suspended_fen) for one in allocations]


async def _write_vouchers(
    tx: AsyncConnection,
    policies: ReceiptPolicies,
    allocations: Sequence[ReceiptAllocation],
    assessor: LateChargeAssessor | None,
) -> None:
    messages: list[tuple[int, dict[str, Any]]] = []
    suspended: list[Suspense] = []
    account_of = cache(policies.account)
    for allocation in allocations:
        receipt = allocation.receipt
        account = account_of(receipt.channel, receipt.book_date)
        if allocation.bill is not None:
            voucher = books_rules.receipt_voucher(allocation, account)
            messages.append((allocation.bill.unit_id, voucher_message(voucher)))
        if allocation.charges and assessor:
            messages += _charge_messages(allocation, account, assessor)
        if allocation.suspended_fen:
            fund = policies.on(receipt.book_date).suspense_fund
            voucher = books_rules.suspense_voucher(allocation, account, fund)
            messages.append((receipt.key, voucher_message(voucher)))
            suspended.append(_suspense(allocation, account, fund))
    await receipt_store.insert_suspense(tx, suspended)
    await outbox.put_many(tx, messages)


def _charge_messages(
    allocation: ReceiptAllocation, account: str, assessor: LateChargeAssessor
) -> list[tuple[int, dict[str, Any]]]:
    receipt = allocation.receipt
    charge_payment = ChargePayment(
        event_id=receipt.id,
        account=account,
        incomes=assessor.rulings.on(receipt.book_date).rules.accounts,
        book_date=receipt.book_date,
        value_date=receipt.incoming.paid_on,
        references=books_rules.references_of(receipt),
    )
    return [
        (allocation.charges[0].bill.unit_id, voucher_message(voucher))
        for voucher in charge_payment_vouchers(allocation.charges, charge_payment)
    ]


def _suspense(allocation: ReceiptAllocation, account: str, fund: str) -> Suspense:
    return Suspense(
        receipt_key=allocation.receipt.key,
        receipt_id=allocation.receipt.id,
        account=account,
        fund=fund,
        district=allocation.receipt.district,
        open_fen=allocation.suspended_fen,
    )
