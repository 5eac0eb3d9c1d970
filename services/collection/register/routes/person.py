"""Doors of corrections of persons: propose, approve, refuse, look up."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import Query
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.schemas.common import TrailOut
from services.collection.register.domain.person import id_of_person
from services.collection.register.flows import person_correction as person_correction_flow
from services.collection.register.flows.enrolment import Vault
from services.collection.register.schemas.change import DecisionIn, RefusalIn
from services.collection.register.schemas.person import (
    FollowedCorrectionsOut,
    PersonCorrectionIn,
    PersonCorrectionOut,
    SentPerson,
)
from shared import trail
from shared.cursor import LIMIT_DEFAULT
from shared.door import Door, door
from shared.ids import Ref
from shared.page import Cursor, Limit, Page, RefPath, page_by_id
from shared.references import Reference
from shared.roles import Right
from shared.security.identity import Identity
from shared.web.door_router import DoorRouter

router = DoorRouter()
Registering = Annotated[Door, door(Right.REGISTER)]
Reading = Annotated[Door, door(Right.READ_COLLECTION)]
Approving = Annotated[Door, door(Right.APPROVE_CHANGE)]
Following = Annotated[Door, door(Right.FOLLOW_PERSON_CORRECTIONS)]


@router.post(
    "/v1/person-corrections",
    operation_id="correct_person",
    summary="个人信息更正 · Correct a name or number, or merge two records",
    status_code=201,
    response_model=PersonCorrectionOut,
)
async def correct_person(body: PersonCorrectionIn, at: Registering) -> Response:
    """Propose a correction, with its reason and document; a second person approves it."""
    request = body.request()
    identity: Identity = at.request.app.state.identity
    vault = Vault.of(identity.pepper, identity.field_keys)

    async def work(tx: AsyncConnection) -> PersonCorrectionOut:
        return PersonCorrectionOut.of(
            await person_correction_flow.propose(tx, request, vault=vault, caller=at.caller)
        )

    key = id_of_person(request.identity_number, identity.pepper)
    return await at.write(work, key=key, status=201)


@router.get(
    "/v1/person-corrections",
    operation_id="follow_person_corrections",
    summary="已生效的个人信息更正,依次 · Corrections in force, in order, for payout",
)
async def follow_person_corrections(
    at: Following,
    after: Annotated[
        int, Query(ge=0, lt=2**63, description="已读到的序号 (the last number that was read)")
    ] = 0,
    limit: Limit = LIMIT_DEFAULT,
) -> FollowedCorrectionsOut:
    """List corrections after a number; references, and the right number and name under seal."""
    rows = await at.read(lambda tx: person_correction_flow.in_order(tx, after, limit + 1))
    return FollowedCorrectionsOut.of(
        rows[:limit],
        SentPerson.of(at.request.app.state.identity),
        has_more=len(rows) > limit,
    )


@router.get(
    "/v1/people/{person}/corrections",
    operation_id="list_person_corrections",
    summary="个人信息更正记录 · Corrections of a person",
)
async def list_person_corrections(
    person: RefPath, at: Reading, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
) -> Page[PersonCorrectionOut]:
    """List the corrections of a person's record, proposed and decided, masked, oldest first."""
    ref = Ref.parse(Reference.PERSON, person)
    read = partial(person_correction_flow.page, ref=ref, caller=at.caller)
    filters = {"of": "person_corrections", "person": person, "in": at.caller.scope(None)}
    rows, following = await page_by_id(at, read, filters=filters, limit=limit, cursor=cursor)
    return Page[PersonCorrectionOut].of([PersonCorrectionOut.of(row) for row in rows], following)


@router.get(
    "/v1/person-corrections/{correction}",
    operation_id="get_person_correction",
    summary="个人信息更正 · One correction",
)
async def get_person_correction(correction: RefPath, at: Reading) -> PersonCorrectionOut:
    """Return a correction; numbers and names are masked."""
    ref = Ref.parse(Reference.PERSON_CORRECTION, correction)

    async def work(tx: AsyncConnection) -> PersonCorrectionOut:
        return PersonCorrectionOut.of(await person_correction_flow.find(tx, ref, at.caller))

    return await at.read(work)


@router.get(
    "/v1/person-corrections/{correction}/trail",
    operation_id="get_person_correction_trail",
    summary="办理轨迹 · Its trail",
)
async def get_person_correction_trail(correction: RefPath, at: Reading) -> TrailOut:
    """List who proposed and who decided a correction."""
    ref = Ref.parse(Reference.PERSON_CORRECTION, correction)

    async def work(tx: AsyncConnection) -> TrailOut:
        row = await person_correction_flow.find(tx, ref, at.caller)
        return TrailOut.of(await trail.of_paper(tx, row.person_id, row.id))

    return await at.read(work)


@router.post(
    "/v1/person-corrections/{correction}/approvals",
    operation_id="approve_person_correction",
    summary="复核个人信息更正 · Approve a correction",
    status_code=201,
    response_model=PersonCorrectionOut,
)
async def approve_person_correction(
    correction: RefPath, at: Approving, body: DecisionIn | None = None
) -> Response:
    """Approve a correction, as a second person of the district; periods of cover follow."""
    ref = Ref.parse(Reference.PERSON_CORRECTION, correction)

    async def work(tx: AsyncConnection) -> PersonCorrectionOut:
        note = body.note if body else None
        return PersonCorrectionOut.of(
            await person_correction_flow.approve(tx, ref, note, at.caller)
        )

    return await at.write(work, key=ref.key, status=201)


@router.post(
    "/v1/person-corrections/{correction}/refusals",
    operation_id="refuse_person_correction",
    summary="不予更正 · Refuse a correction",
    status_code=201,
    response_model=PersonCorrectionOut,
)
async def refuse_person_correction(correction: RefPath, body: RefusalIn, at: Approving) -> Response:
    """Refuse a correction with return codes of the catalogue."""
    ref = Ref.parse(Reference.PERSON_CORRECTION, correction)

    async def work(tx: AsyncConnection) -> PersonCorrectionOut:
        return PersonCorrectionOut.of(
            await person_correction_flow.refuse(tx, ref, body.codes, body.note, at.caller)
        )

    return await at.write(work, key=ref.key, status=201)
