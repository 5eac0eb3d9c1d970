"""The rules of retention of every service, read and written by the administrator."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from services.migrate import MigrationError
from shared.db import Database, asyncpg_dsn
from shared.process.retention import RetentionRule, rules


async def of(admin_url: str, services: Sequence[str]) -> dict[str, list[RetentionRule]]:
    """Read the rules in force, service by service."""
    found = {}
    for service in services:
        db = Database(admin_url, service, pool_size=1)
        try:
            found[service] = await db.run(rules)
        finally:
            await db.close()
    return found


async def add(admin_url: str, service: str, table: str, days: int, *, by: str, why: str) -> None:
    """Write a rule that holds from now on.

    Raises:
        MigrationError: no such table is cleaned, or the days are too few.
    """
    known = [rule.table_name for rule in (await of(admin_url, [service]))[service]]
    if table not in known:
        raise MigrationError(f"{service} cleans {' and '.join(known)}, not {table}")
    connection = await asyncpg.connect(asyncpg_dsn(admin_url))
    try:
        await connection.execute(
            f"INSERT INTO {service}.retention (table_name, days, set_by, why)"
            " VALUES ($1, $2, $3, $4)",
            *(table, days, by, why),
        )
    except asyncpg.CheckViolationError:
        raise MigrationError(f"{days} days are too few") from None
    finally:
        await connection.close()
