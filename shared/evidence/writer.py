"""The writer of blocks: binds new rows of every stream a few seconds after they were committed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from shared import clock
from shared.db import Database
from shared.evidence import store as evidence_store
from shared.evidence.block import START, Block
from shared.evidence.streams import Stream
from shared.process.log import logger

PAUSE_SECONDS: Final = 2.0
LOOK_SECONDS: Final = 0.05
WAIT_SECONDS: Final = 5.0
"""How long to wait for transactions under way; a longer one leaves its stream to the next round."""


class BlockWriter:
    """Writes the blocks of one service. Any number of processes may run one: they take turns."""

    def __init__(self, db: Database, streams: Sequence[Stream]) -> None:
        self.db = db
        self.streams = streams

    async def run(self) -> None:
        """Write blocks for ever; cancel to stop. Nothing is lost by stopping anywhere."""
        while True:
            try:
                await self.step()
            except Exception as error:
                logger().warning("evidence not bound, will retry", error=repr(error)[:300])
            await asyncio.sleep(PAUSE_SECONDS)

    async def step(self) -> int:
        """Bind what is new in every stream; the number of blocks written."""
        written = 0
        async with self.db.transaction() as tx:
            streams = await evidence_store.grown(tx, self.streams)
        for stream, until in streams:
            if await self._settled(stream):
                while await self._write(stream, until):
                    written += 1
        return written

    async def _settled(self, stream: Stream) -> bool:
        """Wait until no row can come before those seen; False when that takes too long.

        A row takes its number while its transaction holds the table's lock. So once the
        transactions that hold it now have ended, every row up to the greatest number seen before
        is there for good.
        """
        async with self.db.transaction() as tx:
            under_way = await evidence_store.writers(tx, stream)
        waited = 0.0
        while under_way and waited < WAIT_SECONDS:
            await asyncio.sleep(LOOK_SECONDS)
            waited += LOOK_SECONDS
            async with self.db.transaction() as tx:
                under_way &= await evidence_store.writers(tx, stream)
        return not under_way

    async def _write(self, stream: Stream, until: int) -> bool:
        """Write one block up to a row; False when the stream is bound that far."""
        async with self.db.transaction() as tx:
            after = await evidence_store.bound_until(tx, stream)
            if after >= until:
                return False
            piece = await evidence_store.piece(tx, stream, after, until)
            head = await evidence_store.head(tx)
            block = Block(
                number=head.number + 1 if head else 1,
                stream=stream.name,
                after=after,
                until=piece.last or until,
                rows=piece.rows,
                digest=piece.digest,
                previous=head.hash if head else START,
                at=clock.now(),
            )
            return await evidence_store.insert(tx, block)
