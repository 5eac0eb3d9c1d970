"""Idempotency keys: fingerprints of requests and stored answers, in the work's own transaction.

A fingerprint is HMAC-SHA256 over the request's digest, under a key that the database never sees:
bodies hold identity numbers, which a reader of the table could guess from a plain hash. The answer
is sealed, since it may hold names and accounts.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.errors import Kind, Refusal
from shared.security.field_cipher import FieldCipher
from shared.security.personal_data import SEALED

DDL = """
CREATE TABLE idempotency (
    shard_key   bigint      NOT NULL,
    client      text        NOT NULL,
    idem_key    text        NOT NULL,
    fingerprint bytea       NOT NULL,
    status      integer,
    body        bytea,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (shard_key, client, idem_key)
)
"""


KEY_DDL = """
CREATE TABLE idempotency_key (
    client      text        NOT NULL,
    idem_key    text        NOT NULL,
    fingerprint bytea       NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (client, idem_key)
)
"""
"""One request of one caller over all doors. The answer lies with its paper, in `idempotency`; a door
that does not know the paper's shard key finds here that the key was used."""

KEYS_BEFORE = """
INSERT INTO idempotency_key (client, idem_key, fingerprint, created_at)
SELECT DISTINCT ON (client, idem_key) client, idem_key, fingerprint, created_at
  FROM idempotency
 ORDER BY client, idem_key, created_at
"""
"""The keys of earlier releases: the first request keeps a key that was used for several."""


class KeyReused(Refusal):
    """该 Idempotency-Key 已用于另一请求 (this Idempotency-Key was used for another request)"""

    kind = Kind.INVALID
    code = "IDEMPOTENCY_KEY_REUSED"


class AnswerGone(Refusal):
    """该请求此前已办理,应答已过保留期;请查询结果 (this request was carried out before; its answer is no longer kept: read the result)"""

    kind = Kind.CONFLICT
    code = "IDEMPOTENCY_ANSWER_GONE"


@dataclass(frozen=True, slots=True)
class Claim:
    """A caller's idempotency key under a shard key, with the digest of its request.

    `digest` is SHA-256 of the request, never stored; `secret` is `Identity.fingerprint_key`.
    """

    shard_key: int
    client: str
    idem_key: str
    digest: bytes
    secret: bytes

    @property
    def fingerprint(self) -> bytes:
        """Return the fingerprint of the request that is stored with its key."""
        return hmac.digest(self.secret, self.digest, "sha256")

    @property
    def _cipher(self) -> FieldCipher:
        return FieldCipher(hmac.digest(self.secret, b"idempotent answer", "sha256"), "answer")

    def seal(self, answer: bytes) -> bytes:
        """Encrypt the answer for storing."""
        return SEALED + self._cipher.seal_bytes(answer)

    def open(self, stored: bytes) -> bytes:
        """Read a stored answer; those of earlier releases are readable, and text."""
        return self._cipher.open_bytes(stored[1:]) if stored[:1] == SEALED else stored

    def is_of(self, stored: bytes) -> bool:
        """Return whether a stored fingerprint is of this request; older rows hold the digest itself."""
        return stored in (self.fingerprint, self.digest)


@dataclass(frozen=True, slots=True)
class Stored:
    """The stored first answer of a request."""

    status: int
    body: bytes


async def claim(tx: AsyncConnection, request: Claim) -> Stored | None:
    """Claim the key, or return its stored answer. Waits for a concurrent request of the key.

    Raises:
        KeyReused: the key was used for another request.
        AnswerGone: the request was carried out so long ago that its answer is no longer kept.
    """
    is_new = await _take_key(tx, request)
    values = {
        "shard_key": request.shard_key,
        "client": request.client,
        "idem_key": request.idem_key,
    }
    taken = await tx.execute(
        text("""
            INSERT INTO idempotency (shard_key, client, idem_key, fingerprint)
            VALUES (:shard_key, :client, :idem_key, :fingerprint)
            ON CONFLICT (shard_key, client, idem_key) DO NOTHING
            RETURNING 1
        """),
        values | {"fingerprint": request.fingerprint},
    )
    if taken.first():
        if not is_new:
            raise AnswerGone(key=request.idem_key)
        return None
    row = (
        await tx.execute(
            text("""
                SELECT fingerprint, status, body
                  FROM idempotency
                 WHERE shard_key = :shard_key AND client = :client AND idem_key = :idem_key
            """),
            values,
        )
    ).one()
    if not request.is_of(bytes(row.fingerprint)):
        raise KeyReused(key=request.idem_key)
    return Stored(row.status, request.open(bytes(row.body)))


async def _take_key(tx: AsyncConnection, request: Claim) -> bool:
    """Return whether the key is new, rather than that of this same request before."""
    values = {"client": request.client, "idem_key": request.idem_key}
    taken = await tx.execute(
        text("""
            INSERT INTO idempotency_key (client, idem_key, fingerprint)
            VALUES (:client, :idem_key, :fingerprint)
            ON CONFLICT (client, idem_key) DO NOTHING
            RETURNING 1
        """),
        values | {"fingerprint": request.fingerprint},
    )
    if taken.first():
        return True
    row = (
        await tx.execute(
            text("""
                SELECT fingerprint
                  FROM idempotency_key
                 WHERE client = :client AND idem_key = :idem_key
            """),
            values,
        )
    ).one()
    if not request.is_of(bytes(row.fingerprint)):
        raise KeyReused(key=request.idem_key)
    return False


async def store(tx: AsyncConnection, request: Claim, status: int, body: bytes) -> None:
    """Store the answer under the claimed key."""
    await tx.execute(
        text("""
            UPDATE idempotency
               SET status = :status, body = :body
             WHERE shard_key = :shard_key AND client = :client AND idem_key = :idem_key
        """),
        {
            "shard_key": request.shard_key,
            "client": request.client,
            "idem_key": request.idem_key,
            "status": status,
            "body": request.seal(body),
        },
    )
