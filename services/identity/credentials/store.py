"""SQL of credentials."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.credentials.domain.credential import Credential, CredentialKind
from shared.ids import uuid7

_COLUMNS: Final = "id, kind, value, created_at, ends_at, must_change, last_step"


async def insert(
    tx: AsyncConnection,
    principal: str,
    kind: CredentialKind,
    value: str,
    by: str,
    *,
    must_change: bool = False,
) -> None:
    """Give a principal a credential."""
    await tx.execute(
        text("""
            INSERT INTO credential (id, principal, kind, value, created_by, must_change)
            VALUES (:id, :principal, :kind, :value, :by, :must_change)
        """),
        {
            "id": uuid7(),
            "principal": principal,
            "kind": kind.value,
            "value": value,
            "by": by,
            "must_change": must_change,
        },
    )


async def in_force(
    tx: AsyncConnection, principal: str, kinds: Sequence[CredentialKind], now: datetime
) -> list[Credential]:
    """Return a principal's credentials of these kinds that have not ended, newest first."""
    found = await tx.execute(
        text(f"""
            SELECT {_COLUMNS}
              FROM credential
             WHERE principal = :principal
               AND kind = ANY(CAST(:kinds AS text[]))
               AND (ends_at IS NULL OR ends_at > :now)
             ORDER BY id DESC
        """),
        {"principal": principal, "kinds": [kind.value for kind in kinds], "now": now},
    )
    return [Credential(**{**row._mapping, "kind": CredentialKind(row.kind)}) for row in found]


async def end(tx: AsyncConnection, principal: str, kind: CredentialKind, ends_at: datetime) -> None:
    """Let a principal's credentials of a kind end at an instant, unless they end before."""
    await tx.execute(
        text("""
            UPDATE credential
               SET ends_at = :ends_at
             WHERE principal = :principal
               AND kind = :kind
               AND (ends_at IS NULL OR ends_at > :ends_at)
        """),
        {"principal": principal, "kind": kind.value, "ends_at": ends_at},
    )


async def use_step(tx: AsyncConnection, id: UUID, step: int) -> bool:
    """Use a time step of a second factor; False when it or a later one was used before."""
    found = await tx.execute(
        text("""
            UPDATE credential
               SET last_step = :step
             WHERE id = :id AND (last_step IS NULL OR last_step < :step)
            RETURNING id
        """),
        {"id": id, "step": step},
    )
    return found.scalar() is not None
