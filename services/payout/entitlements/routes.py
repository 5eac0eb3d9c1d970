"""Doors of entitlements and benefit kinds."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.benefits import store as benefits_store
from services.payout.common.routes import LIMIT, CursorQuery, DistrictQuery, Limit, people_of
from services.payout.common.schemas import id_after
from services.payout.entitlements import flows as entitlements_flow
from services.payout.entitlements import store as entitlements_store
from services.payout.entitlements.schemas import (
    BenefitKindOut,
    BenefitKindsOut,
    EntitlementBatchIn,
    EntitlementBatchOut,
    EntitlementsOut,
)
from shared.clock import today
from shared.door import Door, door
from shared.ids import key_of
from shared.roles import Right

router = APIRouter(tags=["entitlements"])


@router.post(
    "/v1/entitlement-batches",
    operation_id="register_entitlements",
    summary="登记待遇资格 · Register who is entitled",
    status_code=201,
    response_model=EntitlementBatchOut,
)
async def register_entitlements(
    asked: EntitlementBatchIn, at: Annotated[Door, door(Right.REGISTER_ENTITLEMENT)]
) -> Response:
    """All or nothing; an entitlement that is there with the same content counts as replayed."""
    people = people_of(at.request)
    rows = [person.asked() for person in asked.people]

    async def work(tx: AsyncConnection) -> EntitlementBatchOut:
        done = await entitlements_flow.register(
            tx,
            rows,
            district=asked.district,
            kind=asked.people[0].kind,
            people=people,
            today=today(),
            caller=at.caller,
        )
        return EntitlementBatchOut(registered=done.registered, replayed=done.replayed)

    return await at.write(work, key=key_of("entitlements", asked.district), status=201)


@router.get(
    "/v1/entitlements",
    operation_id="list_entitlements",
    summary="待遇资格清单 · Entitlements, masked",
)
async def list_entitlements(
    at: Annotated[Door, door(Right.READ_PAYOUT)],
    district: DistrictQuery = None,
    limit: Limit = LIMIT,
    cursor: CursorQuery = None,
) -> EntitlementsOut:
    """A page in order of registration."""
    bound = at.caller.scope(district)
    filters: dict[str, str | None] = {"list": "entitlements", "district": bound}
    after = id_after(cursor, filters)
    rows = await at.read(
        lambda tx: entitlements_store.page(tx, district=bound, after=after, limit=limit + 1)
    )
    return EntitlementsOut.of(rows, limit, filters, people_of(at.request))


@router.get(
    "/v1/benefit-kinds",
    operation_id="list_benefit_kinds",
    summary="待遇种类与基金科目 · Benefit kinds, dated, with their source",
)
async def list_benefit_kinds(at: Annotated[Door, door(Right.READ_PAYOUT)]) -> BenefitKindsOut:
    """Which fund pays which benefit, and to which account it is booked."""
    rows = await at.read(benefits_store.kinds)
    return BenefitKindsOut(items=[BenefitKindOut.of(row) for row in rows])
