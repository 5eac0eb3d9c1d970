"""Trust of one process in identity: its public keys, and the principals and tokens it has revoked.

Everything is known from one answer of identity (`GET /v1/trust`), asked for every few seconds. A
door that moves money asks again when the answer is older than a second. While identity does not
answer, the last answer counts for a minute; after that no token is accepted, because it could have
been revoked meanwhile.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from joserfc.jwk import OKPKey

from shared import clock
from shared.errors import Kind, Refusal
from shared.process.log import logger
from shared.roles import Caller, Right, Role
from shared.security.message_keys import MessageKey, read_keys
from shared.security.tokens import BadToken, Claims, key_id_of, read

Answer = Mapping[str, Any]
Fetch = Callable[[], Awaitable[Answer]]
"""Reads identity's answer. Any exception counts as no answer."""

POLL_SECONDS: Final = 5.0
MONEY_SECONDS: Final = 1.0
SILENT_SECONDS: Final = 3.0
"""Pause after a question that had no answer."""
STALE_SECONDS: Final = 60.0
TIMER_SECONDS: Final = 0.005
"""Time by which a timer of the event loop may end early: it counts whole milliseconds."""
_CACHE_LIMIT: Final = 4096
_RIGHTS: Final = frozenset(Right)


class IdentityUnavailable(Refusal):
    """身份服务暂不可用,无法确认令牌是否已撤销 (identity does not answer: the token may have been revoked; try again)"""

    kind = Kind.UNAVAILABLE
    code = "IDENTITY_UNAVAILABLE"


class Trust:
    """Verifies tokens that were issued for one service, the audience."""

    def __init__(self, audience: str, fetch: Fetch) -> None:
        self._audience = audience
        self._fetch = fetch
        self._turn = asyncio.Lock()
        self._answer: Answer = {}
        self._keys: dict[str, OKPKey] = {}
        self._message_keys: dict[str, MessageKey] = {}
        self._known_at = self._ask_from = float("-inf")
        self._verified: dict[str, tuple[float, Caller]] = {}

    @property
    def age_seconds(self) -> float:
        """The age of the last answer."""
        return time.monotonic() - self._known_at

    async def admit(self, token: str, *, money: bool = False) -> Caller:
        """Return the caller that a token speaks for.

        Args:
            token: from the Authorization header.
            money: True when a revocation must count at once.

        Raises:
            BadToken: anything wrong with it, or revoked.
            IdentityUnavailable: the last answer of identity is too old.
        """
        seconds = MONEY_SECONDS if money else STALE_SECONDS
        if time.monotonic() - self._known_at > seconds:
            await self._be_fresh(seconds)
        known = self._verified.get(token)
        if known and known[0] > time.time():
            return known[1]
        return await self._admit_new(token)

    async def message_key(self, client: str, kid: str) -> MessageKey | None:
        """Return the public key that verifies a client's signed messages; None without one in force.

        A revoked key counts as such within a second. A key that is not known may have been
        registered since identity was last asked: it is asked once more, after a second at most.

        Args:
            client: the client that signed in, `Caller.client`.
            kid: the `keyid` of the signature.

        Raises:
            IdentityUnavailable: the last answer of identity is too old.
        """
        await self._know(kid)
        key = self._message_keys.get(kid)
        if key is None or key.client != digest_of(client) or not key.counts_at(clock.now()):
            return None
        return key

    async def message_keys(self, client: str, kid: str | None) -> list[MessageKey]:
        """Return a client's public keys in force: the one of a key id, or all of them for None.

        Raises:
            IdentityUnavailable: the last answer of identity is too old.
        """
        await self._know(kid)
        owner, moment = digest_of(client), clock.now()
        return [
            key
            for key in self._message_keys.values()
            if key.client == owner and kid in (None, key.kid) and key.counts_at(moment)
        ]

    def is_disabled(self, client: str) -> bool:
        """Return whether identity said that a client is disabled, by its last answer."""
        revoked = self._answer.get("revoked") or {}
        return digest_of(client) in revoked.get("disabled", ())

    async def refresh(self) -> None:
        """Ask identity, unless it was asked a moment ago; callers that meet wait for one answer."""
        async with self._turn:
            asked_at = time.monotonic()
            if asked_at < self._ask_from:
                return
            try:
                answer = await self._fetch()
                keys = {row["kid"]: OKPKey.import_key(row) for row in answer["keys"]}
                message_keys = read_keys(answer.get("message_keys") or ())
            except Exception as error:
                logger().warning("identity does not answer", error=repr(error)[:200])
                # Where it hangs, requests shall not all wait for it, one after the other.
                pause = SILENT_SECONDS if self._keys else MONEY_SECONDS
                self._ask_from = time.monotonic() + pause
                return
            self._known_at, self._ask_from = asked_at, asked_at + MONEY_SECONDS
            if answer != self._answer:
                self._answer, self._keys, self._message_keys = answer, keys, message_keys
                self._verified.clear()

    async def follow(self) -> None:
        """Ask again every few seconds, until cancelled."""
        while True:
            await self.refresh()
            await asyncio.sleep(POLL_SECONDS)

    async def check(self) -> dict[str, str]:
        """Tell for readiness whether identity has answered lately."""
        if self.age_seconds > STALE_SECONDS:
            await self.refresh()
        fresh = self.age_seconds <= STALE_SECONDS
        return {"identity": "ok" if fresh else "identity does not answer: is it running?"}

    async def close(self) -> None:
        """Close what the answers came through."""
        close = getattr(self._fetch, "close", None)
        if close is not None:
            await close()

    async def _be_fresh(self, seconds: float) -> None:
        if self.age_seconds > seconds:
            await self.refresh()
            if self.age_seconds > STALE_SECONDS:
                raise IdentityUnavailable

    async def _know(self, kid: str | None) -> None:
        """Have a fresh answer; of a key that is not known, one that was asked for after now."""
        await self._be_fresh(MONEY_SECONDS)
        if kid is not None and kid not in self._message_keys:
            pause = self._ask_from - time.monotonic()
            if pause > 0:
                await asyncio.sleep(pause + TIMER_SECONDS)
            await self.refresh()

    async def _admit_new(self, token: str) -> Caller:
        if key_id_of(token) not in self._keys:
            await self.refresh()  # a new key, perhaps
        claims = read(token, self._keys, self._audience)
        if self._is_revoked(claims):
            raise BadToken
        if len(self._verified) >= _CACHE_LIMIT:
            self._verified.clear()
        caller = replace(claims.caller, rights=self._rights_of(claims.caller.role))
        self._verified[token] = (claims.expires_at, caller)
        return caller

    def _rights_of(self, role: Role) -> frozenset[Right] | None:
        changed: Mapping[str, list[str]] = self._answer.get("roles") or {}
        if role.value not in changed:
            return None
        # A right of a newer release means nothing to us.
        return frozenset(Right(right) for right in changed[role.value] if right in _RIGHTS)

    def _is_revoked(self, claims: Claims) -> bool:
        revoked = self._answer.get("revoked") or {}
        versions: Mapping[str, int] = revoked.get("principals", {})
        return (
            claims.token_id in revoked.get("tokens", ())
            or claims.session in revoked.get("sessions", ())
            or claims.version < versions.get(digest_of(claims.principal), 0)
        )


def digest_of(principal: str) -> str:
    """Return a principal's name as identity publishes it: the door is open, names are not told."""
    return hashlib.sha256(principal.encode()).hexdigest()[:32]


async def stop(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait for its end."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
