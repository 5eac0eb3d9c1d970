"""A layer around a service: the gate, the request's name, the fields of every answer."""

from __future__ import annotations

import secrets
from typing import Final

import structlog
from fastapi import Request
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import Refusal
from shared.guard.gate import Gate
from shared.guard.rate_limit import RateExceeded
from shared.web.problem import crashed, refused, trace_id

ANSWER_FIELDS: Final = {
    b"cache-control": b"no-store",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
    b"referrer-policy": b"no-referrer",
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
}
"""Fields of every answer, unless a door says its own: what we tell is personal, and nobody shows it
in a frame."""
_HTTPS_ONLY: Final = (b"strict-transport-security", b"max-age=31536000")


class Envelope:
    """A layer that asks the gate, names the request and completes the answer, a crash's too."""

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self.app = app
        self.gate = gate

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

        has_begun = False

        async def named(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                _complete(scope, message["headers"])
            await send(message)

        try:
            admitted = await self.gate.admit(request, receive)
        except Refusal as refusal:
            if isinstance(refusal, RateExceeded):
                scope["wuxian.rate"] = refusal.fields
            await refused(request, refusal)(scope, receive, named)
        else:
            try:
                await self.app(scope, admitted, named)
            except Exception as error:
                if has_begun or isinstance(error, ClientDisconnect):
                    raise
                await crashed(request, error)(scope, receive, named)


def _complete(scope: Scope, headers: list[tuple[bytes, bytes]]) -> None:
    """Add the fields of every answer."""
    named = {name for name, _ in headers}
    headers.extend(field for field in ANSWER_FIELDS.items() if field[0] not in named)
    headers.append((b"x-request-id", scope["wuxian.trace_id"].encode()))
    if scope["scheme"] == "https":
        headers.append(_HTTPS_ONLY)
    rate = scope.get("wuxian.rate")
    if rate is not None:
        headers.extend(rate.headers())
