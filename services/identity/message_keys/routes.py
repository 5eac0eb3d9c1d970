"""Doors of the keys of clients' messages: list, revoke."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.message_keys import flows as message_keys_flow
from services.identity.message_keys.domain import KID_PATTERN
from services.identity.message_keys.schemas import MessageKeyOut
from shared.cursor import LIMIT_DEFAULT, cut, read_cursor
from shared.door import Door, door
from shared.ids import key_of
from shared.page import Cursor, Limit, Page
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()
Managing = Annotated[Door, door(Right.MANAGE_IDENTITY)]


@router.get(
    "/v1/message-keys",
    operation_id="list_message_keys",
    summary="报文验签公钥 · List the keys of signed messages",
)
async def list_message_keys(
    at: Annotated[Door, door(Right.READ_IDENTITY)],
    client: Annotated[str | None, Query(max_length=64)] = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[MessageKeyOut]:
    """List the public keys with which clients sign messages, ended and revoked ones too."""
    filters = {"of": "message-keys", "client": client}
    after = read_cursor(cursor, filters, (str,)) if cursor else None
    rows = await at.read(lambda tx: message_keys_flow.page(tx, client, after, limit + 1))
    items, following = cut(rows, limit, lambda row: [row.kid], filters)
    return Page[MessageKeyOut].of([MessageKeyOut.of(row) for row in items], following)


@router.post(
    "/v1/message-keys/{kid}/revocations",
    operation_id="revoke_message_key",
    summary="撤销报文验签公钥 · Revoke a key of signed messages",
    response_model=MessageKeyOut,
)
async def revoke_message_key(
    kid: Annotated[str, Path(pattern=KID_PATTERN)], at: Managing
) -> Response:
    """Revoke a key that was stolen, for instance: every service refuses it within a second."""

    async def work(tx: AsyncConnection) -> MessageKeyOut:
        return MessageKeyOut.of(await message_keys_flow.revoke(tx, kid, by=at.caller.subject))

    return await at.write(work, key=key_of("message_key", kid))
