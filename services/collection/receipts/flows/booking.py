"""What both channels share: take receipts once, settle bills with them, tell the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

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
    Channel,
    Receipt,
    ReceiptPolicy,
    Rejection,
)
from services.collection.allocation.store import allocation as allocation_store
from services.collection.allocation.store import receipt as receipt_store
from services.collection.arrears.domain.charge_books import ChargePayment, charge_payment_vouchers
from services.collection.arrears.domain.late import LateChargeAssessor
from services.collection.arrears.flows import charges as charges_flow
from services.collection.common.domain.errors import NoPolicy
from services.collection.policy.domain.allocation_order import ONE_TICKET, AllocationOrder
from shared import outbox
from shared.effective import in_force
from shared.wire.ledger import voucher_message


@dataclass(frozen=True, slots=True)
class ReceiptPolicies:
    """A region's policies, as far as receipts need them."""

    region: str
    dated: Sequence[ReceiptPolicy]

    def on(self, day: date) -> ReceiptPolicy:
        """The policy of a day.

        Raises:
            NoPolicy: none was in force.
        """
        found = in_force(self.dated, day)
        if not found:
            raise NoPolicy(region=self.region, day=day)
        return found[0]

    def order(self, day: date) -> AllocationOrder:
        """In which order money booked on a day pays; one ticket where no policy says."""
        found = in_force(self.dated, day)
        return found[0].order if found else ONE_TICKET

    def account(self, channel: Channel, day: date) -> str:
        """The account that money of a channel arrives on.

        Raises:
            NoPolicy: no policy in force names one.
        """
        account = self.on(day).accounts.get(channel.value)
        if account is None:
            raise NoPolicy(region=self.region, day=day, channel=channel.value)
        return account


async def policies_of(tx: AsyncConnection, region: str) -> ReceiptPolicies:
    """A region's policies."""
    return ReceiptPolicies(region, await receipt_store.policies(tx, region))


@dataclass(frozen=True, slots=True)
class ReceiptIntake:
    """Receipts against the serials already known: new ones, how many repeats, contradictions."""

    new: list[Receipt]
    replayed: int
    rejected: list[Rejection]


async def take_in(tx: AsyncConnection, receipts: Sequence[Receipt]) -> ReceiptIntake:
    """Write what is new. The same serial with the same body is a repeat, with another is rejected."""
    taken = await receipt_store.insert_new(tx, receipts)
    new = [receipt for receipt in receipts if receipt.id in taken]
    known = [receipt for receipt in receipts if receipt.id not in taken]
    if not known:
        return ReceiptIntake(new, 0, [])
    hashes = await receipt_store.body_hashes(tx, known)
    rejected = [
        Rejection(receipt.arrival.serial, SERIAL_REUSED, SERIAL_REUSED_MESSAGE)
        for receipt in known
        if hashes[receipt.arrival.serial] != receipt.arrival.body_hash
    ]
    return ReceiptIntake(new, len(known) - len(rejected), rejected)


async def book(
    tx: AsyncConnection,
    policies: ReceiptPolicies,
    receipts: Sequence[Receipt],
    bills: Sequence[Bill],
) -> list[ReceiptAllocation]:
    """Settle locked bills with new receipts: allocations, charges, suspense, and their vouchers."""
    payments = [(one.payer.unit_id, payment_of(one)) for one in receipts if one.payer]
    late = await charges_flow.assess(tx, policies.region, bills, payments)
    bookings, changed = allocate_receipts(receipts, bills, late, policies.order)
    if late:
        await charges_flow.save(tx, late)
    await allocation_store.save_bills(tx, changed)
    await allocation_store.insert(tx, bookings)
    messages: list[tuple[int, dict[str, Any]]] = []
    suspended: list[Suspense] = []
    for booking in bookings:
        receipt = booking.receipt
        account = policies.account(receipt.channel, receipt.book_date)
        if booking.bill is not None:
            voucher = books_rules.receipt_voucher(booking, account)
            messages.append((booking.bill.unit_id, voucher_message(voucher)))
        if booking.charges and late:
            messages += _charge_messages(booking, account, late)
        if booking.suspended_fen:
            fund = policies.on(receipt.book_date).suspense_fund
            voucher = books_rules.suspense_voucher(booking, account, fund)
            messages.append((receipt.key, voucher_message(voucher)))
            suspended.append(_suspense(booking, account, fund))
    await receipt_store.insert_suspense(tx, suspended)
    await outbox.put_many(tx, messages)
    return bookings


def _charge_messages(
    booking: ReceiptAllocation, account: str, late: LateChargeAssessor
) -> list[tuple[int, dict[str, Any]]]:
    receipt = booking.receipt
    money = ChargePayment(
        event_id=receipt.id,
        account=account,
        incomes=late.rulings.on(receipt.book_date).rules.accounts,
        book_date=receipt.book_date,
        value_date=receipt.arrival.paid_on,
        references=books_rules.references_of(receipt),
    )
    return [
        (booking.charges[0].bill.unit_id, voucher_message(voucher))
        for voucher in charge_payment_vouchers(booking.charges, money)
    ]


def _suspense(booking: ReceiptAllocation, account: str, fund: str) -> Suspense:
    return Suspense(
        receipt_key=booking.receipt.key,
        receipt_id=booking.receipt.id,
        account=account,
        fund=fund,
        district=booking.receipt.district,
        open_fen=booking.suspended_fen,
    )
