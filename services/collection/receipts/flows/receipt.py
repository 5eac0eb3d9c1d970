"""Read receipts."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.allocation.domain.receipt import ReceiptUnknown
from services.collection.allocation.store import receipt as receipt_store
from services.collection.allocation.store.receipt import ReceiptRow
from shared.ids import Ref
from shared.roles import Caller

page = receipt_store.page
"""Reads receipts over all keys."""


async def find(tx: AsyncConnection, ref: Ref, caller: Caller) -> ReceiptRow:
    """Read a receipt that the caller may see.

    Raises:
        ReceiptUnknown: there is none. Forbidden: it is of another district than the caller.
    """
    receipt = await receipt_store.find(tx, ref)
    if receipt is None:
        raise ReceiptUnknown
    caller.require_district(receipt.district)
    return receipt
