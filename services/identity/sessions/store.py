"""SQL of sessions and of failed attempts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.sessions.domain import Session


async def insert(tx: AsyncConnection, new: Session, secret_sha256: str, address: str) -> None:
    """Insert a session."""
    await tx.execute(
        text("""
            INSERT INTO session (secret_sha256, sid, principal, version, address, seen_at,
                                 expires_at)
            VALUES (:secret_sha256, :sid, :principal, :version, :address, :seen_at, :expires_at)
        """),
        {
            "secret_sha256": secret_sha256,
            "sid": new.sid,
            "principal": new.principal,
            "version": new.version,
            "address": address,
            "seen_at": new.seen_at,
            "expires_at": new.expires_at,
        },
    )


async def find(tx: AsyncConnection, secret_sha256: str) -> Session | None:
    """Find a session by the hash of its secret."""
    found = await tx.execute(
        text("""
            SELECT sid, principal, version, seen_at, expires_at, ended_at
              FROM session
             WHERE secret_sha256 = :secret_sha256
        """),
        {"secret_sha256": secret_sha256},
    )
    row = found.one_or_none()
    return None if row is None else Session(**row._mapping)


async def see(tx: AsyncConnection, sid: str, now: datetime) -> None:
    """Note that a session is in use."""
    await tx.execute(
        text("UPDATE session SET seen_at = :now WHERE sid = :sid"), {"sid": sid, "now": now}
    )


async def end(tx: AsyncConnection, sid: str, now: datetime) -> None:
    """End a session; its tokens are refused from now on."""
    await tx.execute(
        text("UPDATE session SET ended_at = :now WHERE sid = :sid AND ended_at IS NULL"),
        {"sid": sid, "now": now},
    )


async def count_attempt(
    tx: AsyncConnection, subject: str, now: datetime, forget_before: datetime
) -> tuple[int, datetime | None]:
    """Count an attempt before it is judged, and return how many failed and until when it is locked.

    Counting first means that a hundred guesses at once are a hundred attempts.
    """
    found = await tx.execute(
        text("""
            INSERT INTO attempt AS a (subject, failures, last_at)
            VALUES (:subject, 1, :now)
            ON CONFLICT (subject) DO UPDATE
               SET failures = CASE WHEN a.locked_until > :now THEN a.failures
                                   WHEN a.last_at < :forget_before THEN 1
                                   ELSE a.failures + 1 END,
                   last_at = :now
            RETURNING failures, locked_until
        """),
        {"subject": subject, "now": now, "forget_before": forget_before},
    )
    row = found.one()
    return row.failures, row.locked_until


async def lock(tx: AsyncConnection, subject: str, until: datetime) -> None:
    """Lock an account or an address until an instant."""
    await tx.execute(
        text("UPDATE attempt SET locked_until = :until WHERE subject = :subject"),
        {"subject": subject, "until": until},
    )


async def forget(tx: AsyncConnection, subject: str) -> None:
    """Forget the attempts of an account that has signed in."""
    await tx.execute(text("DELETE FROM attempt WHERE subject = :subject"), {"subject": subject})


async def take_back(tx: AsyncConnection, subject: str) -> None:
    """Take an address's attempt back that was no failure."""
    await tx.execute(
        text(
            "UPDATE attempt SET failures = failures - 1 WHERE subject = :subject AND failures > 0"
        ),
        {"subject": subject},
    )
