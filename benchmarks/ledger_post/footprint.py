"""Bytes that vouchers leave behind: in the ledger's schema, and in the write-ahead log."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

_SCHEMA = """
SELECT sum(pg_total_relation_size(c.oid))
  FROM pg_class AS c
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE n.nspname = 'ledger' AND c.relkind IN ('r', 'm')
"""
_RECORDS = """
SELECT "resource_manager/record_type" AS kind, count
  FROM pg_get_wal_stats($1::pg_lsn, $2::pg_lsn, true)
 WHERE "resource_manager/record_type" LIKE 'Transaction/%'
"""


@dataclass
class Footprint:
    """The bytes and transactions of a piece of work; filled in at its end."""

    schema_bytes: int = 0
    """Everything in the ledger's schema: tables, indexes, TOAST."""
    wal_bytes: int = 0
    commits: int = 0
    prepares: int | None = None
    """Transactions prepared in two phases; None when this server cannot tell."""

    def line(self, vouchers: int) -> str:
        """One line for the reader."""
        return (
            f"  {self.schema_bytes / vouchers:,.0f} bytes a voucher in the schema,"
            f" {self.wal_bytes / vouchers:,.0f} of WAL"
        )

    def two_phase(self) -> float | None:
        """PREPAREs a committed transaction."""
        return None if self.prepares is None else self.prepares / max(1, self.commits)


@asynccontextmanager
async def footprint(url: str) -> AsyncIterator[Footprint]:
    """Measure what a piece of work leaves behind in a database of its own."""
    found = Footprint()
    connection = await asyncpg.connect(url)
    try:
        begun = await _position(connection)
        yield found
        ended = await _position(connection)
        found.schema_bytes = int(await connection.fetchval(_SCHEMA))
        found.wal_bytes = ended - begun
        await _count_transactions(connection, found, begun, ended)
    finally:
        await connection.close()


async def _position(connection: Any) -> int:
    return int(await connection.fetchval("SELECT pg_current_wal_flush_lsn()"))


async def _count_transactions(connection: Any, found: Footprint, begun: int, ended: int) -> None:
    try:
        await connection.execute("CREATE EXTENSION IF NOT EXISTS pg_walinspect")
        rows = await connection.fetch(_RECORDS, begun, ended)
    except asyncpg.PostgresError:
        return  # not a superuser, or the log is gone already
    counts = {str(row["kind"]).removeprefix("Transaction/"): int(row["count"]) for row in rows}
    found.commits = counts.get("COMMIT", 0)
    found.prepares = counts.get("PREPARE", 0)
