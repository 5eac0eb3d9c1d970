"""Signed requests (RFC 9421) and signed assertions, with one private key in PEM."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

Sign = Callable[[bytes], bytes]


def _load(pem: bytes | str, password: bytes | None) -> Any:
    text = pem.encode() if isinstance(pem, str) else pem
    return serialization.load_pem_private_key(text, password)


def _ecdsa(key: ec.EllipticCurvePrivateKey) -> Sign:
    def sign(data: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)

    return sign


def signer_of(key: Any) -> tuple[str, str, Sign]:
    """Return a key's algorithm in RFC 9421, in JWS, and what signs with it in RFC 9421."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519", "Ed25519", key.sign
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return "ecdsa-p256-sha256", "ES256", _ecdsa(key)
    if isinstance(key, rsa.RSAPrivateKey):
        pss = padding.PSS(padding.MGF1(hashes.SHA512()), salt_length=64)
        return "rsa-pss-sha512", "RS256", lambda data: key.sign(data, pss, hashes.SHA512())
    raise ValueError("the key is none of Ed25519, P-256 and RSA")


class RequestSigner:
    """Signs the requests of one client."""

    def __init__(self, key_id: str, pem: bytes | str, password: bytes | None = None) -> None:
        """Prepare a signer.

        Args:
            key_id: the id under which the public key is registered.
            pem: the private key: Ed25519, P-256 or RSA.
            password: of the PEM, if it has one.
        """
        self.key_id = key_id
        self._algorithm, _, self._sign = signer_of(_load(pem, password))

    def sign(
        self, method: str, url: str, body: bytes, headers: Mapping[str, str]
    ) -> dict[str, str]:
        """Return the fields to add to a request."""
        digest = f"sha-256=:{_b64(hashlib.sha256(body).digest())}:"
        values = {"@method": method, "@target-uri": url, "content-digest": digest}
        known = {name.lower(): value for name, value in headers.items()}
        if "idempotency-key" in known:
            values["idempotency-key"] = known["idempotency-key"]
        names = " ".join(f'"{name}"' for name in values)
        params = (
            f'({names});created={int(time.time())};nonce="{secrets.token_urlsafe(16)}"'
            f';keyid="{self.key_id}";alg="{self._algorithm}"'
        )
        lines = [f'"{name}": {value}' for name, value in values.items()]
        base = "\n".join([*lines, f'"@signature-params": {params}'])
        return {
            "content-digest": digest,
            "signature-input": f"sig={params}",
            "signature": f"sig=:{_b64(self._sign(base.encode()))}:",
        }


class AssertionSigner:
    """Signs the assertions with which a client asks for tokens (private_key_jwt)."""

    def __init__(self, pem: bytes | str, password: bytes | None = None) -> None:
        key = _load(pem, password)
        _, self._algorithm, self._sign = signer_of(key)
        if isinstance(key, rsa.RSAPrivateKey):
            self._sign = lambda data: key.sign(data, padding.PKCS1v15(), hashes.SHA256())

    def assertion(self, client: str, audience: str) -> str:
        """Return an assertion that is good once, for a minute."""
        now = int(time.time())
        claims = {
            "iss": client,
            "sub": client,
            "aud": audience,
            "iat": now,
            "exp": now + 60,
            "jti": secrets.token_urlsafe(16),
        }
        parts = [{"alg": self._algorithm, "typ": "JWT"}, claims]
        text = ".".join(_b64url(json.dumps(part).encode()) for part in parts)
        return f"{text}.{_b64url(self._sign(text.encode()))}"


def _b64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def _b64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
