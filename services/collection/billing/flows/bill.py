"""Issue bills (缴费通知单) for audited summaries, in chunks with one transaction each.

A chunk bills its declarations and writes bills, lines, credits and vouchers, or nothing. A
declaration that a killed worker did not commit is still audited, so the next worker takes it.
"""

from __future__ import annotations

from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.billing.domain.bill import (
    CHARGE,
    AuditedDeclaration,
    BillDraft,
    memo_voucher,
    net_items,
    split_by_sign,
)
from services.collection.billing.domain.credit import Credit
from services.collection.billing.flows import credit as credit_flow
from services.collection.billing.flows import due_day as due_day_flow
from services.collection.billing.flows.credit import CreditApplication
from services.collection.billing.store import bill as bill_store
from services.collection.billing.store import credit as credit_store
from services.collection.billing.store import due as due_store
from services.collection.billing.store.bill import BillLineRow, BillRow
from services.collection.common.domain.calendar import DueDay
from services.collection.filing.domain.declaration import Act, State, move
from services.collection.filing.flows import trail_step as trail_step_flow
from services.collection.handling.store import summary as summary_store
from services.collection.handling.store.summary import SummaryRow
from shared import outbox, trail
from shared.errors import NotFound
from shared.ids import Ref, uuid7s
from shared.period import Period
from shared.process import tracing
from shared.references import Reference
from shared.roles import Caller, Role
from shared.webhooks.event import EventType, NewEvent, record_events
from shared.wire.ledger import voucher_message

CHUNK: Final = 2000
SERVICE: Final = Caller(subject="collection_service", role=Role.COLLECTION_SERVICE)


async def issue_chunk(tx: AsyncConnection, summary: SummaryRow, limit: int = CHUNK) -> int:
    """Issue bills for up to `limit` declarations of an audited summary; return how many."""
    assert summary.bill_date is not None, "an audited summary has its bill date"
    audited = await bill_store.claim(tx, summary.id, limit)
    if not audited:
        return 0
    due: dict[UUID, DueDay] = {}
    for policy_id in {paper.policy_id for paper in audited}:
        due[policy_id] = await due_day_flow.due_of(tx, policy_id, Period.parse(summary.period))
    drafts = [
        _bill(bill_id, paper, summary, due[paper.policy_id])
        for bill_id, paper in zip(uuid7s(len(audited)), audited, strict=True)
    ]
    application = await credit_flow.apply_credits(tx, drafts)
    bills = application.bills
    await bill_store.insert(tx, bills)
    emptied = await credit_flow.save(tx, application, summary.bill_date)
    nothing = [
        (bill.declaration.unit_id, bill.declaration.declaration_id)
        for bill in bills
        if not bill.total_fen
    ]
    await bill_store.settle_declarations(tx, emptied + nothing)
    vouchers = [
        (bill, voucher)
        for bill in bills
        if (voucher := memo_voucher(bill, application.uses_by_bill.get(bill.id, ()))) is not None
    ]
    await outbox.put_many(
        tx,
        [(bill.declaration.unit_id, voucher_message(voucher)) for bill, voucher in vouchers],
        [tracing.noted("bill", bill.declaration.traceparent) for bill, _ in vouchers],
    )
    await _look_again(tx, application, summary.bill_date)
    await _record(tx, audited)
    await record_events(tx, [_event(bill) for bill in bills if bill.total_fen])
    return len(bills)


async def _look_again(tx: AsyncConnection, application: CreditApplication, on: date) -> None:
    """Mark accounts to look at again: money may have waited for these bills, and a month that was
    restated to less bears lower late charges."""
    units = {bill.declaration.unit_id for bill in application.bills}
    waiting = await due_store.with_money_in_suspense(tx, sorted(units))
    await due_store.mark_due(tx, waiting, cause="bill", on=on)
    restated = [credit.unit_id for credit in application.granted]
    await due_store.mark_due(tx, restated, cause="credit", on=on)


def _bill(bill_id: UUID, paper: AuditedDeclaration, summary: SummaryRow, due: DueDay) -> BillDraft:
    assert summary.bill_date is not None
    lines, less = split_by_sign(net_items(paper.lines))
    return BillDraft(
        id=bill_id,
        declaration=paper,
        issued_on=summary.bill_date,
        # A bill issued after its due day is due when it is issued, not before.
        due_on=max(due.day, summary.bill_date),
        due_estimated=due.estimated,
        lines=lines,
        credits=less,
    )


def _event(bill: BillDraft) -> NewEvent:
    ref = Ref(bill.declaration.unit_id, bill.id)
    facts = {"period": bill.declaration.period}
    return NewEvent(EventType.BILL_ISSUED, ref.key, ref.text(Reference.BILL), facts)


async def _record(tx: AsyncConnection, audited: list[AuditedDeclaration]) -> None:
    step = trail.Step(
        shard_key=audited[0].unit_id,
        paper=trail_step_flow.PAPER,
        paper_id=audited[0].declaration_id,
        step=Act.BILL.value,
        signs=move(State.AUDITED, Act.BILL).signs,
    )
    papers = [(paper.unit_id, paper.declaration_id, paper.round) for paper in audited]
    await trail.record_many(tx, papers, step, SERVICE)


page = bill_store.page
"""Reads bills of a unit, of a district or of all."""


async def close(tx: AsyncConnection, summary: SummaryRow) -> bool:
    """Close a summary whose bills are all issued."""
    return await summary_store.set_billed(tx, summary.district_key, summary.id)


async def find(tx: AsyncConnection, ref: Ref, caller: Caller) -> tuple[BillRow, list[BillLineRow]]:
    """Read a bill that the caller may see, with its lines.

    Raises:
        NotFound: there is none. Forbidden: it is of another district than the caller.
    """
    row = await bill_store.find(tx, ref.key, ref.id)
    if row is None:
        raise NotFound(bill=ref.text(Reference.BILL))
    caller.require_district(row.district)
    return row, await bill_store.lines(tx, row.unit_id, row.id)


async def credits_of(tx: AsyncConnection, row: BillRow) -> list[Credit]:
    """Read the credits granted by the declaration of a bill. Charge bills have no declaration."""
    if row.kind == CHARGE:
        return []
    return await credit_store.of_declaration(tx, row.unit_id, row.declaration_id)
