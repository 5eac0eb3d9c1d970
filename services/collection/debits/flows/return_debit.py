"""Returned debits: lines and batches tell what the bank took back, and what it says itself is booked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.allocation.domain.receipt import Channel
from services.collection.allocation.store import receipt as receipt_store
from services.collection.allocation.store.receipt import ReceiptRow
from services.collection.debits.domain.debit import (
    DebitChanges,
    DebitLine,
    DebitReturn,
    DebitStatus,
)
from services.collection.debits.store import debit as debit_store
from services.collection.debits.store.debit import DebitBatch
from services.collection.receipts.domain.receipt_change import (
    ReceiptChange,
    ReceiptChangeKind,
    ReceiptChangeState,
    ReceiptHoldsLess,
)
from services.collection.receipts.flows import holding as holding_flow
from services.collection.receipts.store import receipt_change as receipt_change_store
from shared import trail
from shared.clock import now, today
from shared.ids import Ref, uuid7
from shared.money import format_yuan
from shared.references import Reference
from shared.roles import Caller

NO_REASON = "银行退回 (returned by the bank)"


@dataclass(frozen=True, slots=True)
class ReturnedDebit:
    """The line of a batch that a receipt was debited for; both are locked."""

    batch: DebitBatch
    line: DebitLine


async def lock(tx: AsyncConnection, receipt: ReceiptRow) -> ReturnedDebit | None:
    """Lock the batch of a debited receipt and read its line; None when it came another way."""
    if receipt.channel is not Channel.BANK_DEBIT:
        return None
    batch_id = Ref.parse(Reference.DEBIT_BATCH, receipt.paper).id
    batch = await debit_store.load(tx, batch_id, lock=True)
    assert batch is not None
    payers = await receipt_store.payers(tx, [receipt.credit_code])
    unit_id = payers[receipt.credit_code].unit_id
    line = await debit_store.line_of_receipt(tx, batch_id, unit_id, receipt.serial)
    return None if line is None else ReturnedDebit(batch, line)


async def count(tx: AsyncConnection, debit: ReturnedDebit, change: ReceiptChange) -> None:
    """Let a line and its batch tell of a return that two people made."""
    line = debit.line
    after = replace(
        line, returns=(*line.returns, DebitReturn(change.on, change.amount_fen, change.reason))
    )
    if after.returned_fen == after.amount_fen:
        after = replace(after, status=DebitStatus.RETURNED)
    await debit_store.save_lines(tx, debit.batch.id, [after])
    await debit_store.count_answers(tx, debit.batch.id, [(line, after)])


async def book(
    tx: AsyncConnection,
    changes: DebitChanges,
    receipts: Mapping[int, Ref],
    *,
    region: str,
    caller: Caller,
) -> None:
    """Take back what the bank says it has again. A return of more than a receipt holds is rejected.

    Args:
        receipts: number of a line → the receipt of its money.
    """
    for line_no, one in list(changes.returned):
        holding = await holding_flow.lock(tx, receipts[line_no])
        if one.amount_fen > holding.amount_fen:
            changes.undo_return(line_no, one, ReceiptHoldsLess.code, str(ReceiptHoldsLess.__doc__))
            continue
        receipt = await receipt_store.find(tx, receipts[line_no])
        assert receipt is not None
        change = ReceiptChange(
            receipt=receipts[line_no],
            id=uuid7(),
            kind=ReceiptChangeKind.RETURN,
            status=ReceiptChangeState.APPROVED,
            amount_fen=one.amount_fen,
            on=one.on,
            reason=one.reason or NO_REASON,
            document=receipt.paper,
            serial=receipt.serial,
            by_bank=True,
            filed_by=caller.subject,
            filed_at=now(),
            decided_by=caller.subject,
            decided_on=today(),
        )
        await receipt_change_store.insert(tx, change)
        await holding_flow.take_back(tx, receipt, change, region=region, caller=caller)
        step = trail.Step(
            shard_key=change.receipt.key,
            paper=change.kind.paper,
            paper_id=change.id,
            step="reported",
            signs=False,
            detail={
                "receipt": change.receipt.text(Reference.RECEIPT),
                "batch": receipt.paper,
                "line": line_no,
                "amount": format_yuan(change.amount_fen),
                "on": change.on.isoformat(),
            },
        )
        await trail.record(tx, step, caller)
