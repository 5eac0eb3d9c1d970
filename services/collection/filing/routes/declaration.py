"""Doors of declarations: hand in, handle in the district, read, explain."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.schemas.common import TrailOut
from services.collection.filing.domain.declaration import State
from services.collection.filing.flows import changes as changes_flow
from services.collection.filing.flows import declaration as filing_declaration_flow
from services.collection.filing.flows import nil as nil_flow
from services.collection.filing.schemas.declaration import (
    DeclarationHeadOut,
    DeclarationOut,
    DeclarationPageOut,
)
from services.collection.filing.schemas.ways import FilingIn
from services.collection.filing.store import declaration as declaration_store
from services.collection.filing.store.declaration import DeclarationRow
from services.collection.register.flows.enrolment import Vault
from services.collection.register.routes.page import read_key
from shared import trail
from shared.cursor import LIMIT_DEFAULT, cut
from shared.door import Door, door
from shared.ids import Ref, unit_key
from shared.page import Cursor, Limit, RefPath
from shared.period import PERIOD_PATTERN
from shared.process.settings import Settings
from shared.references import Reference
from shared.roles import Right
from shared.schema import Code
from shared.security.identity import Identity

router = APIRouter()
Reading = Annotated[Door, door(Right.READ_COLLECTION)]


@router.post(
    "/v1/declarations",
    operation_id="submit_declaration",
    summary="申报 · Hand in a declaration",
    status_code=201,
    response_model=DeclarationOut,
)
async def submit_declaration(
    body: FilingIn, at: Annotated[Door, door(Right.SUBMIT_DECLARATION)]
) -> Response:
    """Taken whole or not at all, every fault named. A returned one is handed in again as its next
    round, under its own id; otherwise a unit has one declaration a period. With `basis` last_month
    only who changed or joined is listed, and everybody else enrolled is carried on; control totals are
    of the whole month. With `nil` nobody is listed, and nobody may be enrolled. Declared after the unit
    was levied by default, it takes the default's place, or corrects it once that is billed."""
    handed = body.handed()
    settings: Settings = at.request.app.state.settings
    identity: Identity = at.request.app.state.identity
    vault = Vault.of(identity.pepper, identity.field_key)

    async def work(tx: AsyncConnection) -> DeclarationOut:
        region, caller = settings.region, at.caller
        if body.nil:
            found = await nil_flow.submit(tx, body.nothing(), region=region, caller=caller)
        elif body.basis == "last_month":
            found = await changes_flow.submit(
                tx, body.changed(), region=region, vault=vault, caller=caller
            )
        else:
            found = await filing_declaration_flow.submit(
                tx, handed, region=region, pepper=identity.pepper, caller=caller
            )
        return DeclarationOut.whole(found)

    return await at.write(work, key=unit_key(handed.credit_code), status=201)


@router.get("/v1/declarations", operation_id="list_declarations", summary="申报列表 · Declarations")
async def list_declarations(
    at: Reading,
    district: Annotated[Code | None, Query()] = None,
    period: Annotated[str | None, Query(pattern=PERIOD_PATTERN)] = None,
    status: State | None = None,
    kind: Literal["monthly", "default", "adjustment", "project"] | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> DeclarationPageOut:
    """A district's inbox: what stands where."""
    asked = at.caller.scope(district)
    filters = {
        "of": "declarations",
        "in": asked,
        "period": period,
        "status": status,
        "kind": kind,
    }
    after = read_key(cursor, filters)

    async def work(tx: AsyncConnection) -> list[DeclarationRow]:
        return await declaration_store.page(
            tx,
            district=asked,
            period=period,
            status=None if status is None else status.value,
            kind=kind,
            after=after,
            limit=limit + 1,
        )

    rows, following = cut(
        await at.read(work), limit, lambda row: [row.unit_id, row.id.hex], filters
    )
    return DeclarationPageOut(
        items=[DeclarationHeadOut.of(row) for row in rows],
        next_cursor=following,
        has_more=following is not None,
    )


@router.get(
    "/v1/declarations/{declaration}",
    operation_id="get_declaration",
    summary="申报 · One declaration",
)
async def get_declaration(declaration: RefPath, at: Reading) -> DeclarationOut:
    """With what it levies per insurance and party."""
    ref = Ref.parse(Reference.DECLARATION, declaration)

    async def work(tx: AsyncConnection) -> DeclarationOut:
        return DeclarationOut.whole(await filing_declaration_flow.read(tx, ref, at.caller))

    return await at.read(work)


@router.get(
    "/v1/declarations/{declaration}/trail",
    operation_id="get_declaration_trail",
    summary="办理轨迹 · Its trail",
)
async def get_declaration_trail(declaration: RefPath, at: Reading) -> TrailOut:
    """Who did what to it, at which level, when and why."""
    ref = Ref.parse(Reference.DECLARATION, declaration)

    async def work(tx: AsyncConnection) -> TrailOut:
        row = await filing_declaration_flow.find(tx, ref, at.caller)
        return TrailOut.of(await trail.of_paper(tx, row.unit_id, row.id))

    return await at.read(work)
