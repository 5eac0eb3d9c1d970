"""Doors of raises."""

from __future__ import annotations

from typing import Annotated

from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.common.routes import DistrictQuery, person_keys
from services.payout.raises.domain.pension_raise import RaiseStatus
from services.payout.raises.flows import pension_raise as pension_raise_flow
from services.payout.raises.schemas.pension_raise import (
    PensionRaiseIn,
    PensionRaiseOut,
    RaiseApprovalIn,
    RaiseLineOut,
    RaisePreviewIn,
    RaisePreviewOut,
    RaiseRefusalIn,
)
from shared.clock import today
from shared.cursor import LIMIT_DEFAULT, cut, read_uuid
from shared.door import Door, door
from shared.ids import Ref
from shared.page import Cursor, Limit, Page, RefPath
from shared.references import Reference
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter(tags=["raises"])


@router.post(
    "/v1/pension-raises",
    operation_id="draft_pension_raise",
    summary="起草待遇调整 · Draft a raise",
    status_code=201,
    response_model=PensionRaiseOut,
)
async def draft_pension_raise(
    body: PensionRaiseIn, at: Annotated[Door, door(Right.PUBLISH_POLICY)]
) -> Response:
    """Draft a raise from a month on. It raises nobody until another person approves it."""
    paper = body.paper(at.caller.subject)

    async def work(tx: AsyncConnection) -> PensionRaiseOut:
        return PensionRaiseOut.of(await pension_raise_flow.draft(tx, paper, caller=at.caller))

    return await at.write(work, key=paper.ref.key, status=201)


@router.post(
    "/v1/pension-raises/{pension_raise}/previews",
    operation_id="preview_pension_raise",
    summary="试算待遇调整 · Preview what a draft comes to",
    response_model=RaisePreviewOut,
)
async def preview_pension_raise(
    pension_raise: RefPath,
    body: RaisePreviewIn,
    at: Annotated[Door, door(Right.PUBLISH_POLICY, Right.SIGN_THIRD)],
) -> Response:
    """Raise everybody, add up, and undo it: the totals that an approval must repeat."""
    ref = Ref.parse(Reference.PENSION_RAISE, pension_raise)

    async def work(tx: AsyncConnection) -> RaisePreviewOut:
        paper = await pension_raise_flow.find(tx, ref)
        outcome = await pension_raise_flow.outcome(tx, ref, today=today())
        return RaisePreviewOut.of(outcome, paper.rule, person_keys(at.request))

    return await at.write(work, key=ref.key, dry_run=True)


@router.post(
    "/v1/pension-raises/{pension_raise}/approvals",
    operation_id="approve_pension_raise",
    summary="批准并执行待遇调整 · Approve a raise and apply it, once",
    status_code=201,
    response_model=PensionRaiseOut,
)
async def approve_pension_raise(
    pension_raise: RefPath,
    body: RaiseApprovalIn,
    at: Annotated[Door, door(Right.SIGN_THIRD)],
) -> Response:
    """Approve as another person than the author; everybody is raised in one operation.

    The raise must come to the control totals of the preview. The next runs pay its arrears.
    """
    ref = Ref.parse(Reference.PENSION_RAISE, pension_raise)
    control = body.control.control()

    async def work(tx: AsyncConnection) -> PensionRaiseOut:
        return PensionRaiseOut.of(
            await pension_raise_flow.approve(tx, ref, control, today=today(), caller=at.caller)
        )

    return await at.write(work, key=ref.key, status=201)


@router.post(
    "/v1/pension-raises/{pension_raise}/refusals",
    operation_id="refuse_pension_raise",
    summary="不予调整 · Refuse a raise",
    status_code=201,
    response_model=PensionRaiseOut,
)
async def refuse_pension_raise(
    pension_raise: RefPath,
    body: RaiseRefusalIn,
    at: Annotated[Door, door(Right.SIGN_THIRD)],
) -> Response:
    """Refuse a draft with the reason; its month and sequence number are free again."""
    ref = Ref.parse(Reference.PENSION_RAISE, pension_raise)

    async def work(tx: AsyncConnection) -> PensionRaiseOut:
        return PensionRaiseOut.of(
            await pension_raise_flow.refuse(tx, ref, body.note, caller=at.caller)
        )

    return await at.write(work, key=ref.key, status=201)


@router.get(
    "/v1/pension-raises", operation_id="list_pension_raises", summary="待遇调整清单 · Raises"
)
async def list_pension_raises(
    at: Annotated[Door, door(Right.READ_PAYOUT)],
    status: RaiseStatus | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[PensionRaiseOut]:
    """List raises in order of drafting."""
    columns = {"status": status.value if status else None}
    filters = {"list": "pension_raises"} | columns
    after = read_uuid(cursor, filters)
    rows = await at.read(
        lambda tx: pension_raise_flow.page(tx, filters=columns, after=after, limit=limit + 1)
    )
    papers, next_cursor = cut(rows, limit, lambda paper: [paper.ref.id.hex], filters)
    return Page[PensionRaiseOut].of([PensionRaiseOut.of(paper) for paper in papers], next_cursor)


@router.get(
    "/v1/pension-raises/{pension_raise}",
    operation_id="get_pension_raise",
    summary="待遇调整 · A raise",
)
async def get_pension_raise(
    pension_raise: RefPath, at: Annotated[Door, door(Right.READ_PAYOUT)]
) -> PensionRaiseOut:
    """Read a raise with its rule and, once approved, its totals."""
    ref = Ref.parse(Reference.PENSION_RAISE, pension_raise)
    return PensionRaiseOut.of(await at.read(lambda tx: pension_raise_flow.find(tx, ref)))


@router.get(
    "/v1/pension-raises/{pension_raise}/lines",
    operation_id="list_raise_lines",
    summary="待遇调整明细 · Everybody whom a raise raises, explained",
)
async def list_raise_lines(
    pension_raise: RefPath,
    at: Annotated[Door, door(Right.READ_PAYOUT)],
    district: DistrictQuery = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[RaiseLineOut]:
    """List each raised pension: the facts, the groups, what each adds, before and after."""
    scope = at.caller.scope(district)
    ref = Ref.parse(Reference.PENSION_RAISE, pension_raise)
    filters = {"list": "raise_lines", "raise": pension_raise, "district": scope}
    after = read_uuid(cursor, filters)
    paper, rows = await at.read(
        lambda tx: pension_raise_flow.lines(tx, ref, district=scope, after=after, limit=limit + 1)
    )
    lines, next_cursor = cut(rows, limit, lambda line: [line.ref.id.hex], filters)
    keys = person_keys(at.request)
    return Page[RaiseLineOut].of(
        [RaiseLineOut.of(line, paper.rule, keys) for line in lines], next_cursor
    )
