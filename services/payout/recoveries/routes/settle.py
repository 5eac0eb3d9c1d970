"""Doors of what settles recovery cases: repayments, the bank's receipts, write-offs."""

from __future__ import annotations

from typing import Annotated

from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.common.routes import person_keys, require_centre
from services.payout.recoveries.domain.settle import EntryStatus
from services.payout.recoveries.flows import settle as settle_flow
from services.payout.recoveries.schemas.settle import (
    EntryApprovalIn,
    EntryRefusalIn,
    ReceiptOutcomeOut,
    ReceiptOutcomesOut,
    RecoveryEntriesOut,
    RecoveryEntryOut,
    RecoveryReceiptOut,
    RecoveryReceiptsIn,
    RecoveryRepaymentIn,
    WriteOffIn,
)
from shared.clock import today
from shared.cursor import LIMIT_DEFAULT, cut, read_cursor
from shared.door import Door, door
from shared.ids import Ref, key_of
from shared.page import Cursor, Limit, Page, RefPath
from shared.references import Reference
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter(tags=["recoveries"])


@router.post(
    "/v1/recovery-cases/{case}/repayments",
    operation_id="propose_recovery_repayment",
    summary="登记退款 · Enter money that came back for a case",
    status_code=201,
    response_model=RecoveryEntryOut,
)
async def propose_recovery_repayment(
    case: RefPath,
    body: RecoveryRepaymentIn,
    at: Annotated[Door, door(Right.CREATE_PAYMENT_BATCH)],
) -> Response:
    """Enter a repayment, or match one that the bank reported; another person approves it."""
    ref = Ref.parse(Reference.RECOVERY_CASE, case)
    receipt = body.receipt(person_keys(at.request), at.caller.subject)
    return await at.write(
        lambda tx: settle_flow.propose_repayment(
            tx,
            ref,
            receipt,
            body.applied or body.amount,
            today=today(),
            caller=at.caller,
        ),
        shape=RecoveryEntryOut.of,
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/recovery-cases/{case}/write-offs",
    operation_id="propose_recovery_write_off",
    summary="提出核销 · Propose to write an amount off",
    status_code=201,
    response_model=RecoveryEntryOut,
)
async def propose_recovery_write_off(
    case: RefPath, body: WriteOffIn, at: Annotated[Door, door(Right.SIGN_FIRST)]
) -> Response:
    """Propose that an amount of a case is not recovered; another person approves it."""
    ref = Ref.parse(Reference.RECOVERY_CASE, case)
    return await at.write(
        lambda tx: settle_flow.propose_write_off(
            tx,
            ref,
            body.amount,
            reason=body.reason,
            document=body.document,
            caller=at.caller,
        ),
        shape=RecoveryEntryOut.of,
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/recovery-entries/{entry}/approvals",
    operation_id="approve_recovery_entry",
    summary="批准退款或核销 · Approve a repayment or a write-off",
    status_code=201,
    response_model=RecoveryEntryOut,
)
async def approve_recovery_entry(
    entry: RefPath, _: EntryApprovalIn, at: Annotated[Door, door(Right.SIGN_SECOND)]
) -> Response:
    """Approve it as another person than its proposer; a repayment is booked."""
    return await _decide(entry, EntryStatus.SETTLED, None, at)


@router.post(
    "/v1/recovery-entries/{entry}/refusals",
    operation_id="refuse_recovery_entry",
    summary="不予退款冲减或核销 · Refuse a repayment or a write-off",
    status_code=201,
    response_model=RecoveryEntryOut,
)
async def refuse_recovery_entry(
    entry: RefPath, body: EntryRefusalIn, at: Annotated[Door, door(Right.SIGN_SECOND)]
) -> Response:
    """Refuse it with the reason; the receipt waits again."""
    return await _decide(entry, EntryStatus.REFUSED, body.note, at)


async def _decide(entry: str, status: EntryStatus, note: str | None, at: Door) -> Response:
    ref = Ref.parse(Reference.RECOVERY_ENTRY, entry)
    return await at.write(
        lambda tx: settle_flow.decide(tx, ref, status, note, today=today(), caller=at.caller),
        shape=RecoveryEntryOut.of,
        key=ref.key,
        status=201,
    )


@router.get(
    "/v1/recovery-cases/{case}/entries",
    operation_id="list_recovery_entries",
    summary="案件收回明细 · What settles a case",
)
async def list_recovery_entries(
    case: RefPath, at: Annotated[Door, door(Right.READ_PAYOUT)]
) -> RecoveryEntriesOut:
    """List repayments, deductions and write-offs of a case, oldest first."""
    ref = Ref.parse(Reference.RECOVERY_CASE, case)
    found = await at.read(lambda tx: settle_flow.entries(tx, ref, caller=at.caller))
    return RecoveryEntriesOut(items=[RecoveryEntryOut.of(entry) for entry in found])


@router.post(
    "/v1/recovery-receipts",
    operation_id="report_recovery_receipts",
    summary="银行报送退款到账 · Report credits of recovered money",
    status_code=200,
    response_model=ReceiptOutcomesOut,
)
async def report_recovery_receipts(
    body: RecoveryReceiptsIn, at: Annotated[Door, door(Right.REPORT_PAYMENT_RESULT)]
) -> Response:
    """Take credits once by their serials; one that names a notice settles its case at once."""
    keys = person_keys(at.request)
    receipts = [one.receipt(keys, at.caller.subject) for one in body.receipts]

    async def work(tx: AsyncConnection) -> ReceiptOutcomesOut:
        outcomes = await settle_flow.take_receipts(tx, receipts, today=today(), caller=at.caller)
        return ReceiptOutcomesOut(
            items=[
                ReceiptOutcomeOut(bank_serial=receipt.bank_serial, outcome=outcome)
                for receipt, outcome in zip(receipts, outcomes, strict=True)
            ]
        )

    return await at.write(work, key=key_of("recovery_receipts", at.caller.subject))


@router.get(
    "/v1/recovery-receipts",
    operation_id="list_recovery_receipts",
    summary="待认领退款 · Credits of which something is not matched to a case",
)
async def list_recovery_receipts(
    at: Annotated[Door, door(Right.READ_PAYOUT)],
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[RecoveryReceiptOut]:
    """List credits that wait to be matched by two people."""
    require_centre(at.caller)
    filters = {"list": "recovery_receipts"}
    after = read_cursor(cursor, filters, (str,))[0] if cursor else None
    rows = await at.read(lambda tx: settle_flow.waiting(tx, after=after, limit=limit + 1))
    shown, next_cursor = cut(rows, limit, lambda one: [one.bank_serial], filters)
    keys = person_keys(at.request)
    return Page[RecoveryReceiptOut].of(
        [RecoveryReceiptOut.of(receipt, keys) for receipt in shown], next_cursor
    )
