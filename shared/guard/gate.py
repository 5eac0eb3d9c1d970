"""The gate of a service: who comes, how often, and how much they bring, before a body is read.

The doors behind it check the right and the content. Here a request without a token costs its
headers only, and a body that its door will not take is refused before it arrives.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from fastapi import FastAPI
from starlette.types import Message, Receive, Scope

from shared.errors import Forbidden, Kind, Refusal
from shared.guard.entrance import Entrances, name_of
from shared.guard.rate_limit import Buckets, RateFields, RateLimits
from shared.guard.signed import SignatureRules, guarded
from shared.roles import Caller
from shared.security.tokens import BadToken
from shared.web.authentication import caller_of

PASSED_BYTES = 16 * 1024
"""A declared body up to this size is under every door's limit, so that the door is not looked up."""
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_PROBES = frozenset({"/healthz"})
"""Answered without any limit: it reads nothing."""


class BodyTooLarge(Refusal):
    """请求体过大 (the body is too large)"""

    kind = Kind.TOO_LARGE
    code = "BODY_TOO_LARGE"


class EncodingUnsupported(Refusal):
    """请求体不得压缩 (the body must not be compressed)"""

    kind = Kind.UNSUPPORTED
    code = "ENCODING_UNSUPPORTED"


class NulInRequest(Refusal):
    """地址含空字符 (NUL character in the address)"""

    kind = Kind.MALFORMED
    code = "NUL_IN_REQUEST"


class Gate:
    """The checks of a request that need its first lines only."""

    def __init__(
        self, limits: RateLimits, body_limit_bytes: int, signatures: SignatureRules | None = None
    ) -> None:
        self.limits = limits
        self.signatures = signatures
        self.buckets = Buckets()
        self._body_limit_bytes = body_limit_bytes
        self._passed_bytes = min(PASSED_BYTES, body_limit_bytes)
        self._entrances: Entrances | None = None

    async def admit(self, scope: Scope, receive: Receive) -> Receive:
        """Let a request in, with a `receive` that bounds its body.

        Raises:
            BadToken: there is no valid token and the door wants one.
            IdentityUnavailable: nobody knows whether the token was revoked.
            RateExceeded: this client came too often.
            Forbidden: a large body for a door that the caller has no right to.
            BodyTooLarge, EncodingUnsupported, NulInRequest: see there.
            SignatureMissing, SignatureInvalid, SignatureExpired: see there.
        """
        entrances = self._entrances_of(scope["app"])
        if b"%00" in scope.get("raw_path", b"") + scope["query_string"]:
            raise NulInRequest
        caller = None
        if not entrances.is_open(scope["path"], scope["method"]):
            caller = await self._authenticated(scope)
        scope["wuxian.rate"] = self._counted(scope, caller, entrances)
        limit = self._body_limit(scope, caller, entrances)
        bounded = _bounded(receive, limit)
        if caller is None or self.signatures is None:
            return bounded
        return await guarded(scope, bounded, caller, scope["app"].state.trust, self.signatures)

    def _entrances_of(self, app: FastAPI) -> Entrances:
        if self._entrances is None:  # the first request: all routes are there now
            self._entrances = Entrances(app.routes, self._body_limit_bytes)
        return self._entrances

    async def _authenticated(self, scope: Scope) -> Caller:
        try:
            return await caller_of(scope)
        except BadToken:
            seconds = self.limits.seconds
            self.buckets.take("bad-token", address_of(scope), self.limits.bad_token, seconds)
            raise

    def _counted(
        self, scope: Scope, caller: Caller | None, entrances: Entrances
    ) -> RateFields | None:
        """Count a request against its client's limit at this door."""
        path, seconds = scope["path"], self.limits.seconds
        if caller is None:
            if path in _PROBES:
                return None
            pace, client = self.limits.open, address_of(scope)
        else:
            known = self.limits.pace_of(caller.role)
            if known is None:
                return None
            pace, client = known, caller.subject
        reads = scope["method"] in _READS
        name = name_of(path)
        key = (client, caller is None, name if name in entrances.names else "")
        quota = pace.reads if reads else pace.writes
        return self.buckets.take("reads" if reads else "writes", key, quota, seconds)

    def _body_limit(self, scope: Scope, caller: Caller | None, entrances: Entrances) -> int:
        """Check what the header fields say of a body; return the limit of what may come."""
        declared = None
        chunked = False
        for name, value in scope["headers"]:
            if name == b"content-length":
                declared = value
            elif name == b"transfer-encoding":
                chunked = True
            elif name == b"content-encoding" and value.lower() != b"identity":
                raise EncodingUnsupported(encoding=value[:40].decode("latin-1"))
        size = int(declared) if declared is not None and declared.isdigit() else None
        if not chunked and (declared is None or (size is not None and size <= self._passed_bytes)):
            return self._passed_bytes
        entrance = entrances.find(scope["path"], scope["method"])
        if entrance is None:  # the answer will be 404 or 405
            return self._body_limit_bytes
        if caller and entrance.rights and not any(caller.may(one) for one in entrance.rights):
            raise Forbidden(role=caller.role.value)
        if size is not None and size > entrance.body_limit_bytes:
            raise BodyTooLarge(limit_bytes=entrance.body_limit_bytes)
        return entrance.body_limit_bytes


def _bounded(receive: Receive, limit: int) -> Receive:
    """`receive` that refuses a body which grows too large."""
    seen = 0

    async def bounded() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise BodyTooLarge(limit_bytes=limit)
        return message

    return bounded


def address_of(scope: Scope) -> str:
    """The client's address; of IPv6 the network of one customer (/64).

    A socket of both kinds shows IPv4 clients as ::ffff:1.2.3.4, which are not one network.
    """
    client = scope.get("client")
    return _network(client[0]) if client else ""


@lru_cache(maxsize=4096)
def _network(host: str) -> str:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host[:64]
    address = getattr(address, "ipv4_mapped", None) or address
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((int(address), 64), strict=False))
