"""Identification (认领): a person says whose money in suspense is, and it settles that unit's bill.

It joins two keys, the receipt's and the unit's, in one transaction: money must leave suspense and
reach the bill together. Both are locked by their keys, the receipt always first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.domain import books
from services.collection.domain.allocation import Bill, bill_for, settle
from services.collection.domain.books import Suspense
from services.collection.domain.errors import DayInFuture, UnitUnknown
from services.collection.domain.receipt import NoOpenBill, NothingSuspended, Payer
from services.collection.store import allocation as allocation_store
from services.collection.store import receipt as receipt_store
from services.collection.store.receipt import ReceiptRow
from shared import outbox, trail
from shared.clock import today
from shared.errors import NotFound
from shared.ids import Ref, uuid7
from shared.money import format_yuan
from shared.roles import Caller
from shared.wire.ledger import voucher_message


class ReceiptUnknown(NotFound):
    """无此到账 (no such receipt)"""

    code = "RECEIPT_UNKNOWN"


class MatchedTooEarly(DayInFuture):
    """认领日不得早于到账记账日 (a receipt cannot be identified before the day it was booked)"""

    code = "MATCHED_BEFORE_RECEIPT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identification:
    """Whose money it is, and the day on which the books take it so."""

    credit_code: str
    period: str
    matched_on: date


async def match(tx: AsyncConnection, ref: Ref, said: Identification, caller: Caller) -> ReceiptRow:
    """Settle the unit's open bill of the period with what of a receipt is in suspense.

    Raises:
        ReceiptUnknown, UnitUnknown: there is no such thing.
        NothingSuspended, NoOpenBill: nothing to take from, or nothing to settle.
        DayInFuture, MatchedTooEarly: not a day to book it on.
    """
    receipt = await receipt_store.load(tx, ref)
    if receipt is None:
        raise ReceiptUnknown
    if said.matched_on > today():
        raise DayInFuture(matched_on=said.matched_on)
    if said.matched_on < receipt.book_date:
        raise MatchedTooEarly(book_date=receipt.book_date)
    suspense = await receipt_store.lock_suspense(tx, ref)
    if suspense is None or suspense.open_fen == 0:
        raise NothingSuspended
    payer = (await receipt_store.payers(tx, [said.credit_code])).get(said.credit_code)
    if payer is None:
        raise UnitUnknown(credit_code=said.credit_code)
    await _settle(tx, suspense, await _open_bill(tx, payer, said.period), said, caller)
    after = await receipt_store.load(tx, ref)
    assert after is not None
    return after


async def _open_bill(tx: AsyncConnection, payer: Payer, period: str) -> Bill:
    bills = await allocation_store.lock_of_period(tx, payer.unit_id, payer.credit_code, period)
    bill = bill_for(bills, period)
    if bill is None:
        raise NoOpenBill(credit_code=payer.credit_code, period=period)
    return bill


async def _settle(
    tx: AsyncConnection, suspense: Suspense, bill: Bill, said: Identification, caller: Caller
) -> None:
    after, shares, _ = settle(bill, suspense.open_fen)
    amount_fen = after.settled_fen - bill.settled_fen
    match_id = uuid7()
    ref = Ref(suspense.receipt_key, suspense.receipt_id)
    await receipt_store.save_match(
        tx,
        receipt_store.Match(
            receipt=ref,
            id=match_id,
            unit_id=bill.unit_id,
            bill_id=bill.id,
            amount_fen=amount_fen,
            on=said.matched_on,
            person=caller.subject,
        ),
    )
    await allocation_store.save_bills(tx, [after])
    await allocation_store.save_match(
        tx, bill, shares, match_id=match_id, receipt=ref, on=said.matched_on
    )
    voucher = books.match_voucher(suspense, bill, shares, match_id=match_id, on=said.matched_on)
    await outbox.put(tx, bill.unit_id, [voucher_message(voucher)])
    step = trail.Step(
        shard_key=suspense.receipt_key,
        paper="receipt",
        paper_id=suspense.receipt_id,
        step="matched",
        signs=False,
        detail={"credit_code": bill.credit_code, "period": bill.period,
                "amount": format_yuan(amount_fen), "match": match_id.hex},
    )  # fmt: skip
    await trail.record(tx, step, caller)
