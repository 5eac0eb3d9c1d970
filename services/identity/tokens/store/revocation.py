"""SQL of revoked tokens, ended sessions, and assertions that were used."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


async def revoke(tx: AsyncConnection, jti: str, by: str) -> None:
    """Revoke a token by its id."""
    await tx.execute(
        text(
            "INSERT INTO revoked_token (jti, revoked_by) VALUES (:jti, :by) ON CONFLICT DO NOTHING"
        ),
        {"jti": jti, "by": by},
    )


async def tokens_since(tx: AsyncConnection, since: datetime) -> list[str]:
    """Return the ids of tokens that were revoked lately."""
    found = await tx.execute(
        text("SELECT jti FROM revoked_token WHERE revoked_at >= :since ORDER BY jti"),
        {"since": since},
    )
    return list(found.scalars())


async def sessions_since(tx: AsyncConnection, since: datetime) -> list[str]:
    """Return the ids of sessions that ended lately."""
    found = await tx.execute(
        text("SELECT sid FROM session WHERE ended_at >= :since ORDER BY sid"), {"since": since}
    )
    return list(found.scalars())


async def use_assertion(
    tx: AsyncConnection, client: str, jti: str, expires_at: datetime, now: datetime
) -> bool:
    """Use an assertion; False when it was used before. Expired ones are forgotten."""
    await tx.execute(text("DELETE FROM used_assertion WHERE expires_at < :now"), {"now": now})
    found = await tx.execute(
        text("""
            INSERT INTO used_assertion (client, jti, expires_at)
            VALUES (:client, :jti, :expires_at)
            ON CONFLICT DO NOTHING
            RETURNING jti
        """),
        {"client": client, "jti": jti, "expires_at": expires_at},
    )
    return found.scalar() is not None
