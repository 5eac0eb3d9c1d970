"""Clients of the tests that sign: keys of every kind, registered where the services look for them."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from gmssl_pyx import sm2_key_generate
from joserfc.jwk import ECKey, OKPKey, RSAKey

from shared.security.tokens import public_of
from shared.security.trust import digest_of
from tests.issuer import Issuer

Jwk = dict[str, Any]


def new_keys() -> dict[str, Jwk]:
    """Make a private key of every kind, by key id."""
    sm2_public, sm2_private = sm2_key_generate()
    return {
        "ed": OKPKey.generate_key("Ed25519").as_dict(private=True),
        "ec": ECKey.generate_key("P-256").as_dict(private=True),
        "rsa": RSAKey.generate_key(2048).as_dict(private=True),
        "sm2": {
            "kty": "EC",
            "crv": "SM2",
            "x": _text(sm2_public[:32]),
            "y": _text(sm2_public[32:]),
            "d": _text(sm2_private),
        },
    }


def public(jwk: Jwk) -> Jwk:
    """Return the public part of a key."""
    return {name: jwk[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in jwk}


def register(issuer: Issuer, directory: Path, client: str, keys: dict[str, Jwk]) -> Path:
    """Write the file of an issuer's trust in which a client's keys are registered."""
    path = directory / "trust.json"
    names = {"ed": "ed25519", "ec": "ecdsa-p256-sha256", "rsa": "rsa-pss-sha512", "sm2": "sm2-sm3"}
    registered = [
        {
            "kid": key_id,
            "client": digest_of(client),
            "algorithm": names[key_id],
            "public_key": public(jwk),
            "valid_from": "2020-01-01T00:00:00+00:00",
            "valid_until": None,
        }
        for key_id, jwk in keys.items()
    ]
    answer = {"keys": [public_of(issuer.key)], "message_keys": registered}
    path.write_text(json.dumps(answer))
    return path


def _text(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
