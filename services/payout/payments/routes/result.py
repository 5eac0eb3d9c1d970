"""Doors of the bank's results and of the totals."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.common.routes import DistrictQuery, ReadingSums
from services.payout.payments.domain.completeness import MonthCompleteness
from services.payout.payments.flows import completeness as completeness_flow
from services.payout.payments.flows import result as result_flow
from services.payout.payments.flows import total as total_flow
from services.payout.payments.schemas.completeness import MonthCompletenessOut, completeness_page
from services.payout.payments.schemas.payment import PaymentResultsIn, PaymentResultsOut, TotalsOut
from shared.clock import today
from shared.door import Door, door
from shared.guard.entrance import BULK_BYTES
from shared.ids import Ref
from shared.period import PERIOD_PATTERN, Period
from shared.references import Reference
from shared.roles import Right
from shared.web.door_router import DoorRouter
from shared.web.html import SAFE

router = DoorRouter()


@router.post(
    "/v1/payment-results",
    max_body_size=BULK_BYTES,
    operation_id="report_payment_results",
    summary="银行支付回报 · The bank's results for a batch's lines",
    response_model=PaymentResultsOut,
)
async def report_payment_results(
    body: PaymentResultsIn, at: Annotated[Door, door(Right.REPORT_PAYMENT_RESULT, money=True)]
) -> Response:
    """Take results in any order; repeats change nothing, contradictions are rejected singly."""
    ref = Ref.parse(Reference.PAYMENT_BATCH, body.batch)
    reports = [result.report() for result in body.results]

    async def work(tx: AsyncConnection) -> PaymentResultsOut:
        result = await result_flow.report(tx, ref, reports, today=today(), caller=at.caller)
        return PaymentResultsOut.of(result)

    return await at.write(work, key=ref.key)


@router.get("/v1/totals", operation_id="get_totals", summary="支付汇总 · Payouts by fund")
async def get_totals(
    at: Annotated[Door, door(Right.READ_PAYOUT)],
    period_from: Annotated[str | None, Query(pattern=PERIOD_PATTERN)] = None,
    period_to: Annotated[str | None, Query(pattern=PERIOD_PATTERN)] = None,
    district: DistrictQuery = None,
) -> TotalsOut:
    """Sum the claims of a span of months; district people see their own district's."""
    first = Period.parse(period_from) if period_from else None
    last = Period.parse(period_to) if period_to else None
    scope = at.caller.scope(district)
    rows = await at.read(lambda tx: total_flow.by_fund(tx, first=first, last=last, district=scope))
    return TotalsOut.of(rows)


@router.get(
    "/v1/pension-months/{period}",
    operation_id="get_pension_month",
    summary="社会化发放率 · Completeness of a month of pensions",
)
async def get_pension_month(
    period: Annotated[str, Path(pattern=PERIOD_PATTERN)],
    at: ReadingSums,
    district: DistrictQuery = None,
) -> MonthCompletenessOut:
    """Compare what is due of a month with what became of it: paid, on its way, held, or missed."""
    return MonthCompletenessOut.of(await _month(at, period, district))


@router.get(
    "/v1/pension-months/{period}/print",
    operation_id="print_pension_month",
    summary="打印社会化发放情况表 · Print the completeness of a month of pensions",
    response_class=HTMLResponse,
)
async def print_pension_month(
    period: Annotated[str, Path(pattern=PERIOD_PATTERN)],
    at: ReadingSums,
    district: DistrictQuery = None,
) -> HTMLResponse:
    """Print the report with places for the signatures."""
    month = await _month(at, period, district)
    return HTMLResponse(completeness_page(month), headers=SAFE)


async def _month(at: Door, period: str, district: str | None) -> MonthCompleteness:
    scope = at.caller.scope(district)
    return await at.read(
        lambda tx: completeness_flow.of_month(
            tx, period=Period.parse(period), district=scope, today=today()
        )
    )
