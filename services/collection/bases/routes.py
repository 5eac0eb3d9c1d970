"""Doors of base reviews (缴费基数核定): hand in, decide, correct, adjust, read."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.bases import store as bases_store
from services.collection.bases.flows import adjustment as adjustment_flow
from services.collection.bases.flows import review as review_flow
from services.collection.bases.schemas import (
    AdjustmentIn,
    AdjustmentOut,
    BasePeopleOut,
    BasePersonOut,
    BaseReviewIn,
    BaseReviewOut,
    BaseReviewPageOut,
    CorrectionIn,
    CorrectionOut,
)
from services.collection.bases.store import BasePersonRow, ReviewRow
from services.collection.handling.schemas.declaration import HandlingIn
from services.collection.policy import flows as policy_flow
from services.collection.register.flows import unit as unit_flow
from services.collection.register.routes.page import CreditCodePath
from shared.cursor import LIMIT_DEFAULT, cut, read_cursor
from shared.door import Door, door
from shared.ids import Ref, unit_key
from shared.page import Cursor, Limit, RefPath
from shared.process.settings import Settings
from shared.references import Reference
from shared.roles import Right
from shared.security.identity import Identity

router = APIRouter()
Reading = Annotated[Door, door(Right.READ_COLLECTION)]
Registering = Annotated[Door, door(Right.REGISTER)]
Reviewing = Annotated[Door, door(Right.REVIEW_DECLARATION)]


@router.post(
    "/v1/units/{credit_code}/base-reviews",
    operation_id="submit_base_review",
    summary="缴费基数申报 · Hand in a year's bases",
    status_code=201,
    response_model=BaseReviewOut,
)
async def submit_base_review(
    credit_code: CreditCodePath, body: BaseReviewIn, at: Registering
) -> Response:
    """Not taken when the file is incomplete, not posted, not signed, or without an undertaking."""
    settings: Settings = at.request.app.state.settings
    identity: Identity = at.request.app.state.identity

    async def work(tx: AsyncConnection) -> BaseReviewOut:
        return BaseReviewOut.of(
            await review_flow.submit(
                tx,
                credit_code,
                body.asked(),
                region=settings.region,
                pepper=identity.pepper,
                caller=at.caller,
            )
        )

    return await at.write(work, key=unit_key(credit_code), status=201)


@router.get(
    "/v1/units/{credit_code}/base-reviews",
    operation_id="list_base_reviews",
    summary="缴费基数核定 · A unit's base reviews",
)
async def list_base_reviews(
    credit_code: CreditCodePath, at: Reading, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
) -> BaseReviewPageOut:
    """Oldest first; the last confirmed one that begins by then holds for a month."""
    filters = {"of": "base_reviews", "unit": credit_code}
    after = (0, 0)
    if cursor is not None:
        year, version = read_cursor(cursor, filters, (int, int))
        after = (year, version)

    async def work(tx: AsyncConnection) -> list[ReviewRow]:
        found = await unit_flow.find(tx, credit_code, at.caller)
        return await bases_store.page(tx, found.id, after, limit + 1)

    rows, following = cut(await at.read(work), limit, lambda row: [row.year, row.version], filters)
    return BaseReviewPageOut(
        items=[BaseReviewOut.of(row) for row in rows],
        next_cursor=following,
        has_more=following is not None,
    )


@router.get(
    "/v1/base-reviews/{review}", operation_id="get_base_review", summary="缴费基数核定 · One review"
)
async def get_base_review(review: RefPath, at: Reading) -> BaseReviewOut:
    """With the unit's base and what made it."""
    ref = Ref.parse(Reference.BASE_REVIEW, review)

    async def work(tx: AsyncConnection) -> BaseReviewOut:
        return BaseReviewOut.of(await review_flow.find(tx, ref, at.caller))

    return await at.read(work)


@router.get(
    "/v1/base-reviews/{review}/people",
    operation_id="list_base_review_people",
    summary="核定名册 · Its people",
)
async def list_base_review_people(
    review: RefPath, at: Reading, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
) -> BasePeopleOut:
    """Masked, with their bases by insurance, as corrected."""
    ref = Ref.parse(Reference.BASE_REVIEW, review)
    filters = {"of": "base_people", "review": review}
    after = 0 if cursor is None else read_cursor(cursor, filters, (int,))[0]

    async def work(tx: AsyncConnection) -> tuple[list[BasePersonRow], tuple[str, ...]]:
        row = await review_flow.find(tx, ref, at.caller)
        names = (await policy_flow.by_id(tx, row.policy_id)).insurances
        return await bases_store.people(tx, row.unit_id, row.id, after, limit + 1), names

    found, names = await at.read(work)
    rows, following = cut(found, limit, lambda row: [row.line_no], filters)
    return BasePeopleOut(
        items=[BasePersonOut.of(row, names) for row in rows],
        next_cursor=following,
        has_more=following is not None,
    )


@router.post(
    "/v1/base-reviews/{review}/confirmations",
    operation_id="confirm_base_review",
    summary="核定 · Confirm, and freeze the year",
    status_code=201,
    response_model=BaseReviewOut,
)
async def confirm_base_review(
    review: RefPath, at: Reviewing, body: HandlingIn | None = None
) -> Response:
    """By another person than who handed it in."""
    return await _decide(at, review, confirm=True, note=body.note if body else None)


@router.post(
    "/v1/base-reviews/{review}/refusals",
    operation_id="refuse_base_review",
    summary="不予核定 · Refuse",
    status_code=201,
    response_model=BaseReviewOut,
)
async def refuse_base_review(
    review: RefPath, at: Reviewing, body: HandlingIn | None = None
) -> Response:
    """The unit may hand in again."""
    return await _decide(at, review, confirm=False, note=body.note if body else None)


async def _decide(at: Door, review: str, *, confirm: bool, note: str | None) -> Response:
    ref = Ref.parse(Reference.BASE_REVIEW, review)

    async def work(tx: AsyncConnection) -> BaseReviewOut:
        return BaseReviewOut.of(
            await review_flow.decide(tx, ref, confirm=confirm, note=note, caller=at.caller)
        )

    return await at.write(work, key=ref.key, status=201)


@router.post(
    "/v1/base-reviews/{review}/corrections",
    operation_id="request_base_correction",
    summary="个人基数核改申请 · Ask for a correction",
    status_code=201,
    response_model=CorrectionOut,
)
async def request_base_correction(review: RefPath, body: CorrectionIn, at: Registering) -> Response:
    """In writing, and within the base's own year only."""
    ref = Ref.parse(Reference.BASE_REVIEW, review)
    identity: Identity = at.request.app.state.identity

    async def work(tx: AsyncConnection) -> CorrectionOut:
        return CorrectionOut.of(
            await review_flow.request_correction(
                tx, ref, body.asked(), pepper=identity.pepper, caller=at.caller
            )
        )

    return await at.write(work, key=ref.key, status=201)


@router.post(
    "/v1/base-corrections/{correction}/approvals",
    operation_id="approve_base_correction",
    summary="批准核改 · Approve a correction",
    status_code=201,
    response_model=CorrectionOut,
)
async def approve_base_correction(correction: RefPath, at: Reviewing) -> Response:
    """By another person than who asked."""
    ref = Ref.parse(Reference.BASE_CORRECTION, correction)

    async def work(tx: AsyncConnection) -> CorrectionOut:
        return CorrectionOut.of(await review_flow.approve_correction(tx, ref, at.caller))

    return await at.write(work, key=ref.key, status=201)


@router.post(
    "/v1/base-reviews/{review}/adjustments",
    operation_id="adjust_billed_period",
    summary="核定后补收 · Restate a billed month on reviewed bases",
    status_code=201,
    response_model=AdjustmentOut,
)
async def adjust_billed_period(review: RefPath, body: AdjustmentIn, at: Reviewing) -> Response:
    """Hands in the paper that restates the month, if anything differs from its last paper: only the
    difference is billed or credited, and a second run finds nothing."""
    ref = Ref.parse(Reference.BASE_REVIEW, review)

    async def work(tx: AsyncConnection) -> AdjustmentOut:
        return AdjustmentOut.of(await adjustment_flow.run(tx, ref, body.period, at.caller))

    return await at.write(work, key=ref.key, status=201)
