"""The writers of one process that send their small batches together, while there are many slots."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from services.ledger.common.store.connection import FailureKind, failure_kind
from services.ledger.posting.flows.round import Connection, PreparedBatch
from services.ledger.posting.store import batch as batch_store
from services.ledger.posting.store import merged as merged_store
from services.ledger.posting.store import place as place_store
from services.ledger.posting.store.batch import WriteResult
from services.ledger.posting.store.place import PlaceNumbers

Waiting: TypeAlias = tuple[PreparedBatch, "asyncio.Future[WriteResult]", int]
"""A batch, its answer, and the number of the connection that its slot's state was loaded beside."""


class Reconnection(ConnectionError):
    """The connection is a new one, perhaps to another copy of the database: load the slot again."""


class BatchSender:
    """Sends the small batches of several slots in one statement, on a connection of its own.

    There is no timer: while one statement is on its way the next batches gather.
    """

    def __init__(self, connect: Callable[[], Awaitable[Connection]], numbers: PlaceNumbers) -> None:
        self.connections = 0
        """Connections that were made; a slot's state is good as long as this one lasts."""
        self._connect = connect
        self._numbers = numbers
        self._connection: Connection | None = None
        self._waiting: list[Waiting] = []
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connect."""
        self._drop()
        self._connection = await self._connect()
        self.connections += 1
        await batch_store.prepare(self._connection)
        await place_store.renew(self._connection, self._numbers)

    async def send(self, batch: PreparedBatch) -> WriteResult:
        """Write a batch if its slot is still at the revision that it was made from.

        Raises:
            Reconnection: nothing was written, and the slot's state may be of another copy.
        """
        answer: asyncio.Future[WriteResult] = asyncio.get_running_loop().create_future()
        self._waiting.append((batch, answer, self.connections))
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return await answer

    async def close(self) -> None:
        """Stop; whoever still waits has been cancelled."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._drop()

    async def _run(self) -> None:
        try:
            while self._waiting:
                await asyncio.sleep(0)  # writers that were answered together send together
                batches, self._waiting = self._waiting, []
                await self._serve(batches)
        finally:
            self._task = None

    async def _serve(self, batches: list[Waiting]) -> None:
        """Send batches together; if the database refuses that, one by one: each has its own fault."""
        try:
            results = await self._send(batches)
        except Exception as error:
            kind = failure_kind(error)
            if kind in {FailureKind.LOST, FailureKind.BUG} and type(error) is not Reconnection:
                self._drop()
            if kind in {FailureKind.REFUSED, FailureKind.BUG} and len(batches) > 1:
                for one in batches:
                    await self._serve([one])
                return
            for _, answer, _ in batches:
                if not answer.done():
                    answer.set_exception(error)
        else:
            for (_, answer, _), result in zip(batches, results, strict=True):
                if not answer.done():
                    answer.set_result(result)

    async def _send(self, waiting: list[Waiting]) -> list[WriteResult]:
        if self._connection is None or self._connection.is_closed():
            await self.open()
            raise Reconnection
        if any(connection != self.connections for _, _, connection in waiting):
            raise Reconnection
        batches = [batch for batch, _, _ in waiting]
        made = [(batch.decision, batch.recorded_at) for batch in batches]
        try:
            return await merged_store.send(self._connection, made, self._numbers)
        except KeyError:  # an older copy of the database: some places have no number there
            return [WriteResult.MOVED for _ in batches]

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()
