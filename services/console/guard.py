"""A layer around the console: the fields of every answer, and no request of another site."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.guard.entrance import BULK_BYTES

CONTENT_POLICY: Final = "; ".join(
    (
        "default-src 'self'",
        # NiceGUI writes its page into a script and Vue compiles templates: both need these two.
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
    )
)
FIELDS: Final = {
    b"referrer-policy": b"same-origin",
    b"x-content-type-options": b"nosniff",
}
FORM_BYTES: Final = 64 * 1024
FILE_BYTES: Final = BULK_BYTES + FORM_BYTES
"""The longest file that the services take, with the form around it."""
_UPLOADS: Final = "/_nicegui/"
_HTTPS_ONLY: Final = (b"strict-transport-security", b"max-age=31536000")
_SAFE: Final = frozenset({"GET", "HEAD"})


class Guard:
    """Completes every answer, and turns away what another site's page sends with our cookie.

    `framed` are the paths that other sites may show in a frame, each with those sites' origins;
    `public` is the address at which browsers come where a proxy hides it from us.
    """

    def __init__(self, app: ASGIApp, framed: Mapping[str, Sequence[str]], public: str = "") -> None:
        self.app = app
        self.framed = framed
        self.public_host = urlsplit(public).netloc

    def _policy(self, path: str) -> list[tuple[bytes, bytes]]:
        origins = self.framed.get(path)
        ancestors = " ".join(origins) if origins else "'none'"
        policy = f"{CONTENT_POLICY}; frame-ancestors {ancestors}"
        fields = [(b"content-security-policy", policy.encode())]
        return fields if origins else [*fields, (b"x-frame-options", b"DENY")]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or one socket."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        if _comes_from_elsewhere(scope, self.public_host):
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
                return
            refusal = PlainTextResponse("来自其他网站的请求 (a request of another site)", 403)
            await refusal(scope, receive, send)
            return
        if scope["type"] == "http" and _is_too_long(scope):
            await PlainTextResponse("内容过大 (too long)", 413)(scope, receive, send)
            return
        trace_id = secrets.token_hex(8)
        scope["wuxian.trace_id"] = trace_id

        async def completed(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name for name, _ in message["headers"]}
                fields = [*FIELDS.items(), *self._policy(scope["path"])]
                added = [field for field in fields if field[0] not in given]
                if b"cache-control" not in given:
                    added.append((b"cache-control", b"no-store"))
                if scope.get("scheme") == "https":
                    added.append(_HTTPS_ONLY)
                added.append((b"x-request-id", trace_id.encode()))
                message["headers"] = [*message["headers"], *added]
            await send(message)

        await self.app(scope, receive, completed)


def _is_too_long(scope: Scope) -> bool:
    """Return whether a body is longer than a form, or than a file, may be; or does not say."""
    if scope["method"] in _SAFE:
        return False
    given = Headers(scope=scope).get("content-length", "")
    longest = FILE_BYTES if scope["path"].startswith(_UPLOADS) else FORM_BYTES
    return not given.isdigit() or int(given) > longest


def _comes_from_elsewhere(scope: Scope, public_host: str) -> bool:
    """Return whether a page of another site wrote or opened a socket here."""
    if scope["type"] == "http" and scope["method"] in _SAFE:
        return False
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    if origin is None:  # no browser; a browser always names the origin of a post and of a socket
        return False
    return urlsplit(origin).netloc not in {headers.get("host"), public_host or None}
