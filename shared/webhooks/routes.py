"""Doors of events and webhooks, the same in every service."""

# No `from __future__ import annotations` here: FastAPI could not see the factory's arguments in
# annotations kept as text.

from collections.abc import Collection
from datetime import timedelta
from typing import Annotated, Any, Final

from fastapi import Query
from fastapi.responses import Response

from shared.cursor import LIMIT_DEFAULT, cut, read_cursor
from shared.door import Door, door
from shared.ids import key_of
from shared.page import Cursor, Limit, Page, RefPath, page_by_id
from shared.roles import CENTRE, Right
from shared.web.door_router import DoorRouter
from shared.web.problem import PROBLEM_SCHEMA, PROBLEM_TYPE
from shared.webhooks import delivery as delivery_store
from shared.webhooks import endpoint as endpoint_store
from shared.webhooks import flows as webhooks_flow
from shared.webhooks.address import AddressRules
from shared.webhooks.courier import cipher_of
from shared.webhooks.event import EventType, readable_by
from shared.webhooks.schemas import (
    NewWebhookSecretOut,
    RedeliveryIn,
    RedeliveryOut,
    ServiceEventOut,
    ServiceEventsOut,
    WebhookDeliveryOut,
    WebhookEndpointDetailOut,
    WebhookEndpointIn,
    WebhookEndpointOut,
    WebhookSecretIn,
    WebhookStateIn,
)

GONE: Final[dict[int | str, dict[str, Any]]] = {
    410: {
        "content": {PROBLEM_TYPE: {"schema": {"$ref": PROBLEM_SCHEMA}}},
        "description": "已按保留期清理 Cleaned after its time",
    }
}
WAIT_SECONDS_MAX: Final = 25
Managing = Annotated[Door, door(Right.MANAGE_WEBHOOKS)]


def _key(at: Door) -> int:
    return key_of("webhooks", webhooks_flow.client_of(at.caller))


def webhooks_router(types: Collection[EventType]) -> DoorRouter:
    """Build the doors of the webhooks of a service that has these types of events."""
    router = DoorRouter(prefix="/v1/webhook-endpoints")

    @router.post(
        "",
        operation_id="register_webhook",
        summary="登记推送地址 · Register an address for events",
        status_code=201,
        response_model=NewWebhookSecretOut,
    )
    async def register_webhook(body: WebhookEndpointIn, at: Managing) -> Response:
        """Register an address of this client; the secret is told once."""
        state = at.request.app.state
        return await at.write(
            lambda tx: webhooks_flow.register(
                tx,
                url=body.url,
                types=body.types,
                scheme=body.scheme,
                known=types,
                rules=AddressRules.of(state.settings),
                cipher=cipher_of(state.identity),
                caller=at.caller,
            ),
            key=_key(at),
            shape=lambda made: NewWebhookSecretOut.of(made.endpoint, made.secret),
            status=201,
        )

    @router.get("", operation_id="list_webhooks", summary="推送地址 · The addresses of this client")
    async def list_webhooks(
        at: Managing, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
    ) -> Page[WebhookEndpointOut]:
        """List the addresses of this client in the order of their registration."""
        client = webhooks_flow.client_of(at.caller)
        rows, following = await page_by_id(
            at,
            lambda tx, after, limit: endpoint_store.page(tx, client, after=after, limit=limit),
            filters={"of": "webhooks", "client": client},
            limit=limit,
            cursor=cursor,
        )
        return Page[WebhookEndpointOut].of([WebhookEndpointOut.of(row) for row in rows], following)

    _add_endpoint_doors(router)
    _add_delivery_doors(router)
    return router


def _add_endpoint_doors(router: DoorRouter) -> None:
    @router.get(
        "/{endpoint}",
        operation_id="get_webhook",
        summary="推送地址详情 · An address with its secrets in force",
    )
    async def get_webhook(at: Managing, endpoint: RefPath) -> WebhookEndpointDetailOut:
        """Read an address of this client; secrets are listed without their values."""
        client = webhooks_flow.client_of(at.caller)
        found = await at.read(lambda tx: endpoint_store.find(tx, client, endpoint))
        secrets = await at.read(lambda tx: endpoint_store.secrets_of(tx, found.id))
        return WebhookEndpointDetailOut.with_secrets(found, secrets)

    @router.post(
        "/{endpoint}/secrets",
        operation_id="rotate_webhook_secret",
        summary="更换签名密钥 · Change the secret; both are valid for a while",
        status_code=201,
        response_model=NewWebhookSecretOut,
    )
    async def rotate_webhook_secret(
        body: WebhookSecretIn, at: Managing, endpoint: RefPath
    ) -> Response:
        """Give an address a new secret; deliveries carry both signatures during the overlap."""
        return await at.write(
            lambda tx: webhooks_flow.rotate(
                tx,
                endpoint,
                scheme=body.scheme,
                overlap=timedelta(hours=body.overlap_hours),
                cipher=cipher_of(at.request.app.state.identity),
                caller=at.caller,
            ),
            key=_key(at),
            shape=lambda made: NewWebhookSecretOut.of(made.endpoint, made.secret),
            status=201,
        )

    @router.post(
        "/{endpoint}/states",
        operation_id="set_webhook_state",
        summary="停用或恢复推送 · Disable an address, or enable it again",
        status_code=201,
        response_model=WebhookEndpointOut,
    )
    async def set_webhook_state(body: WebhookStateIn, at: Managing, endpoint: RefPath) -> Response:
        """Disable an address, or enable it: what waits for it is then sent."""
        return await at.write(
            lambda tx: webhooks_flow.set_active(
                tx, endpoint, is_active=body.is_active, note=body.note, caller=at.caller
            ),
            key=_key(at),
            shape=WebhookEndpointOut.of,
            status=201,
        )


def _add_delivery_doors(router: DoorRouter) -> None:
    @router.get(
        "/{endpoint}/deliveries",
        operation_id="list_webhook_deliveries",
        summary="推送记录 · Deliveries to an address, newest first",
    )
    async def list_webhook_deliveries(
        at: Managing, endpoint: RefPath, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
    ) -> Page[WebhookDeliveryOut]:
        """List deliveries with their last attempt and when the next one is due."""
        filters = {"of": "deliveries", "endpoint": endpoint}
        after = read_cursor(cursor, filters, (int,))[0] if cursor else None
        client = webhooks_flow.client_of(at.caller)
        found = await at.read(lambda tx: endpoint_store.find(tx, client, endpoint))
        rows = await at.read(
            lambda tx: delivery_store.page(tx, found.id, after=after, limit=limit + 1)
        )
        page, following = cut(rows, limit, lambda row: [row.event_seq], filters)
        return Page[WebhookDeliveryOut].of([WebhookDeliveryOut.of(row) for row in page], following)

    @router.post(
        "/{endpoint}/redeliveries",
        operation_id="redeliver_webhook",
        summary="重新推送 · Deliver again",
        status_code=201,
        response_model=RedeliveryOut,
    )
    async def redeliver_webhook(body: RedeliveryIn, at: Managing, endpoint: RefPath) -> Response:
        """Deliver one event again, or all that were not delivered after a number."""
        return await at.write(
            lambda tx: webhooks_flow.redeliver(
                tx, endpoint, event=body.event, after_seq=body.after_seq, caller=at.caller
            ),
            key=_key(at),
            shape=lambda count: RedeliveryOut(deliveries=count),
            status=201,
        )


def events_router(types: Collection[EventType], reads: Right, *or_rights: Right) -> DoorRouter:
    """Build the door of the feed of a service's events."""
    router = DoorRouter()

    @router.get(
        "/v1/events",
        operation_id="list_events",
        summary="事件流 · Events after a number, in order and without gaps",
        responses=GONE,
    )
    async def list_events(
        at: Annotated[Door, door(reads, *or_rights)],
        after_seq: Annotated[int, Query(ge=0, lt=2**63, description="已读到的序号")] = 0,
        limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
        wait: Annotated[
            int,
            Query(ge=0, le=WAIT_SECONDS_MAX, description="无新事件时等候秒数 (seconds to wait)"),
        ] = 0,
    ) -> ServiceEventsOut:
        """Read events in their order; with nothing new, wait for some seconds.

        Events are kept for a time. A reader that is behind it is refused with 410, which names the
        first number that is left.
        """
        at.caller.require_district(CENTRE)
        readable = readable_by(at.caller, types)
        found, reached, more = await webhooks_flow.events(at.db, after_seq, limit, wait, readable)
        return ServiceEventsOut(
            items=[ServiceEventOut.of(one) for one in found], after_seq=reached, has_more=more
        )

    return router
