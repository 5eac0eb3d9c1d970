"""Fresh distributed databases on an operator's Citus, for a run with WUXIAN_CITUS_URL.

It is a superuser's address of a coordinator whose workers are registered in the database it names.
Every node gets a database of the same name; the workers are entered into it as they stand there. The
coordinator's is a copy of one that was migrated before.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from services.distribution.apply import distribute
from services.distribution.tables import KEYS

CITUS_URL = "WUXIAN_CITUS_URL"
SHARDS = 8
only_postgresql = pytest.mark.skipif(
    CITUS_URL in os.environ, reason="of one PostgreSQL: a distributed database works otherwise"
)
QUIETLY = (
    "SET LOCAL citus.propagate_set_commands = 'local'",
    "SET LOCAL session_replication_role = 'replica'",
)
"""Statements that leave triggers off for the rest of a transaction, on every server."""


@asynccontextmanager
async def fresh(
    server: str, template: str, services: Sequence[str] = tuple(KEYS)
) -> AsyncIterator[str]:
    """A copy of a migrated database, its services distributed over every node; gone afterwards."""
    name = f"wuxian_test_{uuid4().hex[:12]}"
    workers = await _workers(server)
    nodes = [server, *(_at(server, host, port) for host, port in workers)]
    try:
        for node in nodes:
            copied = template if node == server else "template1"
            await _run(node, f"CREATE DATABASE {name} TEMPLATE {copied}")
            await _run(_named(node, name), "CREATE EXTENSION citus")
        url = _named(server, name)
        here = make_url(server)
        await _run(url, f"SELECT citus_set_coordinator_host('{here.host}', {here.port or 5432})")
        for host, port in workers:
            await _run(url, f"SELECT citus_add_node('{host}', {port})")
        await distribute(url, services, shards=SHARDS)
        # A test's own connections look types up faster, as those of the services do.
        await _run(url, f"ALTER DATABASE {name} SET citus.override_table_visibility TO off")
        yield url
    finally:
        for node in nodes:
            await _run(node, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


async def quietly(connection: asyncpg.Connection[Any], statement: str) -> str:
    """Change rows in a transaction as a superuser does whom no trigger hinders; the server's word."""
    async with connection.transaction():
        for setting in QUIETLY:
            await connection.execute(setting)
        return str(await connection.execute(statement))


async def truncate(connection: asyncpg.Connection[Any], tables: Sequence[str]) -> None:
    """Empty tables of a transaction without their triggers; shards at once, each by itself."""
    here = list(tables)
    if CITUS_URL in os.environ:
        rows = await connection.fetch(
            "SELECT relname FROM pg_dist_partition JOIN pg_class ON oid = logicalrelid"
            " WHERE partmethod = 'h' AND relname = ANY($1)"
            "   AND relnamespace = CAST(current_schema AS regnamespace)",
            here,
        )
        spread = {row["relname"] for row in rows}
        here = [table for table in here if table not in spread]
        for table in sorted(spread):
            command = f"{QUIETLY[1]}; TRUNCATE %s"
            await connection.fetch("SELECT run_command_on_placements($1, $2)", table, command)
    for setting in QUIETLY:
        await connection.execute(setting)
    await connection.execute(f"TRUNCATE {', '.join(here)}")


async def _workers(server: str) -> list[tuple[str, int]]:
    connection = await asyncpg.connect(server)
    try:
        rows = await connection.fetch(
            "SELECT nodename, nodeport FROM pg_dist_node"
            " WHERE groupid <> 0 AND noderole = 'primary' ORDER BY nodeid"
        )
    finally:
        await connection.close()
    return [(row["nodename"], row["nodeport"]) for row in rows]


async def _run(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _at(server: str, host: str, port: int) -> str:
    return make_url(server).set(host=host, port=port).render_as_string(hide_password=False)


def _named(server: str, database: str) -> str:
    return make_url(server).set(database=database).render_as_string(hide_password=False)
