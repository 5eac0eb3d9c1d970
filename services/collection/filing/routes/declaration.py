"""Doors of declarations (申报): hand in, list, read."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Query
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.schemas.common import TrailOut
from services.collection.filing.domain.declaration import State
from services.collection.filing.domain.records import LeviedDeclaration
from services.collection.filing.flows import changes as changes_flow
from services.collection.filing.flows import declaration as filing_declaration_flow
from services.collection.filing.flows import nil as nil_flow
from services.collection.filing.schemas.declaration import DeclarationHeadOut, DeclarationOut
from services.collection.filing.schemas.ways import FilingIn
from services.collection.register.flows.enrolment import Vault
from services.collection.register.routes.page import read_key
from shared.cursor import LIMIT_DEFAULT, cut
from shared.door import Door, door
from shared.guard.entrance import BULK_BYTES
from shared.ids import Ref, unit_key
from shared.page import Cursor, Limit, Page, RefPath
from shared.period import PERIOD_PATTERN
from shared.references import Reference
from shared.roles import Right
from shared.schema import Code
from shared.security.identity import Identity
from shared.web.door_router import DoorRouter

router = DoorRouter()
Reading = Annotated[Door, door(Right.READ_COLLECTION)]
Listing = Annotated[Door, door(Right.READ_COLLECTION, filters_units=True)]


@router.post(
    "/v1/declarations",
    max_body_size=BULK_BYTES,
    operation_id="submit_declaration",
    summary="申报 · Hand in a declaration",
    status_code=201,
    response_model=DeclarationOut,
)
async def submit_declaration(
    body: FilingIn, at: Annotated[Door, door(Right.SUBMIT_DECLARATION)]
) -> Response:
    """Submit one unit's declaration. It is stored whole or not at all, and every fault is named.

    A unit has one declaration a period; a returned one is submitted again as its next round, under
    its own id. With `basis` last_month only people who changed or joined are listed, and the others
    who are enrolled are carried on; control totals are of the whole month. With `nil` nobody is
    listed, and nobody may be enrolled. Declared after a levy by default, it replaces the default,
    or corrects it once that is billed.
    """
    identity: Identity = at.request.app.state.identity
    vault = Vault.of(identity.pepper, identity.field_keys)
    declaration = body.declaration()

    async def work(tx: AsyncConnection) -> LeviedDeclaration:
        region, caller = at.region, at.caller
        if body.nil:
            nil = body.nil_declaration()
            return await nil_flow.submit(tx, nil, region=region, caller=caller)
        if body.basis == "last_month":
            changes = body.month_changes()
            return await changes_flow.submit(tx, changes, region=region, vault=vault, caller=caller)
        return await filing_declaration_flow.submit(
            tx, declaration, region=region, pepper=vault.pepper, caller=caller
        )

    return await at.write(
        work, shape=DeclarationOut.whole, key=unit_key(declaration.credit_code), status=201
    )


@router.get(
    "/v1/declarations", operation_id="list_declarations", summary="申报列表 · List declarations"
)
async def list_declarations(
    at: Listing,
    district: Annotated[Code | None, Query()] = None,
    period: Annotated[str | None, Query(pattern=PERIOD_PATTERN)] = None,
    status: State | None = None,
    kind: Literal["monthly", "default", "adjustment", "project", "extension"] | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[DeclarationHeadOut]:
    """List declarations of a district, or of all. District staff see their own district.

    A portal of named units sees theirs.
    """
    wanted: dict[str, Any] = {
        "district": at.caller.scope(district),
        "period": period,
        "status": status and status.value,
        "kind": kind,
    }
    filters = {"of": "declarations", **wanted}
    wanted |= {"unit_id": at.own_keys}
    after = read_key(cursor, filters)
    rows = await at.read(lambda tx: filing_declaration_flow.page(tx, wanted, after, limit + 1))
    rows, following = cut(rows, limit, lambda row: [row.unit_id, row.id.hex], filters)
    return Page[DeclarationHeadOut].of([DeclarationHeadOut.of(row) for row in rows], following)


@router.get(
    "/v1/declarations/{declaration}",
    operation_id="get_declaration",
    summary="申报 · Get a declaration",
)
async def get_declaration(declaration: RefPath, at: Reading) -> DeclarationOut:
    """Get a declaration with the amount that it levies for each insurance and party."""
    ref = Ref.parse(Reference.DECLARATION, declaration)
    levied = await at.read(lambda tx: filing_declaration_flow.read(tx, ref, at.caller))
    return DeclarationOut.whole(levied)


@router.get(
    "/v1/declarations/{declaration}/trail",
    operation_id="get_declaration_trail",
    summary="办理轨迹 · Get the trail of a declaration",
)
async def get_declaration_trail(declaration: RefPath, at: Reading) -> TrailOut:
    """Get every step on a declaration: who took it, at which level, when and why."""
    ref = Ref.parse(Reference.DECLARATION, declaration)
    return TrailOut.of(await at.read(lambda tx: filing_declaration_flow.steps(tx, ref, at.caller)))
