"""Slots and their heads: made at the beginning and by growths, locked first, loaded whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import accumulate
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.posting.domain.batch import SlotState
from services.ledger.posting.domain.daily_balance import DailyBalance
from services.ledger.posting.domain.hold import Hold
from services.ledger.posting.domain.slot_map import SlotMap
from services.ledger.posting.domain.voucher import GENESIS

Connection: TypeAlias = "asyncpg.Connection[Any]"


class SlotsGrown(Exception):
    """The slots have grown, or this is an earlier copy of the database: read their map again."""


async def make_slots(tx: AsyncConnection, slots: int, algorithm: str) -> tuple[SlotMap, str]:
    """Make the slots of a new database; the slots there are now and how their chains are hashed."""
    present = await load_slots(tx)
    if present is None:
        await add_slots(tx, SlotMap((slots,)), algorithm, None)
        present = await load_slots(tx)
        assert present is not None
    return present


async def load_slots(tx: AsyncConnection) -> tuple[SlotMap, str] | None:
    """Load the slots of every generation and the hash function; None in a new database."""
    rows = await tx.execute(
        text("""
            SELECT made_in, COUNT(*) AS slots, MIN(algorithm) AS algorithm
              FROM slot_head
             GROUP BY made_in
             ORDER BY made_in
             LIMIT 1024
        """)
    )
    found = rows.all()
    if not found:
        return None
    return SlotMap(tuple(accumulate(row.slots for row in found))), found[0].algorithm


async def is_distributed(tx: AsyncConnection) -> bool:
    """Tell whether the slots may lie on several servers."""
    found: bool = await tx.scalar(
        text("SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')")
    )
    return found


async def add_slots(
    tx: AsyncConnection, slots: SlotMap, algorithm: str, closed_until: date | None
) -> None:
    """Make the slots of the newest generation, closed like all others. Slots that exist stay."""
    first = slots.counts[-2] if slots.has_grown else 0
    await tx.execute(
        text("""
            INSERT INTO slot_head (slot, revision, seq, hash, algorithm, closed_until, generation,
                                   made_in)
            SELECT slot, 0, 0, :genesis, :algorithm, CAST(:closed_until AS date),
                   CAST(:generation AS integer), CAST(:generation AS integer)
              FROM generate_series(CAST(:first AS integer), CAST(:last AS integer)) AS slot
            ON CONFLICT (slot) DO NOTHING
        """),
        {
            "first": first,
            "last": slots.count - 1,
            "genesis": GENESIS,
            "algorithm": algorithm,
            "closed_until": closed_until,
            "generation": slots.generation,
        },
    )
    await tx.execute(
        text("""
            INSERT INTO book_checkpoint (slot, seq)
            SELECT slot, 0
              FROM generate_series(CAST(:first AS integer), CAST(:last AS integer)) AS slot
            ON CONFLICT (slot) DO NOTHING
        """),
        {"first": first, "last": slots.count - 1},
    )


async def lock_all(tx: AsyncConnection) -> dict[int, tuple[int, bytes]]:
    """Lock every slot's head and return slot → (last sequence number, hash), in order.

    Nothing is posted until the transaction ends, so later reads see all there is. The centre's head
    comes first: two that lock all take turns there. A change to the same value locks a row on
    whichever server it lies; a SELECT cannot lock on several.
    """
    await tx.execute(
        text("SELECT seq FROM slot_head WHERE slot = :slot FOR UPDATE"), {"slot": CENTRE_SLOT}
    )
    rows = await tx.execute(
        text("UPDATE slot_head SET revision = revision RETURNING slot, seq, hash")
    )
    locked = sorted(rows.all(), key=lambda row: row.slot)
    return {row.slot: (row.seq, bytes(row.hash)) for row in locked}


async def begin_generation(tx: AsyncConnection, generation: int) -> None:
    """Give every head a generation, and a new revision so that every writer notices.

    From now on the database refuses a change of a head that leaves out `generation_revision`, as
    releases that know no generations do: they would place a new owner by the rule of before.
    """
    await tx.execute(
        text("""
            UPDATE slot_head
               SET generation = CAST(:generation AS integer), revision = revision + 1,
                   generation_revision = revision + 1
        """),
        {"generation": generation},
    )


async def all_heads(tx: AsyncConnection) -> list[tuple[int, int, bytes]]:
    """List (slot, last sequence number, hash) of every slot."""
    rows = await tx.execute(
        text("""
            SELECT slot, seq, hash
              FROM slot_head
             ORDER BY slot
             LIMIT 1024
        """)
    )
    return [(row.slot, row.seq, bytes(row.hash)) for row in rows]


async def closed_until(tx: AsyncConnection) -> date | None:
    """Read the last closed day; every slot has the same one."""
    found: date | None = await tx.scalar(
        text("SELECT closed_until FROM slot_head WHERE slot = :slot"), {"slot": CENTRE_SLOT}
    )
    return found


async def load(
    connection: Connection,
    slot: int,
    floored: frozenset[str],
    *,
    lock: bool,
    cached: SlotState | None,
    generation: int | None,
) -> SlotState:
    """Load a slot's state at its present revision; return `cached` if it is still current.

    With `lock` the head row is locked first of all, until the transaction ends.

    Raises:
        SlotsGrown: the slots are of another generation than the one the caller places owners by.
    """
    query = """
        SELECT revision, seq, hash, algorithm, closed_until, generation
          FROM slot_head
         WHERE slot = $1"""
    row = await connection.fetchrow(f"{query} FOR UPDATE" if lock else query, slot)
    if row is None or generation not in (None, row["generation"]):
        raise SlotsGrown(f"slot {slot}, generation {generation}")
    if cached is not None and cached.revision == row["revision"]:
        return cached
    state = SlotState(
        slot=slot,
        revision=row["revision"],
        seq=row["seq"],
        hash=row["hash"],
        algorithm=row["algorithm"],
        closed_until=row["closed_until"],
    )
    if slot != CENTRE_SLOT:
        return state
    return replace(
        state,
        balances=await _floors(connection, slot, floored, row["closed_until"]),
        holds=await _pending_holds(connection, slot),
    )


async def _floors(
    connection: Connection, slot: int, floored: frozenset[str], closed_until: date | None
) -> dict[tuple[str, str], DailyBalance]:
    """Load balances by day. Closed days count as one: nothing is posted on them any more."""
    rows = await connection.fetch(
        """
        SELECT fund, account, GREATEST(day, CAST($3 AS date)) AS day,
               CAST(SUM(debit_fen) - SUM(credit_fen) AS bigint) AS change_fen
          FROM bucket
         WHERE slot = $1 AND book = 'statutory' AND account = ANY($2)
         GROUP BY fund, account, GREATEST(day, CAST($3 AS date))
        """,
        slot,
        sorted(floored),
        closed_until,
    )
    steps: dict[tuple[str, str], list[tuple[date, int]]] = {}
    for row in rows:
        steps.setdefault((row["fund"], row["account"]), []).append((row["day"], row["change_fen"]))
    return {key: DailyBalance(changes) for key, changes in steps.items()}


async def _pending_holds(connection: Connection, slot: int) -> dict[UUID, Hold]:
    rows = await connection.fetch(
        """
        SELECT id, source, event_id, fund, account, amount_fen, remaining_fen, summary, expires_on
          FROM hold
         WHERE slot = $1 AND remaining_fen > 0
        """,
        slot,
    )
    return {row["id"]: hold_of(row) for row in rows}


def hold_of(row: Any) -> Hold:
    """Build a hold from its row."""
    return Hold(
        id=UUID(int=row["id"].int),
        source=row["source"],
        event_id=row["event_id"],
        fund=row["fund"],
        account=row["account"],
        amount_fen=row["amount_fen"],
        remaining_fen=row["remaining_fen"],
        summary=row["summary"],
        expires_on=row["expires_on"],
    )
