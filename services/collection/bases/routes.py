"""Doors of base reviews (缴费基数核定)."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi.responses import Response

from services.collection.bases.flows import adjustment as adjustment_flow
from services.collection.bases.flows import base_correction as base_correction_flow
from services.collection.bases.flows import review as review_flow
from services.collection.bases.schemas import (
    AdjustmentIn,
    AdjustmentOut,
    BasePersonOut,
    BaseReviewIn,
    BaseReviewOut,
    CorrectionIn,
    CorrectionOut,
    CorrectionRefusalIn,
)
from services.collection.handling.schemas.declaration import HandlingIn
from services.collection.register.routes.page import CreditCodePath
from shared.cursor import LIMIT_DEFAULT, cut, read_cursor
from shared.door import Door, door
from shared.guard.entrance import BULK_BYTES
from shared.ids import Ref, unit_key
from shared.page import Cursor, Limit, Page, RefPath, page_by_id
from shared.process.settings import Settings
from shared.references import Reference
from shared.roles import Right
from shared.security.identity import Identity
from shared.web.door_router import DoorRouter

router = DoorRouter()
Reading = Annotated[Door, door(Right.READ_COLLECTION)]
Registering = Annotated[Door, door(Right.REGISTER)]
Reviewing = Annotated[Door, door(Right.REVIEW_DECLARATION)]


@router.post(
    "/v1/units/{credit_code}/base-reviews",
    max_body_size=BULK_BYTES,
    operation_id="submit_base_review",
    summary="缴费基数申报 · Submit bases for a year",
    status_code=201,
    response_model=BaseReviewOut,
)
async def submit_base_review(
    credit_code: CreditCodePath, body: BaseReviewIn, at: Registering
) -> Response:
    """Submit a unit's bases for a year.

    Refused when the file is incomplete, not published, not signed, or without an undertaking.
    """
    settings: Settings = at.request.app.state.settings
    identity: Identity = at.request.app.state.identity
    return await at.write(
        lambda tx: review_flow.submit(
            tx,
            credit_code,
            body.request(),
            region=settings.region,
            pepper=identity.pepper,
            caller=at.caller,
        ),
        shape=BaseReviewOut.of,
        key=unit_key(credit_code),
        status=201,
    )


@router.get(
    "/v1/units/{credit_code}/base-reviews",
    operation_id="list_base_reviews",
    summary="缴费基数核定列表 · List base reviews of a unit",
)
async def list_base_reviews(
    credit_code: CreditCodePath, at: Reading, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
) -> Page[BaseReviewOut]:
    """List a unit's base reviews, oldest first.

    In a month the last confirmed review that begins by then is in force.
    """
    filters = {"of": "base_reviews", "unit": credit_code}
    after = None if cursor is None else read_cursor(cursor, filters, (int, int))
    rows = await at.read(
        lambda tx: review_flow.page(tx, credit_code, after=after, limit=limit + 1, caller=at.caller)
    )
    rows, following = cut(rows, limit, lambda row: [row.year, row.version], filters)
    return Page[BaseReviewOut].of([BaseReviewOut.of(row) for row in rows], following)


@router.get(
    "/v1/base-reviews/{review}",
    operation_id="get_base_review",
    summary="缴费基数核定 · Get a base review",
)
async def get_base_review(review: RefPath, at: Reading) -> BaseReviewOut:
    """Get a review with the unit's base and the sums it follows from."""
    ref = Ref.parse(Reference.BASE_REVIEW, review)
    return BaseReviewOut.of(await at.read(lambda tx: review_flow.find(tx, ref, at.caller)))


@router.get(
    "/v1/base-reviews/{review}/people",
    operation_id="list_base_review_people",
    summary="核定名册 · List the people of a base review",
)
async def list_base_review_people(
    review: RefPath, at: Reading, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
) -> Page[BasePersonOut]:
    """List the people of a review, masked, with their bases by insurance, as corrected."""
    ref = Ref.parse(Reference.BASE_REVIEW, review)
    filters = {"of": "base_people", "review": review}
    after = 0 if cursor is None else read_cursor(cursor, filters, (int,))[0]
    people, insurances = await at.read(
        lambda tx: review_flow.people(tx, ref, after=after, limit=limit + 1, caller=at.caller)
    )
    people, following = cut(people, limit, lambda row: [row.line_no], filters)
    return Page[BasePersonOut].of([BasePersonOut.of(row, insurances) for row in people], following)


@router.post(
    "/v1/base-reviews/{review}/confirmations",
    operation_id="confirm_base_review",
    summary="核定 · Confirm a base review",
    status_code=201,
    response_model=BaseReviewOut,
)
async def confirm_base_review(
    review: RefPath, at: Reviewing, body: HandlingIn | None = None
) -> Response:
    """Confirm a review and freeze the year's bases. The person who submitted it may not."""
    return await _decide(at, review, confirm=True, note=body.note if body else None)


@router.post(
    "/v1/base-reviews/{review}/refusals",
    operation_id="refuse_base_review",
    summary="不予核定 · Refuse a base review",
    status_code=201,
    response_model=BaseReviewOut,
)
async def refuse_base_review(
    review: RefPath, at: Reviewing, body: HandlingIn | None = None
) -> Response:
    """Refuse a review. The unit may submit a new one."""
    return await _decide(at, review, confirm=False, note=body.note if body else None)


async def _decide(at: Door, review: str, *, confirm: bool, note: str | None) -> Response:
    ref = Ref.parse(Reference.BASE_REVIEW, review)
    return await at.write(
        lambda tx: review_flow.decide(tx, ref, confirm=confirm, note=note, caller=at.caller),
        shape=BaseReviewOut.of,
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/base-reviews/{review}/corrections",
    max_body_size=BULK_BYTES,
    operation_id="request_base_correction",
    summary="个人基数核改申请 · Request a correction of a person's base",
    status_code=201,
    response_model=CorrectionOut,
)
async def request_base_correction(review: RefPath, body: CorrectionIn, at: Registering) -> Response:
    """Request a correction of a person's base, in writing and within the base's own year."""
    ref = Ref.parse(Reference.BASE_REVIEW, review)
    identity: Identity = at.request.app.state.identity
    return await at.write(
        lambda tx: base_correction_flow.request(
            tx, ref, body.request(), pepper=identity.pepper, caller=at.caller
        ),
        shape=CorrectionOut.of,
        key=ref.key,
        status=201,
    )


@router.get(
    "/v1/base-reviews/{review}/corrections",
    operation_id="list_base_corrections",
    summary="个人基数核改列表 · List the corrections of a base review",
)
async def list_base_corrections(
    review: RefPath, at: Reading, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
) -> Page[CorrectionOut]:
    """List the corrections of a review's people, waiting and decided, oldest first."""
    ref = Ref.parse(Reference.BASE_REVIEW, review)
    read = partial(base_correction_flow.of_review, ref=ref, caller=at.caller)
    filters = {"of": "base_corrections", "review": review}
    rows, following = await page_by_id(at, read, filters=filters, limit=limit, cursor=cursor)
    return Page[CorrectionOut].of([CorrectionOut.of(row) for row in rows], following)


@router.post(
    "/v1/base-corrections/{correction}/approvals",
    operation_id="approve_base_correction",
    summary="批准核改 · Approve a correction of a person's base",
    status_code=201,
    response_model=CorrectionOut,
)
async def approve_base_correction(correction: RefPath, at: Reviewing) -> Response:
    """Approve a correction. The person who requested it may not."""
    ref = Ref.parse(Reference.BASE_CORRECTION, correction)
    return await at.write(
        lambda tx: base_correction_flow.decide(tx, ref, approved=True, why=None, caller=at.caller),
        shape=CorrectionOut.of,
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/base-corrections/{correction}/refusals",
    operation_id="refuse_base_correction",
    summary="不批准核改 · Refuse a correction of a person's base",
    status_code=201,
    response_model=CorrectionOut,
)
async def refuse_base_correction(
    correction: RefPath, body: CorrectionRefusalIn, at: Reviewing
) -> Response:
    """Refuse a correction, as another person. The base stays, and may be asked for again."""
    ref = Ref.parse(Reference.BASE_CORRECTION, correction)
    return await at.write(
        lambda tx: base_correction_flow.decide(
            tx, ref, approved=False, why=body.why, caller=at.caller
        ),
        shape=CorrectionOut.of,
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/base-reviews/{review}/adjustments",
    max_body_size=BULK_BYTES,
    operation_id="adjust_billed_period",
    summary="核定后补收 · Adjust a billed month to a base review",
    status_code=201,
    response_model=AdjustmentOut,
)
async def adjust_billed_period(review: RefPath, body: AdjustmentIn, at: Reviewing) -> Response:
    """Recalculate a billed month on the reviewed bases, and submit a correction if it differs.

    Only the difference is billed or credited; a second run finds nothing.
    """
    ref = Ref.parse(Reference.BASE_REVIEW, review)
    return await at.write(
        lambda tx: adjustment_flow.run(tx, ref, body.period, at.caller),
        shape=AdjustmentOut.of,
        key=ref.key,
        status=201,
    )
