"""SQL of principals."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.principals.domain import Principal, PrincipalKind, PrincipalState
from shared.page import read_page
from shared.roles import Role
from shared.security.person_name import folded

_COLUMNS: Final = (
    "name, kind, display, organisation, person, role, district, units, provider_subject, state,"
    " version"
)


def _principal(
    *,
    kind: str,
    role: str,
    units: list[str] | None,
    state: str,
    **columns: Any,
) -> Principal:
    return Principal(
        kind=PrincipalKind(kind),
        role=Role(role),
        units=None if units is None else tuple(units),
        state=PrincipalState(state),
        **columns,
    )


async def insert(tx: AsyncConnection, new: Principal, by: str, change: UUID) -> bool:
    """Insert a principal; False when its name is taken."""
    found = await tx.execute(
        text(f"""
            INSERT INTO principal ({_COLUMNS}, folded, created_by, change_id)
            VALUES (:name, :kind, :display, :organisation, :person, :role, :district,
                    CAST(:units AS text[]), :provider_subject, :state, :version, :folded, :by, :change)
            ON CONFLICT DO NOTHING
            RETURNING name
        """),
        {
            "name": new.name,
            "kind": new.kind.value,
            "display": new.display or new.name,
            "organisation": new.organisation,
            "person": new.person,
            "role": new.role.value,
            "district": new.district,
            "units": None if new.units is None else list(new.units),
            "provider_subject": new.provider_subject,
            "state": new.state.value,
            "version": new.version,
            "folded": folded(new.name),
            "by": by,
            "change": change,
        },
    )
    return found.scalar() is not None


async def find(tx: AsyncConnection, name: str) -> Principal | None:
    """Find a principal by its name in any case, width and blanks."""
    found = await tx.execute(
        text(f"SELECT {_COLUMNS} FROM principal WHERE folded = :folded"), {"folded": folded(name)}
    )
    row = found.one_or_none()
    return None if row is None else _principal(**row._mapping)


async def find_by_subject(tx: AsyncConnection, subject: str) -> Principal | None:
    """Find a person by what the provider calls them, exactly."""
    found = await tx.execute(
        text(f"SELECT {_COLUMNS} FROM principal WHERE provider_subject = :subject"),
        {"subject": subject},
    )
    row = found.one_or_none()
    return None if row is None else _principal(**row._mapping)


async def known(tx: AsyncConnection) -> frozenset[str]:
    """Return the folded names of all principals."""
    return frozenset((await tx.execute(text("SELECT folded FROM principal"))).scalars())


async def page(
    tx: AsyncConnection, kind: PrincipalKind | None, after: Sequence[Any] | None, limit: int
) -> list[Principal]:
    """Read principals in the order of their names."""
    return await read_page(
        tx,
        f"SELECT {_COLUMNS} FROM principal",
        key=("name",),
        after=after,
        limit=limit,
        row=_principal,
        equal={"kind": kind and kind.value},
    )


async def disabled(tx: AsyncConnection) -> list[str]:
    """Return the names of disabled principals, and of the clients of disabled people."""
    found = await tx.execute(
        text("""
            SELECT name
              FROM principal
             WHERE state = 'disabled'
                OR person IN (SELECT name FROM principal WHERE state = 'disabled')
             ORDER BY name
        """)
    )
    return list(found.scalars())


async def disable(tx: AsyncConnection, name: str) -> list[Principal]:
    """Disable a principal; raise its version, and that of the clients of a person."""
    found = await tx.execute(
        text(f"""
            UPDATE principal
               SET state = CASE WHEN name = :name THEN 'disabled' ELSE state END,
                   version = version + 1,
                   changed_at = now()
             WHERE (name = :name OR person = :name)
            RETURNING {_COLUMNS}
        """),
        {"name": name},
    )
    return [_principal(**row._mapping) for row in found]


async def enable(tx: AsyncConnection, name: str, change: UUID) -> None:
    """Enable a principal and raise its version."""
    await tx.execute(
        text("""
            UPDATE principal
               SET state = 'active', version = version + 1, changed_at = now(), change_id = :change
             WHERE name = :name
        """),
        {"name": name, "change": change},
    )


async def assign(tx: AsyncConnection, changed: Principal, change: UUID) -> None:
    """Set the role, district and units of a principal and of a person's clients."""
    await tx.execute(
        text("""
            UPDATE principal
               SET role = :role, district = :district, units = CAST(:units AS text[]),
                   version = version + 1, changed_at = now(), change_id = :change
             WHERE (name = :name OR person = :name)
        """),
        {
            "name": changed.name,
            "role": changed.role.value,
            "district": changed.district,
            "units": None if changed.units is None else list(changed.units),
            "change": change,
        },
    )


async def link(tx: AsyncConnection, name: str, subject: str | None, change: UUID) -> None:
    """Set what the provider calls a person, and raise the version."""
    await tx.execute(
        text("""
            UPDATE principal
               SET provider_subject = :subject, version = version + 1, changed_at = now(),
                   change_id = :change
             WHERE name = :name
        """),
        {"name": name, "subject": subject, "change": change},
    )


async def take_turn(tx: AsyncConnection) -> None:
    """Wait until no other process adds the first principals."""
    await tx.execute(text("SELECT pg_advisory_xact_lock(hashtext('identity set-up'))"))


async def raise_version(tx: AsyncConnection, name: str) -> None:
    """Raise a principal's version: its tokens of before are refused."""
    await tx.execute(
        text("UPDATE principal SET version = version + 1, changed_at = now() WHERE name = :name"),
        {"name": name},
    )


async def changed_since(tx: AsyncConnection, since: datetime) -> list[tuple[str, int]]:
    """Return the names and versions of principals that changed lately."""
    found = await tx.execute(
        text("SELECT name, version FROM principal WHERE changed_at >= :since AND version > 1"),
        {"since": since},
    )
    return [(row.name, row.version) for row in found]
