"""Fingerprints of the keys that a database was made with: another key is refused, not used.

A pepper that is not the database's would make a second person of everyone, and without the field
keys of its values nothing opens. So each service's schema holds a fingerprint of each key, written
when the key is first met, and a service compares them before it works. A field key that no value
needs any more is retired: it need not be there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.security.field_keys import FieldKey, KeyRing
from shared.security.identity import Identity
from shared.security.keyed_hash import keyed_hash

DDL = """
CREATE TABLE key_fingerprint (
    name        text        PRIMARY KEY,
    fingerprint bytea       NOT NULL,
    noted_at    timestamptz NOT NULL DEFAULT now()
)
"""
RETIRED_DDL = "ALTER TABLE key_fingerprint ADD COLUMN retired_at timestamptz"
GRANT = "SELECT, INSERT"
READY = "ok"
PEPPER: Final = "pepper"
FIRST_FIELD_KEY: Final = "field_key"


def fingerprints(identity: Identity) -> dict[str, bytes]:
    """Return the fingerprint of each key of stored data; a key cannot be found from it."""
    own = {PEPPER: fingerprint(PEPPER, identity.pepper)}
    return own | fingerprints_of(identity.field_keys.ring)


def fingerprints_of(ring: KeyRing) -> dict[str, bytes]:
    """Return the fingerprint of each field key."""
    return {name_of(key): fingerprint(FIRST_FIELD_KEY, key.secret) for key in ring.keys}


def name_of(key: FieldKey) -> str:
    """Return the name under which a field key is noted."""
    return FIRST_FIELD_KEY if key.is_first else f"{FIRST_FIELD_KEY} {key.id}"


def fingerprint(name: str, key: bytes) -> bytes:
    """Return the fingerprint of a key of random bits."""
    return keyed_hash(key, f"wuxian key fingerprint {name}".encode())[:16]


async def standing(tx: AsyncConnection, identity: Identity) -> str:
    """ "ok" when the keys are those of the database; else a sentence with what to do.

    The first keys that a database meets are noted as its own, and so is each new field key.
    """
    own = fingerprints(identity)
    known, retired = await _known(tx)
    missing = {name: own[name] for name in own if name not in known and name not in retired}
    if missing:
        await note(tx, missing)
        known, _ = await _known(tx)
    return compared(own, known)


async def note(tx: AsyncConnection, own: Mapping[str, bytes]) -> None:
    """Write the fingerprints of keys that the database has not met before."""
    await tx.execute(
        text("""
            INSERT INTO key_fingerprint (name, fingerprint)
            SELECT name, fingerprint
              FROM unnest(CAST(:names AS text[]), CAST(:fingerprints AS bytea[]))
                AS fresh (name, fingerprint)
            ON CONFLICT (name) DO NOTHING
        """),
        {"names": list(own), "fingerprints": list(own.values())},
    )


async def retire(tx: AsyncConnection, key: FieldKey) -> None:
    """Note that no value of the database needs a key any more."""
    await tx.execute(
        text("UPDATE key_fingerprint SET retired_at = now() WHERE name = :name"),
        {"name": name_of(key)},
    )


async def looked_at(tx: AsyncConnection, identity: Identity) -> str:
    """Compare the keys as `standing`, and note nothing."""
    known, _ = await _known(tx)
    return compared(fingerprints(identity), known)


async def readiness(tx: AsyncConnection, identity: Identity, schema: str) -> dict[str, str]:
    """Return the readiness of the keys, once the schema stands where this release needs it."""
    return {"keys": await standing(tx, identity)} if schema == READY else {}


def compared(own: Mapping[str, bytes], known: Mapping[str, bytes]) -> str:
    """ "ok" when every key of the database is there and the same; else a sentence."""
    different = [name for name in own if name in known and own[name] != known[name]]
    if different:
        return (
            f"the database was made with another {' and '.join(different)}"
            f" (its {', '.join(f'{name} {known[name].hex()[:8]}' for name in different)};"
            f" here {', '.join(own[name].hex()[:8] for name in different)}):"
            " put the key files of its backup into WUXIAN_IDENTITY_DIR"
        )
    absent = sorted(set(known) - set(own))
    if absent:
        return (
            f"values of the database are sealed with {' and '.join(absent)}, which is not here:"
            " put the service's field_keys.json of that time into WUXIAN_DATABASE_SECRETS_DIR"
        )
    return READY


async def _known(tx: AsyncConnection) -> tuple[dict[str, bytes], set[str]]:
    """Read the fingerprints that count, and the names of retired keys."""
    rows = (
        await tx.execute(text("SELECT name, fingerprint, retired_at FROM key_fingerprint"))
    ).all()
    return (
        {row.name: bytes(row.fingerprint) for row in rows if row.retired_at is None},
        {row.name for row in rows if row.retired_at is not None},
    )
