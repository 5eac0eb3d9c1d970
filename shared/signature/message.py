"""Signatures of requests: what they cover, and how the text that is signed is made of a request."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from shared.signature.algorithms import Jwk, Signs, algorithm_for, signer
from shared.signature.fields import Bare, FieldMalformed, InnerList, Item, dictionary

DIGESTS: Final = {"sha-256": "sha256", "sha-512": "sha512"}
"""Digest algorithms of RFC 9530 that are accepted, by their name in hashlib."""
ALWAYS: Final = ("@method", "@target-uri")
"""Components that every signature covers."""
DIGEST: Final = "content-digest"
KEY: Final = "idempotency-key"
_DERIVED: Final = frozenset({"@method", "@target-uri", "@authority", "@scheme", "@path", "@query"})


@dataclass(frozen=True, slots=True)
class Message:
    """The parts of a request that a signature may cover; names of fields in lower case."""

    method: str
    target_uri: str
    fields: Mapping[str, str]

    def component(self, name: str) -> str:
        """Return the value of a component.

        Raises:
            FieldMalformed: the request has none, or a signature may not cover it.
        """
        if not name.startswith("@"):
            if name not in self.fields:
                raise FieldMalformed
            return self.fields[name]
        if name not in _DERIVED:
            raise FieldMalformed
        scheme, _, rest = self.target_uri.partition("://")
        authority, slash, path = rest.partition("/")
        path, question, query = (slash + path).partition("?")
        return {
            "@method": self.method,
            "@target-uri": self.target_uri,
            "@authority": authority,
            "@scheme": scheme,
            "@path": path or "/",
            "@query": "?" + query if question else "?",
        }[name]


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature as a request carries it, not verified yet."""

    input: InnerList
    value: bytes

    @property
    def covered(self) -> frozenset[str]:
        """Return the names of the components that it covers."""
        return frozenset(str(item.value) for item in self.input.items)

    def text(self, name: str) -> str | None:
        """Return a parameter that is a string."""
        value = self.input.params.get(name)
        return value if isinstance(value, str) else None

    def instant(self, name: str) -> int | None:
        """Return a parameter that is an instant."""
        value = self.input.params.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None


def signatures_of(fields: Mapping[str, str]) -> list[Signature]:
    """Read the signatures of a request.

    Raises:
        FieldMalformed: the fields cannot be read, or do not belong together.
    """
    inputs = dictionary(fields["signature-input"])
    values = dictionary(fields["signature"])
    found = []
    for label, input_ in inputs.items():
        value = values.get(label)
        if not isinstance(input_, InnerList) or not isinstance(value, Item):
            raise FieldMalformed
        if not isinstance(value.value, bytes):
            raise FieldMalformed
        names = [item.value for item in input_.items]
        plain = all(isinstance(item.value, str) and not item.params for item in input_.items)
        if not plain or len(set(names)) != len(names):
            raise FieldMalformed
        found.append(Signature(input_, value.value))
    return found


def signature_base(message: Message, input_: InnerList) -> bytes:
    """Make the text that is signed (RFC 9421, 2.5).

    Raises:
        FieldMalformed: a component is not there, or holds what no field may hold.
    """
    lines = [f"{item}: {message.component(str(item.value))}" for item in input_.items]
    lines.append(f'"@signature-params": {input_}')
    text = "\n".join(lines)
    if not text.isascii() or text.count("\n") != len(input_.items):
        raise FieldMalformed
    return text.encode()


def digest_field(body: bytes) -> str:
    """Return the Content-Digest of a body."""
    return f"sha-256={Item(hashlib.sha256(body).digest())}"


class RequestSigner:
    """Signs the requests of one client with one key."""

    def __init__(self, key_id: str, private: Jwk, algorithm: str | None = None) -> None:
        self._key_id = key_id
        self._algorithm = algorithm_for(private, algorithm)
        self._sign: Signs = signer(private, self._algorithm)

    def sign(
        self, method: str, target_uri: str, body: bytes, fields: Mapping[str, str]
    ) -> dict[str, str]:
        """Return the fields to add to a request: its digest, the signature and its input."""
        added = {"content-digest": digest_field(body)}
        covered = [*ALWAYS, DIGEST]
        known = {name.lower(): value for name, value in fields.items()} | added
        if KEY in known:
            covered.append(KEY)
        params: dict[str, Bare] = {
            "created": int(time.time()),
            "nonce": secrets.token_urlsafe(16),
            "keyid": self._key_id,
            "alg": self._algorithm,
        }
        input_ = InnerList([Item(name) for name in covered], params)
        base = signature_base(Message(method, target_uri, known), input_)
        return added | {
            "signature-input": f"sig={input_}",
            "signature": f"sig={Item(self._sign(base))}",
        }
