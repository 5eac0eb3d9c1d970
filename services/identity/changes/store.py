"""SQL of changes of people and clients."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.changes.domain import ChangeKind, ChangeStatus, PrincipalChange
from shared.page import read_page

_COLUMNS: Final = (
    "id, kind, principal, content, why, proposed_by, proposed_at, status, decided_by, decided_at,"
    " alone, factor_given_at"
)


def _change(*, kind: str, status: str, **columns: Any) -> PrincipalChange:
    return PrincipalChange(kind=ChangeKind(kind), status=ChangeStatus(status), **columns)


async def insert(tx: AsyncConnection, new: PrincipalChange) -> None:
    """Insert a change."""
    await tx.execute(
        text("""
            INSERT INTO principal_change (id, kind, principal, content, why, proposed_by,
                                          proposed_at, status, decided_by, decided_at, alone)
            VALUES (:id, :kind, :principal, CAST(:content AS jsonb), :why, :proposed_by,
                    :proposed_at, :status, :decided_by, :decided_at, :alone)
        """),
        {
            "id": new.id,
            "kind": new.kind.value,
            "principal": new.principal,
            "content": orjson.dumps(dict(new.content)).decode(),
            "why": new.why,
            "proposed_by": new.proposed_by,
            "proposed_at": new.proposed_at,
            "status": new.status.value,
            "decided_by": new.decided_by,
            "decided_at": new.decided_at,
            "alone": new.alone,
        },
    )


async def find(tx: AsyncConnection, id: UUID, *, lock: bool = False) -> PrincipalChange | None:
    """Find a change; with `lock`, keep others from deciding it meanwhile."""
    found = await tx.execute(
        text(
            f"SELECT {_COLUMNS} FROM principal_change WHERE id = :id{' FOR UPDATE' if lock else ''}"
        ),
        {"id": id},
    )
    row = found.one_or_none()
    return None if row is None else _change(**row._mapping)


async def decide(tx: AsyncConnection, change: PrincipalChange) -> None:
    """Write the decision on a change."""
    await tx.execute(
        text("""
            UPDATE principal_change
               SET status = :status, decided_by = :by, decided_at = :at
             WHERE id = :id
        """),
        {
            "id": change.id,
            "status": change.status.value,
            "by": change.decided_by,
            "at": change.decided_at,
        },
    )


async def give_factor(tx: AsyncConnection, change: PrincipalChange, at: datetime) -> bool:
    """Mark that a change's second factor was given; False when a later change has replaced it."""
    found = await tx.execute(
        text("""
            UPDATE principal_change
               SET factor_given_at = :at
             WHERE id = :id
               AND NOT EXISTS (SELECT 1
                                 FROM principal_change AS later
                                WHERE later.principal = :principal
                                  AND later.kind = 'reset'
                                  AND later.decided_at > :decided_at
                                  AND later.status = 'approved')
            RETURNING id
        """),
        {
            "id": change.id,
            "at": at,
            "principal": change.principal,
            "decided_at": change.decided_at,
        },
    )
    return found.scalar() is not None


async def page(
    tx: AsyncConnection,
    *,
    principal: str | None,
    status: ChangeStatus | None,
    after: Sequence[Any] | None,
    limit: int,
) -> list[PrincipalChange]:
    """Read changes, oldest first."""
    return await read_page(
        tx,
        f"SELECT {_COLUMNS} FROM principal_change",
        key=("id",),
        after=after,
        limit=limit,
        row=_change,
        equal={"principal": principal, "status": status and status.value},
    )
