"""Matches (认领): a person assigns suspended money to a unit, and it pays that unit's bills.

A match changes a receipt and a unit in one transaction: money must leave suspense and reach the
bill together. The receipt is always locked before the unit.
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
    """The unit and period to pay, and the booking day."""

    credit_code: str
    period: str
    matched_on: date


async def match(
    tx: AsyncConnection, ref: Ref, request: MatchRequest, *, region: str, caller: Caller
) -> ReceiptRow:
    """Pay a unit's open bills and charges of a period with a receipt's suspended money.

    Lateness is judged by the day of payment, not by the day of the match.

    Raises:
        ReceiptUnknown, UnitUnknown: there is none.
        NothingSuspended, NoOpenBill: there is nothing to take, or nothing to pay.
        DayInFuture, MatchBeforeReceipt: the booking day is not possible.
    """
    receipt = await receipt_store.find(tx, ref)
    if receipt is None:
        raise ReceiptUnknown
    if request.matched_on > today():
        raise DayInFuture(matched_on=request.matched_on)
    if request.matched_on < receipt.book_date:
        raise MatchBeforeReceipt(book_date=receipt.book_date)
    suspense = await receipt_store.lock_suspense(tx, ref)
    if suspense is None or suspense.open_fen == 0:
        raise NothingSuspended
    payer = (await receipt_store.payers(tx, [request.credit_code])).get(request.credit_code)
    if payer is None:
        raise UnitUnknown(credit_code=request.credit_code)
    payment = Payment(
        event_id=uuid7(),
        paid_on=receipt.paid_on,
        booked_on=request.matched_on,
        amount_fen=suspense.open_fen,
        period=request.period,
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
    assessor = await charges_flow.assess(tx, region, bills, [(payer.unit_id, payment)])
    order = (await policies_of(tx, region)).order(payment.booked_on).of_named
    settled, _ = allocate(bills, payment, assessor, order)
    if not settled:
        raise NoOpenBill(credit_code=payer.credit_code, period=payment.period)
    if assessor:
        await charges_flow.save(tx, assessor)
    await allocation_store.save_bills(tx, [one.after for one in settled])
    for number, one in enumerate(settled):
        # Each bill that the money reaches is a match of its own, with its own voucher.
        match_id = payment.event_id if number == 0 else uuid7()
        await _record(tx, suspense, one, payment, match_id, caller)
        await outbox.put(
            tx,
            payer.unit_id,
            [
                voucher_message(made)
                for made in _vouchers(suspense, one, payment, match_id, assessor)
            ],
        )


def _vouchers(
    suspense: Suspense,
    one: PaymentAllocation,
    payment: Payment,
    match_id: UUID,
    assessor: LateChargeAssessor | None,
) -> list[Voucher]:
    on = payment.booked_on
    if one.bill.kind != CHARGE:
        return [books_rules.match_voucher(suspense, one.bill, one.shares, match_id=match_id, on=on)]
    assert assessor is not None, "an open charge is assessed"
    charge_payment = ChargePayment(
        event_id=match_id,
        account=suspense.account,
        incomes=assessor.rulings.on(on).rules.accounts,
        book_date=on,
        value_date=payment.paid_on,
        references={
            "receipt": Ref(suspense.receipt_key, suspense.receipt_id).text(Reference.RECEIPT)
        },
        suspense=suspense,
    )
    return list(charge_payment_vouchers([one], charge_payment))


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
