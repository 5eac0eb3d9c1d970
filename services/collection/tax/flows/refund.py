"""Refunds by the tax bureau (退库): money of a ticket that it gave back to the payer.

A refund is a fact, like the ticket. It takes money of the ticket's receipt from whoever holds it, so
the account ends as if that money had never come. A refund that arrives before its ticket waits for it.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.allocation.domain.receipt import PaymentPart
from services.collection.allocation.store import receipt as receipt_store
from services.collection.receipts.domain.receipt_change import (
    ReceiptChange,
    ReceiptChangeKind,
    ReceiptChangeState,
)
from services.collection.receipts.flows import holding as holding_flow
from services.collection.receipts.store import receipt_change as receipt_change_store
from services.collection.tax.domain.intake import HeldReason, LineResult, Outcome
from services.collection.tax.domain.line import TaxLine
from services.collection.tax.store import refund as tax_refund_store
from services.collection.tax.store.refund import WaitingRefund
from shared import trail
from shared.clock import now, today
from shared.ids import Ref, uuid7
from shared.money import format_yuan
from shared.references import Reference
from shared.roles import Caller

BOOKED = "booked"


async def take(
    tx: AsyncConnection,
    refunds: Sequence[TaxLine],
    taken: Sequence[TaxLine],
    *,
    authority: str,
    push_no: str,
    region: str,
    caller: Caller,
) -> list[LineResult]:
    """Take refunds in, and book those whose tickets are known, with those that waited for `taken`."""
    await tax_refund_store.insert(tx, refunds, authority=authority, push_no=push_no)
    tickets = {line.refund.ticket for line in refunds if line.refund}
    tickets |= {line.ticket for line in taken}
    found: dict[tuple[str, int], LineResult] = {}
    for one in await tax_refund_store.waiting_of(tx, authority, sorted(tickets)):
        result = await _book(tx, one, authority, region=region, caller=caller)
        found[result.ticket, result.line_no] = result
    waiting = HeldReason.TICKET_UNKNOWN.value
    return [
        found.get(line.key, LineResult(*line.key, Outcome.SUSPENDED, waiting)) for line in refunds
    ]


async def _book(
    tx: AsyncConnection, refund: WaitingRefund, authority: str, *, region: str, caller: Caller
) -> LineResult:
    ref = Ref(refund.line_key, refund.receipt_id)
    holding = await holding_flow.lock(tx, ref)
    left_fen = min(holding.amount_fen, refund.line_fen - refund.booked_fen)
    if refund.amount_fen > left_fen:
        await tax_refund_store.set_status(tx, refund, authority, HeldReason.REFUND_EXCEEDS.value)
        return _result(refund, Outcome.SUSPENDED, HeldReason.REFUND_EXCEEDS.value)
    receipt = await receipt_store.find(tx, ref)
    assert receipt is not None
    change = _change(ref, refund, caller)
    await receipt_change_store.insert(tx, change)
    part = PaymentPart(refund.insurance, refund.party, refund.amount_fen)
    await holding_flow.take_back(
        tx, receipt, change, region=region, caller=caller, part=part if refund.line_no else None
    )
    await tax_refund_store.set_status(tx, refund, authority, BOOKED)
    await trail.record(tx, _step(change), caller)
    return _result(refund, Outcome.MATCHED)


def _result(refund: WaitingRefund, outcome: Outcome, reason: str = "") -> LineResult:
    return LineResult(refund.refund_ticket, refund.refund_line, outcome, reason)


def _change(ref: Ref, refund: WaitingRefund, caller: Caller) -> ReceiptChange:
    return ReceiptChange(
        receipt=ref,
        id=uuid7(),
        kind=ReceiptChangeKind.RETURN,
        status=ReceiptChangeState.APPROVED,
        amount_fen=refund.amount_fen,
        on=refund.on_day,
        reason=refund.reason,
        document=refund.push_no,
        serial=f"{refund.refund_ticket}/{refund.refund_line}",
        by_bank=True,
        filed_by=caller.subject,
        filed_at=now(),
        decided_by=caller.subject,
        decided_on=today(),
    )


def _step(change: ReceiptChange) -> trail.Step:
    return trail.Step(
        shard_key=change.receipt.key,
        paper=change.kind.paper,
        paper_id=change.id,
        step="reported",
        signs=False,
        detail={
            "receipt": change.receipt.text(Reference.RECEIPT),
            "refund_ticket": change.serial,
            "amount": format_yuan(change.amount_fen),
            "on": change.on.isoformat(),
            "reason": change.reason,
        },
    )
