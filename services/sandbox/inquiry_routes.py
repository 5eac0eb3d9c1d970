"""Doors of mistakes and inquiries: what a clerk would say to the bank or the bureau by telephone."""

from __future__ import annotations

from services.sandbox.routes import Here, answers
from services.sandbox.schemas import (
    AnswersOut,
    EntryInquiryIn,
    EntryInquiryOut,
    StatementErrorsIn,
    StatementErrorsOut,
    TicketInquiryIn,
    TicketRefundIn,
)
from shared.web.door_router import DoorRouter

router = DoorRouter(prefix="/v1")


@router.post(
    "/bank/statement-errors",
    operation_id="make_statement_errors",
    summary="对账单出错 · Make mistakes in a statement",
)
async def make_statement_errors(body: StatementErrorsIn, here: Here) -> StatementErrorsOut:
    """Leave entries out, bring them late, have them twice, add strangers' ones: as the script says."""
    made = here.statements.err(here.script, body.account, body.first, body.last)
    return StatementErrorsOut(**made)


@router.post(
    "/bank/entry-inquiries",
    operation_id="inquire_entry",
    summary="查询对账单分录 · Ask the bank about an entry",
)
async def inquire_entry(body: EntryInquiryIn, here: Here) -> EntryInquiryOut:
    """Find the bank's mistake about a serial; it is corrected on the day that is given."""
    return EntryInquiryOut(error=here.statements.correct(body.account, body.serial, body.day))


@router.post(
    "/tax/inquiries",
    operation_id="inquire_ticket",
    summary="查询未推送税票 · Ask the bureau about a ticket",
)
async def inquire_ticket(body: TicketInquiryIn, here: Here) -> AnswersOut:
    """Let the bureau push a ticket that it left out."""
    async with here.turn:
        return answers(await here.tickets.push_unlisted(body.serial))


@router.post(
    "/tax/refunds",
    operation_id="refund_ticket",
    summary="税务退库 · Let the bureau give a ticket back",
)
async def refund_ticket(body: TicketRefundIn, here: Here) -> AnswersOut:
    """Give all money of a ticket back to who paid it, and push the refund."""
    async with here.turn:
        tally = await here.tickets.refund(here.script, body.serial, body.day, body.reason)
        return answers(tally)
