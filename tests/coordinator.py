"""Fresh distributed databases on an operator's Citus, for a run with WUXIAN_CITUS_URL.

It is a superuser's address of a coordinator whose workers are registered in the database it names.
Every node gets a database of the same name; the workers are entered into it as they stand there. One
is migrated and distributed a run, and copied node by node for every module.
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


async def distribute_template(server: str, name: str) -> None:
    """Distribute a migrated database over every node, and close it: it is only copied from then on."""
    workers = await _workers(server)
    for node in (server, *(_at(server, *worker) for worker in workers)):
        if node != server:
            await _run(node, f"CREATE DATABASE {name}")
        await _run(_named(node, name), "CREATE EXTENSION citus")
    url, here = _named(server, name), make_url(server)
    await _run(url, f"SELECT citus_set_coordinator_host('{here.host}', {here.port or 5432})")
    for host, port in workers:
        await _run(url, f"SELECT citus_add_node('{host}', {port})")
    await distribute(url, tuple(KEYS), shards=SHARDS)
    for node in await nodes(server):
        # A test's own connections look types up faster, as those of the services do.
        await _run(node, f"ALTER DATABASE {name} SET citus.override_table_visibility TO off")
        await _run(node, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        await _run(
            node,
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            f" WHERE datname = '{name}'",
        )


@asynccontextmanager
async def copy(server: str, template: str) -> AsyncIterator[str]:
    """A copy of that database on every node, gone afterwards; the coordinator's address."""
    name = f"wuxian_test_{uuid4().hex[:12]}"
    try:
        for node in await nodes(server):
            await _run(node, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
            await _run(node, f"ALTER DATABASE {name} SET citus.override_table_visibility TO off")
        yield _named(server, name)
    finally:
        await drop(server, name)


async def drop(server: str, name: str) -> None:
    """Drop a database on every node, with what a killed connection left prepared there."""
    for node in await nodes(server):
        left = await _fetch(node, f"SELECT gid FROM pg_prepared_xacts WHERE database = '{name}'")
        for row in left:
            await _run(_named(node, name), f"ROLLBACK PREPARED '{row['gid']}'")
        await _run(node, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


async def nodes(server: str) -> list[str]:
    """Return an administrator's address of the coordinator and of each worker."""
    return [server, *(_at(server, *worker) for worker in await _workers(server))]


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
            command = f"{QUIETLY[1]}; DELETE FROM %s"
            failed = await connection.fetch(
                "SELECT * FROM run_command_on_placements($1, $2) WHERE NOT success", table, command
            )
            assert failed == [], failed
    for setting in QUIETLY:
        await connection.execute(setting)
    await connection.execute(f"TRUNCATE {', '.join(here)}")


async def _workers(server: str) -> list[tuple[str, int]]:
    rows = await _fetch(
        server,
        "SELECT nodename, nodeport FROM pg_dist_node"
        " WHERE groupid <> 0 AND noderole = 'primary' ORDER BY nodeid",
    )
    return [(row["nodename"], row["nodeport"]) for row in rows]


async def _fetch(url: str, statement: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        return list(await connection.fetch(statement))
    finally:
        await connection.close()


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
