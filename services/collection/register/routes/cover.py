"""Doors of periods of cover: one person's at all units, and corrections at one unit."""

from __future__ import annotations

from typing import Annotated

from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.register.flows import cover as cover_flow
from services.collection.register.flows import cover_correction as cover_correction_flow
from services.collection.register.routes.page import CreditCodePath
from services.collection.register.schemas.change import CoversOut
from services.collection.register.schemas.cover import (
    CoverCorrectionIn,
    CoverCorrectionItemOut,
    CoverCorrectionOut,
)
from services.collection.register.store.cover_correction import CoverCorrectionRecord
from shared.cursor import LIMIT_DEFAULT, cut, read_uuid
from shared.door import Door, door
from shared.ids import Ref, unit_key
from shared.page import Cursor, Limit, Page, RefPath
from shared.references import Reference
from shared.roles import Right
from shared.security.identity import Identity
from shared.web.door_router import DoorRouter

router = DoorRouter()
Registering = Annotated[Door, door(Right.REGISTER)]
Reading = Annotated[Door, door(Right.READ_COLLECTION)]


@router.get(
    "/v1/people/{person}/covers",
    operation_id="get_person_covers",
    summary="参保经历 · A person's cover",
)
async def get_person_covers(person: RefPath, at: Reading) -> CoversOut:
    """List a person's enrolments at all units, and mark days of double cover."""
    ref = Ref.parse(Reference.PERSON, person)

    async def work(tx: AsyncConnection) -> CoversOut:
        return CoversOut.of(*await cover_flow.of_person(tx, ref, at.caller))

    return await at.read(work)


@router.post(
    "/v1/units/{credit_code}/cover-corrections",
    operation_id="correct_cover",
    summary="参保期更正 · Correct a period of cover",
    status_code=201,
    response_model=CoverCorrectionOut,
)
async def correct_cover(
    credit_code: CreditCodePath, body: CoverCorrectionIn, at: Registering
) -> Response:
    """Correct the first or last day of a period, end it, or reopen it (`left_on` null)."""
    request = body.request(credit_code)
    identity: Identity = at.request.app.state.identity

    async def work(tx: AsyncConnection) -> CoverCorrectionOut:
        return CoverCorrectionOut.of(
            await cover_correction_flow.correct(
                tx, request, pepper=identity.pepper, caller=at.caller
            )
        )

    return await at.write(work, key=unit_key(credit_code), status=201)


@router.get(
    "/v1/units/{credit_code}/cover-corrections",
    operation_id="list_cover_corrections",
    summary="参保期更正记录 · Corrections of cover",
)
async def list_cover_corrections(
    credit_code: CreditCodePath, at: Reading, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
) -> Page[CoverCorrectionItemOut]:
    """List what was corrected at a unit, with reasons and documents; people are masked."""
    filters = {"of": "cover_corrections", "unit": credit_code}
    after = read_uuid(cursor, filters)

    async def work(tx: AsyncConnection) -> list[CoverCorrectionRecord]:
        return await cover_correction_flow.page(tx, credit_code, after, limit + 1, at.caller)

    rows, following = cut(await at.read(work), limit, lambda row: [row.id.hex], filters)
    return Page[CoverCorrectionItemOut].of(
        [CoverCorrectionItemOut.of(row) for row in rows], following
    )
