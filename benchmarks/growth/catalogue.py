"""Sizes and rows of every table of every service, as the database's own catalogue has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import asyncpg

from shared.db import SERVICES

_TABLES = """
    SELECT space.nspname AS service, class.relname AS name,
           pg_total_relation_size(class.oid) AS all_bytes,
           pg_indexes_size(class.oid) AS index_bytes,
           CASE WHEN class.reltoastrelid = 0 THEN 0
                ELSE pg_total_relation_size(class.reltoastrelid) END AS toast_bytes
      FROM pg_class AS class
      JOIN pg_namespace AS space ON space.oid = class.relnamespace
     WHERE class.relkind = 'r' AND space.nspname = ANY ($1)
     ORDER BY space.nspname, class.relname
"""


@dataclass(frozen=True, slots=True)
class TableSize:
    """One table: its rows, and the bytes of its rows, its indexes and its long values."""

    rows: int
    heap: int
    index: int
    toast: int

    @property
    def bytes(self) -> int:
        """All of the table together."""
        return self.heap + self.index + self.toast

    def less(self, other: TableSize) -> TableSize:
        """Return the growth since an earlier measurement."""
        return TableSize(
            self.rows - other.rows,
            self.heap - other.heap,
            self.index - other.index,
            self.toast - other.toast,
        )


NOTHING = TableSize(0, 0, 0, 0)
Sizes = Mapping[str, TableSize]
"""`service.table` → its size."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The database at one moment: its tables, its size, and the log written until then."""

    sizes: Sizes
    database_bytes: int
    wal_bytes: int


async def read(admin_url: str) -> Reading:
    """Vacuum, as autovacuum does in the long run, and measure everything."""
    connection = await asyncpg.connect(admin_url)
    try:
        await connection.execute("VACUUM ANALYZE")
        sizes = {}
        for row in await connection.fetch(_TABLES, list(SERVICES)):
            name = f"{row['service']}.{row['name']}"
            rows = await connection.fetchval(
                f'SELECT count(*) FROM "{row["service"]}"."{row["name"]}"'
            )
            heap = row["all_bytes"] - row["index_bytes"] - row["toast_bytes"]
            sizes[name] = TableSize(rows, heap, row["index_bytes"], row["toast_bytes"])
        wal = await connection.fetchval("SELECT pg_current_wal_insert_lsn() - '0/0'")
        total_bytes = await connection.fetchval("SELECT pg_database_size(current_database())")
    finally:
        await connection.close()
    return Reading(sizes, total_bytes, int(wal))


async def kept_days(admin_url: str) -> dict[str, int]:
    """Read the days that rows are kept, of the tables that the product cleans: see `retention`."""
    connection = await asyncpg.connect(admin_url)
    found: dict[str, int] = {}
    try:
        for service in SERVICES:
            if await connection.fetchval("SELECT to_regclass($1)", f"{service}.retention") is None:
                continue
            rows = await connection.fetch(
                f"SELECT DISTINCT ON (table_name) table_name, days FROM {service}.retention"
                " ORDER BY table_name, set_at DESC"
            )
            found |= {f"{service}.{row['table_name']}": row["days"] for row in rows}
    finally:
        await connection.close()
    return found


def growth(earlier: Reading, later: Reading) -> Sizes:
    """Return what each table grew by between two readings."""
    return {name: size.less(earlier.sizes.get(name, NOTHING)) for name, size in later.sizes.items()}


def total(sizes: Sequence[TableSize]) -> TableSize:
    """Add sizes up."""
    return TableSize(
        sum(size.rows for size in sizes),
        sum(size.heap for size in sizes),
        sum(size.index for size in sizes),
        sum(size.toast for size in sizes),
    )
