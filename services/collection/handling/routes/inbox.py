"""Doors of district handling: the inbox, bulk steps, return codes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.flows import return_code as return_code_flow
from services.collection.filing.domain.declaration import Act
from services.collection.handling.domain.inbox import STEPS
from services.collection.handling.flows import bulk as handling_bulk_flow
from services.collection.handling.flows import inbox as inbox_flow
from services.collection.handling.flows.inbox import BEGINNING, Inbox, InboxKey
from services.collection.handling.schemas.inbox import (
    InboxItemOut,
    InboxOut,
    ReturnCodeOut,
    ReturnCodesOut,
)
from services.collection.handling.schemas.steps import StepsIn, StepsOut
from shared.cursor import LIMIT_DEFAULT, BadCursor, cut, read_cursor
from shared.door import Door, door
from shared.guard.entrance import BULK_BYTES
from shared.ids import key_of
from shared.page import Cursor, Limit
from shared.roles import Right
from shared.schema import Code
from shared.web.door_router import DoorRouter

router = DoorRouter()
Reading = Annotated[Door, door(Right.READ_COLLECTION)]
Catalogue = Annotated[Door, door(Right.READ_COLLECTION, any_unit=True)]
StepName = Literal[
    "accept",
    "review",
    "send_summary",
    "submit_again",
    "approve_change",
    "approve_person_correction",
    "confirm_base_review",
    "approve_base_correction",
    "audit",
]


@router.get("/v1/inbox", operation_id="get_inbox", summary="待办 · The caller's inbox")
async def get_inbox(
    at: Reading,
    district: Annotated[Code | None, Query()] = None,
    step: StepName | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> InboxOut:
    """List papers that wait for the caller, by step, oldest first.

    Papers that the caller has signed wait for others and are left out.
    """
    scope = at.caller.scope(district)
    filters = {"of": "inbox", "in": scope, "step": step, "for": at.caller.role.value}
    after = _read_key(cursor, filters)

    async def work(tx: AsyncConnection) -> Inbox:
        return await inbox_flow.read(
            tx, at.caller, district=scope, only=step, after=after, limit=limit + 1
        )

    found = await at.read(work)
    rows, following = cut(
        found.items,
        limit,
        lambda row: [STEPS.index(row[0]), row[1].since.isoformat(), row[1].key, row[1].id.hex],
        filters,
    )
    return InboxOut.of(found, [InboxItemOut.of(*row) for row in rows], following)


def _read_key(cursor: str | None, filters: dict[str, str | None]) -> InboxKey:
    if cursor is None:
        return BEGINNING
    position, since, key, paper = read_cursor(cursor, filters, (int, str, int, str))
    try:
        day = datetime.fromisoformat(since)
        if day.tzinfo is None:
            raise BadCursor
        return position, day, key, UUID(paper)
    except ValueError:
        raise BadCursor from None


@router.post(
    "/v1/declaration-steps",
    max_body_size=BULK_BYTES,
    operation_id="take_declaration_steps",
    summary="批量办理 · One step on many declarations",
    response_model=StepsOut,
)
async def take_declaration_steps(
    body: StepsIn, at: Annotated[Door, door(Right.ACCEPT_DECLARATION, Right.REVIEW_DECLARATION)]
) -> Response:
    """Take the step on each declaration by itself. A refusal of one does not affect the others."""

    async def work(tx: AsyncConnection) -> StepsOut:
        found = await handling_bulk_flow.act_on_all(
            tx, body.ids, Act(body.step), caller=at.caller, codes=body.codes, note=body.note
        )
        return StepsOut.of(found)

    return await at.write(work, key=key_of("declaration_steps", at.caller.subject))


@router.get(
    "/v1/return-codes", operation_id="list_return_codes", summary="退回原因代码 · Return codes"
)
async def list_return_codes(at: Catalogue) -> ReturnCodesOut:
    """Return the whole catalogue, with sources."""
    return ReturnCodesOut(
        items=[ReturnCodeOut.of(code) for code in await at.read(return_code_flow.catalogue)]
    )
