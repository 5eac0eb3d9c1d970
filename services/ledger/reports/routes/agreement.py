"""Doors of the bank adjustment table and the four agreements. They read; POST carries the bank's side."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.common.routes.door import json_answer
from services.ledger.common.schemas import Format, answer
from services.ledger.posting.flows.voucher import require_centre
from services.ledger.posting.routes.door import opened
from services.ledger.reports.flows import agreement as agreement_flow
from services.ledger.reports.flows.report import span_of
from services.ledger.reports.routes.report import FILES, How
from services.ledger.reports.schemas.agreement import (
    BankAdjustmentIn,
    BankAdjustmentOut,
    FourAgreementsIn,
    FourAgreementsOut,
    adjustment_out,
    adjustment_sheet,
    agreements_out,
    agreements_sheet,
)
from services.ledger.reports.store import report as report_store
from shared.door import Door, door
from shared.roles import Right

router = APIRouter(tags=["report"])

Reading = Annotated[Door, door(Right.READ_LEDGER)]


@router.post(
    "/v1/reports/bank-adjustments",
    operation_id="bank_adjustment",
    summary="银行存款余额调节表 · Bank balance adjustment table",
    response_model=BankAdjustmentOut,
    responses=FILES,
)
async def bank_adjustment(
    body: BankAdjustmentIn, door: Reading, how: How = Format.JSON
) -> Response:
    """Match a bank statement with the books and say what is in transit on either side."""
    require_centre(door.caller)
    books = await opened(door)
    days, bank = (body.from_day, body.as_of), (body.bank_balance, body.bank_lines())

    async def work(tx: AsyncConnection) -> Any:
        await report_store.freeze(tx)
        return await agreement_flow.adjustment(
            tx, body.account, body.fund, days, bank, body.tolerance_days
        )

    found = await door.read(work)
    described = books.catalogue.described(body.account, body.as_of)
    out = adjustment_out(body, described.name if described else body.account, found)
    return json_answer(out) if how is Format.JSON else answer([adjustment_sheet(out)], how)


@router.post(
    "/v1/reports/four-agreements",
    operation_id="four_agreements",
    summary="账实、账证、账账、账表相符 · Account = bank, voucher, ledger, report",
    response_model=FourAgreementsOut,
    responses=FILES,
)
async def four_agreements(
    body: FourAgreementsIn, door: Reading, how: How = Format.JSON
) -> Response:
    """The four agreements of a month or year, each with every comparison that it rests on."""
    require_centre(door.caller)
    books, span = await opened(door), span_of(body.period)

    async def work(tx: AsyncConnection) -> Any:
        await report_store.freeze(tx)
        return await agreement_flow.four_agreements(tx, books.catalogue, span, body.says())

    out = agreements_out(span, await door.read(work))
    return json_answer(out) if how is Format.JSON else answer([agreements_sheet(out)], how)
