"""A transaction that asks for patience may take longer, and the next one on its connection may not."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

import shared.db
from shared.db import Database, patient, sqlstate


async def sleep(tx: AsyncConnection) -> None:
    await tx.execute(text("SELECT pg_sleep(0.9)"))


async def sleep_unlimited(tx: AsyncConnection) -> None:
    """Sleep without the server's limit; the driver's is left."""
    await tx.execute(text("SET LOCAL statement_timeout = 0"))
    await sleep(tx)


async def test_patience_lifts_the_limits_of_server_and_driver_for_one_transaction(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = Database(database_url, "ledger", pool_size=1, statement_timeout_ms=500)
    async with db.transaction() as tx:
        await patient(tx, 20)
        await sleep(tx)
    with pytest.raises(DBAPIError) as ended:
        await db.run(sleep)
    assert sqlstate(ended.value) == "57014"
    await db.close()
    # The driver ends a statement by itself only where the server does not.
    monkeypatch.setattr(shared.db, "GRACE_SECONDS", 0.1)
    db = Database(database_url, "ledger", pool_size=1, statement_timeout_ms=500)
    with pytest.raises(TimeoutError):
        await db.run(sleep_unlimited)
    await db.close()
