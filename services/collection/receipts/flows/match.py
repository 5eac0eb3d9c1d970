"""Identification (认领): a person says whose money in suspense is, and it settles that unit's bill.

It joins two keys, the receipt's and the unit's, in one transaction: money must leave suspense and
reach the bill together. Both are locked by their keys, the receipt always first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.allocation.domain import books as books_rules
from services.collection.allocation.domain.allocation import Payment, PaymentAllocation, allocate
from services.collection.allocation.domain.books import Suspense
from services.collection.allocation.domain.receipt import (
    NoOpenBill,
    NothingSuspended,
    Payer,
    ReceiptUnknown,
)
from services.collection.allocation.store import allocation as allocation_store
from services.collection.allocation.store import receipt as receipt_store
from services.collection.allocation.store.receipt import ReceiptRow
from services.collection.arrears.domain.charge_books import ChargePayment, charge_payment_vouchers
from services.collection.arrears.domain.late import LateChargeAssessor
from services.collection.arrears.flows import charges as charges_flow
from services.collection.billing.domain.bill import CHARGE
from services.collection.common.domain.errors import DayInFuture, UnitUnknown
from services.collection.receipts.flows.booking import policies_of
from shared import outbox, trail
from shared.clock import today
from shared.entry import Voucher
from shared.ids import Ref, uuid7
from shared.money import format_yuan
from shared.references import Reference
from shared.roles import Caller
from shared.wire.ledger import voucher_message


class MatchBeforeReceipt(DayInFuture):
    """认领日不得早于到账记账日 (a receipt cannot be identified before the day it was booked)"""

    code = "MATCHED_BEFORE_RECEIPT"


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchRequest:
    """Whose money it is, and the day on which the books take it so."""

    credit_code: str
    period: str
    matched_on: date


async def match(
    tx: AsyncConnection, ref: Ref, said: MatchRequest, *, region: str, caller: Caller
) -> ReceiptRow:
    """Settle the unit's open bill of the period, and its charges, with what is in suspense.

    Whether it was late is said by the day on which the money was paid, not identified.

    Raises:
        ReceiptUnknown, UnitUnknown: there is no such thing.
        NothingSuspended, NoOpenBill: nothing to take from, or nothing to settle.
        DayInFuture, MatchBeforeReceipt: not a day to book it on.
    """
    receipt = await receipt_store.find(tx, ref)
    if receipt is None:
        raise ReceiptUnknown
    if said.matched_on > today():
        raise DayInFuture(matched_on=said.matched_on)
    if said.matched_on < receipt.book_date:
        raise MatchBeforeReceipt(book_date=receipt.book_date)
    suspense = await receipt_store.lock_suspense(tx, ref)
    if suspense is None or suspense.open_fen == 0:
        raise NothingSuspended
    payer = (await receipt_store.payers(tx, [said.credit_code])).get(said.credit_code)
    if payer is None:
        raise UnitUnknown(credit_code=said.credit_code)
    payment = Payment(
        event_id=uuid7(),
        paid_on=receipt.paid_on,
        booked_on=said.matched_on,
        amount_fen=suspense.open_fen,
        period=said.period,
    )
    await _settle(tx, suspense, payer, payment, region=region, caller=caller)
    after = await receipt_store.find(tx, ref)
    assert after is not None
    return after


async def _settle(
    tx: AsyncConnection,
    suspense: Suspense,
    payer: Payer,
    payment: Payment,
    *,
    region: str,
    caller: Caller,
) -> None:
    bills = await allocation_store.lock_of_period(
        tx, payer.unit_id, payer.credit_code, payment.period
    )
    late = await charges_flow.assess(tx, region, bills, [(payer.unit_id, payment)])
    order = (await policies_of(tx, region)).order(payment.booked_on).of_named
    settled, _ = allocate(bills, payment, late, order)
    if not settled:
        raise NoOpenBill(credit_code=payer.credit_code, period=payment.period)
    if late:
        await charges_flow.save(tx, late)
    await allocation_store.save_bills(tx, [one.after for one in settled])
    for number, one in enumerate(settled):
        # Each bill that the money reaches is a match of its own, with its own voucher.
        match_id = payment.event_id if number == 0 else uuid7()
        await _record(tx, suspense, one, payment, match_id, caller)
        await outbox.put(
            tx,
            payer.unit_id,
            [voucher_message(made) for made in _vouchers(suspense, one, payment, match_id, late)],
        )


def _vouchers(
    suspense: Suspense,
    one: PaymentAllocation,
    payment: Payment,
    match_id: UUID,
    late: LateChargeAssessor | None,
) -> list[Voucher]:
    on = payment.booked_on
    if one.bill.kind != CHARGE:
        return [books_rules.match_voucher(suspense, one.bill, one.shares, match_id=match_id, on=on)]
    assert late is not None, "an open charge is assessed"
    money = ChargePayment(
        event_id=match_id,
        account=suspense.account,
        incomes=late.rulings.on(on).rules.accounts,
        book_date=on,
        value_date=payment.paid_on,
        references={
            "receipt": Ref(suspense.receipt_key, suspense.receipt_id).text(Reference.RECEIPT)
        },
        suspense=suspense,
    )
    return list(charge_payment_vouchers([one], money))


async def _record(
    tx: AsyncConnection,
    suspense: Suspense,
    one: PaymentAllocation,
    payment: Payment,
    match_id: UUID,
    caller: Caller,
) -> None:
    bill, on = one.bill, payment.booked_on
    ref = Ref(suspense.receipt_key, suspense.receipt_id)
    await receipt_store.insert_match(
        tx,
        receipt_store.ReceiptMatch(
            receipt=ref,
            id=match_id,
            unit_id=bill.unit_id,
            bill_id=bill.id,
            amount_fen=one.amount_fen,
            on=on,
            person=caller.subject,
        ),
    )
    await allocation_store.insert_match(
        tx, bill, one.shares, match_id=match_id, receipt=ref, on=on, paid_on=payment.paid_on
    )
    step = trail.Step(
        shard_key=suspense.receipt_key,
        paper="receipt",
        paper_id=suspense.receipt_id,
        step="matched",
        signs=False,
        detail={
            "credit_code": bill.credit_code,
            "period": bill.period,
            "amount": format_yuan(one.amount_fen),
            "match": match_id.hex,
        },
    )
    await trail.record(tx, step, caller)
