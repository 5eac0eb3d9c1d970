"""Withdrawal of an approved refund that nobody wants any more, before the ledger has settled it.

Two people withdraw it. The ledger then decides: it withdraws the order, or has settled it first. Only
its answer frees the money, so it is never both paid and used again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.refund.domain import Refund, RefundStatus, order_message
from services.collection.refund.flows import claim as claim_flow
from services.collection.refund.flows.refund import RefundWithParts, load, step
from services.collection.refund.store import refund as refund_store
from shared import trail
from shared.errors import StateConflict
from shared.ids import Ref
from shared.roles import Caller


async def request(tx: AsyncConnection, ref: Ref, why: str, caller: Caller) -> RefundWithParts:
    """Request the withdrawal of an approved refund. It can still be settled until another approves.

    Raises:
        RefundUnknown, StateConflict: it is not an approved refund that waits for its settlement.
    """
    await _change(tx, ref, RefundStatus.APPROVED, RefundStatus.WITHDRAWAL_REQUESTED)
    refund = await load(tx, ref)
    await trail.record(tx, step(refund, "request_withdrawal", why=why), caller)
    return await _with_parts(tx, refund)


async def approve(tx: AsyncConnection, ref: Ref, caller: Caller) -> RefundWithParts:
    """Approve a withdrawal, as another person than its requester. The ledger is asked next.

    Raises:
        RefundUnknown, StateConflict, SamePersonTwice: the caller cannot approve it.
    """
    return await _decide(tx, ref, RefundStatus.WITHDRAWAL_APPROVED, "approve_withdrawal", caller)


async def refuse(tx: AsyncConnection, ref: Ref, why: str, caller: Caller) -> RefundWithParts:
    """Refuse a withdrawal, as another person than its requester: the refund stays approved.

    Raises:
        RefundUnknown, StateConflict, SamePersonTwice: as `approve`.
    """
    return await _decide(tx, ref, RefundStatus.APPROVED, "refuse_withdrawal", caller, why=why)


async def _decide(
    tx: AsyncConnection,
    ref: Ref,
    to: RefundStatus,
    name: str,
    caller: Caller,
    *,
    why: str | None = None,
) -> RefundWithParts:
    refund = await _change(tx, ref, RefundStatus.WITHDRAWAL_REQUESTED, to)
    await trail.record(tx, step(refund, name, why=why), caller)
    return await _with_parts(tx, await load(tx, ref))


async def _change(
    tx: AsyncConnection, ref: Ref, expected: RefundStatus, to: RefundStatus
) -> Refund:
    refund = await load(tx, ref, lock=True)
    if refund.status is not expected:
        raise StateConflict(status=refund.status.value)
    await refund_store.change_withdrawal(tx, refund, to)
    return refund


@dataclass(frozen=True, slots=True)
class WithdrawnOrder:
    """A refund whose order is to be withdrawn, and the order's content."""

    ref: Ref
    order: dict[str, Any]


async def waiting(tx: AsyncConnection) -> list[WithdrawnOrder]:
    """Return approved withdrawals that the ledger has not answered yet."""
    return [
        WithdrawnOrder(
            refund.ref,
            order_message(refund, await refund_store.parts(tx, refund.key, refund.id)),
        )
        for refund in await refund_store.to_withdraw(tx)
    ]


async def finish(tx: AsyncConnection, ref: Ref, caller: Caller, *, withdrawn: bool) -> None:
    """Do what the ledger answered: free the money, or wait for the settlement that came first.

    A repeat changes nothing.
    """
    refund = await load(tx, ref, lock=True)
    if refund.status is not RefundStatus.WITHDRAWAL_APPROVED:
        return
    to = RefundStatus.WITHDRAWN if withdrawn else RefundStatus.APPROVED
    await refund_store.change_withdrawal(tx, refund, to)
    name = "withdrawn" if withdrawn else "settled_first"
    await trail.record(tx, step(refund, name, signs=False), caller)
    if withdrawn:
        await claim_flow.release(tx, refund, await refund_store.parts(tx, refund.key, refund.id))


async def _with_parts(tx: AsyncConnection, refund: Refund) -> RefundWithParts:
    return RefundWithParts(refund, await refund_store.parts(tx, refund.key, refund.id))
