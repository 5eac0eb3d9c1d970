"""Door of a declaration's people, and of the calculation of their amounts."""

from __future__ import annotations

from typing import Annotated

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.explanation.flows import declaration as explanation_declaration_flow
from services.collection.explanation.flows.declaration import DeclarationExplanation
from services.collection.explanation.schemas.declaration import PersonLinesOut, person_lines_out
from services.collection.levy.schemas import ExplainOut
from shared.cursor import LIMIT_DEFAULT, cut, read_cursor
from shared.door import Door, door
from shared.ids import Ref
from shared.page import Cursor, Limit, RefPath
from shared.references import Reference
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()


@router.get(
    "/v1/declarations/{declaration}/lines",
    operation_id="list_declaration_lines",
    summary="申报明细 · People of a declaration",
)
async def list_declaration_lines(
    declaration: RefPath,
    at: Annotated[Door, door(Right.READ_COLLECTION)],
    explain: bool = False,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> PersonLinesOut:
    """List a declaration's people, masked.

    With `explain` each amount has its rule, clamp and rounding, recomputed.
    """
    ref = Ref.parse(Reference.DECLARATION, declaration)
    filters = {"of": "declaration_lines", "declaration": declaration}
    after = 0 if cursor is None else read_cursor(cursor, filters, (int,))[0]

    async def work(tx: AsyncConnection) -> DeclarationExplanation:
        return await explanation_declaration_flow.people(
            tx, ref, after=after, limit=limit + 1, explain=explain, caller=at.caller
        )

    found = await at.read(work)
    items, following = cut(person_lines_out(found), limit, lambda item: [item.line], filters)
    return PersonLinesOut(
        items=items,
        unit_lines=[ExplainOut.of(line) for line in found.unit_lines],
        next_cursor=following,
        has_more=following is not None,
    )
