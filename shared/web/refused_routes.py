"""The doors of refused messages, the same in every service that sends to the ledger."""

# No `from __future__ import annotations` here: FastAPI could not see the factory's arguments in
# annotations kept as text.

from datetime import datetime
from typing import Annotated

from fastapi.responses import Response
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import outbox, refused
from shared.cursor import LIMIT_DEFAULT
from shared.door import Door, door
from shared.ids import key_of
from shared.page import Cursor, Limit, Page, page_by_id
from shared.refused import RefusedMessage
from shared.roles import CENTRE, Right
from shared.schema import Out
from shared.web.door_router import DoorRouter

_KEY = key_of("refused_messages", "retries")


class RefusedMessageOut(Out):
    """A message that the ledger refused for good, with the reason and what to do."""

    id: str
    created_at: datetime
    code: str = Field(examples=["FLOW_FORBIDDEN"])
    reason: str
    remedy: str = Field(description="处理办法 (what to do)")
    kind: str | None
    event_id: str | None
    paper: str | None = Field(description="单据号 (the paper that it is about)")

    @classmethod
    def of(cls, message: RefusedMessage) -> "RefusedMessageOut":
        """Build it from a refused message."""
        return cls(
            id=message.id.hex,
            created_at=message.created_at,
            code=message.code,
            reason=message.reason,
            remedy=message.remedy,
            kind=message.kind,
            event_id=message.event_id,
            paper=message.paper,
        )


class RefusedRetriesOut(Out):
    """The number of messages that will be sent again."""

    retried: int = Field(examples=[2])


def refused_router(reads: Right) -> DoorRouter:
    """Build the doors of a service whose reading right is `reads`."""
    router = DoorRouter()

    @router.get(
        "/v1/refused-messages",
        operation_id="list_refused_messages",
        summary="被拒消息 · Refused messages, each with its reason and remedy",
    )
    async def list_refused_messages(
        at: Annotated[Door, door(reads)], limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
    ) -> Page[RefusedMessageOut]:
        at.caller.require_district(CENTRE)
        rows, following = await page_by_id(
            at, refused.page, filters={"of": "refused"}, limit=limit, cursor=cursor
        )
        return Page[RefusedMessageOut].of([RefusedMessageOut.of(row) for row in rows], following)

    @router.post(
        "/v1/refused-messages/retries",
        operation_id="retry_refused_messages",
        summary="重发被拒消息 · Send refused messages again, once their reason is removed",
        response_model=RefusedRetriesOut,
    )
    async def retry_refused_messages(
        at: Annotated[Door, door(Right.REPLAY_OUTBOX)],
    ) -> Response:
        async def work(tx: AsyncConnection) -> RefusedRetriesOut:
            return RefusedRetriesOut(retried=await outbox.send_again(tx, refused=True))

        return await at.write(work, key=_KEY)

    return router
