"""The fixtures themselves: a module's database is its own and carries every service's schema."""

import asyncpg

from shared.db import SERVICES


async def test_a_modules_database_has_a_schema_for_each_service(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        found = await connection.fetch(
            "SELECT nspname FROM pg_namespace WHERE nspname = ANY($1)", list(SERVICES)
        )
    finally:
        await connection.close()
    assert len(found) == len(SERVICES)
