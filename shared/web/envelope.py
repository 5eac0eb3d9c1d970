"""A layer around a service: the gate, the request's name, the fields of every answer."""

from __future__ import annotations

import secrets
from typing import Final

from fastapi import Request
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import Refusal
from shared.guard.gate import Gate
from shared.guard.rate_limit import RateExceeded
from shared.process.log import TRACE_ID
from shared.web.problem import crashed, refused

ANSWER_FIELDS: Final = {
    b"cache-control": b"no-store",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
    b"referrer-policy": b"no-referrer",
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
}
"""Fields of every answer, unless a door says its own: what we tell is personal, and nobody shows it
in a frame."""
_FIELDS: Final = tuple(ANSWER_FIELDS.items())
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
        trace_id = scope["wuxian.trace_id"] = _id_given(scope) or secrets.token_hex(8)
        TRACE_ID.set(trace_id)
        has_begun = False

        async def named(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                _complete(scope, message["headers"])
            await send(message)

        try:
            admitted = await self.gate.admit(scope, receive)
        except Refusal as refusal:
            if isinstance(refusal, RateExceeded):
                scope["wuxian.rate"] = refusal.fields
            await refused(Request(scope), refusal)(scope, receive, named)
        else:
            try:
                await self.app(scope, admitted, named)
            except Exception as error:
                if has_begun or isinstance(error, ClientDisconnect):
                    raise
                await crashed(Request(scope), error)(scope, receive, named)


def _id_given(scope: Scope) -> str | None:
    """Return the id that the client gives its request, if it is one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            is_id: bool = value.isalnum() and len(value) <= 64  # of bytes: ASCII only
            return value.decode() if is_id else None
    return None


def _complete(scope: Scope, headers: list[tuple[bytes, bytes]]) -> None:
    """Add the fields of every answer."""
    if any(name in ANSWER_FIELDS for name, _ in headers):
        named = {name for name, _ in headers}
        headers.extend(field for field in _FIELDS if field[0] not in named)
    else:
        headers.extend(_FIELDS)
    headers.append((b"x-request-id", scope["wuxian.trace_id"].encode()))
    if scope["scheme"] == "https":
        headers.append(_HTTPS_ONLY)
    rate = scope.get("wuxian.rate")
    if rate is not None:
        headers.extend(rate.headers())
