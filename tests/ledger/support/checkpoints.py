"""Checkpoints written at once: the sums and postings of every voucher there is."""

from __future__ import annotations

import asyncpg

from services.ledger.posting.store import checkpoint as checkpoint_store


async def write_checkpoints(url: str) -> None:
    """Write the checkpoint of every slot, however few vouchers are behind the last one."""
    connection = await asyncpg.connect(url, server_settings={"search_path": "ledger"})
    try:
        for row in await connection.fetch("SELECT slot FROM slot_head"):
            await checkpoint_store.advance(connection, row["slot"])
    finally:
        await connection.close()
