"""The cache of the cube of balances. Every read compares it with the chain heads and updates it.

A reader gets everything committed when it asked, whichever process posted it. The cube is only a
copy: it is filled again when the chains do not continue those it was filled from (another database
under the same address, a restored backup).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.reports.domain.cube import Cell, Cube, SlotHead
from services.ledger.reports.store import balance as balance_store
from services.ledger.reports.store import cube as cube_store
from shared import clock
from shared.db import Database

REFILL_VOUCHERS = 100_000
"""With more new vouchers than this the cube is filled again: buckets are fewer than entries."""


class CubeSnapshot(NamedTuple):
    """The cube and the holds (fund → fen) as committed now. Use it before the next `await`."""

    cube: Cube
    held: Mapping[str, int]


class CubeCache:
    """The cube of one process."""

    def __init__(self) -> None:
        self._cube: Cube | None = None
        self._lock = asyncio.Lock()
        self._round: asyncio.Task[CubeSnapshot] | None = None
        self._next: asyncio.Task[CubeSnapshot] | None = None

    async def current(self, db: Database) -> CubeSnapshot:
        """Return the cube and holds, read after this call began.

        Readers that arrive during a round share the next one: many readers cost as many database
        trips as one, and none gets an answer older than its request.
        """
        if self._next is None:
            self._next = asyncio.create_task(self._after(self._round, db))
        return await asyncio.shield(self._next)

    async def _after(self, before: asyncio.Task[CubeSnapshot] | None, db: Database) -> CubeSnapshot:
        if before is not None:
            await asyncio.wait([before])
        self._round, self._next = self._next, None

        async def read(tx: AsyncConnection) -> CubeSnapshot:
            held = await balance_store.held(tx, clock.today())
            heads = await cube_store.heads(tx)
            return CubeSnapshot(await self.cube(tx, heads), held)

        return await db.run(read)

    async def cube(self, tx: AsyncConnection, heads: Mapping[int, SlotHead] | None = None) -> Cube:
        """Return the cube at these heads or later ones; None reads the heads now.

        Use it before the next `await`: another reader may update it.
        """
        wanted = heads if heads is not None else await cube_store.heads(tx)
        async with self._lock:
            cube = self._cube
            if cube is not None and cube.heads == wanted:
                return cube
            if cube is not None and _is_ahead(cube, wanted):
                # Another reader has updated the cube meanwhile: these heads are of before.
                wanted = await cube_store.heads(tx)
            if cube is None or not await self._extend(tx, cube, wanted):
                cube = self._cube = await _filled(tx, wanted)
            return cube

    async def _extend(
        self, tx: AsyncConnection, cube: Cube, wanted: Mapping[int, SlotHead]
    ) -> bool:
        """Add new entries; return False if the cube is of other chains or too far behind."""
        if cube.heads.keys() != wanted.keys():
            return False
        moved = [slot for slot, head in wanted.items() if head != cube.heads[slot]]
        cells: list[Cell] = []
        for slot in moved:
            old, new = cube.heads[slot], wanted[slot]
            if not old.seq < new.seq <= old.seq + REFILL_VOUCHERS:
                return False
            sealed, found = await cube_store.cells_since(tx, slot, old.seq, new.seq)
            if old.seq and sealed != old.hash:
                return False
            cells += found
        cube.extend(wanted, cells)
        return True


def _is_ahead(cube: Cube, heads: Mapping[int, SlotHead]) -> bool:
    """Return whether a slot of the cube is at a later voucher than its head here."""
    return any(slot in heads and head.seq > heads[slot].seq for slot, head in cube.heads.items())


async def _filled(tx: AsyncConnection, slots: Mapping[int, SlotHead]) -> Cube:
    cube = Cube()
    cube.heads = {slot: await cube_store.add_slot(tx, cube, slot) for slot in slots}
    return cube
