"""Reversals of transfers from another city, for instance of one that went to the wrong person."""

from __future__ import annotations

from uuid import UUID

from services.ledger.common.domain.refusal import TransferNotReversible
from services.ledger.posting.domain.voucher import Draft
from services.ledger.posting.flows.round import LockedSlot
from services.ledger.settlement.store import settlement as settlement_store
from services.ledger.settlement.store import transfer_in as transfer_in_store


async def take_back(slot: LockedSlot, original: Draft, red: Draft) -> None:
    """Take the money of a reversed transfer from the account, and void the years it brought.

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
