"""SQL of the rights of roles and their changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.roles.domain import RoleChange, RoleChangeStatus
from shared.page import read_page
from shared.roles import Right, Role

_COLUMNS: Final = "id, role, rights, why, proposed_by, proposed_at, status, decided_by"


def _change(*, role: str, rights: list[str], status: str, **columns: Any) -> RoleChange:
    return RoleChange(
        role=Role(role),
        rights=frozenset(Right(right) for right in rights if right in set(Right)),
        status=RoleChangeStatus(status),
        **columns,
    )


async def changed(tx: AsyncConnection) -> dict[str, list[str]]:
    """Return the rights of the roles that were changed from the shipped table."""
    found = await tx.execute(text("SELECT role, rights FROM role_rights ORDER BY role"))
    return {row.role: list(row.rights) for row in found}


async def insert(tx: AsyncConnection, new: RoleChange) -> None:
    """Insert a proposal."""
    await tx.execute(
        text("""
            INSERT INTO role_change (id, role, rights, why, proposed_by, proposed_at, status)
            VALUES (:id, :role, CAST(:rights AS text[]), :why, :proposed_by, :proposed_at, :status)
        """),
        {
            "id": new.id,
            "role": new.role.value,
            "rights": sorted(right.value for right in new.rights),
            "why": new.why,
            "proposed_by": new.proposed_by,
            "proposed_at": new.proposed_at,
            "status": new.status.value,
        },
    )


async def find(tx: AsyncConnection, id: UUID) -> RoleChange | None:
    """Find a change, and keep others from deciding it meanwhile."""
    found = await tx.execute(
        text(f"SELECT {_COLUMNS} FROM role_change WHERE id = :id FOR UPDATE"), {"id": id}
    )
    row = found.one_or_none()
    return None if row is None else _change(**row._mapping)


async def page(tx: AsyncConnection, *, after: UUID | None, limit: int) -> Sequence[RoleChange]:
    """Read changes, oldest first."""
    return await read_page(
        tx,
        f"SELECT {_COLUMNS} FROM role_change",
        key=("id",),
        after=None if after is None else [after],
        limit=limit,
        row=_change,
    )


async def decide(tx: AsyncConnection, change: RoleChange) -> None:
    """Write the decision on a change."""
    await tx.execute(
        text("UPDATE role_change SET status = :status, decided_by = :by WHERE id = :id"),
        {"id": change.id, "status": change.status.value, "by": change.decided_by},
    )


async def put(tx: AsyncConnection, change: RoleChange) -> None:
    """Put the rights of an approved change into force."""
    await tx.execute(
        text("""
            INSERT INTO role_rights (role, rights, change_id)
            VALUES (:role, CAST(:rights AS text[]), :id)
            ON CONFLICT (role) DO UPDATE SET rights = excluded.rights, change_id = excluded.change_id
        """),
        {
            "role": change.role.value,
            "rights": sorted(right.value for right in change.rights),
            "id": change.id,
        },
    )
