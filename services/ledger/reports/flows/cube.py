"""The cache of the cube of balances. Every read compares it with the chain heads and updates it.

A reader gets everything committed when it asked, whichever process posted it. The cube is only a
copy: it is filled again when the chains do not continue those it was filled from (another database
under the same address, a restored backup).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final, NamedTuple

from services.ledger.reports.domain.cube import Cell, Cube, SlotHead
from services.ledger.reports.store import cube as cube_store
from services.ledger.reports.store.cube import Connection
from shared import clock
from shared.db import Database

REFILL_VOUCHERS: Final = 100_000
"""With more new vouchers than this the cube is filled again: buckets are fewer than entries."""


class CubeSnapshot(NamedTuple):
    """The cube and the holds (fund → fen) as committed now. Use it before the next `await`."""

    cube: Cube
    heads: Mapping[int, SlotHead]
    held: Mapping[str, int]


class CubeCache:
    """The cube of one process, and the connection that it is read by.

    The connection is its own: a balance waits for no report that has the pool's, and takes one trip.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._cube: Cube | None = None
        self._connection: Connection | None = None
        self._round: asyncio.Task[CubeSnapshot] | None = None
        self._next: asyncio.Task[CubeSnapshot] | None = None

    async def cube(self) -> Cube:
        """Return the cube, read after this call began. Use it before the next `await`."""
        return (await self.current()).cube

    async def current(self) -> CubeSnapshot:
        """Return the cube and holds, read after this call began.

        Readers that arrive during a round share the next one: many readers cost as many database
        trips as one, and none gets an answer older than its request.
        """
        while True:
            if self._next is None:
                self._next = asyncio.create_task(self._after(self._round))
            found = await asyncio.shield(self._next)
            if found.cube.heads is found.heads:  # no later round has moved the cube on meanwhile
                return found

    def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    async def _after(self, before: asyncio.Task[CubeSnapshot] | None) -> CubeSnapshot:
        if before is not None:
            await asyncio.wait([before])
        self._round, self._next = self._next, None
        try:
            return await self._read()
        except BaseException:
            self.close()
            raise

    async def _read(self) -> CubeSnapshot:
        async with asyncio.timeout(self._db.wait_seconds):
            if self._connection is None or self._connection.is_closed():
                self._connection = await self._db.connect_raw()
            connection = self._connection
            heads, held = await cube_store.heads_and_holds(connection, clock.today())
        if self._cube is not None and await _is_extended(connection, self._cube, heads):
            return CubeSnapshot(self._cube, self._cube.heads, held)
        self._cube = None
        self._cube = await _filled(connection, heads)
        return await self._read()  # with the holds of the heads that it was filled to


async def _is_extended(connection: Connection, cube: Cube, wanted: Mapping[int, SlotHead]) -> bool:
    """Bring a cube to these heads; return False if it is of other chains or too far behind."""
    if cube.heads == wanted:
        return True
    if cube.heads.keys() != wanted.keys():
        return False
    cells: list[Cell] = []
    for slot, new in wanted.items():
        old = cube.heads[slot]
        if new == old:
            continue
        if not old.seq < new.seq <= old.seq + REFILL_VOUCHERS:
            return False
        sealed, found = await cube_store.cells_since(connection, slot, old.seq, new.seq)
        if old.seq and sealed != old.hash:
            return False
        cells += found
    cube.extend(wanted, cells)
    return True


async def _filled(connection: Connection, slots: Mapping[int, SlotHead]) -> Cube:
    cube = Cube()
    heads = {slot: await cube_store.add_slot(connection, cube, slot) for slot in slots}
    for _ in cube.add_up():
        await asyncio.sleep(0)  # others are answered meanwhile
    cube.heads = heads
    return cube
