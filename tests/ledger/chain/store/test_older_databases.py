"""A database of an earlier release gets what it lacks, and keeps what its operator entered."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest
from alembic import command
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from services.migrate import _config
from shared.db import sqlalchemy_url
from tests.conftest import database_on

BEFORE = "ledger_0005"


async def move(url: str, revision: str) -> None:
    """Take the ledger's schema down or up to a revision."""

    def run(connection: Connection) -> None:
        config = _config("ledger")
        config.attributes["connection"] = connection
        way = command.downgrade if revision == BEFORE else command.upgrade
        way(config, revision)

    engine = create_async_engine(sqlalchemy_url(url), poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.execute(text("SET LOCAL search_path = ledger, public"))
        await connection.run_sync(run)
    await engine.dispose()


@pytest.fixture
async def older(server_url: str, template: str) -> AsyncIterator[str]:
    """A ledger that stands at the revision before corrections."""
    async with database_on(server_url, template) as url:
        await move(url, BEFORE)
        yield url


async def test_flows_that_came_later_are_added_only_where_they_are_missing(older: str) -> None:
    admin = await asyncpg.connect(older, server_settings={"search_path": "ledger"})
    try:
        shipped = await admin.fetchval("SELECT COUNT(*) FROM flow_matrix")
        await admin.execute("DELETE FROM flow_matrix WHERE kind IN ('late_fee', 'interest')")
        await admin.execute(
            "UPDATE flow_matrix SET in_force_from = '2021-01-01', source = '本市规定'"
            " WHERE kind = 'refund'"
        )
        refunds = await admin.fetch("SELECT * FROM flow_matrix WHERE kind = 'refund' ORDER BY 3, 4")
        await move(older, "ledger_0006")
        assert await admin.fetchval("SELECT COUNT(*) FROM flow_matrix") == shipped
        assert (
            await admin.fetch("SELECT * FROM flow_matrix WHERE kind = 'refund' ORDER BY 3, 4")
            == refunds
        )
        late_fees = "SELECT COUNT(*) FROM flow_matrix WHERE kind = 'late_fee'"
        assert await admin.fetchval(late_fees) > 5
    finally:
        await admin.close()
