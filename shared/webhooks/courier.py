"""Delivery of events: numbers them, addresses them to all endpoints at once, and sends.

Each address has a task of its own, so one that is slow holds up itself only. No HTTP call happens
inside a transaction; a delivery that a killed process did not note is sent again, under the same
webhook-id.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from time import monotonic, time
from typing import Any, Final
from uuid import UUID

import httpx
from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import clock
from shared.db import Database
from shared.guard import tls
from shared.outbox import LEASE_SECONDS, hold_lease
from shared.process.background import keep_looking
from shared.process.log import logger
from shared.process.settings import Settings
from shared.security.field_cipher import FieldCipher
from shared.security.identity import Identity
from shared.security.trust import Trust
from shared.webhooks import delivery as delivery_store
from shared.webhooks import endpoint as endpoint_store
from shared.webhooks import event as event_store
from shared.webhooks.address import AddressForbidden, AddressRules
from shared.webhooks.delivery import Attempt, Delivery
from shared.webhooks.signing import Secret, headers
from shared.webhooks.tables import LABEL

IDLE_SECONDS: Final = 0.3
ANSWER_SECONDS: Final = 10.0
TURN_SECONDS: Final = 30.0
"""How long an address is served before others have their turn."""
ADDRESSES_AT_ONCE: Final = 64
LEASE: Final = "webhooks"
RENEW_SECONDS: Final = LEASE_SECONDS / 3

ATTEMPTS = Counter(
    "wuxian_webhook_attempts", "Attempts to deliver events, by outcome", ["service", "outcome"]
)


class Courier:
    """Delivers the events of one service; one process at a time has the lease."""

    def __init__(
        self,
        db: Database,
        cipher: FieldCipher,
        rules: AddressRules,
        is_disabled: Callable[[str], bool],
    ) -> None:
        self.db = db
        self._is_disabled = is_disabled
        self._cipher = cipher
        self._rules = rules
        self._holder = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._busy: dict[UUID, asyncio.Task[None]] = {}
        self._renew_at = 0.0
        self._held_by_other_until = 0.0
        self._http: httpx.AsyncClient | None = None

    @classmethod
    def of(cls, db: Database, identity: Identity, settings: Settings, trust: Trust) -> Courier:
        """Build the courier of a service."""
        return cls(db, cipher_of(identity), AddressRules.of(settings), trust.is_disabled)

    async def run(self) -> None:
        """Work until cancelled. Stopping anywhere loses nothing."""
        try:
            await keep_looking(
                self._look, self.db.bell, seconds=IDLE_SECONDS, failed="webhooks fail"
            )
        finally:
            await self.close()

    async def _look(self) -> int:
        """Take a step, unless another process had the lease a moment ago and has it still."""
        return 0 if monotonic() < self._held_by_other_until else await self.step()

    async def step(self) -> int:
        """Number new events and start what is due; return how many events were numbered."""
        async with self.db.transaction() as tx:
            if not await self._holds_lease(tx):
                return 0
            before, now = await event_store.number(tx)
            if now > before:
                await delivery_store.fan_out(tx, before, now)
            free = ADDRESSES_AT_ONCE - len(self._busy)
            found = await delivery_store.due_endpoints(tx, self._busy, free) if free else []
            due = [(one, url) for one, url, client in found if not self._is_disabled(client)]
            for one, _, client in found:
                if self._is_disabled(client):
                    reason = "客户端已停用 (the client is disabled)"
                    await endpoint_store.set_active(tx, one, is_active=False, reason=reason)
        for endpoint_id, url in due:
            task = asyncio.create_task(self._serve(endpoint_id, url))
            self._busy[endpoint_id] = task
            task.add_done_callback(partial(self._done, endpoint_id))
        return now - before

    async def _holds_lease(self, tx: AsyncConnection) -> bool:
        """Keep the lease, which is written down anew every few seconds."""
        if monotonic() < self._renew_at:
            return True
        if not await hold_lease(tx, LEASE, self._holder):
            self._held_by_other_until = monotonic() + RENEW_SECONDS
            return False
        self._renew_at = monotonic() + RENEW_SECONDS
        return True

    def _done(self, endpoint_id: UUID, _: asyncio.Task[None]) -> None:
        self._busy.pop(endpoint_id, None)

    async def settled(self) -> None:
        """Wait until nothing is being sent."""
        while self._busy:
            await asyncio.gather(*self._busy.values(), return_exceptions=True)
            await asyncio.sleep(0)

    async def close(self) -> None:
        """Stop sending and close the connections."""
        for task in list(self._busy.values()):
            task.cancel()
        await asyncio.gather(*self._busy.values(), return_exceptions=True)
        if self._http is not None:
            await self._http.aclose()

    async def _serve(self, endpoint_id: UUID, url: str) -> None:
        """Send what is due for one address, in order, until something fails or its turn is over."""
        ends = monotonic() + TURN_SECONDS
        try:
            while monotonic() < ends:
                async with self.db.transaction() as tx:
                    due = await delivery_store.due(tx, endpoint_id)
                    stored = await endpoint_store.secrets_of(tx, endpoint_id)
                signers = [one.opened(self._cipher) for one in stored]
                attempts = await self._send_all(url, due, signers, ends) if due else []
                if not attempts or not await self._save(endpoint_id, attempts):
                    return
        except Exception as error:
            logger().warning("webhook not delivered, will retry", error=repr(error)[:300])

    async def _send_all(
        self, url: str, due: list[Delivery], signers: list[Secret], ends: float
    ) -> list[Attempt]:
        attempts = []
        for delivery in due:
            attempts.append(await self._attempt(url, delivery, signers))
            if not attempts[-1].is_delivered or monotonic() > ends:
                break
        return attempts

    async def _save(self, endpoint_id: UUID, attempts: list[Attempt]) -> bool:
        """Note attempts; return whether the address may have more."""
        async with self.db.transaction() as tx:
            await delivery_store.save(tx, endpoint_id, attempts)
            if attempts[-1].is_gone:
                reason = "对方答复 410,不再接收 (the receiver answered 410)"
                await endpoint_store.set_active(tx, endpoint_id, is_active=False, reason=reason)
        for attempt in attempts:
            outcome = "delivered" if attempt.is_delivered else "failed"
            ATTEMPTS.labels(self.db.service, outcome).inc()
        return attempts[-1].is_delivered

    async def _attempt(self, url: str, delivery: Delivery, signers: list[Secret]) -> Attempt:
        began_at, began = clock.now(), monotonic()
        status, error = None, None
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                status = await self._post(url, delivery, signers)
        except AddressForbidden as refusal:
            error = refusal.code
        except (OSError, TimeoutError, httpx.HTTPError, httpx.InvalidURL) as failure:
            error = type(failure).__name__
        return Attempt(
            event_seq=delivery.event.seq,
            attempts=delivery.attempts + 1,
            began_at=began_at,
            milliseconds=round((monotonic() - began) * 1000),
            status=status,
            error=error,
        )

    async def _post(self, url: str, delivery: Delivery, signers: list[Secret]) -> int:
        target = await self._rules.target(url)
        body = delivery.event.body
        fields = headers(delivery.event.reference, int(time()), body, signers)
        extensions: dict[str, Any] = {"sni_hostname": target.server_name}
        request = self._client().build_request(
            "POST",
            target.url,
            content=body,
            headers=fields | {"host": target.host, "user-agent": "wuxian-webhooks/1"},
            extensions=extensions,
        )
        answer = await self._client().send(request, stream=True)
        with suppress(httpx.HTTPError):
            await answer.aclose()  # its content means nothing to us and may be endless
        return answer.status_code

    def _client(self) -> httpx.AsyncClient:
        if self._http is None:
            self._http = httpx.AsyncClient(
                follow_redirects=False,
                trust_env=False,
                verify=tls.trusted_outside(),
                timeout=httpx.Timeout(ANSWER_SECONDS, connect=5.0),
                limits=httpx.Limits(
                    max_connections=ADDRESSES_AT_ONCE, max_keepalive_connections=16
                ),
            )
        return self._http


def cipher_of(identity: Identity) -> FieldCipher:
    """Build the cipher of signing secrets."""
    return FieldCipher(identity.field_keys, LABEL)
