"""Matches (认领): a person assigns suspended money to a unit, and it pays that unit's bills.

A match changes a receipt and a unit in one transaction: money must leave suspense and reach the
bill together. Units are locked before the receipt's suspense, as by whoever reallocates an account.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.allocation.domain.receipt import (
    NoOpenBill,
    NothingSuspended,
    Payer,
    ReceiptUnknown,
)
from services.collection.allocation.store import payment as payment_store
from services.collection.allocation.store import receipt as receipt_store
from services.collection.allocation.store.payment import PaymentRecord
from services.collection.allocation.store.receipt import ReceiptRow
from services.collection.common.domain.errors import DayInFuture, UnitUnknown
from services.collection.reallocation import flows as reallocation_flow
from services.collection.reallocation.domain.books import Heading
from services.collection.reallocation.flows import Cause
from services.collection.receipts.flows import holding as holding_flow
from shared import book_days, trail
from shared.clock import today
from shared.ids import Ref, uuid7
from shared.money import format_yuan
from shared.references import Reference
from shared.roles import Caller
from shared.webhooks.event import EventType, NewEvent, record_events


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
        DayInFuture, DayClosed, MatchBeforeReceipt: the booking day is not possible.
    """
    receipt = await receipt_store.find(tx, ref)
    if receipt is None:
        raise ReceiptUnknown
    if request.matched_on > today():
        raise DayInFuture(matched_on=request.matched_on)
    await book_days.chosen_day(tx, request.matched_on, "/matched_on")
    if request.matched_on < receipt.book_date:
        raise MatchBeforeReceipt(book_date=receipt.book_date)
    payer = (await receipt_store.payers(tx, [request.credit_code])).get(request.credit_code)
    holding = await holding_flow.lock(tx, ref, *([payer.unit_id] if payer else []))
    suspense = holding.suspense
    if suspense is None or suspense.open_fen == 0:
        raise NothingSuspended
    if payer is None:
        raise UnitUnknown(credit_code=request.credit_code)
    payment = PaymentRecord(
        unit_id=payer.unit_id,
        event_id=uuid7(),
        receipt=ref,
        kind="match",
        amount_fen=suspense.open_fen,
        period=request.period,
        paid_on=receipt.paid_on,
        booked_on=request.matched_on,
        source=receipt.source,
        serial=receipt.serial,
    )
    await _entrust(tx, payment)
    allocated_fen = await _settle(tx, payment, region=region, caller=caller)
    if not allocated_fen:
        raise NoOpenBill(credit_code=payer.credit_code, period=request.period)
    await _record(tx, payment, payer, allocated_fen, caller)
    matched = NewEvent(EventType.RECEIPT_MATCHED, ref.key, ref.text(Reference.RECEIPT))
    await record_events(tx, [matched])
    after = await receipt_store.find(tx, ref)
    assert after is not None
    return after


async def _entrust(tx: AsyncConnection, payment: PaymentRecord) -> None:
    """Give the unit all that is in suspense, also what other units held of it before."""
    for one in await payment_store.balances(tx, payment.receipt):
        if one.left_fen:
            await payment_store.take(tx, one.unit_id, one.event_id, one.left_fen)
    await payment_store.insert(tx, payment)


async def _settle(
    tx: AsyncConnection, payment: PaymentRecord, *, region: str, caller: Caller
) -> int:
    """Reallocate the unit's account; what bills got of the payment."""
    heading = Heading(
        event_id=f"match:{payment.event_id.hex}",
        kind="match",
        summary=f"{payment.period} 暂收款认领分账",
        day=payment.booked_on,
        value_date=payment.paid_on,
    )
    cause = Cause(
        name="match",
        on=payment.booked_on,
        paper=payment.receipt.text(Reference.RECEIPT),
        headings={payment.receipt.id: heading},
    )
    found = await reallocation_flow.reallocate(
        tx, payment.unit_id, cause, region=region, caller=caller
    )
    return sum(
        fen for (event_id, _, _), fen in found.shares.items() if event_id == payment.event_id
    )


async def _record(
    tx: AsyncConnection,
    payment: PaymentRecord,
    payer: Payer,
    allocated_fen: int,
    caller: Caller,
) -> None:
    await receipt_store.insert_match(
        tx,
        receipt_store.ReceiptMatch(
            receipt=payment.receipt,
            id=payment.event_id,
            unit_id=payment.unit_id,
            amount_fen=payment.amount_fen,
            on=payment.booked_on,
            person=caller.subject,
        ),
    )
    step = trail.Step(
        shard_key=payment.receipt.key,
        paper="receipt",
        paper_id=payment.receipt.id,
        step="matched",
        signs=False,
        detail={
            "credit_code": payer.credit_code,
            "period": payment.period,
            "amount": format_yuan(allocated_fen),
            "match": payment.event_id.hex,
        },
    )
    await trail.record(tx, step, caller)
