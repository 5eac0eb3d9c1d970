"""Refund orders: taken from collection once, listed, and settled by two people of the centre."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.settlement.domain.refund import (
    RefundOrder,
    RefundOrderReused,
    RefundSettled,
    order_faults,
)
from services.ledger.settlement.store import refund_order as refund_order_store
from shared.cursor import cut, read_uuid
from shared.entry import RefundOrderStatus
from shared.errors import Fault, Faulty, NotFound


async def take(tx: AsyncConnection, order: RefundOrder) -> RefundOrder:
    """Take the order of an approved refund. A repeat returns the order as it is now.

    Raises:
        Faulty: it could never be settled.
        RefundOrderReused: the refund was ordered before, with other content.
    """
    if faults := order_faults(order):
        raise Faulty(faults=faults)
    if await refund_order_store.insert(tx, order):
        return order
    return await _same_order(tx, order)


async def withdraw(tx: AsyncConnection, order: RefundOrder) -> RefundOrder:
    """Withdraw an order that is not settled. A repeat returns the withdrawn order.

    An order that has not arrived yet is withdrawn before it does: it arrives as a repeat.

    Raises:
        Faulty, RefundOrderReused: as `take`.
        RefundSettled: it was settled first.
    """
    if faults := order_faults(order):
        raise Faulty(faults=faults)
    withdrawn = replace(order, status=RefundOrderStatus.WITHDRAWN)
    if await refund_order_store.insert(tx, withdrawn):
        return withdrawn
    await _same_order(tx, order)
    if not await refund_order_store.withdraw(tx, order.refund):
        raise RefundSettled(faults=[Fault("/refund", RefundSettled.code, order.refund)])
    return await find(tx, order.refund)


async def _same_order(tx: AsyncConnection, order: RefundOrder) -> RefundOrder:
    """Return the order of a refund as it is now, if it has the same content."""
    known = await find(tx, order.refund)
    content = replace(order, id=known.id)
    first = replace(
        known,
        status=RefundOrderStatus.OPEN,
        settlement_id=None,
        settled_on=None,
        paid_from=None,
        seq=None,
        reversed_on=None,
    )
    if content != first:
        raise RefundOrderReused(refund=order.refund)
    return known


async def find(tx: AsyncConnection, refund: str) -> RefundOrder:
    """Return the order of a refund.

    Raises:
        NotFound: there is none.
    """
    order = await refund_order_store.find(tx, refund)
    if order is None:
        raise NotFound(refund=refund[:60])
    return order


async def open_orders(
    tx: AsyncConnection, cursor: str | None, limit: int
) -> tuple[list[RefundOrder], str | None]:
    """Return a page of the orders that wait for their settlement, and the next cursor.

    Raises:
        BadCursor: not a cursor of this query.
    """
    filters = {"of": "refund_orders"}
    after: UUID | None = read_uuid(cursor, filters)
    rows = await refund_order_store.open_page(tx, after, limit + 1)
    return cut(rows, limit, lambda row: [str(row.id)], filters)


async def settled_after(tx: AsyncConnection, seq: int, limit: int) -> Sequence[RefundOrder]:
    """Return the orders settled after a number of the centre's chain, in its order."""
    return await refund_order_store.settled_after(tx, seq, limit)
