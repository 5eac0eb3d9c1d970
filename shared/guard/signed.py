"""Signed requests at the gate: who must sign, and a body that is passed on only when it is signed.

The head is verified before the body is read. The end of the body is held back until its digest is
right and the nonce is new, so nothing behind the gate works on a request that was tampered with or
replayed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Protocol

from starlette.types import Message, Receive, Scope

from shared.clock import today
from shared.db import Database
from shared.errors import Refusal
from shared.process.settings import Settings
from shared.roles import Caller, Role
from shared.security.message_keys import MessageKey
from shared.signature import nonce
from shared.signature.message import Message as SignedMessage
from shared.signature.message import Signature
from shared.signature.verification import (
    BodyCheck,
    SignatureInvalid,
    SignatureMissing,
    SignatureReplayed,
    VerifiedHead,
    read_signatures,
    verify,
)

SIGNED: Final = "wuxian.signed"
"""The key of a request's scope under which its signature's check stands."""
_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class SigningKeys(Protocol):
    """Knows the public keys with which clients sign their requests."""

    async def message_key(self, client: str, kid: str) -> MessageKey | None:
        """Return the key of this client that is in force under this id."""
        ...


@dataclass(frozen=True, slots=True)
class SignatureRules:
    """The rules of one service: from which day each role must sign what it writes."""

    required_from: Mapping[Role, date] = field(default_factory=dict)
    public_url: str | None = None
    """The address that clients use, where a proxy changes it."""

    def requires(self, role: Role, method: str) -> bool:
        """Return whether a request must be signed today."""
        begins = self.required_from.get(role)
        return begins is not None and method not in _READS and begins <= today()


def rules_of(settings: Settings, service: str) -> SignatureRules:
    """Build the rules of a service from its settings."""
    return SignatureRules(
        {Role(role): begins for role, begins in settings.signatures_required_from.items()},
        settings.public_urls.get(service),
    )


class BodyGuard:
    """A request's body that is passed on whole only when it is signed and new."""

    def __init__(self, receive: Receive, head: VerifiedHead, use_nonce: Callable[[], Any]) -> None:
        self._receive = receive
        self._check = BodyCheck(head.digests)
        self._use_nonce = use_nonce
        self.is_passed = False
        self._refusal: Refusal | None = None

    async def receive(self) -> Message:
        """Pass on a piece of the body; the last one after the checks.

        Raises:
            DigestDiffers, SignatureReplayed: the request ends here.
        """
        if self._refusal is not None:
            raise self._refusal
        message = await self._receive()
        if message["type"] != "http.request" or self.is_passed:
            return message
        self._check.add(message.get("body", b""))
        if not message.get("more_body", False):
            try:
                self._check.finish()
                await self._use_nonce()
            except Refusal as refusal:
                self._refusal = refusal
                raise
            self.is_passed = True
        return message


async def guarded(
    scope: Scope, receive: Receive, caller: Caller, keys: SigningKeys, rules: SignatureRules
) -> Receive:
    """Verify the head of a request; return a `receive` that checks the rest.

    Raises:
        IdentityUnavailable: nobody knows whether the key was revoked.
        SignatureMissing: this client must sign.
        SignatureInvalid, SignatureExpired: it signed badly.
    """
    named = [name for name, _ in scope["headers"]]
    if b"signature-input" not in named or b"signature" not in named:
        if rules.requires(caller.role, scope["method"]):
            raise SignatureMissing(role=caller.role.value)
        return receive
    fields = _fields(scope)
    client = caller.client or caller.subject
    message = SignedMessage(scope["method"], _target_uri(scope, fields, rules), fields)
    is_read = scope["method"] in _READS
    signature, key = await _signed_by(message, client, keys)
    head = verify(message, signature, key.public_key, key.algorithm, has_body=not is_read)
    if is_read:
        return receive
    db: Database = scope["app"].state.db

    async def use_nonce() -> None:
        if not await db.run(lambda tx: nonce.use(tx, client, head.nonce, head.expires_at)):
            raise SignatureReplayed

    guard = scope[SIGNED] = BodyGuard(receive, head, use_nonce)
    return guard.receive


async def _signed_by(
    message: SignedMessage, client: str, keys: SigningKeys
) -> tuple[Signature, MessageKey]:
    """Find the signature that a key of this client should have made, and the key."""
    for signature in read_signatures(message):
        key = await keys.message_key(client, signature.text("keyid") or "")
        if key is not None:
            return signature, key
    raise SignatureInvalid(missing="a registered keyid")


def is_passed(scope: Scope) -> bool:
    """Tell whether the body of a request was read and found signed, or needs no signature."""
    guard: BodyGuard | None = scope.get(SIGNED)
    return guard is None or guard.is_passed


def _fields(scope: Scope) -> dict[str, str]:
    found: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1").strip(" \t")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _target_uri(scope: Scope, fields: Mapping[str, str], rules: SignatureRules) -> str:
    """Write the address that the client asked for."""
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    target = (path + b"?" + query if query else path).decode("latin-1")
    if rules.public_url:
        return rules.public_url.rstrip("/") + target
    scheme: str = scope["scheme"]
    host = fields.get("host", "").lower()
    default = {"http": ":80", "https": ":443"}.get(scheme, "")
    host = host.removesuffix(default) if default else host
    if not host:
        raise SignatureInvalid(missing="Host")
    return f"{scheme}://{host}{target}"
