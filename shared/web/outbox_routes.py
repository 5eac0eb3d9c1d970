"""The doors of the outbox, the same in every service that has one: look at it, and send it again.

Sending everything again is safe by design: the receiver knows each event id and answers with its
first answer. It is how a site proves that its books do not depend on how often a message came.
"""

# No `from __future__ import annotations` here: FastAPI could not see the factory's arguments in
# annotations kept as text.

from typing import Annotated, Literal

from fastapi.responses import Response
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import outbox
from shared.door import Door, door
from shared.ids import key_of
from shared.roles import Right
from shared.schema import In, Out
from shared.web.door_router import DoorRouter

_KEY = key_of("outbox", "replays")


class OutboxOut(Out):
    """How many messages wait for the receiver, and how many it refused for good."""

    waiting: int = Field(examples=[0])
    refused: int = Field(examples=[0])


class OutboxReplayIn(In):
    """Which messages to send again: those acknowledged, or those set aside as refused."""

    messages: Literal["sent", "refused"] = "sent"


class OutboxReplayOut(Out):
    """How many messages will be sent again."""

    replayed: int = Field(examples=[600])


def outbox_router(reads: Right) -> DoorRouter:
    """Build `GET /v1/outbox` and `POST /v1/outbox/replays`. `reads` is the service's right to read."""
    router = DoorRouter()

    @router.get(
        "/v1/outbox",
        operation_id="get_outbox",
        summary="待发消息 · Messages waiting and refused",
    )
    async def get_outbox(at: Annotated[Door, door(reads)]) -> OutboxOut:
        return OutboxOut(**await at.read(outbox.stats))

    @router.post(
        "/v1/outbox/replays",
        operation_id="replay_outbox",
        summary="重发消息 · Send every message again",
        response_model=OutboxReplayOut,
    )
    async def replay_outbox(
        body: OutboxReplayIn, at: Annotated[Door, door(Right.REPLAY_OUTBOX)]
    ) -> Response:
        async def work(tx: AsyncConnection) -> OutboxReplayOut:
            return OutboxReplayOut(
                replayed=await outbox.send_again(tx, refused=body.messages == "refused")
            )

        return await at.write(work, key=_KEY)

    return router
