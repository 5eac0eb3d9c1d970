"""Doors of provisional pensions: the list, and one paper that corrects all of a district."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.common.routes import person_keys
from services.payout.entitlements.flows import change as change_flow
from services.payout.qualifications.flows import qualification as qualification_flow
from services.payout.qualifications.flows import recalculation as recalculation_flow
from services.payout.qualifications.routes.qualification import (
    checking_context,
    retirement_records,
)
from services.payout.qualifications.schemas.recalculation import (
    ProvisionalPensionOut,
    RecalculationIn,
    RecalculationOut,
)
from shared.cursor import LIMIT_DEFAULT, cut, read_uuid
from shared.door import Door, door
from shared.page import Cursor, Limit, Page
from shared.roles import Right
from shared.schema import Code
from shared.web.door_router import DoorRouter

router = DoorRouter(tags=["qualifications"])


@router.get(
    "/v1/provisional-pensions",
    operation_id="list_provisional_pensions",
    summary="暂发待遇清单 · Pensions that were opened by the last known figures",
)
async def list_provisional_pensions(
    at: Annotated[Door, door(Right.READ_PAYOUT)],
    district: Annotated[Code, Query(examples=["heping"])],
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[ProvisionalPensionOut]:
    """List a district's provisional pensions that no paper corrects yet."""
    filters = {"list": "provisional_pensions", "district": district}
    after = read_uuid(cursor, filters)
    rows = await at.read(
        lambda tx: recalculation_flow.provisional(
            tx, district, after=after, limit=limit + 1, caller=at.caller
        )
    )
    shown, next_cursor = cut(rows, limit, lambda row: [row.ref.id.hex], filters)
    keys = person_keys(at.request)
    return Page[ProvisionalPensionOut].of(
        [ProvisionalPensionOut.of(row, keys) for row in shown], next_cursor
    )


@router.post(
    "/v1/provisional-recalculations",
    operation_id="propose_provisional_recalculation",
    summary="暂发待遇重新核定 · Correct provisional pensions by the published figures",
    status_code=201,
    response_model=RecalculationOut,
)
async def propose_provisional_recalculation(
    body: RecalculationIn, at: Annotated[Door, door(Right.REGISTER_ENTITLEMENT)]
) -> Response:
    """Compute up to 200 of a district again and propose one paper; another person approves it as any
    change of entitlements, and the next run pays the differences. People who cannot be computed are
    left out and named."""
    context, after = checking_context(at), body.after_id()
    batch = await at.read(
        lambda tx: recalculation_flow.batch(tx, body.district, after=after, at=context)
    )
    people = [qualification_flow.person_ref(one.person_id, one.blind) for one in batch.papers]
    known = await retirement_records(at.request).of_all(people, context.today)

    async def work(tx: AsyncConnection) -> RecalculationOut:
        return RecalculationOut.of(
            await recalculation_flow.propose(tx, body.document, batch, known, at=context)
        )

    return await at.write(work, key=change_flow.change_key(body.district), status=201)
