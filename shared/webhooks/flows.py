"""Registering addresses, changing their secrets, and reading the feed of events."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db import Database
from shared.errors import Fault, Faulty
from shared.ids import Ref
from shared.references import Reference
from shared.roles import Caller
from shared.security.field_cipher import FieldCipher
from shared.webhooks import delivery as delivery_store
from shared.webhooks import endpoint as endpoint_store
from shared.webhooks import event as event_store
from shared.webhooks.address import AddressRules
from shared.webhooks.endpoint import Endpoint
from shared.webhooks.event import Event, EventsGone, EventType, readable_by
from shared.webhooks.signing import Scheme, Secret

LOOK_SECONDS: Final = 0.5
"""Pause between looks for new events while a reader waits."""


@dataclass(frozen=True, slots=True)
class NewSecret:
    """An address, and the secret that was just made for it."""

    endpoint: Endpoint
    secret: Secret


def client_of(caller: Caller) -> str:
    """Return the client that an address belongs to."""
    return caller.client or caller.subject


async def register(
    tx: AsyncConnection,
    *,
    url: str,
    types: Collection[EventType],
    scheme: Scheme,
    known: Collection[EventType],
    rules: AddressRules,
    cipher: FieldCipher,
    caller: Caller,
) -> NewSecret:
    """Register an address of the caller.

    Raises:
        AddressForbidden: the operator does not allow it.
        Faulty: types that this service has not, or that the caller may not hear of.
        TooManyEndpoints: the caller has as many as it may.
    """
    rules.require(url)
    readable = readable_by(caller, known)
    faults = [
        Fault(f"/types/{index}", "EVENT_TYPE_UNKNOWN", "本服务无此事件或无权接收 (not here)")
        for index, one in enumerate(types)
        if one not in readable
    ]
    if faults:
        raise Faulty(faults=faults)
    wanted = sorted(set(types))
    made = await endpoint_store.insert(tx, client_of(caller), url, wanted, caller.subject)
    return await _give_secret(tx, made, scheme, cipher, caller, timedelta(0))


async def rotate(
    tx: AsyncConnection,
    reference: str,
    *,
    scheme: Scheme,
    overlap: timedelta,
    cipher: FieldCipher,
    caller: Caller,
) -> NewSecret:
    """Give an address a new secret; the one of before stays valid beside it for a while.

    Raises:
        NotAReference, EndpointUnknown: it is no address of the caller.
    """
    found = await endpoint_store.find(tx, client_of(caller), reference)
    return await _give_secret(tx, found, scheme, cipher, caller, overlap)


async def _give_secret(
    tx: AsyncConnection,
    endpoint: Endpoint,
    scheme: Scheme,
    cipher: FieldCipher,
    caller: Caller,
    overlap: timedelta,
) -> NewSecret:
    secret = Secret.new(scheme)
    await endpoint_store.add_secret(
        tx, endpoint.id, secret, cipher, by=caller.subject, overlap=overlap
    )
    return NewSecret(endpoint, secret)


async def set_active(
    tx: AsyncConnection, reference: str, *, is_active: bool, note: str | None, caller: Caller
) -> Endpoint:
    """Disable an address of the caller, or enable it again.

    Raises:
        NotAReference, EndpointUnknown: it is no address of the caller.
    """
    found = await endpoint_store.find(tx, client_of(caller), reference)
    await endpoint_store.set_active(tx, found.id, is_active=is_active, reason=note)
    return await endpoint_store.find(tx, client_of(caller), reference)


async def redeliver(
    tx: AsyncConnection,
    reference: str,
    *,
    event: str | None,
    after_seq: int | None,
    caller: Caller,
) -> int:
    """Make deliveries to an address of the caller due again; return how many.

    Raises:
        NotAReference, EndpointUnknown: it is no address of the caller.
    """
    found = await endpoint_store.find(tx, client_of(caller), reference)
    event_id = Ref.parse(Reference.EVENT, event).id if event else None
    return await delivery_store.redeliver(tx, found.id, event=event_id, after_seq=after_seq)


async def events(
    db: Database, after_seq: int, limit: int, wait_seconds: int, types: Collection[EventType]
) -> tuple[list[Event], int, bool]:
    """Read events after a number, the number read up to, and whether there are more.

    With nothing new it waits up to `wait_seconds`; no transaction is held meanwhile.

    Raises:
        Faulty: the number is beyond the newest event.
        EventsGone: events after it were cleaned; the refusal names the first that is left.
    """
    deadline = asyncio.get_running_loop().time() + wait_seconds
    while True:
        async with db.transaction() as tx:
            last = await event_store.last_number(tx)
            if after_seq > last:
                fault = Fault("/query/after_seq", "PLACE_UNKNOWN", f"> {last}")
                raise Faulty(faults=[fault])
            found, reached = await event_store.page(tx, after_seq, limit, types)
            # Asked after the page: what a cleaner deletes before the page is read is seen here.
            cleaned = await event_store.cleaned_to(tx)
            if after_seq < cleaned:
                raise EventsGone(first_seq=cleaned + 1, after_seq=cleaned)
        left = deadline - asyncio.get_running_loop().time()
        if found or left <= 0:
            return found, reached, reached < last
        await asyncio.sleep(min(LOOK_SECONDS, left))
