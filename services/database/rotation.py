"""Rotation of a service's field keys: a new key, every sealed value under it, the old one retired."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.database import field_keys
from services.database.field_keys import KeyRefused
from services.identity.keyfile import keys_in
from shared.db import Database
from shared.process.settings import Settings
from shared.security import key_check
from shared.security.field_keys import Algorithm, FieldKey, FieldKeys
from shared.security.identity import Identity
from shared.security.resealing import FIRST, ResealedTable

PASSES: Final = 10
"""Values sealed with the old key while a pass went on are found by the next one."""

Progress = Callable[[str, int], None]
"""Takes a table's name and the number of rows done since the last call."""


@dataclass(frozen=True, slots=True)
class KeyUse:
    """A key, and how many values of each table it sealed."""

    key: FieldKey
    is_current: bool
    values: dict[str, int]

    @property
    def total(self) -> int:
        """Count the values of all tables."""
        return sum(self.values.values())


class SealedData:
    """The sealed values of one service, with its keys; works as the database's administrator."""

    def __init__(self, settings: Settings, service: str, db: Database) -> None:
        self.service = service
        self.file = settings.field_keys_of(service)
        self._settings = settings
        self._db = db
        self._tables: tuple[ResealedTable, ...] = import_module(
            f"services.{service}.common.personal"
        ).RESEALED

    @property
    def keys(self) -> FieldKeys:
        """Read the service's keys as they are now."""
        if self.service == "identity":
            return keys_in(self._settings.identity_keys_path, self.file)
        return Identity.load(self._settings.identity_path, self.file).field_keys

    async def uses(self) -> list[KeyUse]:
        """Count the values under each key."""
        keys = self.keys
        counts: dict[str, dict[str, int]] = {}
        for table in self._tables:
            async with self._transaction() as tx:
                found = await table.count(tx, keys)
            for key_id, values in found.items():
                counts.setdefault(key_id, {})[table.name] = values
        uses = [
            KeyUse(
                key,
                key.id == keys.ring.current_id,
                counts.pop(FIRST if key.is_first else key.id, {}),
            )
            for key in keys.ring.keys
        ]
        if counts:
            raise KeyRefused(f"{self.service} has values that none of its keys opens: {counts}")
        return uses

    async def prepare(self, algorithm: Algorithm) -> str:
        """Make a key that opens and does not seal yet; return its id.

        Raises:
            KeyRefused: one is prepared already.
        """
        key = field_keys.prepare(self.file, algorithm)
        await self._note()
        return key.id

    async def rotate(self, algorithm: Algorithm) -> str:
        """Let the prepared key, or else a new one, seal from now on; return its id."""
        key_id = field_keys.prepared(self.file) or await self.prepare(algorithm)
        await self._note()
        field_keys.use(self.file, key_id)
        return key_id

    async def waiting(self) -> int:
        """Count the rows with a value that the current key did not seal."""
        keys, found = self._current(), 0
        for table in self._tables:
            async with self._transaction() as tx:
                found += await table.waiting(tx, keys)
        return found

    async def seal(self, progress: Progress = lambda table, rows: None) -> int:
        """Seal every value with the current key; return how many rows were written.

        May be stopped anywhere and begun again.

        Raises:
            KeyRefused: the first key seals still, or somebody goes on sealing with an old key.
        """
        keys, done = self._current(), 0
        await self._note()
        for _ in range(PASSES):
            written = 0
            for table in self._tables:
                written += await self._seal_table(table, keys, progress)
            done += written
            if not written:
                return done
        raise KeyRefused(
            f"{self.service} goes on sealing with an old key: does every machine have its"
            " new field_keys.json?"
        )

    async def _seal_table(self, table: ResealedTable, keys: FieldKeys, progress: Progress) -> int:
        done, after = 0, None
        while True:

            async def batch(
                tx: AsyncConnection, after: tuple[Any, ...] | None = after
            ) -> tuple[int, tuple[Any, ...] | None]:
                await tx.execute(text("SET LOCAL ROLE NONE"))
                return await table.reseal(tx, keys, after)

            rows, after = await self._db.run(batch)
            if not rows:
                return done
            done += rows
            progress(table.name, rows)

    async def retire(self, key_id: str, settled: timedelta = field_keys.SETTLED) -> None:
        """Take a key out of use for good.

        Raises:
            KeyRefused: it seals, a value needs it, or a transaction from before it may still run.
        """
        keys = self.keys
        key = keys.ring.named(key_id)
        if key is None or key_id == keys.ring.current_id:
            field_keys.remove(self.file, keys, key_id)  # refuses in words
            return
        field_keys.require_settled(keys, settled)
        (use,) = [use for use in await self.uses() if use.key.id == key_id]
        if use.total:
            where = ", ".join(f"{table} {values}" for table, values in use.values.items())
            raise KeyRefused(
                f"the key {key_id} is needed by {use.total} values of {self.service} ({where}):"
                f" run `wuxian personal-data seal --service {self.service}` first"
            )
        async with self._transaction() as tx:
            if await self._has_fingerprints(tx):
                await key_check.retire(tx, key)
        field_keys.remove(self.file, keys, key_id)

    def _current(self) -> FieldKeys:
        keys = self.keys
        if keys.current.is_first:
            raise KeyRefused(
                f"{self.service} seals with the installation's first key: run `wuxian personal-data"
                " rotate` first"
            )
        return keys

    async def _note(self) -> None:
        """Write the keys' fingerprints; the triggers of sealed values ask for them."""
        async with self._transaction() as tx:
            if await self._has_fingerprints(tx):
                await key_check.note(tx, key_check.fingerprints_of(self.keys.ring))

    async def _has_fingerprints(self, tx: AsyncConnection) -> bool:
        found = await tx.execute(text("SELECT to_regclass('key_fingerprint') IS NOT NULL"))
        return bool(found.scalar_one())

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncConnection]:
        async with self._db.transaction() as tx:
            await tx.execute(text("SET LOCAL ROLE NONE"))
            yield tx
