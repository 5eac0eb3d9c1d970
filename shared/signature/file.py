"""Detached signatures of bank files, in the form that the bank's profile asks for.

The signature stands beside the file, never in it, so the file stays what its format says. `raw` is
the plain signature in base64; `jws` is a detached JWS (RFC 7515, appendix F), which names the key and
the algorithm itself.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from shared.signature.algorithms import (
    ECDSA_P256,
    ED25519,
    RSA_PKCS1,
    SM2,
    Jwk,
    KeyUnusable,
    algorithm_for,
    is_signed_by,
    signer,
)

_JWS_NAMES: Final = {
    ED25519: "Ed25519",
    ECDSA_P256: "ES256",
    RSA_PKCS1: "RS256",
    SM2: "SM2SM3",
}
"""Names of the algorithms in a JWS. RSA-PSS with SHA-512 has another salt there: it is not offered."""
JWS_ALGORITHMS: Final = frozenset(_JWS_NAMES)


class SignatureForm(StrEnum):
    """The form of a file's signature."""

    NONE = "none"
    RAW = "raw"
    JWS = "jws"


class FileSignatureWrong(ValueError):
    """A file that is not signed as its bank's profile says."""


@dataclass(frozen=True, slots=True)
class FileSigning:
    """The part of a bank's profile that says how files are signed."""

    form: SignatureForm = SignatureForm.NONE
    algorithm: str | None = None
    """None: the usual one of the key."""


def sign_file(content: bytes, signing: FileSigning, *, key_id: str, private: Jwk) -> bytes | None:
    """Return the detached signature of a file; None where the profile asks for none.

    Raises:
        KeyUnusable: the key does not fit the profile's algorithm.
    """
    if signing.form is SignatureForm.NONE:
        return None
    algorithm = algorithm_for(private, signing.algorithm)
    sign = signer(private, algorithm)
    if signing.form is SignatureForm.RAW:
        return base64.b64encode(sign(content)) + b"\n"
    header = {"alg": _jws_name(algorithm), "kid": key_id}
    protected = _encoded(json.dumps(header, separators=(",", ":")).encode())
    value = sign(protected + b"." + _encoded(content))
    return protected + b".." + _encoded(value)


def verify_file(
    content: bytes,
    signature: bytes | None,
    signing: FileSigning,
    *,
    keys: Callable[[str | None], list[Jwk]],
) -> None:
    """Verify a file's detached signature.

    Args:
        content: the file, byte by byte as it came.
        signature: what came beside it.
        signing: the bank's profile.
        keys: finds the bank's public keys; by key id, or all of them for None.

    Raises:
        FileSignatureWrong: it is missing, malformed, or made by another key or over other bytes.
    """
    if signing.form is SignatureForm.NONE:
        return
    if signature is None:
        raise FileSignatureWrong("the file has no signature")
    try:
        if signing.form is SignatureForm.RAW:
            value, data = base64.b64decode(signature.strip(), validate=True), content
            candidates, named = keys(None), signing.algorithm
        else:
            value, data, header = _read_jws(signature, content)
            candidates, named = keys(str(header.get("kid"))), _algorithm_named(header)
            if signing.algorithm not in (None, named):
                raise FileSignatureWrong("the profile asks for another algorithm")
    except (ValueError, TypeError, AttributeError, binascii.Error) as error:
        raise FileSignatureWrong("the signature cannot be read") from error
    if not any(_signed(jwk, named, value, data) for jwk in candidates):
        raise FileSignatureWrong("no key of the bank signed this file")


def _signed(jwk: Jwk, named: str | None, value: bytes, data: bytes) -> bool:
    try:
        return is_signed_by(jwk, algorithm_for(jwk, named), value, data)
    except KeyUnusable:
        return False


def _read_jws(signature: bytes, content: bytes) -> tuple[bytes, bytes, dict[str, Any]]:
    protected, between, value = signature.strip().split(b".")
    if between:
        raise ValueError("a detached JWS holds no content")
    header = json.loads(_decoded(protected))
    if "crit" in header or "b64" in header:
        raise ValueError("unknown extensions")
    return _decoded(value), protected + b"." + _encoded(content), header


def _jws_name(algorithm: str) -> str:
    if algorithm not in _JWS_NAMES:
        raise KeyUnusable
    return _JWS_NAMES[algorithm]


def _algorithm_named(header: dict[str, Any]) -> str:
    for algorithm, name in _JWS_NAMES.items():
        if header.get("alg") == name:
            return algorithm
    raise ValueError("unknown algorithm")


def _encoded(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _decoded(data: bytes) -> bytes:
    return base64.b64decode(data + b"=" * (-len(data) % 4), altchars=b"-_", validate=True)
