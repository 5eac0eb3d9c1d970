"""Identities: who may ask, and the tokens that say so.

A registry file lists every machine and, in a sandbox, every officer: client id, SHA-256 of a
random 256-bit secret, role, district. `POST /v1/oauth/token` (client credentials) on any service
answers a JWT signed with Ed25519, valid one hour. Real sites point people at their own OIDC
provider; the claims stay the same.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import secrets
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from shared.errors import Kind, Refusal
from shared.roles import CENTRE, Caller, Level, Role

ALGORITHM = "Ed25519"
ISSUER = "wuxian"
TOKEN_SECONDS = 3600
_CACHE_LIMIT = 4096


class BadClient(Refusal):
    """客户端标识或密钥错误 (unknown client or wrong secret)"""

    kind = Kind.UNAUTHENTICATED
    code = "CLIENT_UNKNOWN"


class BadToken(Refusal):
    """令牌缺失、无效或已过期 (token missing, invalid or expired); POST /v1/oauth/token gives one"""

    kind = Kind.UNAUTHENTICATED
    code = "TOKEN_INVALID"


@dataclass(frozen=True, slots=True)
class Principal:
    """A registered identity."""

    client_id: str
    secret_sha256: str
    role: Role
    district: str = CENTRE


class Identity:
    """Issues and verifies tokens with the key and registry of one directory."""

    def __init__(
        self,
        key: OKPKey,
        principals: dict[str, Principal],
        pepper: bytes,
        service_secrets: dict[str, str],
        field_key: bytes,
    ) -> None:
        self._key = key
        self._secrets = service_secrets
        self._principals = principals
        self.pepper = pepper
        """Secret of blind indexes over identity numbers."""
        self.field_key = field_key
        """Key that seals identity numbers and names where they are stored."""
        self._verified: dict[str, tuple[float, Caller]] = {}

    @cached_property
    def fingerprint_key(self) -> bytes:
        """Key of the fingerprints of requests: a plain hash of a small body could be guessed from it."""
        return hmac.digest(self.pepper, b"request fingerprint", "sha256")

    @classmethod
    def load(cls, directory: Path) -> Identity:
        """Read a directory written by `create`."""
        key = OKPKey.import_key(json.loads((directory / "signing.jwk").read_text()))
        rows = json.loads((directory / "principals.json").read_text())
        principals = {
            row["client_id"]: Principal(
                row["client_id"], row["secret_sha256"], Role(row["role"]), row["district"]
            )
            for row in rows
        }
        return cls(
            key,
            principals,
            bytes.fromhex((directory / "pepper").read_text().strip()),
            json.loads((directory / "services.json").read_text()),
            bytes.fromhex((directory / "field_key").read_text().strip()),
        )

    def secret_of(self, client_id: str) -> str:
        """The secret of one of this installation's own services, for speaking to its peers."""
        return self._secrets[client_id]

    def issue(self, client_id: str, secret: str) -> str:
        """A token for a registered client.

        Raises:
            BadClient: no such client, or another secret.
        """
        found = self._principals.get(client_id)
        digest = hashlib.sha256(secret.encode()).hexdigest()
        if found is None or not hmac.compare_digest(digest, found.secret_sha256):
            raise BadClient
        return self.mint(Caller(subject=client_id, role=found.role, district=found.district))

    def mint(self, caller: Caller, seconds: int = TOKEN_SECONDS) -> str:
        """A token for an identity, without asking for a secret: the operator's own tool."""
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "sub": caller.subject,
            "role": caller.role.value,
            "level": caller.level.value,
            "district": caller.district,
            "iat": now,
            "exp": now + seconds,
            "jti": secrets.token_hex(8),
        }
        return jwt.encode({"alg": ALGORITHM}, claims, self._key, algorithms=[ALGORITHM])

    def verify(self, token: str) -> Caller:
        """The identity a token speaks for.

        Raises:
            BadToken: anything wrong with it.
        """
        known = self._verified.get(token)
        if known and known[0] > time.time():
            return known[1]
        try:
            claims = jwt.decode(token, self._key, algorithms=[ALGORITHM]).claims
            jwt.JWTClaimsRegistry(
                iss={"essential": True, "value": ISSUER},
                exp={"essential": True},
                sub={"essential": True},
            ).validate(claims)
            caller = Caller(
                subject=str(claims["sub"]),
                role=Role(claims["role"]),
                district=str(claims["district"]),
            )
        except (JoseError, ValueError, KeyError, TypeError):
            raise BadToken from None
        if len(self._verified) >= _CACHE_LIMIT:
            self._verified.clear()
        self._verified[token] = (float(claims["exp"]), caller)
        return caller


def create(directory: Path, districts: list[str]) -> dict[str, str]:
    """Write a new key, pepper and sandbox registry, unless they are there; answer the secrets.

    Returns client id → secret. The secrets also stand in `secrets.json` (mode 0600), which a real
    site deletes after it has handed them out; the answer is then empty.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (directory / "lock").open("w") as lock:  # services of one machine may start at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        path = directory / "secrets.json"
        if not (directory / "principals.json").exists():
            _create(directory, districts)
        known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        return known


def _create(directory: Path, districts: list[str]) -> None:
    given = {client_id: secrets.token_urlsafe(32) for client_id, _, _ in sandbox_people(districts)}
    rows = [
        {
            "client_id": client_id,
            "role": role.value,
            "district": district,
            "secret_sha256": hashlib.sha256(given[client_id].encode()).hexdigest(),
        }
        for client_id, role, district in sandbox_people(districts)
    ]
    _write_private(
        directory / "signing.jwk",
        json.dumps(OKPKey.generate_key("Ed25519", private=True).as_dict(private=True)),
    )
    _write_private(directory / "pepper", secrets.token_hex(32))
    _write_private(directory / "field_key", secrets.token_hex(32))
    own = {client_id: given[client_id] for client_id in ("collection_service", "payout_service")}
    _write_private(directory / "services.json", json.dumps(own))
    _write_private(directory / "secrets.json", json.dumps(given, indent=1))
    # Last: its presence says that all is there. (The secrets' does not: a site deletes them.)
    _write_private(directory / "principals.json", json.dumps(rows, indent=1))


def sandbox_people(districts: list[str]) -> list[tuple[str, Role, str]]:
    """(client id, role, district) of every identity of a sandbox; ids read `role` or `role.district`."""
    rows: list[tuple[str, Role, str]] = []
    for role in Role:
        if role.level is Level.DISTRICT:
            rows += [(f"{role.value}.{district}", role, district) for district in districts]
        else:
            rows.append((role.value, role, CENTRE))
    return rows


def _write_private(path: Path, text: str) -> None:
    part = path.with_name(path.name + ".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    part.replace(path)


def claims_of(caller: Caller) -> dict[str, Any]:
    """Return a token's claims about its bearer, for `GET /v1/me`."""
    return {
        "subject": caller.subject,
        "role": caller.role.value,
        "level": caller.level.value,
        "district": caller.district,
    }
