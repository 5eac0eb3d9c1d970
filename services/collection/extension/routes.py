"""Doors of bought and extended months (补缴、延长缴费)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.extension import flows as extension_flow
from services.collection.extension.schemas import (
    ExtensionIn,
    ExtensionOut,
    ExtensionQuoteIn,
    ExtensionQuoteOut,
)
from shared.cursor import LIMIT_DEFAULT, cut, read_uuid
from shared.door import Door, door
from shared.ids import Ref, unit_key
from shared.page import Cursor, Limit, Page, RefPath
from shared.references import Reference
from shared.roles import Right
from shared.schema import CreditCode
from shared.web.door_router import DoorRouter

router = DoorRouter()
Reading = Annotated[Door, door(Right.READ_COLLECTION)]


@router.post(
    "/v1/contribution-extension-quotes",
    operation_id="quote_contribution_extension",
    summary="补缴、延长缴费试算 · Quote bought or extended months",
)
async def quote_contribution_extension(
    body: ExtensionQuoteIn, at: Annotated[Door, door(Right.QUOTE)]
) -> ExtensionQuoteOut:
    """Quote pension months on one base by the policy of the month of filing; nothing is stored."""
    terms = body.terms()

    async def work(tx: AsyncConnection) -> ExtensionQuoteOut:
        return ExtensionQuoteOut.of(await extension_flow.quote(tx, terms, at.region, at.caller))

    return await at.read(work)


@router.post(
    "/v1/contribution-extensions",
    operation_id="declare_contribution_extension",
    summary="补缴、延长缴费申报 · Declare bought or extended months",
    status_code=201,
    response_model=ExtensionOut,
)
async def declare_contribution_extension(
    body: ExtensionIn, at: Annotated[Door, door(Right.SUBMIT_DECLARATION)]
) -> Response:
    """Declare pension months of one person that nobody has declared. The declaration is accepted,
    reviewed, audited and billed like any other; once it is paid, the months count."""
    person, terms = Ref.parse(Reference.PERSON, body.person), body.terms()

    async def work(tx: AsyncConnection) -> ExtensionOut:
        extension = await extension_flow.declare(
            tx, terms, person, body.document, region=at.region, caller=at.caller
        )
        return ExtensionOut.of(extension)

    return await at.write(work, key=unit_key(body.credit_code), status=201)


@router.get(
    "/v1/contribution-extensions",
    operation_id="list_contribution_extensions",
    summary="补缴、延长缴费列表 · Bought and extended months of a unit",
)
async def list_contribution_extensions(
    at: Reading,
    credit_code: Annotated[CreditCode, Query()],
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[ExtensionOut]:
    """List the bought and extended months of a unit's people, in order of filing."""
    filters = {"of": "contribution_extensions", "unit": credit_code}
    after = read_uuid(cursor, filters)
    rows = await at.read(
        lambda tx: extension_flow.page(tx, credit_code, at.caller, after=after, limit=limit + 1)
    )
    shown, following = cut(rows, limit, lambda row: [row.declaration_id.hex], filters)
    return Page[ExtensionOut].of([ExtensionOut.of(row) for row in shown], following)


@router.get(
    "/v1/contribution-extensions/{declaration}",
    operation_id="get_contribution_extension",
    summary="补缴、延长缴费 · Bought or extended months",
)
async def get_contribution_extension(declaration: RefPath, at: Reading) -> ExtensionOut:
    """Read the months of a declaration, its status and its bill."""
    ref = Ref.parse(Reference.DECLARATION, declaration)
    return ExtensionOut.of(await at.read(lambda tx: extension_flow.find(tx, ref, at.caller)))
