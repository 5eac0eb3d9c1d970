"""Reads the catalogue of a database: the tables of a service, and what Citus has placed already."""

from __future__ import annotations

from typing import Any, TypeAlias

import asyncpg
import orjson

from services.distribution.schema import (
    Catalogue,
    Column,
    ColumnRight,
    ForeignKey,
    Placement,
    Trigger,
    UniqueIndex,
)
from services.distribution.tables import NOT_OURS
from shared.evidence.catalogue import CATALOGUE_SQL
from shared.process.database_address import role_of

Connection: TypeAlias = "asyncpg.Connection[Any]"

_OURS = """
       t.relnamespace = CAST($1 AS regnamespace) AND t.relkind IN ('r', 'p')
       AND NOT t.relispartition AND t.relname <> ALL (CAST($2 AS text[]))
"""
_COLUMNS = f"""
SELECT t.relname AS table_name, a.attname AS name,
       format_type(a.atttypid, a.atttypmod) AS type, NOT a.attnotnull AS is_nullable,
       a.atttypid IN (21, 23)
         AND (a.attidentity <> ''
              OR coalesce(pg_get_expr(d.adbin, d.adrelid), '') LIKE 'nextval%') AS is_small_identity
  FROM pg_class AS t
  JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef AS d ON d.adrelid = t.oid AND d.adnum = a.attnum
 WHERE {_OURS}
 ORDER BY 1, a.attnum
"""
_UNIQUE = f"""
SELECT t.relname AS table_name, i.relname AS name,
       ARRAY(SELECT a.attname
               FROM unnest(x.indkey) WITH ORDINALITY AS part (number, place)
               JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = part.number
              WHERE part.place <= x.indnkeyatts
                AND (c.conexclop IS NULL
                     OR (SELECT oprname FROM pg_operator
                          WHERE oid = c.conexclop[part.place]) = '=')) AS equal
  FROM pg_index AS x
  JOIN pg_class AS t ON t.oid = x.indrelid
  JOIN pg_class AS i ON i.oid = x.indexrelid
  LEFT JOIN pg_constraint AS c ON c.conindid = i.oid AND c.contype = 'x'
 WHERE (x.indisunique OR x.indisexclusion) AND {_OURS}
 ORDER BY 1, 2
"""
_FOREIGN = f"""
SELECT t.relname AS table_name, c.conname AS name, r.relname AS referred,
       pg_get_constraintdef(c.oid) AS definition,
       ARRAY(SELECT attname FROM unnest(c.conkey) WITH ORDINALITY AS part (number, place)
               JOIN pg_attribute ON attrelid = c.conrelid AND attnum = number
              ORDER BY place) AS columns,
       ARRAY(SELECT attname FROM unnest(c.confkey) WITH ORDINALITY AS part (number, place)
               JOIN pg_attribute ON attrelid = c.confrelid AND attnum = number
              ORDER BY place) AS referred_columns
  FROM pg_constraint AS c
  JOIN pg_class AS t ON t.oid = c.conrelid
  JOIN pg_class AS r ON r.oid = c.confrelid
 WHERE c.contype = 'f' AND c.conparentid = 0 AND {_OURS}
 ORDER BY 1, 2
"""
_TRIGGERS = f"""
SELECT t.relname AS table_name, g.tgname AS name, CAST(g.tgtype AS integer) & 1 = 1 AS is_row,
       p.prosrc AS source,
       EXISTS (SELECT FROM unnest(p.proconfig) AS setting
                WHERE setting LIKE 'search_path=%') AS has_path
  FROM pg_trigger AS g
  JOIN pg_class AS t ON t.oid = g.tgrelid
  JOIN pg_proc AS p ON p.oid = g.tgfoid
 WHERE NOT g.tgisinternal AND {_OURS}
 ORDER BY 1, 2
"""
_RIGHTS = f"""
SELECT t.relname AS table_name, CAST(CAST(x.grantee AS regrole) AS text) AS role,
       x.privilege_type AS right, array_agg(a.attname ORDER BY a.attname) AS columns
  FROM pg_class AS t
  JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attacl IS NOT NULL
  CROSS JOIN LATERAL aclexplode(a.attacl) AS x
 WHERE {_OURS}
 GROUP BY 1, 2, 3
 ORDER BY 1, 2, 3
"""
_PLACED = f"""
SELECT t.relname AS table_name, d.partmethod = 'h' AS is_spread,
       d.partmethod = 'n' AND d.repmodel = 't' AS is_reference,
       CASE WHEN d.partmethod = 'h'
            THEN column_to_column_name(d.logicalrelid, d.partkey) END AS key
  FROM pg_dist_partition AS d
  JOIN pg_class AS t ON t.oid = d.logicalrelid
 WHERE {_OURS}
"""


async def is_citus(connection: Connection) -> bool:
    """Tell whether the database has the extension."""
    found = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')"
    )
    return bool(found)


async def why_not(connection: Connection) -> list[str]:
    """List why nothing can be spread from this server: every reason at once."""
    row = await connection.fetchrow("""
        SELECT (SELECT groupid FROM pg_dist_local_group) = 0 AS is_coordinator,
               EXISTS (SELECT FROM pg_dist_node WHERE groupid = 0) AS is_listed,
               (SELECT COUNT(*)
                  FROM pg_dist_node
                 WHERE isactive AND shouldhaveshards AND noderole = 'primary') AS servers
    """)
    assert row is not None
    reasons = []
    if not row["is_coordinator"]:
        reasons.append("this server is a worker: use the coordinator's address")
    if not row["is_listed"]:
        reasons.append("the coordinator has no copy of small tables: citus_set_coordinator_host")
    if not row["servers"]:
        reasons.append("no server takes shards: add workers with citus_add_node first")
    return reasons


async def keep(connection: Connection, service: str) -> None:
    """Write down the description of a schema as the distribution leaves it, for its verification."""
    # As a migration and a verification see it: names of this schema without it, and no shards.
    await connection.execute(f"SET LOCAL search_path = {service}, public")
    await connection.execute("SET LOCAL citus.override_table_visibility = 'on'")
    lines = await connection.fetch(CATALOGUE_SQL.replace(":schema", "$1"), service)
    revision = await connection.fetchval("SELECT version_num FROM alembic_version")
    await connection.execute(
        "INSERT INTO catalogue (revision, lines) VALUES ($1, CAST($2 AS jsonb))",
        revision,
        orjson.dumps(sorted(row[0] for row in lines)).decode(),
    )


async def read(connection: Connection, service: str) -> Catalogue:
    """Read a service's schema."""
    ours = (service, sorted(NOT_OURS | await _shards(connection)))
    tables: dict[str, dict[str, Column]] = {}
    for row in await connection.fetch(_COLUMNS, *ours):
        tables.setdefault(row["table_name"], {})[row["name"]] = Column(
            row["type"], row["is_nullable"], row["is_small_identity"]
        )
    return Catalogue(
        schema=service,
        tables=tables,
        unique=[
            UniqueIndex(row["table_name"], row["name"], tuple(row["equal"]))
            for row in await connection.fetch(_UNIQUE, *ours)
        ],
        foreign_keys=[
            ForeignKey(
                row["table_name"],
                row["name"],
                tuple(row["columns"]),
                row["referred"],
                tuple(row["referred_columns"]),
                row["definition"],
            )
            for row in await connection.fetch(_FOREIGN, *ours)
        ],
        triggers=[
            Trigger(row["table_name"], row["name"], row["is_row"], row["source"], row["has_path"])
            for row in await connection.fetch(_TRIGGERS, *ours)
        ],
        column_rights=[
            ColumnRight(row["table_name"], row["role"], row["right"], tuple(row["columns"]))
            for row in await connection.fetch(_RIGHTS, *ours)
        ],
        placed=await _placed(connection, ours),
        role_logs_in=bool(
            await connection.fetchval(
                "SELECT rolcanlogin FROM pg_roles WHERE rolname = $1", role_of(service)
            )
        ),
    )


async def _shards(connection: Connection) -> set[str]:
    """Name the shards; the coordinator's own stand among the tables, as this connection sees them."""
    if not await is_citus(connection):
        return set()
    rows = await connection.fetch("""
        SELECT t.relname || '_' || CAST(s.shardid AS text) AS name
          FROM pg_dist_shard AS s
          JOIN pg_class AS t ON t.oid = s.logicalrelid
    """)
    return {row["name"] for row in rows}


async def _placed(
    connection: Connection, ours: tuple[str, list[str]]
) -> dict[str, tuple[Placement, str | None]]:
    if not await is_citus(connection):
        return {}
    return {
        row["table_name"]: (
            Placement.SPREAD
            if row["is_spread"]
            else Placement.REFERENCE
            if row["is_reference"]
            else Placement.COORDINATOR,
            row["key"],
        )
        for row in await connection.fetch(_PLACED, *ours)
    }
