"""Fresh distributed databases on an operator's Citus, for a run with WUXIAN_CITUS_URL.

It is a superuser's address of a coordinator whose workers are registered in the database it names.
Every node gets a database of the same name; the workers are entered into it as they stand there.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import asyncpg
from sqlalchemy.engine import make_url

from services.distribution.apply import distribute
from services.distribution.tables import READY
from services.migrate import migrate

CITUS_URL = "WUXIAN_CITUS_URL"
SHARDS = 8


@asynccontextmanager
async def fresh(server: str) -> AsyncIterator[str]:
    """A database that is migrated and distributed, on every node; gone afterwards."""
    name = f"wuxian_test_{uuid4().hex[:12]}"
    workers = await _workers(server)
    nodes = [server, *(_at(server, host, port) for host, port in workers)]
    try:
        for node in nodes:
            await _run(node, f"CREATE DATABASE {name}")
            await _run(_named(node, name), "CREATE EXTENSION citus")
        url = _named(server, name)
        here = make_url(server)
        await _run(url, f"SELECT citus_set_coordinator_host('{here.host}', {here.port or 5432})")
        for host, port in workers:
            await _run(url, f"SELECT citus_add_node('{host}', {port})")
        await migrate(url)
        await distribute(url, READY, shards=SHARDS)
        yield url
    finally:
        for node in nodes:
            await _run(node, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


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
