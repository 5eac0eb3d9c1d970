"""A door (route): one authenticated request with a right, run in exactly one transaction.

Flows receive the transaction; no flow and no store function commits. A POST that moves money needs
an `Idempotency-Key`: the key is claimed, the work done and the answer stored in that same
transaction, so a repeat (or a crash before the answer left) replays the first answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, cast

import orjson
from fastapi import Depends, Header, Request
from fastapi.responses import Response
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import idempotency
from shared.db import Database
from shared.errors import Kind, Refusal
from shared.guard.signed import is_passed
from shared.ids import unit_key
from shared.roles import Caller, Right
from shared.security.identity import Identity
from shared.security.unit_scope import require_own_units
from shared.web.authentication import Authenticated, caller_of

T = TypeVar("T")
Work = Callable[[AsyncConnection], Awaitable[T]]
_RIGHTS: dict[Callable[..., Any], frozenset[Right]] = {}
"""The rights of each door of this process."""


class KeyMissing(Refusal):
    """办理资金业务须带 Idempotency-Key 请求头 (a request that moves money needs an Idempotency-Key)"""

    kind = Kind.MALFORMED
    code = "IDEMPOTENCY_KEY_MISSING"


class _Refused(Exception):
    """Rolls a transaction back and carries the answer out of it."""

    def __init__(self, answer: Response) -> None:
        self.answer = answer


class _DryRun(Exception):
    def __init__(self, body: bytes) -> None:
        self.body = body


@dataclass(frozen=True, slots=True)
class Door:
    """The context of a route: the caller, the database, and the request's idempotency key."""

    db: Database
    caller: Caller
    request: Request
    idempotency_key: str | None

    @property
    def own_codes(self) -> frozenset[str] | None:
        """Return the credit codes of the units that the caller acts for; None: of all."""
        return self.caller.units

    @property
    def own_keys(self) -> frozenset[int] | None:
        """Return the shard keys of these units."""
        return None if self.own_codes is None else frozenset(map(unit_key, self.own_codes))

    @property
    def region(self) -> str:
        """Return the region (统筹区) of this installation."""
        region: str = self.request.app.state.settings.region
        return region

    async def write(
        self,
        work: Work[T],
        *,
        key: int,
        shape: Callable[[T], BaseModel] | None = None,
        status: int = 200,
        dry_run: bool = False,
        digest: bytes | None = None,
        kept: Callable[[BaseModel], BaseModel] | None = None,
    ) -> Response:
        """Run `work` in one transaction under shard `key` and answer its result as JSON.

        `shape` makes the answer's model from the result; without it the result is the model. With `dry_run` everything is done, answered and rolled back. `digest` stands for the body
        of a request that was read as a stream. `kept` makes the answer to a repeated request from
        the first one: without the secret that is shown once.
        """
        request_digest = await self._digest() if digest is None else digest
        await self._require_signed()

        async def once(tx: AsyncConnection) -> Response:
            claim = None if dry_run else self._claim(key, request_digest)
            if claim:
                stored = await idempotency.claim(tx, claim)
                if stored:
                    return _json(stored.body, stored.status, replayed=True)
            result = await work(tx)
            model = cast(BaseModel, result) if shape is None else shape(result)
            body = model.model_dump_json(by_alias=True).encode()
            if dry_run:
                raise _DryRun(body)
            if claim:
                stored_body = (
                    body if kept is None else kept(model).model_dump_json(by_alias=True).encode()
                )
                await idempotency.store(tx, claim, status, stored_body)
            return _json(body, status)

        try:
            answer = await self.db.run(once)
        except _DryRun as rehearsed:
            return _json(rehearsed.body, 200)
        self.db.bell.ring()
        return answer

    async def write_file(
        self,
        work: Callable[[AsyncConnection], Awaitable[Response]],
        *,
        key: int,
        digest: bytes,
    ) -> Response:
        """Run `work` in one transaction and answer as it does, in any media type.

        `digest` stands for the file that was received. A refusal is not kept: the same key may
        bring the corrected file.
        """
        request_hash = self._start()
        request_hash.update(digest)
        await self._require_signed()

        async def once(tx: AsyncConnection) -> Response:
            claim = self._claim(key, request_hash.digest())
            if claim:
                stored = await idempotency.claim(tx, claim)
                if stored:
                    headers = {"Idempotent-Replayed": "true"}
                    kind, _, body = stored.body.partition(b"\n")
                    return Response(body, stored.status, headers, kind.decode())
            answer = await work(tx)
            if answer.status_code >= 400:
                raise _Refused(answer)
            if claim:
                kind = (answer.media_type or "").encode()
                kept = kind + b"\n" + bytes(answer.body)
                await idempotency.store(tx, claim, answer.status_code, kept)
            return answer

        try:
            answer = await self.db.run(once)
        except _Refused as refused:
            return refused.answer
        self.db.bell.ring()
        return answer

    def _claim(self, key: int, digest: bytes) -> idempotency.Claim | None:
        if not self.idempotency_key:
            return None
        return idempotency.Claim(
            key, self.caller.subject, self.idempotency_key, digest, self._secret
        )

    async def read(self, work: Work[T]) -> T:
        """Run a reading `work` in one transaction and return its result."""
        return await self.db.run(work)

    async def _require_signed(self) -> None:
        """Read the rest of a signed request that this door has no use for: it is checked too."""
        if not is_passed(self.request.scope):
            await self.request.body()

    @property
    def _secret(self) -> bytes:
        identity: Identity = self.request.app.state.identity
        return identity.fingerprint_key

    async def _digest(self) -> bytes:
        if not self.idempotency_key:
            return b""
        body = await self.request.body()
        digest = self._start()
        # What is not JSON (an upload) speaks for itself by its bytes.
        with suppress(orjson.JSONDecodeError):
            body = orjson.dumps(orjson.loads(body), option=orjson.OPT_SORT_KEYS)
        digest.update(body)
        return digest.digest()

    def _start(self) -> hashlib._Hash:
        url = self.request.url
        target = f"{url.path}?{url.query}" if url.query else url.path
        return hashlib.sha256(f"{self.request.method} {target}\n".encode())


def _json(body: bytes, status: int, *, replayed: bool = False) -> Response:
    headers = {"Idempotent-Replayed": "true"} if replayed else None
    return Response(body, status, headers, "application/json")


def door(
    right: Right,
    *or_rights: Right,
    money: bool = False,
    any_unit: bool = False,
    filters_units: bool = False,
) -> Any:
    """Return the dependency that admits callers with a right.

    Args:
        right: the right that the caller's role must have; otherwise 403.
        or_rights: other rights, any of which is enough.
        money: True when the Idempotency-Key is required, and a revocation counts at once.
        any_unit: True when the request is about no unit: a caller with named units may ask.
        filters_units: True for a list that leaves out what is not of the caller's units
            (`Door.own_keys`, `Door.own_codes`), so that no unit need be named.
    """
    needs_unit = not (any_unit or filters_units)

    def require(caller: Caller) -> None:
        if not any(caller.may(other) for other in or_rights):
            caller.require(right)

    async def open_door(
        request: Request,
        caller: Authenticated,
        idempotency_key: Annotated[
            str | None,
            Header(
                alias="Idempotency-Key",
                max_length=128,
                pattern=r"^[\x21-\x7e]+$",
                description="调用方自定的唯一键;重复提交得到同一答复 (a repeat gets the first answer)",
            ),
        ] = None,
    ) -> Door:
        require(await caller_of(request.scope, money=True) if money else caller)
        await require_own_units(request, caller, needs_unit=needs_unit)
        if money and idempotency_key is None:
            raise KeyMissing
        return Door(request.app.state.db, caller, request, idempotency_key)

    async def open_reading_door(request: Request, caller: Authenticated) -> Door:
        require(caller)
        await require_own_units(request, caller, needs_unit=needs_unit)
        return Door(request.app.state.db, caller, request, None)

    reading = right.value.endswith(":read") or right is Right.QUOTE
    opening = open_reading_door if reading else open_door
    _RIGHTS[opening] = frozenset({right, *or_rights})
    return Depends(opening)


def rights_of(opening: Callable[..., Any]) -> frozenset[Right]:
    """Return the rights that admit to this door; none for a dependency that is not a door."""
    return _RIGHTS.get(opening, frozenset())
