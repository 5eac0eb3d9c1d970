"""The door at which the tax bureau reports what it collected."""

from __future__ import annotations

from typing import Annotated

from fastapi.responses import Response

from services.collection.tax.flows import push as push_flow
from services.collection.tax.schemas.push import TaxPushIn, TaxPushOut
from shared.door import Door, door
from shared.guard.entrance import BULK_BYTES
from shared.roles import Right
from shared.security.identity import Identity
from shared.web.door_router import DoorRouter

router = DoorRouter()


@router.post(
    "/v1/tax-pushes",
    max_body_size=BULK_BYTES,
    operation_id="push_tax",
    summary="税务推送征收明细 · Push what the tax bureau collected",
    response_model=TaxPushOut,
)
async def push_tax(
    body: TaxPushIn, at: Annotated[Door, door(Right.PUSH_TAX, money=True)]
) -> Response:
    """Take each line once per tax authority, ticket and line number, over all client names.

    Lines of a ticket that have one payer, period and day make one receipt. A line pays what bills of
    its period ask for its insurance and party; the rest is in suspense with its reason.

    A repeated line changes nothing. A different line under a known serial is rejected by itself. If
    the control totals do not tie, nothing is taken.
    """
    identity: Identity = at.request.app.state.identity
    push = body.push(identity.pepper)
    return await at.write(
        lambda tx: push_flow.take_push(tx, push, region=at.region, caller=at.caller),
        shape=TaxPushOut.of,
        key=push_flow.push_key(at.caller.subject, body.push_no),
    )
