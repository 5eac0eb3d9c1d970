"""Refund unused credits (退费): one person of the centre requests, another approves.

The trail enforces two people. The unit is locked first, as in billing: a bill that uses the credit
at the same moment comes before the approval, which then finds the credit used, or after it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.billing.domain.refund import (
    CreditAlreadyUsed,
    NoUnusedCredit,
    Refund,
    RefundLine,
    RefundPending,
    RefundState,
    RefundUnknown,
    refund_voucher,
)
from services.collection.billing.store import credit as credit_store
from services.collection.billing.store import refund as refund_store
from services.collection.common.domain.errors import DayInFuture
from services.collection.register.flows import unit as unit_flow
from services.collection.register.store import unit as unit_store
from shared import outbox, trail
from shared.clock import today
from shared.errors import Fault, Faulty, StateConflict
from shared.ids import Ref, uuid7
from shared.money import format_yuan
from shared.references import Reference
from shared.roles import Caller
from shared.wire.ledger import voucher_message

PAPER: Final = "credit_refund"


@dataclass(frozen=True, slots=True)
class RefundWithLines:
    """A refund and the amounts that it takes from each credit."""

    refund: Refund
    lines: list[RefundLine]


async def request(
    tx: AsyncConnection, credit_code: str, on: date, note: str, caller: Caller
) -> RefundWithLines:
    """Request a refund of all unused credits of a unit.

    Raises:
        UnitUnknown, Forbidden: the unit.
        DayInFuture: the day is after today.
        NoUnusedCredit: the unit has no unused credit of that day.
        RefundPending: another refund of the unit is not decided yet.
    """
    if on > today():
        raise DayInFuture(requested_on=on)
    unit = await unit_flow.find(tx, credit_code, caller)
    lines = [
        RefundLine(credit, credit.left_fen)
        for credit in await credit_store.unused(tx, [unit.id])
        if credit.granted_on <= on
    ]
    if not lines:
        raise NoUnusedCredit(credit_code=credit_code)
    refund = Refund(
        unit_id=unit.id,
        id=uuid7(),
        credit_code=credit_code,
        district=unit.district,
        status=RefundState.REQUESTED,
        amount_fen=sum(line.amount_fen for line in lines),
        requested_on=on,
        decided_on=None,
        note=note,
    )
    if not await refund_store.insert(tx, refund, lines):
        raise RefundPending(credit_code=credit_code)
    await trail.record(tx, _step(refund, "request", why=note), caller)
    return RefundWithLines(refund, lines)


async def approve(
    tx: AsyncConnection, ref: Ref, on: date, paid_by: str, caller: Caller
) -> RefundWithLines:
    """Approve a refund and mark its credits as used, as another person than the requester.

    Args:
        paid_by: the ledger's settlement that moves the money.

    Raises:
        RefundUnknown, StateConflict, SamePersonTwice: the refund cannot be approved by the
            caller.
        DayInFuture, Faulty: the day is not possible.
        CreditAlreadyUsed: a bill has used some of the credits.
    """
    refund = await _load(tx, ref)
    await unit_store.lock(tx, refund.unit_id)
    decided = await _decide(tx, refund, RefundState.APPROVED, on, caller, why=None, paid_by=paid_by)
    lines = await refund_store.lines(tx, refund.unit_id, refund.id)
    if await refund_store.use(tx, refund) != len(lines):
        raise CreditAlreadyUsed(refund=ref.text(Reference.CREDIT_REFUND))
    voucher = refund_voucher(decided, lines, on, paid_by)
    await outbox.put(tx, refund.unit_id, [voucher_message(voucher)])
    return RefundWithLines(decided, lines)


async def refuse(
    tx: AsyncConnection, ref: Ref, on: date, why: str, caller: Caller
) -> RefundWithLines:
    """Refuse a refund, as another person than the requester. The credits stay usable.

    Raises:
        RefundUnknown, StateConflict, SamePersonTwice, DayInFuture, Faulty: as `approve`.
    """
    refund = await _load(tx, ref)
    decided = await _decide(tx, refund, RefundState.REFUSED, on, caller, why=why, paid_by=None)
    return await _with_lines(tx, decided)


async def _decide(
    tx: AsyncConnection,
    refund: Refund,
    to: RefundState,
    on: date,
    caller: Caller,
    *,
    why: str | None,
    paid_by: str | None,
) -> Refund:
    if on > today():
        raise DayInFuture(decided_on=on)
    if on < refund.requested_on:
        said = f"早于申请日 {refund.requested_on} (before it was asked for)"
        raise Faulty(faults=[Fault("/decided_on", "BEFORE_THE_REQUEST", said)])
    step = "approve" if to is RefundState.APPROVED else "refuse"
    await trail.record(tx, _step(refund, step, why=why, paid_by=paid_by), caller)
    if not await refund_store.decide(tx, refund.unit_id, refund.id, to=to, on=on):
        raise StateConflict(status=refund.status.value)
    return replace(refund, status=to, decided_on=on)


async def find(tx: AsyncConnection, ref: Ref, caller: Caller) -> RefundWithLines:
    """Read a refund that the caller may see.

    Raises:
        RefundUnknown: there is none. Forbidden: it is of another district than the caller.
    """
    refund = await _load(tx, ref)
    caller.require_district(refund.district)
    return await _with_lines(tx, refund)


page = refund_store.page
"""Reads refunds of a unit, of a district or of all."""


async def trail_of(tx: AsyncConnection, ref: Ref, caller: Caller) -> list[dict[str, Any]]:
    """Read the trail of a refund that the caller may see.

    Raises:
        RefundUnknown, Forbidden: as `find`.
    """
    found = await find(tx, ref, caller)
    return await trail.of_paper(tx, found.refund.unit_id, found.refund.id)


async def _with_lines(tx: AsyncConnection, refund: Refund) -> RefundWithLines:
    return RefundWithLines(refund, await refund_store.lines(tx, refund.unit_id, refund.id))


async def _load(tx: AsyncConnection, ref: Ref) -> Refund:
    refund = await refund_store.find(tx, ref.key, ref.id)
    if refund is None:
        raise RefundUnknown(refund=ref.text(Reference.CREDIT_REFUND))
    return refund


def _step(refund: Refund, step: str, *, why: str | None, paid_by: str | None = None) -> trail.Step:
    return trail.Step(
        shard_key=refund.unit_id,
        paper=PAPER,
        paper_id=refund.id,
        step=step,
        signs=True,
        why=why,
        detail={"credit_code": refund.credit_code, "amount": format_yuan(refund.amount_fen)}
        | ({"settlement": paid_by} if paid_by else {}),
    )
