"""Nonces of signed requests, kept while a replay would still be young enough to pass."""

from __future__ import annotations

import asyncio
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db import Database
from shared.process.log import logger

TABLE: Final = "signature_nonce"
ROWS_PER_STEP: Final = 1000
PAUSE_SECONDS: Final = 300.0

DDL: Final = f"""
CREATE TABLE {TABLE} (
    client     text        NOT NULL,
    nonce      text        NOT NULL CHECK (length(nonce) <= 128),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (client, nonce)
)
"""


def ddl(role: str) -> tuple[str, ...]:
    """Return the statements of a migration that give a service its nonces."""
    return (
        DDL,
        f"CREATE INDEX {TABLE}_expiry ON {TABLE} (expires_at)",
        f"GRANT SELECT, INSERT, DELETE ON {TABLE} TO {role}",
    )


async def use(tx: AsyncConnection, client: str, nonce: str, expires_at: float) -> bool:
    """Use a nonce; False when this client used it before, in whichever process."""
    found = await tx.execute(
        text("""
            INSERT INTO signature_nonce (client, nonce, expires_at)
            VALUES (:client, :nonce, to_timestamp(:expires_at) + interval '10 minutes')
            ON CONFLICT (client, nonce) DO NOTHING
            RETURNING 1
        """),
        {"client": client, "nonce": nonce, "expires_at": expires_at},
    )
    return found.first() is not None


async def clean(tx: AsyncConnection, limit: int = ROWS_PER_STEP) -> int:
    """Delete a bounded set of nonces whose signatures are too old to pass; how many."""
    gone = await tx.execute(
        text("""
            DELETE FROM signature_nonce
             WHERE (client, nonce) IN (
                       SELECT client, nonce
                         FROM signature_nonce
                        WHERE expires_at < now()
                        LIMIT :limit
                   )
        """),
        {"limit": limit},
    )
    return gone.rowcount


async def keep_clean(db: Database) -> None:
    """Delete old nonces every few minutes, until cancelled."""
    while True:
        try:
            while await db.run(clean) == ROWS_PER_STEP:
                pass
        except Exception as error:
            logger().warning("old nonces not deleted, will retry", error=repr(error)[:300])
        await asyncio.sleep(PAUSE_SECONDS)
