"""SQL of signing keys."""

from __future__ import annotations

from datetime import datetime

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.tokens.domain.signing import SigningKey


async def trusted(tx: AsyncConnection, now: datetime) -> list[SigningKey]:
    """Return the keys whose tokens are trusted, oldest first."""
    found = await tx.execute(
        text("""
            SELECT kid, public, sealed, signs_from, trusted_until
              FROM signing_key
             WHERE trusted_until IS NULL OR trusted_until > :now
             ORDER BY signs_from, kid
        """),
        {"now": now},
    )
    return [SigningKey(**row._mapping) for row in found]


async def insert(tx: AsyncConnection, key: SigningKey, by: str) -> None:
    """Insert a key."""
    await tx.execute(
        text("""
            INSERT INTO signing_key (kid, public, sealed, made_by, signs_from)
            VALUES (:kid, CAST(:public AS jsonb), :sealed, :by, :signs_from)
        """),
        {
            "kid": key.kid,
            "public": orjson.dumps(key.public).decode(),
            "sealed": key.sealed,
            "signs_from": key.signs_from,
            "by": by,
        },
    )


async def end_others(tx: AsyncConnection, kid: str, until: datetime) -> None:
    """Let every other key be trusted until an instant at most."""
    await tx.execute(
        text("""
            UPDATE signing_key
               SET trusted_until = :until
             WHERE kid <> :kid AND (trusted_until IS NULL OR trusted_until > :until)
        """),
        {"kid": kid, "until": until},
    )
