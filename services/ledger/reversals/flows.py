"""Reversals of vouchers: proposed, approved and thereby posted, or refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.common.domain.refusal import TransferNotReversible
from services.ledger.common.store import signature as signature_store
from services.ledger.posting.domain.reversal import TRANSFER_IN, chosen, require_reversible, rest
from services.ledger.posting.domain.slot_map import SLOTS_MAX
from services.ledger.posting.flows import voucher as voucher_flow
from services.ledger.posting.flows.books import Books
from services.ledger.posting.flows.round import LockedSlot
from services.ledger.posting.store import known as known_store
from services.ledger.reversals import store as reversals_store
from services.ledger.reversals.domain import (
    ReversalStatus,
    ReversalUnknown,
    ReversalWaits,
    VoucherReversal,
)
from shared import trail
from shared.cursor import cut, read_uuid
from shared.errors import SamePersonTwice, StateConflict
from shared.ids import Ref, uuid7
from shared.references import Reference
from shared.roles import Caller
from shared.security.person_name import same_person


async def propose(
    tx: AsyncConnection,
    books: Books,
    voucher: str,
    caller: Caller,
    *,
    book_date: date,
    summary: str,
    parts: Sequence[tuple[int, int]] | None,
) -> VoucherReversal:
    """Record a reversal for another person to approve. Nothing is posted yet.

    `parts` are (line number, fen) to take back; without them all that remains is. The amounts are
    fixed here: whoever approves signs what was proposed, and no second proposal may wait beside it.

    Raises:
        NotFound: no such voucher.
        Faulty: parts of lines that are not there.
        LedgerRefusal: the books would refuse it as they are now.
        ReversalWaits: another reversal of the voucher waits for its approval.
    """
    original = await voucher_flow.read(tx, voucher, caller)
    require_reversible(original.draft.kind)
    if parts is None:
        lines = rest(original.draft, original.left)
    elif original.draft.kind == TRANSFER_IN:
        raise TransferNotReversible
    else:
        lines = chosen(original.draft, parts)
    paper = VoucherReversal(
        id=uuid7(),
        slot=original.draft.slot,
        seq=original.seq,
        book_date=book_date,
        summary=summary,
        lines=tuple(lines or original.draft.lines),
        proposed_by=caller.subject,
    )
    [judged] = await books.post([paper.draft_of(original.draft)], rehearse=True)
    voucher_flow.booked(judged)
    if not await reversals_store.insert(tx, paper):
        raise ReversalWaits(voucher=voucher)
    step = trail.Step(
        shard_key=paper.slot,
        paper=reversals_store.PAPER,
        paper_id=paper.id,
        step="proposed",
        signs=True,
        detail={"voucher": voucher},
    )
    await trail.record(tx, step, caller)
    return paper


async def approve(books: Books, paper: VoucherReversal, by: Caller) -> VoucherReversal:
    """Approve a reversal and post it, exactly once. A repeat by the approver gets the first result.

    Signature, decision and voucher are one transaction under the lock of the slot's head.

    Raises:
        StateConflict: it is decided.
        SamePersonTwice: the proposer may not approve.
        LedgerRefusal: the books do not allow it any more.
    """

    async def work(slot: LockedSlot) -> VoucherReversal:
        found = await _lock(slot, paper)
        if _is_repeat(found, by, ReversalStatus.POSTED):
            return found
        posted = replace(
            found,
            status=ReversalStatus.POSTED,
            decided_by=by.subject,
            reversal_seq=slot.state.seq + 1,
        )
        await signature_store.sign(slot.connection, found.slot, reversals_store.PAPER, found.id, by)
        await reversals_store.decide(slot.connection, posted, slot.now)
        await _post(slot, books, posted)
        return posted

    return await books.run_exclusive(work, slot=paper.slot)


async def _post(slot: LockedSlot, books: Books, paper: VoucherReversal) -> None:
    """Post the red-letter voucher; of a person's transfer, take its money from the account too."""
    original = await known_store.voucher(slot.connection, paper.slot, paper.seq)
    assert original is not None, "a paper names a voucher"
    red = paper.draft_of(original)
    posted = await slot.post(red)
    assert posted.seq == paper.reversal_seq, "the head was locked"
    if original.kind == TRANSFER_IN:
        if books.undo_transfer is None:
            raise TransferNotReversible
        await books.undo_transfer(slot, original, red, posted.seq)


async def refuse(books: Books, paper: VoucherReversal, reason: str, by: Caller) -> VoucherReversal:
    """Refuse a reversal, so that another one of the voucher may be proposed.

    Raises:
        StateConflict: it is decided.
        SamePersonTwice: the proposer may not refuse.
    """

    async def work(slot: LockedSlot) -> VoucherReversal:
        found = await _lock(slot, paper)
        if _is_repeat(found, by, ReversalStatus.REFUSED):
            return found
        refused = replace(
            found, status=ReversalStatus.REFUSED, decided_by=by.subject, refusal=reason
        )
        await signature_store.sign(
            slot.connection,
            found.slot,
            reversals_store.PAPER,
            found.id,
            by,
            step="refused",
            why=reason,
        )
        await reversals_store.decide(slot.connection, refused, slot.now)
        return refused

    return await books.run_exclusive(work, slot=paper.slot)


async def _lock(slot: LockedSlot, paper: VoucherReversal) -> VoucherReversal:
    found = await reversals_store.lock(slot.connection, paper.slot, paper.id)
    assert found is not None, "papers stay"
    return found


def _is_repeat(paper: VoucherReversal, by: Caller, status: ReversalStatus) -> bool:
    """Tell whether the caller has decided so before, and gets the first answer.

    Raises:
        StateConflict: it is decided otherwise.
        SamePersonTwice: the caller proposed it.
    """
    if paper.status is status and paper.decided_by == by.subject:
        return True
    if paper.status is not ReversalStatus.PROPOSED:
        raise StateConflict(status=paper.status.value)
    if same_person(paper.proposed_by, by.subject):
        raise SamePersonTwice(person=by.subject, step=status.value)
    return False


async def find(tx: AsyncConnection, ref: Ref) -> VoucherReversal:
    """Read a paper.

    Raises:
        ReversalUnknown: no such paper.
    """
    found = await reversals_store.load(tx, ref.key, ref.id) if ref.key < SLOTS_MAX else None
    if found is None:
        raise ReversalUnknown(reversal=ref.text(Reference.REVERSAL))
    return found


async def page(
    tx: AsyncConnection, status: ReversalStatus | None, cursor: str | None, limit: int
) -> tuple[list[VoucherReversal], str | None]:
    """Read a page of papers, newest first, and the next cursor.

    Raises:
        BadCursor: not a cursor of this query.
    """
    filters = {"status": status}
    before = read_uuid(cursor, filters)
    rows = await reversals_store.page(tx, status=status, before=before, limit=limit + 1)
    return cut(rows, limit, lambda row: [row.id.hex], filters)
