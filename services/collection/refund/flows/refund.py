"""Refunds: one person of the centre requests, another approves or refuses. The trail keeps them apart.

An approval sends the order to the ledger. What is refused can be used again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.errors import DayInFuture
from services.collection.refund.domain import (
    Refund,
    RefundPart,
    RefundPending,
    RefundSource,
    RefundStatus,
    RefundUnknown,
    order_message,
)
from services.collection.refund.flows import charge as charge_flow
from services.collection.refund.flows import claim as claim_flow
from services.collection.refund.flows.claim import Money
from services.collection.refund.store import refund as refund_store
from shared import book_days, outbox, trail
from shared.clock import today
from shared.errors import Fault, Faulty, StateConflict
from shared.ids import Ref, uuid7
from shared.money import format_yuan
from shared.references import Reference
from shared.roles import Caller
from shared.wire.ledger import REFUND_ORDER

PAPER: Final = "refund"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRequest:
    """A request for a refund. Without `amount_fen`: all that is left. Without `deposit`: the original."""

    money: Money
    amount_fen: int | None
    deposit: str | None
    reason: str
    requested_on: date


@dataclass(frozen=True, slots=True)
class RefundWithParts:
    """A refund and what it reserves."""

    refund: Refund
    parts: Sequence[RefundPart]


async def request(
    tx: AsyncConnection, wanted: RefundRequest, *, region: str, caller: Caller
) -> RefundWithParts:
    """Request a refund. Its money is reserved at once.

    Raises:
        DayInFuture: the day is after today.
        NotFound, Forbidden: the source.
        NothingToRefund, RefundExceeds, NotACharge, RouteDiffers: it cannot give so much back.
        RefundPending: another refund of the charge is not decided yet.
    """
    if wanted.requested_on > today():
        raise DayInFuture(requested_on=wanted.requested_on)
    found = await claim_flow.claim(
        tx,
        wanted.money,
        wanted_fen=wanted.amount_fen,
        deposit=wanted.deposit,
        on=wanted.requested_on,
        region=region,
        caller=caller,
    )
    refund = Refund(
        key=found.key,
        id=uuid7(),
        source=found.source,
        credit_code=found.credit_code,
        district=found.district,
        unit_id=found.unit_id,
        receipt_key=found.receipt.key if found.receipt else None,
        receipt_id=found.receipt.id if found.receipt else None,
        bill_id=found.bill.id if found.bill else None,
        transfer=found.transfer,
        deposit=found.deposit,
        amount_fen=found.amount_fen,
        reason=wanted.reason,
        status=RefundStatus.REQUESTED,
        requested_on=wanted.requested_on,
    )
    if not await refund_store.insert(tx, refund):
        raise RefundPending(credit_code=refund.credit_code)
    await refund_store.insert_parts(tx, refund, found.parts)
    await trail.record(tx, step(refund, "request", why=wanted.reason), caller)
    return RefundWithParts(refund, found.parts)


async def approve(
    tx: AsyncConnection, ref: Ref, on: date, *, region: str, caller: Caller
) -> RefundWithParts:
    """Approve a refund, as another person than the requester, and order the ledger to settle it.

    Raises:
        RefundUnknown, StateConflict, SamePersonTwice: the caller cannot approve it.
        DayInFuture, DayClosed, Faulty: the day is not possible.
        ChargeMoneyNeeded: the charge has changed since the request.
    """
    await book_days.chosen_day(tx, on, "/decided_on")
    decided = await _decide(tx, ref, RefundStatus.APPROVED, on, caller, why=None)
    if decided.source is RefundSource.CHARGE:
        parts = await charge_flow.free(tx, decided, on, region=region, caller=caller)
        await refund_store.insert_parts(tx, decided, parts)
    else:
        parts = await refund_store.parts(tx, decided.key, decided.id)
    await outbox.put(tx, decided.key, [{REFUND_ORDER: order_message(decided, parts)}])
    return RefundWithParts(decided, parts)


async def refuse(
    tx: AsyncConnection, ref: Ref, on: date, why: str, caller: Caller
) -> RefundWithParts:
    """Refuse a refund, as another person than the requester. Its money can be used again.

    Raises:
        RefundUnknown, StateConflict, SamePersonTwice, DayInFuture, Faulty: as `approve`.
    """
    decided = await _decide(tx, ref, RefundStatus.REFUSED, on, caller, why=why)
    parts = await refund_store.parts(tx, decided.key, decided.id)
    await claim_flow.release(tx, decided, parts)
    return RefundWithParts(decided, parts)


async def _decide(
    tx: AsyncConnection,
    ref: Ref,
    to: RefundStatus,
    on: date,
    caller: Caller,
    *,
    why: str | None,
) -> Refund:
    refund = await load(tx, ref)
    check_day(refund.requested_on, on)
    name = "approve" if to is RefundStatus.APPROVED else "refuse"
    await trail.record(tx, step(refund, name, why=why), caller)
    if not await refund_store.decide(tx, refund, to, on):
        raise StateConflict(status=refund.status.value)
    return replace(refund, status=to, decided_on=on)


def check_day(since: date, on: date) -> None:
    """Refuse a day of a decision that has not come, or lies before the request.

    Raises:
        DayInFuture, Faulty: the day.
    """
    if on > today():
        raise DayInFuture(decided_on=on)
    if on < since:
        message = f"早于申请日 {since} (before the request)"
        raise Faulty(faults=[Fault("/decided_on", "BEFORE_THE_REQUEST", message)])


async def load(tx: AsyncConnection, ref: Ref, *, lock: bool = False) -> Refund:
    """Read a refund.

    Raises:
        RefundUnknown: there is none.
    """
    refund = await refund_store.find(tx, ref.key, ref.id, lock=lock)
    if refund is None:
        raise RefundUnknown(refund=ref.text(Reference.REFUND))
    return refund


async def find(tx: AsyncConnection, ref: Ref, caller: Caller) -> RefundWithParts:
    """Read a refund that the caller may see.

    Raises:
        RefundUnknown: there is none. Forbidden: it is of another district than the caller.
    """
    refund = await load(tx, ref)
    caller.require_district(refund.district)
    return RefundWithParts(refund, await refund_store.parts(tx, refund.key, refund.id))


async def page(
    tx: AsyncConnection,
    *,
    credit_code: str | frozenset[str] | None,
    district: str | None,
    status: str | None,
    after: UUID | None,
    limit: int,
) -> list[Refund]:
    """Read refunds of a payer, of a district or of all."""
    return await refund_store.page(
        tx, credit_code=credit_code, district=district, status=status, after=after, limit=limit
    )


async def trail_of(tx: AsyncConnection, ref: Ref, caller: Caller) -> list[dict[str, Any]]:
    """Read the trail of a refund that the caller may see.

    Raises:
        RefundUnknown, Forbidden: as `find`.
    """
    found = await find(tx, ref, caller)
    return await trail.of_paper(tx, found.refund.key, found.refund.id)


def step(refund: Refund, name: str, *, why: str | None = None, signs: bool = True) -> trail.Step:
    """Return the step of a refund in its trail. A return by the bank is a round of its own."""
    return trail.Step(
        shard_key=refund.key,
        paper=PAPER,
        paper_id=refund.id,
        step=name,
        signs=signs,
        round=refund.round,
        why=why,
        detail={"credit_code": refund.credit_code, "amount": format_yuan(refund.amount_fen)}
        | ({"settlement": refund.settlement} if refund.settlement else {}),
    )
