"""Doors of the bank adjustment table and the four agreements. They only read; the POST body carries
the bank's figures."""

from __future__ import annotations

from fastapi.responses import Response

from services.ledger.common.routes.door import json_answer
from services.ledger.common.schemas import Format, answer
from services.ledger.posting.flows.voucher import require_centre
from services.ledger.posting.routes.door import opened
from services.ledger.reports.flows import agreement as agreement_flow
from services.ledger.reports.routes.parameters import FILES, Reading, ReportFormat
from services.ledger.reports.schemas.agreement import (
    BankAdjustmentIn,
    BankAdjustmentOut,
    FourAgreementsIn,
    FourAgreementsOut,
    adjustment_sheet,
    agreements_sheet,
)
from shared.guard.entrance import BULK_BYTES
from shared.web.door_router import DoorRouter

router = DoorRouter()


@router.post(
    "/v1/reports/bank-adjustments",
    max_body_size=BULK_BYTES,
    operation_id="bank_adjustment",
    summary="银行存款余额调节表 · Bank balance adjustment table",
    response_model=BankAdjustmentOut,
    responses=FILES,
)
async def bank_adjustment(
    body: BankAdjustmentIn, at: Reading, how: ReportFormat = Format.JSON
) -> Response:
    """Match a bank statement with the books and list what is in transit on either side."""
    require_centre(at.caller)
    books, statement = await opened(at), body.statement()
    found = await at.read(
        lambda tx: agreement_flow.bank_adjustment(tx, statement, body.tolerance_days)
    )
    described = books.catalogue.described(body.account, body.as_of)
    table = BankAdjustmentOut.of(statement, described.name if described else body.account, found)
    return json_answer(table) if how is Format.JSON else answer([adjustment_sheet(table)], how)


@router.post(
    "/v1/reports/four-agreements",
    max_body_size=BULK_BYTES,
    operation_id="four_agreements",
    summary="账实、账证、账账、账表相符 · Books against bank, vouchers, ledgers and reports",
    response_model=FourAgreementsOut,
    responses=FILES,
)
async def four_agreements(
    body: FourAgreementsIn, at: Reading, how: ReportFormat = Format.JSON
) -> Response:
    """Check the four agreements of a month or year and list every comparison behind them."""
    require_centre(at.caller)
    books, figures = await opened(at), body.figures()
    span, found = await at.read(
        lambda tx: agreement_flow.four_agreements(tx, books.catalogue, body.period, figures)
    )
    table = FourAgreementsOut.of(span, found)
    return json_answer(table) if how is Format.JSON else answer([agreements_sheet(table)], how)
