"""SQL of the keys of clients' messages. A row is only ever ended or revoked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.message_keys.domain import RegisteredKey
from shared.page import read_page
from shared.security.message_keys import MessageAlgorithm

_COLUMNS: Final = (
    "kid, client, algorithm, public_key, thumbprint, valid_from, valid_until,"
    " registered_by, registered_at, revoked_at, revoked_by"
)


def _key(*, algorithm: str, **columns: Any) -> RegisteredKey:
    return RegisteredKey(algorithm=MessageAlgorithm(algorithm), **columns)


async def insert(tx: AsyncConnection, new: RegisteredKey) -> bool:
    """Insert a key; False when its kid or the key itself is registered."""
    found = await tx.execute(
        text("""
            INSERT INTO client_signing_key (kid, client, algorithm, public_key, thumbprint,
                                            valid_from, valid_until, registered_by, registered_at)
            VALUES (:kid, :client, :algorithm, CAST(:public_key AS jsonb), :thumbprint,
                    :valid_from, :valid_until, :registered_by, :registered_at)
            ON CONFLICT DO NOTHING
            RETURNING kid
        """),
        {
            "kid": new.kid,
            "client": new.client,
            "algorithm": new.algorithm.value,
            "public_key": orjson.dumps(dict(new.public_key)).decode(),
            "thumbprint": new.thumbprint,
            "valid_from": new.valid_from,
            "valid_until": new.valid_until,
            "registered_by": new.registered_by,
            "registered_at": new.registered_at,
        },
    )
    return found.scalar() is not None


async def is_known(tx: AsyncConnection, key: RegisteredKey) -> bool:
    """Return whether a kid or a key is registered."""
    found = await tx.execute(
        text("""
            SELECT EXISTS (SELECT 1
                             FROM client_signing_key
                            WHERE kid = :kid OR thumbprint = :thumbprint)
        """),
        {"kid": key.kid, "thumbprint": key.thumbprint},
    )
    return bool(found.scalar())


async def end_others(tx: AsyncConnection, new: RegisteredKey, until: datetime) -> None:
    """Let the client's other keys end at an instant, unless they end before or begin later."""
    await tx.execute(
        text("""
            UPDATE client_signing_key
               SET valid_until = :until
             WHERE client = :client
               AND kid <> :kid
               AND valid_from < :until
               AND (valid_until IS NULL OR valid_until > :until)
        """),
        {"client": new.client, "kid": new.kid, "until": until},
    )


async def revoke(tx: AsyncConnection, kid: str, by: str, now: datetime) -> RegisteredKey | None:
    """Revoke a key, once; None when there is none. A second time changes nothing."""
    found = await tx.execute(
        text(f"""
            UPDATE client_signing_key
               SET revoked_at = coalesce(revoked_at, :now),
                   revoked_by = coalesce(revoked_by, :by)
             WHERE kid = :kid
            RETURNING {_COLUMNS}
        """),
        {"kid": kid, "by": by, "now": now},
    )
    row = found.one_or_none()
    return None if row is None else _key(**row._mapping)


async def in_force(tx: AsyncConnection, now: datetime) -> list[RegisteredKey]:
    """Return the keys that count now or will count."""
    found = await tx.execute(
        text(f"""
            SELECT {_COLUMNS}
              FROM client_signing_key
             WHERE revoked_at IS NULL AND (valid_until IS NULL OR valid_until > :now)
             ORDER BY kid
        """),
        {"now": now},
    )
    return [_key(**row._mapping) for row in found]


async def page(
    tx: AsyncConnection, client: str | None, after: Sequence[Any] | None, limit: int
) -> list[RegisteredKey]:
    """Read keys in the order of their names, ended and revoked ones too."""
    return await read_page(
        tx,
        f"SELECT {_COLUMNS} FROM client_signing_key",
        key=("kid",),
        after=after,
        limit=limit,
        row=_key,
        equal={"client": client},
    )
