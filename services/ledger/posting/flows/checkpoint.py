"""The checkpoints of one process: written beside its writers, on a connection of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

import asyncpg

from services.ledger.posting.store import checkpoint as checkpoint_store
from shared.process.log import logger

Connection: TypeAlias = "asyncpg.Connection[Any]"

CHECKPOINT_VOUCHERS: Final = 1_000
"""Vouchers behind the last checkpoint of a slot that make another one due."""


class Checkpointer:
    """Writes a slot's checkpoint when enough vouchers are behind the last one.

    Writers do not wait for it. An error is logged and the next batch tries again: readers add what
    is behind, and only get slower.
    """

    def __init__(self, connect: Callable[[], Awaitable[Connection]]) -> None:
        self._connect = connect
        self._connection: Connection | None = None
        self._done: dict[int, int] = {}
        self._heads: dict[int, int] = {}
        self._wake = asyncio.Event()

    def note(self, slot: int, seq: int) -> None:
        """Take notice of a slot's last sequence number."""
        self._heads[slot] = seq
        if seq < self._done.get(slot, 0):
            self._done[slot] = 0  # another database under the same address, or an older copy of it
        if self._is_due(slot):
            self._wake.set()

    async def run(self) -> None:
        """Write checkpoints until cancelled."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                for slot in [one for one in self._heads if self._is_due(one)]:
                    await self._advance(slot)
        finally:
            if self._connection is not None:
                self._connection.terminate()

    def _is_due(self, slot: int) -> bool:
        return self._heads[slot] - self._done.get(slot, 0) >= CHECKPOINT_VOUCHERS

    async def _advance(self, slot: int) -> None:
        try:
            if self._connection is None or self._connection.is_closed():
                self._connection = await self._connect()
                await self._connection.execute("SET enable_seqscan = off")
            self._done[slot] = await checkpoint_store.advance(
                self._connection, slot, least=CHECKPOINT_VOUCHERS
            )
        except Exception as error:
            logger().warning("checkpoint not written", slot=slot, error=repr(error)[:300])
            if self._connection is not None:
                self._connection.terminate()
            self._connection = None
