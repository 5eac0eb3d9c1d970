"""Webhooks: verification on the receiver's side, and the doors that register addresses."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from wuxian_client.call import Call, Operation, Pages, Service, operation

TOLERANCE_SECONDS = 300


class WebhookInvalid(ValueError):
    """A request that is no webhook of ours, or too old."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """A verified event. Drop an `id` that was seen before: events are told at least once."""

    id: str
    type: str
    timestamp: datetime
    data: dict[str, Any]


def verify(
    body: bytes,
    headers: Mapping[str, str],
    keys: Sequence[str],
    *,
    tolerance_seconds: int = TOLERANCE_SECONDS,
) -> Webhook:
    """Verify a webhook and read it.

    Args:
        body: the bytes as they came.
        headers: the header fields.
        keys: the secrets (`whsec_…`) and public keys (`whpk_…`) that may have signed it.
        tolerance_seconds: how old it may be.

    Raises:
        WebhookInvalid: no key signed it, or its time is not now.
    """
    known = {name.lower(): value for name, value in headers.items()}
    try:
        message_id, sent_at = known["webhook-id"], int(known["webhook-timestamp"])
        signatures = [one.partition(",") for one in known["webhook-signature"].split(" ")]
    except (KeyError, ValueError) as error:
        raise WebhookInvalid("a header field is missing or malformed") from error
    if abs(time.time() - sent_at) > tolerance_seconds:
        raise WebhookInvalid("the webhook is not of now")
    message = f"{message_id}.{sent_at}.".encode() + body
    if not any(
        _is_signed(key, version, signature, message)
        for key in keys
        for version, _, signature in signatures
    ):
        raise WebhookInvalid("no key signed this webhook")
    found = json.loads(body)
    return Webhook(
        message_id, found["type"], datetime.fromisoformat(found["timestamp"]), found["data"]
    )


def _is_signed(key: str, version: str, signature: str, message: bytes) -> bool:
    kind, _, text = key.partition("_")
    try:
        octets, value = base64.b64decode(text), base64.b64decode(signature)
        if kind == "whsec" and version == "v1":
            return hmac.compare_digest(hmac.digest(octets, message, hashlib.sha256), value)
        if kind == "whpk" and version == "v1a":
            Ed25519PublicKey.from_public_bytes(octets).verify(value, message)
            return True
    except (InvalidSignature, ValueError):
        return False
    return False


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A new secret; it is told once."""

    endpoint: str
    secret: str | None
    public_key: str | None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A registered address."""

    id: str
    url: str
    types: list[str]
    is_active: bool
    reason: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery with its last attempt."""

    seq: int
    event: str
    type: str
    attempts: int
    next_attempt_at: datetime | None
    delivered_at: datetime | None
    last_attempt_at: datetime | None
    last_status: int | None
    last_error: str | None


@dataclass(frozen=True, slots=True)
class Redelivered:
    """The number of deliveries that are due again."""

    deliveries: int


_PATH = "/v1/webhook-endpoints"
_SERVICES: tuple[Service, ...] = ("collection", "ledger", "payout")


def _each(name: str, method: str, path: str, *query: str) -> dict[str, Operation]:
    return {one: operation(one, name, method, path, *query) for one in _SERVICES}


_REGISTER = _each("register_webhook", "POST", _PATH)
_LIST = _each("list_webhooks", "GET", _PATH, "limit", "cursor")
_ROTATE = _each("rotate_webhook_secret", "POST", _PATH + "/{endpoint}/secrets")
_STATE = _each("set_webhook_state", "POST", _PATH + "/{endpoint}/states")
_LOG = _each("list_webhook_deliveries", "GET", _PATH + "/{endpoint}/deliveries", "limit", "cursor")
_AGAIN = _each("redeliver_webhook", "POST", _PATH + "/{endpoint}/redeliveries")
Scheme = Literal["hmac", "ed25519"]


def register(
    service: Service, url: str, types: Sequence[str], scheme: Scheme = "hmac"
) -> Call[NewSecret]:
    """Register an address for events of a service."""
    body = {"url": url, "types": list(types), "scheme": scheme}
    return Call(_REGISTER[service], NewSecret, body=body)


def list_endpoints(service: Service, limit: int | None = None) -> Pages[Endpoint]:
    """List the addresses of this client."""
    return Pages(Call(_LIST[service], Any, query={"limit": limit}), Endpoint)


def rotate(
    service: Service, endpoint: str, scheme: Scheme = "hmac", overlap_hours: int = 24
) -> Call[NewSecret]:
    """Change the secret of an address; both are valid for a while."""
    body = {"scheme": scheme, "overlap_hours": overlap_hours}
    return Call(_ROTATE[service], NewSecret, path={"endpoint": endpoint}, body=body)


def set_state(
    service: Service, endpoint: str, *, is_active: bool, note: str | None = None
) -> Call[Endpoint]:
    """Disable an address, or enable it again."""
    body = {"is_active": is_active, "note": note}
    return Call(_STATE[service], Endpoint, path={"endpoint": endpoint}, body=body)


def deliveries(service: Service, endpoint: str, limit: int | None = None) -> Pages[Delivery]:
    """List deliveries to an address, newest first."""
    call: Call[Any] = Call(_LOG[service], Any, path={"endpoint": endpoint}, query={"limit": limit})
    return Pages(call, Delivery)


def redeliver(
    service: Service, endpoint: str, *, event: str | None = None, after_seq: int | None = None
) -> Call[Redelivered]:
    """Deliver one event again, or all that were not delivered after a number."""
    body = {"event": event, "after_seq": after_seq}
    return Call(_AGAIN[service], Redelivered, path={"endpoint": endpoint}, body=body)
