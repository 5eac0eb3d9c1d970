"""Approval of settlements: signature, voucher and status in one transaction of the centre's writer."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.common.store import signature as signature_store
from services.ledger.posting.flows.books import Books
from services.ledger.posting.flows.round import LockedSlot
from services.ledger.settlement.domain.refund import RefundOrder
from services.ledger.settlement.domain.refusals import NothingToMove
from services.ledger.settlement.domain.settlement import (
    EMPTIED,
    Settlement,
    SettlementKind,
    SettlementStatus,
    voucher_of,
)
from services.ledger.settlement.domain.transfer_in import IncomingTransfer, LetterUsed
from services.ledger.settlement.domain.transfer_money import transfer_lines
from services.ledger.settlement.flows import transfer_in as transfer_in_flow
from services.ledger.settlement.flows.check import refusal_of
from services.ledger.settlement.store import refund_order as refund_order_store
from services.ledger.settlement.store import settlement as settlement_store
from services.ledger.settlement.store import transfer_in as transfer_in_store
from shared.errors import NotFound, SamePersonTwice, StateConflict
from shared.roles import Caller
from shared.security.person_name import same_person


async def approve(books: Books, id: UUID, by: Caller) -> Settlement:
    """Approve and post a settlement, exactly once. A repeat by the approver returns the first result.

    The work runs under the lock of the centre's head: the amounts of a sweep are computed there, so
    that two sweeps cannot move the same money.

    Raises:
        NotFound: no such settlement.
        StateConflict: another person has approved it.
        SamePersonTwice: the proposer may not approve.
        LedgerRefusal: the books do not allow it, or its voucher is refused.
    """
    return await books.run_exclusive(lambda slot: _approve(slot, id, by))


async def _approve(slot: LockedSlot, id: UUID, by: Caller) -> Settlement:
    found = await settlement_store.load_for_posting(slot.connection, id)
    if found is None:
        raise NotFound
    if found.status is SettlementStatus.POSTED and found.approved_by == by.subject:
        return found
    if found.status is not SettlementStatus.PROPOSED:
        raise StateConflict(status=found.status.value)
    if same_person(found.proposed_by, by.subject):
        raise SamePersonTwice(person=by.subject, step="approved")
    return await _post(slot, found, by)


async def _post(slot: LockedSlot, found: Settlement, by: Caller) -> Settlement:
    balances = {}
    if found.kind.moves_everything:
        account = EMPTIED[found.kind]
        balances = await settlement_store.movable_balances(slot.connection, account, found.day)
    if (refusal := await refusal_of(slot.connection, found, by)) is not None:
        raise refusal
    order = await transfer_in_flow.order_of_receipt(slot.connection, found)
    lines = transfer_lines(order) if order else []
    draft, moved = voucher_of(_with_order(found, order), balances, lines)
    if draft is None:
        raise NothingToMove(kind=found.kind.value)
    seq = (await slot.post(draft)).seq
    posted = replace(
        found, status=SettlementStatus.POSTED, approved_by=by.subject, seq=seq, moved=moved
    )
    await signature_store.sign(slot.connection, CENTRE_SLOT, settlement_store.PAPER, found.id, by)
    await settlement_store.mark_posted(slot.connection, posted, slot.now)
    if found.kind is SettlementKind.REFUND:
        assert found.terms.refund, "a refund without an order was refused"
        assert found.terms.deposit
        await _settle_order(slot, posted, found.terms.refund, found.terms.deposit)
    if order is not None:
        await _settle_order(slot, posted, order.refund, order.deposit)
    if found.terms.transfer is not None:
        await _credit_person(slot, posted, found.terms.transfer)
    return posted


async def _credit_person(slot: LockedSlot, posted: Settlement, transfer: IncomingTransfer) -> None:
    [fund] = posted.amounts
    is_new = await transfer_in_store.credit(
        slot.connection, transfer, fund, posted.day, posted.proposed_by
    )
    if not is_new:
        raise LetterUsed(letter=transfer.letter)


def _with_order(found: Settlement, order: RefundOrder | None) -> Settlement:
    """Name the order and the receipt of a transfer's money, for its voucher."""
    if order is None:
        return found
    return replace(found, terms=replace(found.terms, refund=order.refund, receipt=order.receipt))


async def _settle_order(slot: LockedSlot, posted: Settlement, refund: str, paid_from: str) -> None:
    assert posted.seq is not None
    settled = await refund_order_store.settle(
        slot.connection,
        refund,
        posted.id,
        day=posted.day,
        paid_from=paid_from,
        seq=posted.seq,
    )
    assert settled, "the order was locked while it was open"
