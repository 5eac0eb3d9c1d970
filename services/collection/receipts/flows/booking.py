"""Booking of receipts, shared by both channels: take in, allocate, and send vouchers to the ledger."""

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
    """A region's policies on receipts, by day."""

    region: str
    dated: Sequence[ReceiptPolicy]

    def on(self, day: date) -> ReceiptPolicy:
        """Return the policy of a day.

        Raises:
            NoPolicy: no policy was in force.
        """
        found = in_force(self.dated, day)
        if not found:
            raise NoPolicy(region=self.region, day=day)
        return found[0]

    def order(self, day: date) -> AllocationOrder:
        """Return the order of payment on a booking day; one ticket when no policy is in force."""
        found = in_force(self.dated, day)
        return found[0].order if found else ONE_TICKET

    def account(self, channel: Channel, day: date) -> str:
        """Return the account on which money of a channel arrives.

        Raises:
            NoPolicy: no policy in force names an account.
        """
        account = self.on(day).accounts.get(channel.value)
        if account is None:
            raise NoPolicy(region=self.region, day=day, channel=channel.value)
        return account


async def policies_of(tx: AsyncConnection, region: str) -> ReceiptPolicies:
    """Read a region's policies on receipts."""
    return ReceiptPolicies(region, await receipt_store.policies(tx, region))


@dataclass(frozen=True, slots=True)
class ReceiptIntake:
    """New receipts, the number of repeats, and rejected contradictions."""

    new: list[Receipt]
    replayed: int
    rejected: list[Rejection]


async def take_in(tx: AsyncConnection, receipts: Sequence[Receipt]) -> ReceiptIntake:
    """Write the receipts that are new. A known serial with the same body is a repeat; with another
    body it is rejected."""
    inserted = await receipt_store.insert_new(tx, receipts)
    new = [receipt for receipt in receipts if receipt.id in inserted]
    known = [receipt for receipt in receipts if receipt.id not in inserted]
    if not known:
        return ReceiptIntake(new, 0, [])
    hashes = await receipt_store.body_hashes(tx, known)
    rejected = [
        Rejection(receipt.incoming.serial, SERIAL_REUSED, SERIAL_REUSED_MESSAGE)
        for receipt in known
        if hashes[receipt.incoming.serial] != receipt.incoming.body_hash
    ]
    return ReceiptIntake(new, len(known) - len(rejected), rejected)


async def book(
    tx: AsyncConnection,
    policies: ReceiptPolicies,
    receipts: Sequence[Receipt],
    bills: Sequence[Bill],
) -> list[ReceiptAllocation]:
    """Pay locked bills with new receipts: write allocations, charges and suspense, and queue the
    vouchers."""
    payments = [(one.payer.unit_id, payment_of(one)) for one in receipts if one.payer]
    assessor = await charges_flow.assess(tx, policies.region, bills, payments)
    allocations, changed = allocate_receipts(receipts, bills, assessor, policies.order)
    if assessor:
        await charges_flow.save(tx, assessor)
    await allocation_store.save_bills(tx, changed)
    await allocation_store.insert(tx, allocations)
    messages: list[tuple[int, dict[str, Any]]] = []
    suspended: list[Suspense] = []
    for allocation in allocations:
        receipt = allocation.receipt
        account = policies.account(receipt.channel, receipt.book_date)
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
    return allocations


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
