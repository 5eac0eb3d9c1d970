"""SQL of owners' slots, which are stored once the slots have grown. A row is never changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.posting.domain.voucher import owner_of
from shared.roles import CENTRE

ONCE: Final = "owner_slot_pkey"
"""The constraint that keeps an owner in one slot."""
_CONTENT_BYTES: Final = 2_000
"""Bytes of a canonical content that surely hold its event id and its owner."""


async def load(tx: AsyncConnection, owners: Sequence[str]) -> dict[str, int]:
    """Load the stored slots of these owners."""
    rows = await tx.execute(
        text("SELECT owner, slot FROM owner_slot WHERE owner = ANY(CAST(:owners AS text[]))"),
        {"owners": list(owners)},
    )
    return {row.owner: row.slot for row in rows}


async def load_many(tx: AsyncConnection, limit: int) -> dict[str, int]:
    """Load the stored slots of all owners, or of so many."""
    rows = await tx.execute(
        text("SELECT owner, slot FROM owner_slot LIMIT :limit"), {"limit": limit}
    )
    return {row.owner: row.slot for row in rows}


async def store(tx: AsyncConnection, slots: Mapping[str, int]) -> None:
    """Store the slots of owners that have none. Whoever comes first decides, for good.

    There is no ON CONFLICT: in a table that every server of Citus holds, that needs the right to
    change its rows.

    Raises:
        IntegrityError: somebody else stored one of them meanwhile; nothing is stored.
    """
    owners = sorted(slots)
    await tx.execute(
        text("""
            INSERT INTO owner_slot (owner, slot)
            SELECT owner, slot
              FROM unnest(CAST(:owners AS text[]), CAST(:slots AS integer[])) AS a (owner, slot)
             WHERE NOT EXISTS (SELECT FROM owner_slot AS o WHERE o.owner = a.owner)
        """),
        {"owners": owners, "slots": [slots[owner] for owner in owners]},
    )


async def store_of_vouchers(tx: AsyncConnection, slot: int, after: int, upto: int) -> None:
    """Store a slot as that of the owners of its vouchers after one sequence number up to another."""
    rows = await tx.execute(
        text("""
            SELECT DISTINCT owner
              FROM voucher
             WHERE slot = :slot AND seq > :after AND seq <= :upto
        """),
        {"slot": slot, "after": after, "upto": upto},
    )
    await _store_all(tx, slot, {row.owner for row in rows})


async def store_of_refusals(tx: AsyncConnection, slot: int) -> None:
    """Store a slot as that of the owners whose events it keeps the refusals of."""
    rows = await tx.stream(
        text("""
            SELECT substring(content FROM 1 FOR :bytes) AS content
              FROM event_refusal
             WHERE slot = :slot
        """),
        {"slot": slot, "bytes": _CONTENT_BYTES},
    )
    await _store_all(tx, slot, {owner_of(bytes(row.content)) async for row in rows})


async def _store_all(tx: AsyncConnection, slot: int, owners: set[str]) -> None:
    if found := owners - {CENTRE}:
        await store(tx, dict.fromkeys(found, slot))


async def count(tx: AsyncConnection) -> dict[int, int]:
    """Count the owners stored for each slot."""
    rows = await tx.execute(
        text("SELECT slot, COUNT(*) AS owners FROM owner_slot GROUP BY slot LIMIT 1024")
    )
    return {row.slot: row.owners for row in rows}


async def misplaced(tx: AsyncConnection) -> list[str]:
    """Describe owners with vouchers in another slot than the one stored for them."""
    rows = await tx.execute(
        text("""
            SELECT v.slot, v.owner, o.slot AS stored
              FROM (SELECT slot, owner FROM voucher GROUP BY slot, owner) AS v
              LEFT JOIN owner_slot AS o ON o.owner = v.owner
             WHERE v.owner <> :centre AND o.slot IS DISTINCT FROM v.slot
             ORDER BY v.owner, v.slot
             LIMIT 100
        """),
        {"centre": CENTRE},
    )
    return [
        f"{row.owner} has vouchers in slot {row.slot}, and the slot stored for it is {row.stored}"
        for row in rows
    ]
