"""Algorithms of signatures by kind of key: those of RFC 9421, and SM2 with SM3 where it is installed.

The key decides the algorithm, never the message: a message that names another one is refused. Keys
are JWKs. "sm2-sm3" is no registered name; it is for connecting to domestic systems, and software
SM2 is no certified product of cryptography.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry

ED25519: Final = "ed25519"
ECDSA_P256: Final = "ecdsa-p256-sha256"
RSA_PSS: Final = "rsa-pss-sha512"
RSA_PKCS1: Final = "rsa-v1_5-sha256"
SM2: Final = "sm2-sm3"
Jwk = Mapping[str, Any]


class KeyUnusable(ValueError):
    """A key of a kind with which nothing is signed here."""


class Signs(Protocol):
    """Signs bytes."""

    def __call__(self, data: bytes) -> bytes:
        """Return the signature."""
        ...


def algorithms_of(jwk: Jwk) -> tuple[str, ...]:
    """Return the algorithms that a key may be used with, the usual one first.

    Raises:
        KeyUnusable: there is none.
    """
    match jwk.get("kty"), jwk.get("crv"):
        case "OKP", "Ed25519":
            return (ED25519,)
        case "EC", "P-256":
            return (ECDSA_P256,)
        case "EC", "SM2":
            return (SM2,)
        case "RSA", None:
            return (RSA_PSS, RSA_PKCS1)
        case _:
            raise KeyUnusable


def algorithm_for(jwk: Jwk, named: str | None) -> str:
    """Choose the algorithm of a message: the one that it names, if the key admits it.

    Raises:
        KeyUnusable: the key is used with another algorithm.
    """
    known = algorithms_of(jwk)
    bound = jwk.get("alg")
    if named is None:
        return bound if bound in known else known[0]
    if named not in known:
        raise KeyUnusable
    return named


def is_signed_by(jwk: Jwk, algorithm: str, signature: bytes, data: bytes) -> bool:
    """Verify a signature with a public key; what cannot be verified is not signed by it."""
    try:
        if algorithm == SM2:
            return _sm2_is_signed_by(jwk, signature, data)
        _verify(_public(jwk), algorithm, signature, data)
    except (InvalidSignature, JoseError, KeyUnusable, ValueError, TypeError, KeyError):
        return False
    return True


def signer(jwk: Jwk, algorithm: str | None = None) -> Signs:
    """Build what signs with a private key.

    Raises:
        KeyUnusable: the key is not private, or is used with another algorithm.
    """
    chosen = algorithm_for(jwk, algorithm)
    if chosen == SM2:
        return _sm2_signer(jwk)
    key: Any = JWKRegistry.import_key(dict(jwk)).get_op_key("sign")
    if chosen == ED25519:
        return lambda data: bytes(key.sign(data))
    if chosen == ECDSA_P256:
        return lambda data: _raw(key.sign(data, ec.ECDSA(hashes.SHA256())))
    if chosen == RSA_PSS:
        return lambda data: bytes(key.sign(data, _pss(), hashes.SHA512()))
    return lambda data: bytes(key.sign(data, padding.PKCS1v15(), hashes.SHA256()))


def _public(jwk: Jwk) -> Any:
    return JWKRegistry.import_key(dict(jwk)).get_op_key("verify")


def _verify(key: Any, algorithm: str, signature: bytes, data: bytes) -> None:
    if algorithm == ED25519 and isinstance(key, Ed25519PublicKey):
        key.verify(signature, data)
    elif algorithm == ECDSA_P256 and isinstance(key, ec.EllipticCurvePublicKey):
        if len(signature) != 64:
            raise InvalidSignature
        r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
        key.verify(encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA256()))
    elif algorithm == RSA_PSS and isinstance(key, RSAPublicKey):
        key.verify(signature, data, _pss(), hashes.SHA512())
    elif algorithm == RSA_PKCS1 and isinstance(key, RSAPublicKey):
        key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
    else:
        raise KeyUnusable


def _pss() -> padding.PSS:
    return padding.PSS(padding.MGF1(hashes.SHA512()), salt_length=64)


def _raw(signature: bytes) -> bytes:
    r, s = decode_dss_signature(signature)
    return r.to_bytes(32) + s.to_bytes(32)


# --- SM2, an optional extra: pip install 'wuxian[gm]' ----------------------------------------------


def has_sm2() -> bool:
    """Tell whether SM2 is installed."""
    try:
        import gmssl_pyx  # noqa: F401
    except ImportError:
        return False
    return True


def _sm2_point(jwk: Jwk) -> bytes:
    return _octets(jwk["x"]) + _octets(jwk["y"])


def _sm2_is_signed_by(jwk: Jwk, signature: bytes, data: bytes) -> bool:
    if not has_sm2() or len(signature) != 64:
        return False
    from gmssl_pyx import sm2_verify

    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    return bool(sm2_verify(_sm2_point(jwk), data, encode_dss_signature(r, s)))


def _sm2_signer(jwk: Jwk) -> Signs:
    if not has_sm2() or "d" not in jwk:
        raise KeyUnusable
    from gmssl_pyx import sm2_sign

    return lambda data: _raw(sm2_sign(_octets(jwk["d"]), _sm2_point(jwk), data))


def _octets(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).rjust(32, b"\0")
