"""SQL of policies, which are stored whole and never edited."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.errors import PolicyOverlaps
from shared.page import read_page

_COLUMNS = """id, region, pack, title, effective_from, effective_to, status, author,
       decided_by, created_at, published_at"""


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """A policy version without its content."""

    id: UUID
    region: str
    pack: str
    title: str
    effective_from: date
    effective_to: date | None
    status: str
    author: str
    decided_by: str | None
    created_at: datetime
    published_at: datetime | None


async def in_force(tx: AsyncConnection, region: str, day: date) -> UUID | None:
    """Find the version in force in a region on a day."""
    found: UUID | None = await tx.scalar(
        text("""
            SELECT id
              FROM policy
             WHERE region = :region AND status = 'in_force'
               AND effective_from <= :day AND (effective_to IS NULL OR effective_to >= :day)
        """),
        {"region": region, "day": day},
    )
    return found


async def published(tx: AsyncConnection, region: str) -> list[UUID]:
    """List the versions of a region that are, were or will be in force."""
    found = await tx.scalars(
        text("SELECT id FROM policy WHERE region = :region AND status = 'in_force'"),
        {"region": region},
    )
    return list(found)


async def content(tx: AsyncConnection, policy_id: UUID) -> dict[str, Any] | None:
    """Read the pack of a version as it was published."""
    found: dict[str, Any] | None = await tx.scalar(
        text("SELECT content FROM policy WHERE id = :id"), {"id": policy_id}
    )
    return found


async def find(tx: AsyncConnection, policy_id: UUID) -> PolicyRow | None:
    """Find a version."""
    row = (
        await tx.execute(text(f"SELECT {_COLUMNS} FROM policy WHERE id = :id"), {"id": policy_id})
    ).first()
    return None if row is None else PolicyRow(**row._mapping)


async def find_named(tx: AsyncConnection, region: str, pack: str) -> tuple[PolicyRow, bytes] | None:
    """Find a version by region and name, with the hash of its content; a refused one has no name."""
    row = (
        await tx.execute(
            text(f"""
                SELECT {_COLUMNS}, content_hash
                  FROM policy
                 WHERE region = :region AND pack = :pack AND status <> 'refused'
            """),
            {"region": region, "pack": pack},
        )
    ).first()
    if row is None:
        return None
    columns = dict(row._mapping)
    content_hash = bytes(columns.pop("content_hash"))
    return PolicyRow(**columns), content_hash


async def insert_draft(
    tx: AsyncConnection,
    row: PolicyRow,
    canonical: str,
    content_hash: bytes,
) -> bool:
    """Store a draft; False if a version of that name exists."""
    made = await tx.execute(
        text("""
            INSERT INTO policy (id, region, pack, title, effective_from, effective_to, status,
                                content, content_hash, author)
            VALUES (:id, :region, :pack, :title, :effective_from, :effective_to, 'draft',
                    CAST(:content AS jsonb), :content_hash, :author)
            ON CONFLICT (region, pack) WHERE status <> 'refused' DO NOTHING
            RETURNING id
        """),
        {
            "id": row.id,
            "region": row.region,
            "pack": row.pack,
            "title": row.title,
            "effective_from": row.effective_from,
            "effective_to": row.effective_to,
            "content": canonical,
            "content_hash": content_hash,
            "author": row.author,
        },
    )
    return made.first() is not None


async def close_open_ended(tx: AsyncConnection, region: str, day_before: date) -> None:
    """End an earlier open-ended version on the day before its successor begins."""
    await tx.execute(
        text("""
            UPDATE policy
               SET effective_to = :day_before
             WHERE region = :region AND status = 'in_force' AND effective_to IS NULL
               AND effective_from <= :day_before
        """),
        {"region": region, "day_before": day_before},
    )


async def publish(tx: AsyncConnection, policy_id: UUID, decided_by: str) -> bool:
    """Put a draft in force; False if it is not a draft.

    Raises:
        PolicyOverlaps: another version is in force on some of its days.
    """
    try:
        made = await tx.execute(
            text("""
                UPDATE policy
                   SET status = 'in_force', published_at = now(), decided_by = :decided_by
                 WHERE id = :id AND status = 'draft'
                RETURNING id
            """),
            {"id": policy_id, "decided_by": decided_by},
        )
    except IntegrityError as error:
        if "policy_one_in_force_a_day" in str(error.orig):
            raise PolicyOverlaps from None
        raise
    return made.first() is not None


async def refuse(tx: AsyncConnection, policy_id: UUID, decided_by: str) -> bool:
    """Refuse a draft; False if it is not a draft."""
    made = await tx.execute(
        text("""
            UPDATE policy
               SET status = 'refused', decided_by = :decided_by
             WHERE id = :id AND status = 'draft'
            RETURNING id
        """),
        {"id": policy_id, "decided_by": decided_by},
    )
    return made.first() is not None


async def page(
    tx: AsyncConnection, *, region: str | None, after: tuple[date, UUID] | None, limit: int
) -> list[PolicyRow]:
    """Read versions after a (effective_from, id), in the order in which they come into force."""
    return await read_page(
        tx,
        f"SELECT {_COLUMNS} FROM policy",
        key=("effective_from", "id"),
        after=after,
        limit=limit,
        row=PolicyRow,
        equal={"region": region},
    )
