"""Money of a receipt where it is held: take it back for the bank, or move it to another unit.

Units are locked first, in the order of their keys, then the receipt's suspense: as the flow that
reallocates an account.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.allocation.domain.books import Suspense
from services.collection.allocation.domain.receipt import UNIDENTIFIED, PaymentPart
from services.collection.allocation.store import payment as payment_store
from services.collection.allocation.store import receipt as receipt_store
from services.collection.allocation.store.payment import PaymentRecord
from services.collection.allocation.store.receipt import ReceiptRow
from services.collection.reallocation import flows as reallocation_flow
from services.collection.reallocation.domain.books import REALLOCATION, Heading
from services.collection.reallocation.flows import Cause
from services.collection.receipts.domain import receipt_change as receipt_change_rules
from services.collection.receipts.domain.receipt_change import (
    HeldPayment,
    ReceiptChange,
    ReceiptHoldsLess,
)
from services.collection.receipts.store import receipt_change as receipt_change_store
from shared import book_days, outbox
from shared.entry import Account, Book, Voucher, transfer
from shared.ids import Ref
from shared.money import format_yuan
from shared.references import Reference
from shared.roles import Caller
from shared.wire.ledger import voucher_message


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """The money of a receipt (fen): with units, and in suspense that nobody holds."""

    payments: Sequence[HeldPayment]
    suspense: Suspense | None
    nobodys_fen: int

    @property
    def amount_fen(self) -> int:
        """Return all that the receipt still holds."""
        return self.nobodys_fen + sum(one.amount_fen for one in self.payments)

    def not_of(self, unit_id: int, period: str) -> list[HeldPayment]:
        """Return the payments that are not of a unit and period."""
        return [one for one in self.payments if (one.unit_id, one.period) != (unit_id, period)]


async def lock(tx: AsyncConnection, receipt: Ref, *also: int) -> Holding:
    """Lock the units that hold money of a receipt, others too, and its suspense; tell who has what."""
    units = {*await receipt_change_store.holders(tx, receipt), *also}
    await _lock_units(tx, units)
    suspense = await receipt_store.lock_suspense(tx, receipt)
    # Units that were entrusted with it while this waited; whoever meets them is retried.
    await _lock_units(tx, {*await receipt_change_store.holders(tx, receipt)} - units)
    payments = await receipt_change_store.held(tx, receipt)
    open_fen = suspense.open_fen if suspense else 0
    return Holding(
        payments=payments,
        suspense=suspense,
        nobodys_fen=open_fen - sum(one.left_fen for one in payments),
    )


async def _lock_units(tx: AsyncConnection, unit_ids: Iterable[int]) -> None:
    for unit_id in sorted(unit_ids):
        await reallocation_flow.lock_unit(tx, unit_id)


async def take_back(
    tx: AsyncConnection,
    receipt: ReceiptRow,
    change: ReceiptChange,
    *,
    region: str,
    caller: Caller,
    part: PaymentPart | None = None,
) -> None:
    """Take what the bank has again from its holders: first what no unit holds, then from units.

    `part` names the insurance and party that the money was for, where the payment has parts.

    Raises:
        ReceiptHoldsLess: the receipt holds less.
    """
    holding = await lock(tx, change.receipt)
    if change.amount_fen > holding.amount_fen:
        raise ReceiptHoldsLess(
            held=format_yuan(holding.amount_fen), amount=format_yuan(change.amount_fen)
        )
    nobodys_fen = min(change.amount_fen, holding.nobodys_fen)
    parts = receipt_change_rules.parts_of(holding.payments, change.amount_fen - nobodys_fen)
    day = await _booking_day(tx, change, receipt, parts)
    await receipt_change_store.mark_booked(tx, change, day)
    if nobodys_fen:
        await _take_from_suspense(tx, receipt, change, holding, nobodys_fen, day)
    headings = _Headings(change, "receipt_return", "银行退回到账", day, change.on)
    await _reallocate(tx, change, headings, parts, region=region, caller=caller, part=part)


async def move(
    tx: AsyncConnection,
    receipt: ReceiptRow,
    change: ReceiptChange,
    *,
    region: str,
    caller: Caller,
) -> None:
    """Take money from the units that hold it, and entrust it to the one that it belongs to.

    Raises:
        ReceiptHoldsLess: others hold less.
    """
    assert change.unit_id is not None
    assert change.period is not None
    holding = await lock(tx, change.receipt, change.unit_id)
    others = holding.not_of(change.unit_id, change.period)
    held_fen = sum(one.amount_fen for one in others)
    if change.amount_fen > held_fen:
        raise ReceiptHoldsLess(held=format_yuan(held_fen), amount=format_yuan(change.amount_fen))
    parts = receipt_change_rules.parts_of(others, change.amount_fen)
    day = await _booking_day(tx, change, receipt, parts)
    await payment_store.insert(
        tx,
        PaymentRecord(
            unit_id=change.unit_id,
            event_id=change.id,
            receipt=change.receipt,
            kind="move",
            amount_fen=change.amount_fen,
            period=change.period,
            paid_on=receipt.paid_on,
            booked_on=day,
            source=receipt.source,
            serial=receipt.serial,
        ),
    )
    headings = _Headings(change, REALLOCATION, "到账改入应属单位", day, receipt.paid_on)
    entrusted = {change.unit_id: {change.id: 0}}
    await _reallocate(tx, change, headings, parts, entrusted, region=region, caller=caller)


async def _booking_day(
    tx: AsyncConnection,
    change: ReceiptChange,
    receipt: ReceiptRow,
    parts: Sequence[tuple[HeldPayment, int]],
) -> date:
    """The day of the books: an open one, and no earlier than what is taken back was booked."""
    first_open = (await book_days.read(tx)).first_open_day
    return max([first_open, change.on, receipt.book_date, *(one.booked_on for one, _ in parts)])


@dataclass(frozen=True, slots=True)
class _Headings:
    """The heading of each unit's voucher of one return or move."""

    change: ReceiptChange
    kind: str
    summary: str
    day: date
    value_date: date

    def of(self, number: int) -> Heading:
        return Heading(
            event_id=f"{self.change.kind.paper}:{self.change.id.hex}:{number}",
            kind=self.kind,
            summary=self.summary,
            day=self.day,
            value_date=self.value_date,
        )


async def _reallocate(
    tx: AsyncConnection,
    change: ReceiptChange,
    headings: _Headings,
    parts: Sequence[tuple[HeldPayment, int]],
    entrusted: Mapping[int, dict[UUID, int]] | None = None,
    *,
    region: str,
    caller: Caller,
    part: PaymentPart | None = None,
) -> None:
    """Take parts of payments away, and bring the accounts of their units up to date.

    Args:
        entrusted: unit → payment → what of it is booked so far, of payments that are new.
    """
    booked: dict[int, dict[UUID, int]] = {unit: dict(by) for unit, by in (entrusted or {}).items()}
    for payment, fen in parts:
        if part is not None and payment.event_id == change.receipt.id:
            named = replace(part, amount_fen=fen)
            await payment_store.take_part(tx, payment.unit_id, payment.event_id, named)
        else:
            await payment_store.take(tx, payment.unit_id, payment.event_id, fen)
        booked.setdefault(payment.unit_id, {})[payment.event_id] = payment.amount_fen
    # Money leaves one unit before it reaches the other, as the days of the books do not tell.
    units = sorted(booked, key=lambda unit: (unit in (entrusted or {}), unit))
    for number, unit_id in enumerate(units, 1):
        cause = Cause(
            name=change.kind.paper,
            on=headings.day,
            paper=change.reference,
            headings={change.receipt.id: headings.of(number)},
            booked_fen=booked[unit_id],
        )
        await reallocation_flow.reallocate(tx, unit_id, cause, region=region, caller=caller)


async def _take_from_suspense(
    tx: AsyncConnection,
    receipt: ReceiptRow,
    change: ReceiptChange,
    holding: Holding,
    fen: int,
    day: date,
) -> None:
    """Return money that is in suspense and that no unit holds."""
    suspense = holding.suspense
    assert suspense is not None
    await receipt_store.take_from_suspense(tx, change.receipt, fen)
    voucher = Voucher(
        event_id=f"{change.kind.paper}:{change.id.hex}:0",
        owner=UNIDENTIFIED,
        kind="receipt_return",
        book_date=day,
        value_date=change.on,
        period=receipt.period,
        summary="银行退回暂收款",
        entries=transfer(
            book=Book.STATUTORY,
            fund=suspense.fund,
            debit=Account.SUSPENSE_RECEIPTS,
            credit=suspense.account,
            amount_fen=fen,
            district=suspense.district,
        ),
        references={
            "receipt": change.receipt.text(Reference.RECEIPT),
            "channel": receipt.channel.value,
            "serial": receipt.serial,
            "paper": receipt.paper,
            "return": change.reference,
        },
    )
    await outbox.put(tx, change.receipt.key, [voucher_message(voucher)])
