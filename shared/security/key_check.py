"""Fingerprints of the keys that a database was made with: another key is refused, not used.

A pepper that is not the database's would make a second person of everyone, and a field key that is
not the database's would open nothing. So each service's schema holds a fingerprint of each key,
written at its first start, and a service compares them before it works.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.security.identity import Identity

DDL = """
CREATE TABLE key_fingerprint (
    name        text        PRIMARY KEY,
    fingerprint bytea       NOT NULL,
    noted_at    timestamptz NOT NULL DEFAULT now()
)
"""
GRANT = "SELECT, INSERT"
READY = "ok"


def fingerprints(identity: Identity) -> dict[str, bytes]:
    """Return the fingerprint of each key of stored data; a key cannot be found from it."""
    keys = {"pepper": identity.pepper, "field_key": identity.field_key}
    return {name: fingerprint(name, key) for name, key in keys.items()}


def fingerprint(name: str, key: bytes) -> bytes:
    """Return the fingerprint of a key of 256 random bits."""
    return hmac.digest(key, f"wuxian key fingerprint {name}".encode(), "sha256")[:16]


async def standing(tx: AsyncConnection, identity: Identity) -> str:
    """ "ok" when the keys are those of the database; else a sentence with what to do.

    The first keys that a database meets are noted as its own.
    """
    own = fingerprints(identity)
    known = await _known(tx)
    missing = {name: own[name] for name in own if name not in known}
    if missing:
        await tx.execute(
            text("""
                INSERT INTO key_fingerprint (name, fingerprint)
                SELECT name, fingerprint
                  FROM unnest(CAST(:names AS text[]), CAST(:fingerprints AS bytea[]))
                    AS fresh (name, fingerprint)
                ON CONFLICT (name) DO NOTHING
            """),
            {"names": list(missing), "fingerprints": list(missing.values())},
        )
        known = await _known(tx)
    return compared(own, known)


async def readiness(tx: AsyncConnection, identity: Identity, schema: str) -> dict[str, str]:
    """Return the readiness of the keys, once the schema stands where this release needs it."""
    return {"keys": await standing(tx, identity)} if schema == READY else {}


def compared(own: Mapping[str, bytes], known: Mapping[str, bytes]) -> str:
    """ "ok" when no fingerprint differs from the database's; else a sentence."""
    different = [name for name in own if own[name] != known[name]]
    if not different:
        return READY
    return (
        f"the database was made with another {' and '.join(different)}"
        f" (its {', '.join(f'{name} {known[name].hex()[:8]}' for name in different)};"
        f" here {', '.join(own[name].hex()[:8] for name in different)}):"
        " put the key files of its backup into WUXIAN_IDENTITY_DIR"
    )


async def _known(tx: AsyncConnection) -> dict[str, bytes]:
    rows = await tx.execute(text("SELECT name, fingerprint FROM key_fingerprint"))
    return {row.name: bytes(row.fingerprint) for row in rows}
