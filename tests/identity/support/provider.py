"""A tiny OpenID provider over real HTTP: it signs one person in and checks what it is sent.

`python -m tests.identity.support.provider PORT REDIRECT_URL` runs it as a process of its own.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import uvicorn
from fastapi import FastAPI, Form, Header, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from joserfc import jwt
from joserfc.jwk import Key, RSAKey

from services.supervisor.ports import free_port

CLIENT, SECRET = "wuxian-at-bureau", "provider-secret"
LI = "u-1001"
"""The provider's name for 李明."""


class OpenIdProvider:
    """The provider. A test changes its claims and what it answers."""

    def __init__(self, url: str, redirect_url: str | None = None) -> None:
        self.url, self.redirect_url = url, redirect_url
        self.key = RSAKey.import_key(
            RSAKey.generate_key(2048).as_dict(private=True) | {"kid": "k1"}
        )
        self.signs_with: Key = self.key
        self.algorithm, self.subject = "RS256", LI
        self.claims: dict[str, Any] = {}
        self.methods = ["client_secret_basic"]
        self.codes: dict[str, dict[str, str]] = {}
        self.metadata_reads = 0
        self.app = FastAPI()
        self.app.get("/.well-known/openid-configuration")(self._metadata)
        self.app.get("/keys")(self._keys)
        self.app.get("/authorize")(self._authorize)
        self.app.post("/token")(self._token)

    def sign_in(self, address: str) -> dict[str, str]:
        """Be the person at the provider's page; the parameters that the browser comes back with."""
        parts = urlsplit(address)
        given = {name: values[0] for name, values in parse_qs(parts.query).items()}
        assert address.startswith(f"{self.url}/authorize")
        assert given["client_id"] == CLIENT
        assert given["code_challenge_method"] == "S256"
        assert "openid" in given["scope"]
        code = f"code-{len(self.codes)}"
        self.codes[code] = given
        return {"code": code, "state": given["state"]}

    async def _authorize(self, request: Request) -> Response:
        """Be the page at which the person signs in: at once, and back to a registered address."""
        wanted = request.query_params["redirect_uri"]
        if wanted != self.redirect_url and urlsplit(wanted).hostname != "127.0.0.1":
            return JSONResponse({"error": "invalid_request"}, 400)
        back = self.sign_in(str(request.url)) | {"iss": self.url}
        return RedirectResponse(f"{wanted}?{urlencode(back)}", 302)

    async def _metadata(self) -> dict[str, Any]:
        self.metadata_reads += 1
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "end_session_endpoint": f"{self.url}/logout",
            "token_endpoint_auth_methods_supported": self.methods,
        }

    async def _keys(self) -> dict[str, Any]:
        return {"keys": [self.key.as_dict(private=False)]}

    async def _token(
        self,
        code: Annotated[str, Form()],
        code_verifier: Annotated[str, Form()],
        redirect_uri: Annotated[str, Form()],
        authorization: Annotated[str, Header()] = "",
        client_id: Annotated[str, Form()] = "",
        client_secret: Annotated[str, Form()] = "",
    ) -> Response:
        given = self.codes.pop(code, None)
        own = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        in_form = (client_id, client_secret) == (CLIENT, SECRET)
        is_ours = (
            authorization == f"Basic {own}" if "client_secret_basic" in self.methods else in_form
        )
        digest = hashlib.sha256(code_verifier.encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        right = (
            given is not None
            and is_ours
            and given["code_challenge"] == challenge
            and given["redirect_uri"] == redirect_uri
        )
        if given is None or not right:
            return JSONResponse({"error": "invalid_grant"}, 400)
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "sub": self.subject,
            "preferred_username": "he.wei",  # whatever the person likes to be called
            "nonce": given["nonce"],
            "iat": int(time.time()),
            "exp": int(time.time()) + 60,
        } | self.claims
        token = jwt.encode(
            {"alg": self.algorithm, "kid": "k1"},
            claims,
            self.signs_with,
            algorithms=[self.algorithm],
        )
        return JSONResponse({"access_token": "a", "token_type": "Bearer", "id_token": token})


@asynccontextmanager
async def running_provider() -> AsyncIterator[OpenIdProvider]:
    """A provider that listens while the block runs."""
    port = free_port()
    provider = OpenIdProvider(f"http://127.0.0.1:{port}")
    config = uvicorn.Config(provider.app, host="127.0.0.1", port=port, log_config=None)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve())  # without its signal handlers
    for _ in range(500):
        if not server.started:
            await asyncio.sleep(0.02)
    try:
        yield provider
    finally:
        server.should_exit = True
        await task


if __name__ == "__main__":
    port = int(sys.argv[1])
    alone = OpenIdProvider(f"http://127.0.0.1:{port}", sys.argv[2])
    uvicorn.run(alone.app, host="127.0.0.1", port=port, log_config=None)
