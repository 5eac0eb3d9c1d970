"""Keeps the cube of balances in step with the books: checked against the heads at every reading.

What a reader gets holds everything that was committed when it asked, whichever process posted it.
The cube is a copy only: it is dropped and filled anew when the chains are not a continuation of
those that it was filled from (another database under the same address, a restored backup).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.reports.domain.cube import Cell, Cube, Head
from services.ledger.reports.store import balance as balance_store
from services.ledger.reports.store import cube as cube_store
from shared import clock
from shared.db import Database

REFILL_VOUCHERS = 100_000
"""Beyond so many new vouchers the buckets are read anew: cheaper than that many entries."""


class Now(NamedTuple):
    """Everything committed by now: use it before the next `await`."""

    cube: Cube
    held: Mapping[str, int]


class Reading:
    """One process's cube."""

    def __init__(self) -> None:
        self._cube: Cube | None = None
        self._lock = asyncio.Lock()
        self._round: asyncio.Task[Now] | None = None
        self._next: asyncio.Task[Now] | None = None

    async def now(self, db: Database) -> Now:
        """Heads and holds read after this call began, and the cube brought up to them.

        Readers that come while one round is under way share the next: a crowd costs no more trips
        to the database than one reader, and none of them gets what is older than its question.
        """
        if self._next is None:
            self._next = asyncio.create_task(self._after(self._round, db))
        return await asyncio.shield(self._next)

    async def _after(self, before: asyncio.Task[Now] | None, db: Database) -> Now:
        if before is not None:
            await asyncio.wait([before])
        self._round, self._next = self._next, None

        async def read(tx: AsyncConnection) -> Now:
            held = await balance_store.held(tx, clock.today())
            heads = await cube_store.heads(tx)
            return Now(await self.cube(tx, heads), held)

        return await db.run(read)

    async def cube(self, tx: AsyncConnection, heads: Mapping[int, Head] | None = None) -> Cube:
        """The cube at these heads (read just now when None) or later ones.

        Use what it holds before the next `await`: another reader may move it on.
        """
        wanted = heads if heads is not None else await cube_store.heads(tx)
        async with self._lock:
            cube = self._cube
            if cube is not None and cube.heads == wanted:
                return cube
            # Another reader may have been here in the meantime, with later heads than ours.
            wanted = await cube_store.heads(tx)
            if cube is None or not await self._extend(tx, cube, wanted):
                cube = self._cube = await _filled(tx, wanted)
            return cube

    async def _extend(self, tx: AsyncConnection, cube: Cube, wanted: Mapping[int, Head]) -> bool:
        """Take in what is new; False when the cube is not of these chains or too far behind."""
        if cube.heads.keys() != wanted.keys():
            return False
        moved = [slot for slot, head in wanted.items() if head != cube.heads[slot]]
        cells: list[Cell] = []
        for slot in moved:
            old, new = cube.heads[slot], wanted[slot]
            if not old.seq < new.seq <= old.seq + REFILL_VOUCHERS:
                return False
            if old.seq and await cube_store.hash_at(tx, slot, old.seq) != old.hash:
                return False
            cells += await cube_store.cells_since(tx, slot, old.seq, new.seq)
        cube.extend(wanted, cells)
        return True


async def _filled(tx: AsyncConnection, slots: Mapping[int, Head]) -> Cube:
    cube = Cube()
    cube.heads = {slot: await cube_store.add_slot(tx, cube, slot) for slot in slots}
    return cube
