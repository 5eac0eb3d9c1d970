"""Proofs with which a client asks identity for access tokens."""

from __future__ import annotations

from typing import Protocol

from wuxian_client.signing import AssertionSigner

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Credentials(Protocol):
    """A client's proof."""

    def form(self, token_url: str) -> dict[str, str]:
        """Return the form of a request for a token."""
        ...


class ClientSecret:
    """A client with a secret."""

    def __init__(self, client_id: str, secret: str) -> None:
        self.client_id = client_id
        self._secret = secret

    def form(self, token_url: str) -> dict[str, str]:
        """Return the form of a request for a token."""
        return {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self._secret,
        }


class PrivateKeyJwt:
    """A client with a private key, of which identity has the public part."""

    def __init__(
        self,
        client_id: str,
        pem: bytes | str,
        *,
        password: bytes | None = None,
        audience: str | None = None,
    ) -> None:
        """Prepare the proof.

        Args:
            client_id: the client's name.
            pem: the private key.
            password: of the PEM, if it has one.
            audience: the address of the token door as identity knows it; None: as we call it.
        """
        self.client_id = client_id
        self._signer = AssertionSigner(pem, password)
        self._audience = audience

    def form(self, token_url: str) -> dict[str, str]:
        """Return the form of a request for a token."""
        return {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_assertion_type": JWT_BEARER,
            "client_assertion": self._signer.assertion(self.client_id, self._audience or token_url),
        }
