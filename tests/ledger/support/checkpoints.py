"""Checkpoints written at once, and books verified while checkpoints are being written."""

from __future__ import annotations

import asyncpg

from services.ledger.chain.flows.verify import Verdict, frozen, verify
from services.ledger.posting.flows.books import Books
from services.ledger.posting.store import checkpoint as checkpoint_store


async def write_checkpoints(url: str) -> None:
    """Write the checkpoint of every slot, however few vouchers are behind the last one."""
    connection = await asyncpg.connect(url, server_settings={"search_path": "ledger"})
    try:
        for row in await connection.fetch("SELECT slot FROM slot_head"):
            await checkpoint_store.advance(connection, row["slot"])
    finally:
        await connection.close()


async def verified(books: Books) -> Verdict:
    """Verify one moment of the books: a checkpoint may be written meanwhile."""
    async with frozen(books.db) as tx:
        return await verify(tx)
