"""Returns (退回) and moves (改入) of receipts: one person of the centre files, another decides.

The trail and the database enforce two people. What the bank itself reports needs nobody. Either way
the accounts of the units that hold the money are reallocated, so that they end as if the money had
never come, or had come to the right unit at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.allocation.domain.receipt import ReceiptUnknown
from services.collection.allocation.store import receipt as receipt_store
from services.collection.allocation.store.receipt import ReceiptRow
from services.collection.common.domain.errors import DayInFuture, UnitUnknown
from services.collection.debits.flows import return_debit as return_debit_flow
from services.collection.receipts.domain.receipt_change import (
    NothingToMove,
    ReceiptChange,
    ReceiptChangeKind,
    ReceiptChangePending,
    ReceiptChangeState,
    ReceiptChangeUnknown,
    ReceiptHoldsLess,
    ReturnSerialUsed,
)
from services.collection.receipts.flows import holding as holding_flow
from services.collection.receipts.store import receipt_change as receipt_change_store
from shared import book_days, trail
from shared.clock import now, today
from shared.errors import Fault, Faulty, StateConflict
from shared.ids import Ref, uuid7
from shared.money import format_yuan
from shared.references import Reference
from shared.roles import CENTRE, Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnRequest:
    """A request to take a receipt back; without `amount_fen`, all that it still holds."""

    amount_fen: int | None
    returned_on: date
    serial: str
    reason: str
    document: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveRequest:
    """A request to move a receipt to a unit and period; without `amount_fen`, all that others hold."""

    amount_fen: int | None
    credit_code: str
    period: str
    moved_on: date
    reason: str
    document: str


async def file_return(
    tx: AsyncConnection, ref: Ref, request: ReturnRequest, caller: Caller
) -> ReceiptChange:
    """File that the bank took a receipt back. Nothing changes until it is approved.

    Raises:
        ReceiptUnknown: there is none. DayInFuture, Faulty: the day is not possible.
        ReceiptHoldsLess: the receipt holds less. ReturnSerialUsed: the serial is another return's.
        ReceiptChangePending: another return or move of the receipt is not decided yet.
    """
    receipt = await _receipt(tx, ref, "/returned_on", request.returned_on, of_books=False)
    if await receipt_change_store.is_serial_used(tx, receipt.source, request.serial):
        raise ReturnSerialUsed(serial=request.serial)
    holding = await holding_flow.lock(tx, ref)
    amount_fen = _within(holding.amount_fen, request.amount_fen)
    change = _filed(receipt, ReceiptChangeKind.RETURN, amount_fen, caller)
    return await _file(
        tx,
        replace(
            change,
            on=request.returned_on,
            serial=request.serial,
            reason=request.reason,
            document=request.document,
        ),
        caller,
    )


async def file_move(
    tx: AsyncConnection, ref: Ref, request: MoveRequest, caller: Caller
) -> ReceiptChange:
    """File that a receipt belongs to another unit or period. Nothing changes until it is approved.

    Raises:
        ReceiptUnknown, UnitUnknown: there is none.
        DayInFuture, DayClosed, Faulty: the day is not possible.
        NothingToMove, ReceiptHoldsLess: others hold nothing of it, or less.
        ReceiptChangePending: another return or move of the receipt is not decided yet.
    """
    receipt = await _receipt(tx, ref, "/moved_on", request.moved_on, of_books=True)
    await book_days.chosen_day(tx, request.moved_on, "/moved_on")
    payer = (await receipt_store.payers(tx, [request.credit_code])).get(request.credit_code)
    if payer is None:
        raise UnitUnknown(credit_code=request.credit_code)
    holding = await holding_flow.lock(tx, ref)
    held_fen = sum(one.amount_fen for one in holding.not_of(payer.unit_id, request.period))
    if not held_fen:
        raise NothingToMove(receipt=ref.text(Reference.RECEIPT))
    amount_fen = _within(held_fen, request.amount_fen)
    change = _filed(receipt, ReceiptChangeKind.MOVE, amount_fen, caller)
    return await _file(
        tx,
        replace(
            change,
            on=request.moved_on,
            unit_id=payer.unit_id,
            credit_code=payer.credit_code,
            period=request.period,
            reason=request.reason,
            document=request.document,
        ),
        caller,
    )


async def _receipt(
    tx: AsyncConnection, ref: Ref, pointer: str, on: date, *, of_books: bool
) -> ReceiptRow:
    receipt = await receipt_store.find(tx, ref)
    if receipt is None:
        raise ReceiptUnknown
    if on > today():
        raise DayInFuture(day=on)
    first = receipt.book_date if of_books else receipt.paid_on
    if on < first:
        message = f"早于到账日 {first} (before the receipt)"
        raise Faulty(faults=[Fault(pointer, "BEFORE_THE_RECEIPT", message)])
    return receipt


def _within(held_fen: int, wanted_fen: int | None) -> int:
    amount_fen = held_fen if wanted_fen is None else wanted_fen
    if not 0 < amount_fen <= held_fen:
        raise ReceiptHoldsLess(held=format_yuan(held_fen), amount=format_yuan(amount_fen))
    return amount_fen


def _filed(
    receipt: ReceiptRow, kind: ReceiptChangeKind, amount_fen: int, caller: Caller
) -> ReceiptChange:
    return ReceiptChange(
        receipt=Ref(receipt.receipt_key, receipt.id),
        id=uuid7(),
        kind=kind,
        status=ReceiptChangeState.FILED,
        amount_fen=amount_fen,
        on=receipt.book_date,
        reason="",
        document="",
        filed_by=caller.subject,
        filed_at=now(),
    )


async def _file(tx: AsyncConnection, change: ReceiptChange, caller: Caller) -> ReceiptChange:
    if not await receipt_change_store.insert(tx, change):
        raise ReceiptChangePending(receipt=change.receipt.text(Reference.RECEIPT))
    await trail.record(tx, _step(change, "file", why=change.reason), caller)
    return change


async def approve(
    tx: AsyncConnection,
    ref: Ref,
    kind: ReceiptChangeKind,
    on: date,
    *,
    region: str,
    caller: Caller,
) -> ReceiptChange:
    """Approve a return or a move, as another person than who filed it.

    Raises:
        ReceiptChangeUnknown, StateConflict, SamePersonTwice: the caller cannot approve it.
        DayInFuture: the day is after today.
        ReceiptHoldsLess: the receipt holds less meanwhile. ReturnSerialUsed: as `file_return`.
    """
    change = await _load(tx, ref, kind)
    receipt = await receipt_store.find(tx, change.receipt)
    assert receipt is not None
    debit = await return_debit_flow.lock(tx, receipt) if kind is ReceiptChangeKind.RETURN else None
    decided = await _decide(tx, change, ReceiptChangeState.APPROVED, on, caller, why=None)
    if kind is ReceiptChangeKind.RETURN:
        if not await receipt_change_store.use_serial(tx, receipt.source, change):
            raise ReturnSerialUsed(serial=change.serial)
        await holding_flow.take_back(tx, receipt, decided, region=region, caller=caller)
        if debit is not None:
            await return_debit_flow.count(tx, debit, decided)
    else:
        await holding_flow.move(tx, receipt, decided, region=region, caller=caller)
    return decided


async def refuse(
    tx: AsyncConnection, ref: Ref, kind: ReceiptChangeKind, on: date, why: str, caller: Caller
) -> ReceiptChange:
    """Refuse a return or a move, as another person than who filed it.

    Raises:
        ReceiptChangeUnknown, StateConflict, SamePersonTwice, DayInFuture: as `approve`.
    """
    change = await _load(tx, ref, kind)
    return await _decide(tx, change, ReceiptChangeState.REFUSED, on, caller, why=why)


async def _decide(
    tx: AsyncConnection,
    change: ReceiptChange,
    to: ReceiptChangeState,
    on: date,
    caller: Caller,
    *,
    why: str | None,
) -> ReceiptChange:
    if on > today():
        raise DayInFuture(decided_on=on)
    step = "approve" if to is ReceiptChangeState.APPROVED else "refuse"
    await trail.record(tx, _step(change, step, why=why), caller)
    if not await receipt_change_store.decide(tx, change, to, on=on, by=caller.subject):
        raise StateConflict(status=change.status.value)
    return replace(change, status=to, decided_on=on, decided_by=caller.subject)


async def find(
    tx: AsyncConnection, ref: Ref, kind: ReceiptChangeKind, caller: Caller
) -> ReceiptChange:
    """Read a return or a move.

    Raises:
        ReceiptChangeUnknown: there is none. Forbidden: the caller is of a district.
    """
    caller.require_district(CENTRE)
    return await _load(tx, ref, kind)


async def page(
    tx: AsyncConnection,
    *,
    kind: ReceiptChangeKind,
    status: str | None,
    caller: Caller,
    after: UUID | None,
    limit: int,
) -> list[ReceiptChange]:
    """Read returns or moves in the order in which they were filed.

    Raises:
        Forbidden: the caller is of a district.
    """
    caller.require_district(CENTRE)
    read = partial(receipt_change_store.page, tx, kind=kind, status=status)
    return await read(after=after, limit=limit)


async def trail_of(
    tx: AsyncConnection, ref: Ref, kind: ReceiptChangeKind, caller: Caller
) -> list[dict[str, Any]]:
    """Read the trail of a return or a move.

    Raises:
        ReceiptChangeUnknown, Forbidden: as `find`.
    """
    change = await find(tx, ref, kind, caller)
    return await trail.of_paper(tx, change.receipt.key, change.id)


async def _load(tx: AsyncConnection, ref: Ref, kind: ReceiptChangeKind) -> ReceiptChange:
    change = await receipt_change_store.find(tx, ref.key, ref.id, kind)
    if change is None:
        raise ReceiptChangeUnknown
    return change


def _step(change: ReceiptChange, step: str, *, why: str | None) -> trail.Step:
    detail = {
        "receipt": change.receipt.text(Reference.RECEIPT),
        "amount": format_yuan(change.amount_fen),
        "on": change.on.isoformat(),
        "reason": change.reason,
        "document": change.document,
    }
    if change.serial is not None:
        detail["bank_serial"] = change.serial
    if change.credit_code is not None and change.period is not None:
        detail |= {"credit_code": change.credit_code, "period": change.period}
    return trail.Step(
        shard_key=change.receipt.key,
        paper=change.kind.paper,
        paper_id=change.id,
        step=step,
        signs=True,
        why=why,
        detail=detail,
    )
