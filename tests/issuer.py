"""An issuer of tokens inside the tests: a key of its own, whose public part the services are given."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import httpx

from shared.roles import Caller, Role
from shared.security.tokens import mint, new_key, public_of
from shared.web.client import Peer, RequestSigning

EVERY_SERVICE = ("collection", "identity", "ledger", "payout", "sandbox", "t")


class Issuer:
    """Mints tokens for anybody; services trust it by `trusted_keys_path`."""

    def __init__(self, directory: Path) -> None:
        self.key = new_key()
        self.trusted_keys_path = directory / "jwks.json"
        self.trusted_keys_path.write_text(json.dumps({"keys": [public_of(self.key)]}))

    def mint(
        self, caller: Caller, seconds: int = 24 * 3600, audience: tuple[str, ...] = EVERY_SERVICE
    ) -> str:
        """Sign a token that speaks for a caller."""
        return mint(self.key, caller, audience=audience, seconds=seconds)


class WithTokens(httpx.AsyncBaseTransport):
    """A way to a service that gives a machine its tokens, as identity would, and passes on the rest."""

    def __init__(self, issuer: Issuer, inner: httpx.AsyncBaseTransport) -> None:
        self._issuer, self._inner = issuer, inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path != "/v1/oauth/token":
            return await self._inner.handle_async_request(request)
        _, _, encoded = request.headers["authorization"].partition(" ")
        name = base64.b64decode(encoded).decode().partition(":")[0]
        token = self._issuer.mint(Caller(subject=name, role=Role(name)))
        return httpx.Response(200, json={"access_token": token}, request=request)


def peer_of(
    issuer: Issuer,
    base_url: str,
    client_id: str,
    way: httpx.AsyncBaseTransport,
    *,
    attempts: int = 1,
    signer: RequestSigning | None = None,
) -> Peer:
    """A peer reached over `way`, whose tokens the issuer gives."""
    return Peer(
        base_url,
        client_id,
        "secret",
        identity_url="http://identity",
        attempts=attempts,
        transport=WithTokens(issuer, way),
        signer=signer,
    )
