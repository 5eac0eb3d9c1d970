"""The site's OpenID provider over HTTP: its metadata, its keys, and the exchange of a code."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote_plus, urljoin

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from services.identity.providers.domain import (
    ProviderAttempt,
    ProviderRefused,
    ProviderTokenUnfit,
    ProviderUnavailable,
)
from shared.guard import tls

_ALGORITHMS: Final = ("RS256", "PS256", "ES256", "Ed25519", "EdDSA")
_TIMEOUT: Final = httpx.Timeout(10.0, connect=3.0)
METADATA_SECONDS: Final = 60.0
"""Time that metadata is kept: the doors that need it are open to everybody."""
_metadata_read: dict[str, tuple[float, Mapping[str, Any]]] = {}
"""Issuer → when its metadata was read, by the monotonic clock, and what it says."""


def forget_metadata() -> None:
    """Read the metadata of every issuer anew the next time."""
    _metadata_read.clear()


def _outside() -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False, verify=tls.trusted_outside())


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """The provider that the settings name. `redirect_url` is the console's own."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_url: str
    acr: str | None = None
    """The strength of a sign-in that is asked for, and that the ID token must say."""
    has_commands: bool = False
    """People may be sent back to a command of their own machine."""

    async def address_of(self, attempt: ProviderAttempt, state: str) -> str:
        """Return the address at the provider that a person is sent to.

        Raises:
            ProviderUnavailable: it does not answer.
        """
        metadata = await self._metadata()
        digest = hashlib.sha256(attempt.code_verifier.encode()).digest()
        parameters = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": attempt.redirect_url,
            "scope": "openid profile",
            "state": state,
            "nonce": attempt.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        if self.acr is not None:
            parameters["acr_values"] = self.acr
        address = httpx.URL(metadata["authorization_endpoint"])
        return str(address.copy_merge_params(parameters))

    async def end_address(self) -> str | None:
        """Return the address at the provider where a person signs out of it, if it has one.

        Raises:
            ProviderUnavailable: it does not answer.
        """
        found = (await self._metadata()).get("end_session_endpoint")
        if not isinstance(found, str):
            return None
        after = urljoin(self.redirect_url, "/sign-in")
        parameters = {"client_id": self.client_id, "post_logout_redirect_uri": after}
        return str(httpx.URL(found).copy_merge_params(parameters))

    async def claims_of(self, code: str, attempt: ProviderAttempt) -> Mapping[str, Any]:
        """Exchange a code for an ID token, and return its claims once its signature is verified.

        Raises:
            ProviderUnavailable: it does not answer.
            ProviderRefused: it refuses the code.
            ProviderTokenUnfit: none of its keys signed the token.
        """
        metadata = await self._metadata()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": attempt.redirect_url,
            "code_verifier": attempt.code_verifier,
        }
        own = httpx.Auth()
        if self._shows_its_secret_in_the_form(metadata):
            form |= {"client_id": self.client_id}
            form |= {"client_secret": self.client_secret} if self.client_secret else {}
        else:
            own = httpx.BasicAuth(quote_plus(self.client_id), quote_plus(self.client_secret))
        try:
            async with _outside() as client:
                answer = await client.post(metadata["token_endpoint"], data=form, auth=own)
        except httpx.HTTPError as error:
            raise ProviderUnavailable from error
        if answer.status_code >= 500:
            raise ProviderUnavailable
        if not answer.is_success:
            raise ProviderRefused
        listed: Any = await self._read(metadata["jwks_uri"])
        try:
            token = json.loads(answer.content)["id_token"]
            keys = KeySet.import_key_set(listed)
            return jwt.decode(token, keys, algorithms=_ALGORITHMS).claims
        except (JoseError, KeyError, ValueError, TypeError) as error:
            raise ProviderTokenUnfit(claim="signature") from error

    def _shows_its_secret_in_the_form(self, metadata: Mapping[str, Any]) -> bool:
        """Return whether the provider takes no HTTP Basic, or there is no secret (PKCE alone)."""
        methods = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        return not self.client_secret or "client_secret_basic" not in methods

    async def _metadata(self) -> Mapping[str, Any]:
        read_at, found = _metadata_read.get(self.issuer, (0.0, {}))
        if found and time.monotonic() - read_at < METADATA_SECONDS:
            return found
        found = await self._read(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != self.issuer:
            raise ProviderUnavailable(why="issuer differs")
        _metadata_read[self.issuer] = (time.monotonic(), found)
        return found

    async def _read(self, url: str) -> dict[str, Any]:
        try:
            async with _outside() as client:
                answer = (await client.get(url)).raise_for_status()
                found = json.loads(answer.content)
        except (httpx.HTTPError, ValueError) as error:
            raise ProviderUnavailable from error
        if not isinstance(found, dict):
            raise ProviderUnavailable
        return found
