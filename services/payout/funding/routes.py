"""Doors of funding plans (用款计划) and of the report of plan against actual."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query, Request
from fastapi.responses import HTMLResponse, Response

from services.payout.common.routes import FundQuery, ReadingSums, require_centre
from services.payout.common.schemas import line_after
from services.payout.funding import flows as funding_flow
from services.payout.funding.clients import SpendingClient
from services.payout.funding.domain.plan import FundingPlanStatus, plan_key
from services.payout.funding.schemas.plan import (
    FundingPlanApprovalIn,
    FundingPlanIn,
    FundingPlanOut,
    FundingPlanRefusalIn,
    PlanPartOut,
    request_page,
)
from services.payout.funding.schemas.report import FundingReportOut
from shared.clock import today
from shared.cursor import LIMIT_DEFAULT, cut, read_uuid
from shared.door import Door, door
from shared.ids import Ref
from shared.page import Cursor, Limit, Page, RefPath
from shared.period import PERIOD_PATTERN, Period
from shared.references import Reference
from shared.roles import Right
from shared.web.door_router import DoorRouter
from shared.web.html import SAFE

router = DoorRouter(tags=["funding"])
Reading = Annotated[Door, door(Right.READ_PAYOUT)]
Proposing = Annotated[Door, door(Right.PROPOSE_SETTLEMENT, money=True)]
Approving = Annotated[Door, door(Right.APPROVE_SETTLEMENT, money=True)]


def _ledger(request: Request) -> SpendingClient:
    client: SpendingClient = request.app.state.spending
    return client


def _ref(plan: str) -> Ref:
    return Ref.parse(Reference.FUNDING_PLAN, plan)


@router.post(
    "/v1/funding-plans",
    operation_id="propose_funding_plan",
    summary="编制用款计划 · Propose a funding plan of a fund and month",
    status_code=201,
    response_model=FundingPlanOut,
)
async def propose_funding_plan(body: FundingPlanIn, at: Proposing) -> Response:
    """Plan the money of every approved claim that no plan has; a later plan is supplementary.

    Accounts beyond their budget are refused or warned of, as the rule `over_budget` says.
    """
    require_centre(at.caller)
    ledger = await _ledger(at.request).of_month(body.month)
    return await at.write(
        lambda tx: funding_flow.propose(
            tx,
            fund=body.fund,
            month=body.month,
            note=body.note,
            ledger=ledger,
            today=today(),
            caller=at.caller,
        ),
        shape=FundingPlanOut.of,
        key=plan_key(body.fund, body.month),
        status=201,
    )


@router.post(
    "/v1/funding-plans/{plan}/approvals",
    operation_id="approve_funding_plan",
    summary="批准用款计划 · Approve a plan, which makes it the request to finance",
    status_code=201,
    response_model=FundingPlanOut,
)
async def approve_funding_plan(plan: RefPath, _: FundingPlanApprovalIn, at: Approving) -> Response:
    """Approve a plan as another person; the budget is checked again."""
    return await _decide(at, _ref(plan), FundingPlanStatus.APPROVED, None)


@router.post(
    "/v1/funding-plans/{plan}/refusals",
    operation_id="refuse_funding_plan",
    summary="不予批准用款计划 · Refuse a plan; another may take its claims",
    status_code=201,
    response_model=FundingPlanOut,
)
async def refuse_funding_plan(plan: RefPath, body: FundingPlanRefusalIn, at: Approving) -> Response:
    """Refuse a plan with the reason."""
    return await _decide(at, _ref(plan), FundingPlanStatus.REFUSED, body.note)


async def _decide(at: Door, ref: Ref, status: FundingPlanStatus, note: str | None) -> Response:
    require_centre(at.caller)
    plan = await at.read(lambda tx: funding_flow.find(tx, ref))
    ledger = await _ledger(at.request).of_month(plan.month)
    return await at.write(
        lambda tx: funding_flow.decide(
            tx, ref, status, note, ledger=ledger, today=today(), caller=at.caller
        ),
        shape=FundingPlanOut.of,
        key=ref.key,
        status=201,
    )


@router.get(
    "/v1/funding-plans",
    operation_id="list_funding_plans",
    summary="用款计划列表 · Funding plans",
)
async def list_funding_plans(
    at: Reading,
    fund: FundQuery = None,
    month: Annotated[str | None, Query(pattern=PERIOD_PATTERN)] = None,
    status: FundingPlanStatus | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[FundingPlanOut]:
    """List plans in order of creation."""
    require_centre(at.caller)
    filters = {"fund": fund, "month": month, "status": status}
    after = read_uuid(cursor, filters)
    rows = await at.read(
        lambda tx: funding_flow.page(tx, filters=filters, after=after, limit=limit + 1)
    )
    shown, following = cut(rows, limit, lambda row: [row.ref.id.hex], filters)
    return Page[FundingPlanOut].of([FundingPlanOut.of(row) for row in shown], following)


@router.get(
    "/v1/funding-plans/{plan}",
    operation_id="get_funding_plan",
    summary="用款计划 · A funding plan",
)
async def get_funding_plan(plan: RefPath, at: Reading) -> FundingPlanOut:
    """Get one plan."""
    require_centre(at.caller)
    ref = _ref(plan)
    return FundingPlanOut.of(await at.read(lambda tx: funding_flow.find(tx, ref)))


@router.get(
    "/v1/funding-plans/{plan}/claims",
    operation_id="list_funding_plan_claims",
    summary="用款计划明细 · Claims of a funding plan",
)
async def list_funding_plan_claims(
    plan: RefPath, at: Reading, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
) -> Page[PlanPartOut]:
    """List the claims that a plan consists of, by number."""
    require_centre(at.caller)
    filters = {"plan": plan}
    after = line_after(cursor, filters)
    ref = _ref(plan)
    rows = await at.read(lambda tx: funding_flow.parts(tx, ref, after=after, limit=limit + 1))
    shown, following = cut(rows, limit, lambda row: [row.part_no], filters)
    return Page[PlanPartOut].of([PlanPartOut.of(row) for row in shown], following)


@router.get(
    "/v1/funding-plans/{plan}/print",
    operation_id="print_funding_plan",
    summary="打印用款申请单 · Print the request to finance",
    response_class=HTMLResponse,
)
async def print_funding_plan(plan: RefPath, at: Reading) -> HTMLResponse:
    """Print a plan with its list, in digits and in capitals, with places for the signatures."""
    require_centre(at.caller)
    ref = _ref(plan)
    found = await at.read(lambda tx: funding_flow.request(tx, ref))
    return HTMLResponse(request_page(found), headers=SAFE)


@router.get(
    "/v1/funding-reports/{month}",
    operation_id="get_funding_report",
    summary="用款计划执行表 · Plan against actual by fund and benefit",
)
async def get_funding_report(
    month: Annotated[str, Path(pattern=PERIOD_PATTERN, examples=["2021-08"])], at: ReadingSums
) -> FundingReportOut:
    """Compare a month's plans with what the ledger received, paid and got back.

    The ledger is asked now; nothing of it is stored here.
    """
    require_centre(at.caller)
    period = Period.parse(month)
    ledger = await _ledger(at.request).of_month(period)
    funds = await at.read(lambda tx: funding_flow.report(tx, period, ledger))
    return FundingReportOut.of(period, funds)
