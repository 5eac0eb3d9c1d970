"""Doors of retirees and of their monthly runs."""

from __future__ import annotations

from typing import Annotated

from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.injections import flows as injections_flow
from services.ledger.injections.schemas import (
    InjectionRunIn,
    InjectionRunOut,
    RetireesIn,
    RetireesOut,
)
from services.ledger.posting.flows.voucher import require_centre
from services.ledger.posting.routes.door import opened
from shared.cursor import LIMIT_DEFAULT, cut, read_uuid
from shared.door import Door, door
from shared.guard.entrance import BATCH_BYTES
from shared.ids import Ref
from shared.page import Cursor, Limit, Page, RefPath
from shared.references import Reference
from shared.roles import Right
from shared.schema import Code
from shared.web.door_router import DoorRouter

router = DoorRouter()

Reading = Annotated[Door, door(Right.READ_LEDGER)]


@router.post(
    "/v1/retirees",
    max_body_size=BATCH_BYTES,
    operation_id="learn_retirees",
    summary="退休人员名册 · Who is retired, since and until when",
    response_model=RetireesOut,
)
async def learn_retirees(
    body: RetireesIn, at: Annotated[Door, door(Right.CREDIT_PERSONAL)]
) -> Response:
    """Take the latest word about up to 10,000 people; an older one changes nothing. Only services may."""
    await opened(at)
    people = body.retired()

    async def work(tx: AsyncConnection) -> RetireesOut:
        return RetireesOut(changed=await injections_flow.learn(tx, people))

    return await at.write(work, key=CENTRE_SLOT)


@router.post(
    "/v1/injection-runs",
    operation_id="propose_injection_run",
    summary="退休人员划入:提出 · Propose a month's run of retirees' injections",
    status_code=201,
    response_model=InjectionRunOut,
)
async def propose_injection_run(
    body: InjectionRunIn, at: Annotated[Door, door(Right.PROPOSE_SETTLEMENT)]
) -> Response:
    """List who is retired in the month, and what earlier months lack or have too much, and preview the
    amounts. Nothing is credited until another person approves. It takes the place of an earlier
    proposal."""
    await opened(at)

    async def work(tx: AsyncConnection) -> InjectionRunOut:
        return InjectionRunOut.of(
            await injections_flow.propose(tx, body.fund, body.period, body.day, at.caller)
        )

    return await at.write(work, key=CENTRE_SLOT, status=201)


@router.post(
    "/v1/injection-runs/{run}/approvals",
    operation_id="approve_injection_run",
    summary="退休人员划入:核准入账 · Approve a run that somebody else proposed",
    response_model=InjectionRunOut,
)
async def approve_injection_run(
    run: RefPath, at: Annotated[Door, door(Right.APPROVE_SETTLEMENT)]
) -> Response:
    """Credit the previewed amounts, in one transaction; refused if people or rules have changed since."""
    await opened(at)
    ref = Ref.parse(Reference.INJECTION_RUN, run)

    async def work(tx: AsyncConnection) -> InjectionRunOut:
        return InjectionRunOut.of(await injections_flow.approve(tx, ref.id, at.caller))

    return await at.write(work, key=CENTRE_SLOT)


@router.get(
    "/v1/injection-runs/{run}",
    operation_id="get_injection_run",
    summary="退休人员划入 · A run, with its preview while it is proposed",
)
async def get_injection_run(run: RefPath, at: Reading) -> InjectionRunOut:
    """Read a run; the preview is computed anew."""
    require_centre(at.caller)
    ref = Ref.parse(Reference.INJECTION_RUN, run)
    return InjectionRunOut.of(await at.read(lambda tx: injections_flow.find(tx, ref.id)))


@router.get(
    "/v1/injection-runs",
    operation_id="list_injection_runs",
    summary="退休人员划入列表 · Runs of retirees' injections",
)
async def list_injection_runs(
    at: Reading,
    fund: Code | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[InjectionRunOut]:
    """List runs in the order of their proposals."""
    require_centre(at.caller)
    filters = {"fund": fund}
    after = read_uuid(cursor, filters)
    rows = await at.read(
        lambda tx: injections_flow.page(tx, filters=filters, after=after, limit=limit + 1)
    )
    page, following = cut(rows, limit, lambda one: [one.id.hex], filters)
    return Page[InjectionRunOut].of([InjectionRunOut.of(one) for one in page], following)
