"""Vouchers: read, found by event, and reversed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.common.domain.refusal import LedgerRefusal, TransferNotReversible
from services.ledger.posting.domain.batch import PostedVoucher
from services.ledger.posting.domain.reversal import (
    TRANSFER_IN,
    chosen,
    require_reversible,
    rest,
    reversal,
)
from services.ledger.posting.domain.voucher import Draft
from services.ledger.posting.flows.books import Books
from services.ledger.posting.flows.round import LockedSlot, TransferUndo
from services.ledger.posting.store import voucher as voucher_store
from services.ledger.posting.store.voucher import VoucherRecord
from shared.errors import Forbidden, NotFound
from shared.references import Reference
from shared.roles import CENTRE, Caller

_ID = re.compile(rf"^{Reference.VOUCHER}_(0|[1-9][0-9]{{0,3}})_([1-9][0-9]{{0,17}})$")


async def read(tx: AsyncConnection, id: str, caller: Caller) -> VoucherRecord:
    """Load a voucher. District staff see vouchers with entries of their district only.

    Raises:
        NotFound: no such voucher.
        Forbidden: another district's.
    """
    found = _ID.fullmatch(id)
    stored = await voucher_store.load(tx, int(found[1]), int(found[2])) if found else None
    if stored is None:
        raise NotFound(voucher=id[:40])
    _require(stored.draft, caller)
    return stored


async def find(
    tx: AsyncConnection, source: str, event_id: str, caller: Caller
) -> list[VoucherRecord]:
    """Find the vouchers of an event: one, unless its sender used the id for several owners."""
    found = []
    for slot, seq in await voucher_store.find(tx, source, event_id):
        stored = await voucher_store.load(tx, slot, seq)
        assert stored is not None
        _require(stored.draft, caller)
        found.append(stored)
    return found


def _require(draft: Draft, caller: Caller) -> None:
    others = {line.district for line in draft.lines}
    if caller.scope(None) is not None and others != {caller.district}:
        raise Forbidden(own_district=caller.district)


async def reverse(
    books: Books,
    id: str,
    caller: Caller,
    *,
    event_id: str,
    book_date: date,
    summary: str,
    parts: Sequence[tuple[int, int]] | None = None,
) -> PostedVoucher:
    """Post a red-letter voucher of a posted one, exactly once.

    `parts` are (line number, fen) to take back; without them all that remains is. However many
    reversals there are, together they never exceed the original.

    Raises:
        NotFound: no such voucher.
        Faulty: parts of lines that are not there.
        LedgerRefusal: it cannot be reversed (again), or a floor would break.
    """
    original = await books.db.run(lambda tx: read(tx, id, caller))
    require_reversible(original.draft.kind)
    # What remained before this event: a repeat must request the same lines as the first time.
    lines = (
        rest(original.draft, original.left_without(caller.subject, event_id))
        if parts is None
        else chosen(original.draft, parts)
    )
    draft = reversal(
        original.draft,
        original.seq,
        source=caller.subject,
        event_id=event_id,
        book_date=book_date,
        summary=summary,
        lines=lines,
    )
    if original.draft.kind == TRANSFER_IN:
        if parts is not None or books.undo_transfer is None:
            raise TransferNotReversible
        undo = books.undo_transfer
        return await books.run_exclusive(
            lambda slot: _reverse_transfer(slot, draft, original.draft, undo)
        )
    return booked((await books.post([draft]))[0])


async def _reverse_transfer(
    slot: LockedSlot, red: Draft, original: Draft, undo: TransferUndo
) -> PostedVoucher:
    """Post the reversal of a person's transfer and take its money from the account, in one commit."""
    posted = await slot.post(red)
    if not posted.replayed:
        await undo(slot, original, red, posted.seq)
    return posted


def booked(outcome: object) -> PostedVoucher:
    """Return the posted voucher of an outcome.

    Raises:
        LedgerRefusal: it was refused.
    """
    if isinstance(outcome, LedgerRefusal):
        raise outcome
    assert isinstance(outcome, PostedVoucher)
    return outcome


def require_centre(caller: Caller) -> None:
    """Refuse district staff: the data belong to the city as a whole.

    Raises:
        Forbidden: a district's caller.
    """
    caller.require_district(CENTRE)
