"""A layer around a service: bounds the body, refuses NUL in the address and names the request."""

from __future__ import annotations

import secrets

import structlog
from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import Kind, Refusal
from shared.web.problem import refused, trace_id

STREAM_FACTOR = 64
"""How many times larger a body may be that is read piece by piece."""


class Envelope:
    """A layer that bounds the body, refuses NUL in the address and names the request."""

    def __init__(
        self, app: ASGIApp, body_limit_bytes: int, streamed: frozenset[str] = frozenset()
    ) -> None:
        self.app = app
        self.body_limit_bytes = body_limit_bytes
        self.streamed = streamed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        request_id = request.headers.get("x-request-id", "")
        known = request_id.isascii() and request_id.isalnum() and len(request_id) <= 64
        scope["wuxian.trace_id"] = request_id if known else secrets.token_hex(8)
        structlog.contextvars.bind_contextvars(trace_id=trace_id(request))

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"].append((b"x-request-id", trace_id(request).encode()))
            await send(message)

        refusal = self._at_once(request)
        if refusal is not None:
            await refused(request, refusal)(scope, receive, named)
        else:
            await self.app(scope, self._bounded(request, receive), named)

    def _at_once(self, request: Request) -> Refusal | None:
        """Check the headers of a request before its body is read; return the fault."""
        declared, limit = request.headers.get("content-length", "0"), self._limit(request)
        if not (declared.isascii() and declared.isdigit()) or int(declared) > limit:
            return BodyTooLarge(limit_bytes=limit)
        if b"%00" in request.scope.get("raw_path", b"") + request.scope["query_string"]:
            return NulInRequest()
        return None

    def _limit(self, request: Request) -> int:
        if request.scope["path"] in self.streamed:  # read piece by piece: never held as a whole
            return self.body_limit_bytes * STREAM_FACTOR
        return self.body_limit_bytes

    def _bounded(self, request: Request, receive: Receive) -> Receive:
        """`receive` that refuses a body which grows too large."""
        seen, limit = 0, self._limit(request)

        async def bounded() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                raise BodyTooLarge(limit_bytes=limit)
            return message

        return bounded


class BodyTooLarge(Refusal):
    """请求体过大 (the body is too large)"""

    kind = Kind.TOO_LARGE
    code = "BODY_TOO_LARGE"


class NulInRequest(Refusal):
    """地址含空字符 (NUL character in the address)"""

    kind = Kind.MALFORMED
    code = "NUL_IN_REQUEST"
