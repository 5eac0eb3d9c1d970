"""Transfers from another city: the receipt that is their money, and their reversal."""

from __future__ import annotations

from typing import Any, TypeAlias
from uuid import UUID

import asyncpg

from services.ledger.common.domain.refusal import TransferNotReversible
from services.ledger.posting.domain.voucher import Draft
from services.ledger.posting.flows.round import LockedSlot
from services.ledger.settlement.domain.refund import RefundOrder
from services.ledger.settlement.domain.settlement import Settlement
from services.ledger.settlement.domain.transfer_money import order_of
from services.ledger.settlement.store import refund_order as refund_order_store
from services.ledger.settlement.store import settlement as settlement_store
from services.ledger.settlement.store import transfer_in as transfer_in_store

Connection: TypeAlias = "asyncpg.Connection[Any]"


async def order_of_receipt(connection: Connection, found: Settlement) -> RefundOrder | None:
    """Return the order of the receipt that is a transfer's money, locked; None for other settlements.

    A transfer that has a reason for being without a receipt has none.
    """
    transfer = found.terms.transfer
    if transfer is None or transfer.without_receipt is not None:
        return None
    [(fund, amount_fen)] = found.amounts.items()
    orders = await refund_order_store.lock_open_of(connection, transfer.paper(fund))
    order = order_of(orders, amount_fen)
    assert order is not None, "a transfer without its money was refused"
    return order


async def take_back(slot: LockedSlot, original: Draft, red: Draft, seq: int) -> None:
    """Take the money of a reversed transfer from the account, and void the years it brought.

    The receipt's money is in suspense again; its order tells collection so by the reversal's `seq`.

    Raises:
        TransferNotReversible: the account does not hold it any more, or its year is closed.
    """
    id = UUID(original.references["settlement"])
    found = await settlement_store.load_for_posting(slot.connection, id)
    assert found is not None
    transfer = found.terms.transfer
    assert transfer is not None
    [fund] = found.amounts
    if not await transfer_in_store.take_back(
        slot.connection, transfer, fund, red.book_date, red.source
    ):
        raise TransferNotReversible(letter=transfer.letter)
    await refund_order_store.reverse(slot.connection, id, day=red.book_date, seq=seq)
