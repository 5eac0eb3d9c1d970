"""Shapes of events, registered addresses and deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, model_validator

from shared.ids import Ref
from shared.references import Reference
from shared.schema import In, Out, ShortText
from shared.webhooks.address import URL_CHARS_MAX
from shared.webhooks.delivery import DeliveryRow
from shared.webhooks.endpoint import Endpoint, StoredSecret, reference_of
from shared.webhooks.event import Event, EventType
from shared.webhooks.signing import Scheme, Secret

Url = Annotated[str, StringConstraints(min_length=8, max_length=URL_CHARS_MAX)]
EventRef = Annotated[str, StringConstraints(pattern=Reference.EVENT.pattern)]


class ServiceEventOut(Out):
    """An event of the feed; `seq` grows by one, over all types."""

    seq: int
    id: str = Field(examples=[Reference.EVENT.example])
    type: EventType
    timestamp: datetime
    data: dict[str, Any] = Field(examples=[{"id": Reference.DEBIT_BATCH.example}])

    @classmethod
    def of(cls, event: Event) -> Self:
        """Build it from a stored event."""
        return cls(
            seq=event.seq,
            id=event.reference,
            type=EventType(event.type),
            timestamp=event.occurred_at,
            data=event.data,
        )


class ServiceEventsOut(Out):
    """Events after a number; hand `after_seq` back to go on."""

    items: list[ServiceEventOut]
    after_seq: int
    has_more: bool


class WebhookEndpointIn(In):
    """An address to register."""

    url: Url = Field(examples=["https://hooks.example.cn/wuxian"])
    types: Annotated[list[EventType], Field(min_length=1, max_length=len(EventType))]
    scheme: Scheme = Field(
        default=Scheme.HMAC, description="签名方式 (v1: HMAC-SHA256, v1a: Ed25519)"
    )


class WebhookSecretIn(In):
    """A new secret, and how long the one of before stays valid beside it."""

    scheme: Scheme = Scheme.HMAC
    overlap_hours: Annotated[int, Field(ge=0, le=24 * 7)] = 24


class WebhookStateIn(In):
    """The state of an address: it is served, or it is disabled."""

    is_active: bool
    note: ShortText | None = None


class RedeliveryIn(In):
    """A request to send again: one event, or everything undelivered after a number."""

    event: EventRef | None = None
    after_seq: Annotated[int, Field(ge=0, lt=2**63)] | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.event is None) == (self.after_seq is None):
            raise ValueError("event 与 after_seq 须填且只填一项 (give event or after_seq)")
        return self


class RedeliveryOut(Out):
    """The number of deliveries that are due again."""

    deliveries: int = Field(examples=[1])


class WebhookSecretOut(Out):
    """A secret in force, without its value."""

    scheme: Scheme
    public_key: str | None
    created_at: datetime
    ends_at: datetime | None

    @classmethod
    def of(cls, stored: StoredSecret) -> Self:
        """Build it from a stored secret."""
        return cls(
            scheme=Scheme(stored.scheme),
            public_key=stored.public_key,
            created_at=stored.created_at,
            ends_at=stored.ends_at,
        )


class WebhookEndpointOut(Out):
    """A registered address."""

    id: str = Field(examples=[Reference.WEBHOOK_ENDPOINT.example])
    url: str
    types: list[EventType]
    is_active: bool
    reason: str | None
    created_at: datetime

    @classmethod
    def of(cls, endpoint: Endpoint) -> Self:
        """Build it from a stored address."""
        return cls(
            id=reference_of(endpoint.id),
            url=endpoint.url,
            types=[EventType(one) for one in endpoint.types],
            is_active=endpoint.is_active,
            reason=endpoint.reason,
            created_at=endpoint.created_at,
        )


class WebhookEndpointDetailOut(WebhookEndpointOut):
    """A registered address with the secrets that its deliveries are signed with."""

    secrets: list[WebhookSecretOut]

    @classmethod
    def with_secrets(cls, endpoint: Endpoint, secrets: Sequence[StoredSecret]) -> Self:
        """Build it from a stored address and its secrets in force."""
        base = WebhookEndpointOut.of(endpoint).model_dump()
        return cls(**base, secrets=[WebhookSecretOut.of(one) for one in secrets])


class NewWebhookSecretOut(Out):
    """A new secret. A shared one is told here and never again."""

    endpoint: str = Field(examples=[Reference.WEBHOOK_ENDPOINT.example])
    secret: str | None = Field(examples=["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"])
    public_key: str | None

    @classmethod
    def of(cls, endpoint: Endpoint, secret: Secret) -> Self:
        """Build it from a secret that was just made."""
        return cls(
            endpoint=reference_of(endpoint.id), secret=secret.shared, public_key=secret.public_key
        )


class WebhookDeliveryOut(Out):
    """A delivery with its last attempt."""

    seq: int
    event: str
    type: EventType
    attempts: int
    next_attempt_at: datetime | None
    delivered_at: datetime | None
    last_attempt_at: datetime | None
    last_status: int | None = Field(description="对方答复的状态码 (status of the last answer)")
    last_error: str | None

    @classmethod
    def of(cls, row: DeliveryRow) -> Self:
        """Build it from a row of the log."""
        return cls(
            seq=row.event_seq,
            event=Ref(row.event_key, row.event_id).text(Reference.EVENT),
            type=EventType(row.type),
            attempts=row.attempts,
            next_attempt_at=row.due_at,
            delivered_at=row.delivered_at,
            last_attempt_at=row.last_at,
            last_status=row.last_status,
            last_error=row.last_error,
        )
