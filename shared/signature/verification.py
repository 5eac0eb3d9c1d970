"""Verification of a signed request: its signature by the first lines, its body while it is read."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from shared.errors import Kind, Refusal
from shared.signature.algorithms import Jwk, is_signed_by
from shared.signature.fields import FieldMalformed, Item, dictionary
from shared.signature.message import (
    ALWAYS,
    DIGEST,
    DIGESTS,
    KEY,
    Message,
    Signature,
    signature_base,
    signatures_of,
)

WINDOW_SECONDS: Final = 300
"""How old a signature may be."""
AHEAD_SECONDS: Final = 60
"""How far the clock of the sender may be ahead of ours."""
NONCE_CHARS: Final = range(8, 129)


class SignatureMissing(Refusal):
    """该接口要求请求签名(RFC 9421) (this client must sign its requests, RFC 9421)"""

    kind = Kind.UNAUTHENTICATED
    code = "SIGNATURE_MISSING"


class SignatureInvalid(Refusal):
    """请求签名无效 (the signature of the request is not valid)"""

    kind = Kind.UNAUTHENTICATED
    code = "SIGNATURE_INVALID"


class SignatureExpired(Refusal):
    """请求签名不在五分钟有效期内 (the signature was not made within the last five minutes)"""

    kind = Kind.UNAUTHENTICATED
    code = "SIGNATURE_EXPIRED"


class SignatureReplayed(Refusal):
    """该签名的 nonce 已用过 (the nonce of this signature was used before)"""

    kind = Kind.UNAUTHENTICATED
    code = "SIGNATURE_REPLAYED"


class DigestDiffers(Refusal):
    """请求体与 Content-Digest 不符 (the body is not the one that Content-Digest names)"""

    kind = Kind.UNAUTHENTICATED
    code = "CONTENT_DIGEST_DIFFERS"


@dataclass(frozen=True, slots=True)
class VerifiedHead:
    """A request whose signature is right; its body and its nonce are still to be checked."""

    nonce: str
    expires_at: float
    """The instant from which a replay would be refused for its age."""
    digests: Mapping[str, bytes]
    """Digests that the body must have, by their name in hashlib."""


def read_signatures(message: Message) -> list[Signature]:
    """Read the signatures of a request.

    Raises:
        SignatureInvalid: they are malformed.
    """
    try:
        return signatures_of(message.fields)
    except (FieldMalformed, KeyError):
        raise SignatureInvalid from None


def verify(
    message: Message, signature: Signature, jwk: Jwk, algorithm: str, *, has_body: bool
) -> VerifiedHead:
    """Verify the signature of a request by its first lines.

    Raises:
        SignatureInvalid: it is malformed, covers too little, or the key did not make it.
        SignatureExpired: it is too old, or from the future.
    """
    try:
        _require_coverage(message, signature, has_body=has_body)
        digests = _digests(message) if DIGEST in signature.covered else {}
        if signature.text("alg") not in (None, algorithm):
            raise FieldMalformed
        base = signature_base(message, signature.input)
    except (FieldMalformed, KeyError):
        raise SignatureInvalid from None
    nonce, created = signature.text("nonce"), signature.instant("created")
    if nonce is None or len(nonce) not in NONCE_CHARS or created is None:
        raise SignatureInvalid(missing="created, nonce, keyid")
    if not is_signed_by(jwk, algorithm, signature.value, base):
        raise SignatureInvalid
    now, expires = time.time(), signature.instant("expires")
    if not now - WINDOW_SECONDS <= created <= now + AHEAD_SECONDS or now > (expires or now):
        raise SignatureExpired
    return VerifiedHead(nonce, created + WINDOW_SECONDS, digests)


def _require_coverage(message: Message, signature: Signature, *, has_body: bool) -> None:
    wanted = set(ALWAYS)
    if has_body:
        wanted.add(DIGEST)
    if KEY in message.fields:
        wanted.add(KEY)
    uncovered = sorted(wanted - signature.covered)
    if uncovered:
        raise SignatureInvalid(uncovered=" ".join(uncovered))


def _digests(message: Message) -> dict[str, bytes]:
    found = {
        DIGESTS[name]: item.value
        for name, item in dictionary(message.fields[DIGEST]).items()
        if name in DIGESTS and isinstance(item, Item) and isinstance(item.value, bytes)
    }
    if not found:
        raise FieldMalformed
    return found


class BodyCheck:
    """Digests of a body that is read piece by piece."""

    def __init__(self, digests: Mapping[str, bytes]) -> None:
        self._wanted = digests
        self._running = {name: hashlib.new(name) for name in digests}

    def add(self, piece: bytes) -> None:
        """Take a piece of the body."""
        for running in self._running.values():
            running.update(piece)

    def finish(self) -> None:
        """Compare the digests of the whole body.

        Raises:
            DigestDiffers: it is another body.
        """
        for name, running in self._running.items():
            if not hmac.compare_digest(running.digest(), self._wanted[name]):
                raise DigestDiffers
