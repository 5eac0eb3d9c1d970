"""After the approval: the ledger has settled a refund, and the bank may send it back.

Two people say that it came back. Its source is open again, and a new refund may be requested. Money of
a transfer comes back when the ledger reverses the transfer's voucher.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.errors import DayInFuture
from services.collection.refund.domain import (
    BankReturn,
    Payout,
    Refund,
    RefundStatus,
    ReversedByLedger,
    return_voucher,
)
from services.collection.refund.flows import claim as claim_flow
from services.collection.refund.flows.refund import RefundWithParts, check_day, load, step
from services.collection.refund.store import refund as refund_store
from shared import book_days, outbox, trail
from shared.clock import today
from shared.errors import Fault, Faulty, StateConflict
from shared.ids import Ref
from shared.roles import Caller
from shared.wire.ledger import voucher_message

REVERSED: Final = "总账冲销转入凭证"


class ReturnKnown(StateConflict):
    """该银行流水号的退回已登记 (a return with this bank serial is known)"""

    code = "RETURN_KNOWN"


async def pay(tx: AsyncConnection, ref: Ref, payout: Payout, caller: Caller) -> bool:
    """Mark a refund as paid, as the ledger reports; return False when it is not waiting for it.

    A transfer that was reversed since opens its suspense again.
    """
    refund = await refund_store.find(tx, ref.key, ref.id, lock=True)
    if refund is None:
        return False
    is_new = await refund_store.pay(tx, refund, payout)
    paid = replace(refund, settlement=payout.settlement)
    if is_new:
        await trail.record(tx, step(paid, "paid", signs=False), caller)
    if payout.reversed_on is None:
        return is_new
    return await _reverse(tx, paid, payout, caller) or is_new


async def _reverse(tx: AsyncConnection, refund: Refund, payout: Payout, caller: Caller) -> bool:
    """Open the suspense of a reversed transfer again; return False when it is open."""
    if not await refund_store.reverse(tx, refund, payout, REVERSED):
        return False
    await trail.record(tx, step(refund, "reversed", why=REVERSED, signs=False), caller)
    await claim_flow.release(tx, refund, await refund_store.parts(tx, refund.key, refund.id))
    return True


async def report_return(
    tx: AsyncConnection, ref: Ref, bank_return: BankReturn, caller: Caller
) -> RefundWithParts:
    """Report that the bank sent a paid refund back. Nothing moves until another person confirms it.

    Raises:
        RefundUnknown, StateConflict: it is not a paid refund.
        DayInFuture, Faulty: the day is after today, or before the payment.
        ReturnKnown: the bank's serial was reported before.
    """
    refund = await load(tx, ref, lock=True)
    if refund.transfer is not None:
        raise ReversedByLedger
    if refund.status is not RefundStatus.PAID:
        raise StateConflict(status=refund.status.value)
    assert refund.settled_on is not None
    if bank_return.returned_on > today():
        raise DayInFuture(returned_on=bank_return.returned_on)
    if bank_return.returned_on < refund.settled_on:
        text = f"早于退费日 {refund.settled_on} (before it was paid)"
        raise Faulty(faults=[Fault("/returned_on", "BEFORE_THE_PAYMENT", text)])
    if not await refund_store.claim_serial(tx, refund.payer_deposit, bank_return.serial):
        raise ReturnKnown(serial=bank_return.serial)
    await refund_store.report_return(tx, refund, bank_return)
    after = await load(tx, ref)
    await trail.record(tx, step(after, "report_return", why=bank_return.reason), caller)
    return await _with_parts(tx, after)


async def approve_return(
    tx: AsyncConnection, ref: Ref, on: date, caller: Caller
) -> RefundWithParts:
    """Confirm that a refund came back, as another person: its source is open again.

    It is booked on the chosen day, with the bank's day as the value date.

    Raises:
        RefundUnknown, StateConflict, SamePersonTwice: the caller cannot confirm it.
        DayInFuture, DayClosed, Faulty: the day is not possible.
    """
    await book_days.chosen_day(tx, on, "/decided_on")
    refund = await _returning(tx, ref, on)
    await trail.record(tx, step(refund, "approve_return"), caller)
    await refund_store.decide_return(tx, refund, came=True, on=on)
    found = await _with_parts(tx, refund)
    await claim_flow.release(tx, refund, found.parts)
    voucher = return_voucher(refund, found.parts, on)
    await outbox.put(tx, refund.key, [voucher_message(voucher)])
    return RefundWithParts(await load(tx, ref), found.parts)


async def refuse_return(
    tx: AsyncConnection, ref: Ref, on: date, why: str, caller: Caller
) -> RefundWithParts:
    """Refuse a reported return, as another person: the refund stays paid.

    Raises:
        RefundUnknown, StateConflict, SamePersonTwice, DayInFuture, Faulty: as `approve_return`.
    """
    refund = await _returning(tx, ref, on)
    await trail.record(tx, step(refund, "refuse_return", why=why), caller)
    await refund_store.decide_return(tx, refund, came=False, on=on)
    assert refund.return_serial is not None
    await refund_store.forget_serial(tx, refund.payer_deposit, refund.return_serial)
    return await _with_parts(tx, await load(tx, ref))


async def _returning(tx: AsyncConnection, ref: Ref, on: date) -> Refund:
    refund = await load(tx, ref, lock=True)
    if refund.status is not RefundStatus.RETURNING:
        raise StateConflict(status=refund.status.value)
    assert refund.returned_on is not None
    check_day(refund.returned_on, on)
    return refund


async def _with_parts(tx: AsyncConnection, refund: Refund) -> RefundWithParts:
    return RefundWithParts(refund, await refund_store.parts(tx, refund.key, refund.id))
