"""Public keys of clients: which are accepted, for assertions and for signed messages."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry

from shared.errors import Kind, Refusal

_PRIVATE: Final = {"d", "p", "q", "dp", "dq", "qi", "k"}
_PUBLIC: Final = ("kty", "crv", "x", "y", "n", "e")
_KEY_TYPES: Final = (("OKP", "Ed25519"), ("EC", "P-256"), ("EC", "SM2"), ("RSA", None))
_MODULUS_BITS: Final = range(2048, 8193)
"""A longer modulus would cost the verifier too much."""


class KeyUnfit(Refusal):
    """公钥须为 JWK,类型 Ed25519、EC P-256 或 RSA(2048 至 8192 位),且不含私钥 (the key must be the public JWK of an Ed25519, P-256 or RSA key of 2048 to 8192 bits)"""

    kind = Kind.INVALID
    code = "KEY_UNFIT"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """A public key that is accepted; `thumbprint` is its name by RFC 7638."""

    jwk: Mapping[str, Any] = field(repr=False)
    thumbprint: str
    key_type: tuple[Any, Any]
    """`kty` and `crv` of the JWK."""

    @property
    def text(self) -> str:
        """Return the JWK as it is stored."""
        return json.dumps(dict(self.jwk), sort_keys=True)


def read_public_key(row: Mapping[str, Any]) -> PublicKey:
    """Read a JWK; members that are not part of the key itself are left out.

    Raises:
        KeyUnfit: not a public key of a kind that is accepted.
    """
    key_type = (row.get("kty"), row.get("crv"))
    if key_type not in _KEY_TYPES or _PRIVATE & set(row):
        raise KeyUnfit
    if key_type[0] == "RSA" and _bits(row.get("n")) not in _MODULUS_BITS:
        raise KeyUnfit
    if key_type == ("EC", "SM2"):
        return PublicKey(jwk=_sm2(row), thumbprint=_sm2_thumbprint(row), key_type=key_type)
    try:
        thumbprint = str(JWKRegistry.import_key(dict(row)).thumbprint())
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        raise KeyUnfit from None
    public = {name: row[name] for name in _PUBLIC if name in row}
    return PublicKey(jwk=public, thumbprint=thumbprint, key_type=key_type)


def _bits(modulus: object) -> int:
    try:
        raw = base64.urlsafe_b64decode(f"{modulus}{'=' * (-len(str(modulus)) % 4)}")
    except (binascii.Error, ValueError):
        return 0
    return int.from_bytes(raw).bit_length()


def _sm2(row: Mapping[str, Any]) -> dict[str, Any]:
    """Read a point of the curve SM2, of which joserfc knows nothing."""
    if any(not isinstance(row.get(name), str) or len(row[name]) != 43 for name in ("x", "y")):
        raise KeyUnfit
    if any(_bits(row[name]) == 0 for name in ("x", "y")):
        raise KeyUnfit
    return {name: row[name] for name in ("kty", "crv", "x", "y")}


def _sm2_thumbprint(row: Mapping[str, Any]) -> str:
    members = json.dumps(_sm2(row), sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(members.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
