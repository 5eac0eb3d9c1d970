"""Doors of lists of facts of pensioners."""

from __future__ import annotations

from typing import Annotated

from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.common.routes import DistrictQuery, person_keys
from services.payout.raises.domain.fact import FactListStatus
from services.payout.raises.flows import fact as fact_flow
from services.payout.raises.schemas.fact import (
    FactListApprovalIn,
    FactListRefusalIn,
    PensionFactListIn,
    PensionFactListOut,
)
from shared.clock import today
from shared.cursor import LIMIT_DEFAULT, cut, read_uuid
from shared.door import Door, door
from shared.guard.entrance import BULK_BYTES
from shared.ids import Ref
from shared.page import Cursor, Limit, Page, RefPath
from shared.references import Reference
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter(tags=["raises"])


@router.post(
    "/v1/pension-fact-lists",
    max_body_size=BULK_BYTES,
    operation_id="propose_pension_facts",
    summary="登记退休月份与缴费年限 · Propose retirement months and months paid of pensioners",
    status_code=201,
    response_model=PensionFactListOut,
)
async def propose_pension_facts(
    body: PensionFactListIn, at: Annotated[Door, door(Right.REGISTER_ENTITLEMENT)]
) -> Response:
    """Propose facts that raises ask for; they count once another person approves them."""
    paper = body.paper(at.caller.subject)
    drafts = [person.draft() for person in body.people]

    async def work(tx: AsyncConnection) -> PensionFactListOut:
        keys = person_keys(at.request)
        await fact_flow.propose(tx, paper, drafts, keys=keys, today=today(), caller=at.caller)
        return PensionFactListOut.of(paper)

    return await at.write(work, key=paper.ref.key, status=201)


@router.post(
    "/v1/pension-fact-lists/{fact_list}/approvals",
    operation_id="approve_pension_facts",
    summary="批准退休信息名单 · Approve a list of facts",
    status_code=201,
    response_model=PensionFactListOut,
)
async def approve_pension_facts(
    fact_list: RefPath, body: FactListApprovalIn, at: Annotated[Door, door(Right.SIGN_FIRST)]
) -> Response:
    """Approve a list as another person; approved raises count the facts at once."""
    return await _decide(fact_list, FactListStatus.APPROVED, None, at)


@router.post(
    "/v1/pension-fact-lists/{fact_list}/refusals",
    operation_id="refuse_pension_facts",
    summary="不予登记 · Refuse a list of facts",
    status_code=201,
    response_model=PensionFactListOut,
)
async def refuse_pension_facts(
    fact_list: RefPath, body: FactListRefusalIn, at: Annotated[Door, door(Right.SIGN_FIRST)]
) -> Response:
    """Refuse a list with the reason; the facts of before go on."""
    return await _decide(fact_list, FactListStatus.REFUSED, body.note, at)


async def _decide(fact_list: str, status: FactListStatus, note: str | None, at: Door) -> Response:
    ref = Ref.parse(Reference.PENSION_FACT_LIST, fact_list)

    async def work(tx: AsyncConnection) -> PensionFactListOut:
        return PensionFactListOut.of(
            await fact_flow.decide(tx, ref, status, note, caller=at.caller)
        )

    return await at.write(work, key=ref.key, status=201)


@router.get(
    "/v1/pension-fact-lists/{fact_list}",
    operation_id="get_pension_facts",
    summary="退休信息名单 · A list of facts",
)
async def get_pension_facts(
    fact_list: RefPath, at: Annotated[Door, door(Right.READ_PAYOUT)]
) -> PensionFactListOut:
    """Read a list's head."""
    ref = Ref.parse(Reference.PENSION_FACT_LIST, fact_list)
    return PensionFactListOut.of(
        await at.read(lambda tx: fact_flow.find(tx, ref, caller=at.caller))
    )


@router.get(
    "/v1/pension-fact-lists",
    operation_id="list_pension_facts",
    summary="退休信息名单清单 · Lists of facts",
)
async def list_pension_facts(
    at: Annotated[Door, door(Right.READ_PAYOUT)],
    district: DistrictQuery = None,
    status: FactListStatus | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[PensionFactListOut]:
    """List them in order of proposal; district people see their own district's."""
    columns = {"district": at.caller.scope(district), "status": status.value if status else None}
    filters = {"list": "pension_fact_lists"} | columns
    after = read_uuid(cursor, filters)
    rows = await at.read(
        lambda tx: fact_flow.page(tx, filters=columns, after=after, limit=limit + 1)
    )
    papers, next_cursor = cut(rows, limit, lambda paper: [paper.ref.id.hex], filters)
    return Page[PensionFactListOut].of(
        [PensionFactListOut.of(paper) for paper in papers], next_cursor
    )
