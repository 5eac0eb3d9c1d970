"""Doors of benefit kinds: their rows, and corrections by two people."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Path
from fastapi.responses import Response

from services.payout.benefits import flows as benefits_flow
from services.payout.benefits.schemas import (
    BenefitKindApprovalIn,
    BenefitKindCorrectionOut,
    BenefitKindIn,
    BenefitKindOut,
    BenefitKindRefusalIn,
    BenefitKindsOut,
)
from shared.cursor import LIMIT_DEFAULT, cut, read_uuid
from shared.door import Door, door
from shared.fund import CODE_PATTERN
from shared.ids import Ref
from shared.page import Cursor, Limit, Page, RefPath
from shared.references import Reference
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()
Deciding = Annotated[Door, door(Right.APPROVE_CORRECTION)]


@router.get(
    "/v1/benefit-kinds",
    operation_id="list_benefit_kinds",
    summary="待遇种类与基金科目 · Benefit kinds, dated, with their source",
)
async def list_benefit_kinds(at: Annotated[Door, door(Right.READ_PAYOUT)]) -> BenefitKindsOut:
    """List which fund pays which benefit, and to which account it is booked."""
    rows = await at.read(benefits_flow.kinds)
    return BenefitKindsOut(items=[BenefitKindOut.of(row) for row in rows])


@router.post(
    "/v1/benefit-kinds/{kind}/corrections",
    operation_id="correct_benefit_kind",
    summary="更正待遇种类 · File a correction of a benefit kind, or a new one",
    status_code=201,
    response_model=BenefitKindCorrectionOut,
)
async def correct_benefit_kind(
    kind: Annotated[str, Path(pattern=CODE_PATTERN, max_length=32)],
    body: BenefitKindIn,
    at: Annotated[Door, door(Right.PROPOSE_CORRECTION)],
) -> Response:
    """File a row as it is to be. It changes nothing before another person approves."""
    return await at.write(
        lambda tx: benefits_flow.correct(tx, body.row(kind), body.reason, at.caller),
        shape=BenefitKindCorrectionOut.of,
        key=benefits_flow.kind_key(kind),
        status=201,
    )


@router.get(
    "/v1/benefit-kind-corrections",
    operation_id="list_benefit_kind_corrections",
    summary="待遇种类更正清单 · Corrections of benefit kinds",
)
async def list_benefit_kind_corrections(
    at: Annotated[Door, door(Right.READ_PAYOUT)],
    status: Literal["filed", "approved", "refused"] | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[BenefitKindCorrectionOut]:
    """List corrections in order of filing."""
    filters = {"list": "benefit_kind_corrections", "status": status}
    after = read_uuid(cursor, filters)
    rows = await at.read(
        lambda tx: benefits_flow.corrections(tx, status=status, after=after, limit=limit + 1)
    )
    found, next_cursor = cut(rows, limit, lambda one: [one.id.hex], filters)
    items = [BenefitKindCorrectionOut.of(one) for one in found]
    return Page[BenefitKindCorrectionOut].of(items, next_cursor)


@router.post(
    "/v1/benefit-kind-corrections/{correction}/approvals",
    operation_id="approve_benefit_kind_correction",
    summary="批准待遇种类更正 · Approve a correction of a benefit kind",
    status_code=201,
    response_model=BenefitKindCorrectionOut,
)
async def approve_benefit_kind_correction(
    correction: RefPath, _: BenefitKindApprovalIn, at: Deciding
) -> Response:
    """Approve a correction, as another person. Claims filed from then on follow it."""
    ref = Ref.parse(Reference.BENEFIT_KIND_CORRECTION, correction)
    return await at.write(
        lambda tx: benefits_flow.decide(tx, ref, approved=True, why=None, caller=at.caller),
        shape=BenefitKindCorrectionOut.of,
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/benefit-kind-corrections/{correction}/refusals",
    operation_id="refuse_benefit_kind_correction",
    summary="不批准待遇种类更正 · Refuse a correction of a benefit kind",
    status_code=201,
    response_model=BenefitKindCorrectionOut,
)
async def refuse_benefit_kind_correction(
    correction: RefPath, body: BenefitKindRefusalIn, at: Deciding
) -> Response:
    """Refuse a correction, as another person."""
    ref = Ref.parse(Reference.BENEFIT_KIND_CORRECTION, correction)
    return await at.write(
        lambda tx: benefits_flow.decide(tx, ref, approved=False, why=body.why, caller=at.caller),
        shape=BenefitKindCorrectionOut.of,
        key=ref.key,
        status=201,
    )
