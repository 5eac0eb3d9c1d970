"""The browser's address, as the console tells it to identity.

Everybody's sign-in comes to identity from the console: a limit by address would lock out all at
once. The console shows a key that lies in a file which both read, so that nobody else is believed.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from pathlib import Path
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.process.log import logger
from shared.security.identity import keep, locked

ADDRESS: Final = "X-Forwarded-For"
KEY: Final = "X-Wuxian-Console-Key"


def create(path: Path) -> None:
    """Write the key's file, unless it is there already."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with locked(path.parent):
        keep(path, secrets.token_urlsafe(32))


def fields(path: Path, address: str) -> dict[str, str]:
    """Return the header fields that tell a browser's address."""
    if not address:
        return {}
    key = _read(path)
    return {ADDRESS: address} | ({KEY: key} if key else {})


class Forwarded:
    """A layer that makes a request's address the browser's, where the console tells it."""

    def __init__(self, app: ASGIApp, path: Path) -> None:
        self.app, self.path = app, path
        self._has_warned = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            shown = headers.get(KEY)
            if shown is not None and self._is_ours(shown):
                address = _address_in(headers.get(ADDRESS, ""))
                scope = {**scope, "client": (address, 0)} if address else scope
        await self.app(scope, receive, send)

    def _is_ours(self, shown: str) -> bool:
        key = _read(self.path)
        if key and hmac.compare_digest(shown.encode(), key.encode()):
            return True
        if not self._has_warned:
            self._has_warned = True
            logger().warning(
                "somebody shows another console key: sign-ins count for the console's own address."
                " Give the console and identity the same file",
                path=str(self.path),
            )
        return False


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _address_in(forwarded: str) -> str:
    """Return the first address of a list: proxies on the way append theirs."""
    first = forwarded.partition(",")[0].strip()
    try:
        return str(ipaddress.ip_address(first))
    except ValueError:
        return ""
