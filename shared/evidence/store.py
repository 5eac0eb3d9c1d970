"""SQL of the evidence: the chain's head, what is not bound yet, blocks, changes, the catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.evidence.block import Block
from shared.evidence.catalogue import CATALOGUE_SQL
from shared.evidence.streams import Stream

ROTATION: Final = "rotation of keys: "
"""The beginning of the reason with which a rotation changes rows; the key's id follows."""


@dataclass(frozen=True, slots=True)
class Piece:
    """The rows of one block as they stand now: how many, the last number, the digest."""

    rows: int
    last: int | None
    digest: bytes


async def head(tx: AsyncConnection) -> Block | None:
    """The newest block."""
    row = (
        await tx.execute(text("SELECT * FROM evidence_block ORDER BY number DESC LIMIT 1"))
    ).first()
    return block_of(row) if row else None


async def bound_until(tx: AsyncConnection, stream: Stream) -> int:
    """The number of the last row of a stream that a block covers; 0 before the first."""
    found = await tx.scalar(
        text("SELECT max(until) FROM evidence_block WHERE stream = :stream"),
        {"stream": stream.name},
    )
    return found or 0


async def grown(tx: AsyncConnection, streams: Sequence[Stream]) -> list[tuple[Stream, int]]:
    """The streams with rows that no block covers, each with the greatest number seen here."""
    if not streams:
        return []
    looks = " UNION ALL ".join(
        f"SELECT {place} AS place, (SELECT max(seq) FROM {stream.table}) AS newest,"
        f" (SELECT max(until) FROM evidence_block WHERE stream = :stream_{place}) AS bound"
        for place, stream in enumerate(streams)
    )
    names = {f"stream_{place}": stream.name for place, stream in enumerate(streams)}
    rows = await tx.execute(text(looks), names)
    return [
        (streams[row.place], row.newest)
        for row in sorted(rows, key=lambda row: int(row.place))
        if (row.newest or 0) > (row.bound or 0)
    ]


async def writers(tx: AsyncConnection, stream: Stream) -> frozenset[str]:
    """The transactions under way that may have written into a stream."""
    rows = await tx.execute(
        text("""
            SELECT DISTINCT virtualtransaction
              FROM pg_locks
             WHERE locktype = 'relation' AND mode = 'RowExclusiveLock' AND granted
               AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
               AND relation = CAST(CAST(:table AS text) AS regclass)
               AND pid <> pg_backend_pid()
        """),
        {"table": stream.table},
    )
    return frozenset(rows.scalars())


async def before_the_first(tx: AsyncConnection, stream: Stream) -> int:
    """Count the rows whose number no sequence ever gave."""
    return await tx.scalar(text(f"SELECT count(*) FROM {stream.table} WHERE seq < 1")) or 0


async def piece(tx: AsyncConnection, stream: Stream, after: int, until: int) -> Piece:
    """Digest the rows of a stream with after < seq <= until, one block's worth at most."""
    row = (await tx.execute(text(stream.digest_sql()), {"after": after, "until": until})).one()
    return Piece(row.rows, row.last, bytes(row.digest))


async def insert(tx: AsyncConnection, block: Block) -> bool:
    """Write a block; False when another writer was first with its number or its rows."""
    done = await tx.execute(
        text("""
            INSERT INTO evidence_block (number, stream, after, until, rows, digest, previous,
                                        hash, at)
            VALUES (:number, :stream, :after, :until, :rows, :digest, :previous, :hash, :at)
            ON CONFLICT DO NOTHING
        """),
        {
            "number": block.number,
            "stream": block.stream,
            "after": block.after,
            "until": block.until,
            "rows": block.rows,
            "digest": block.digest,
            "previous": block.previous,
            "hash": block.hash,
            "at": block.at,
        },
    )
    return bool(done.rowcount)


async def blocks(tx: AsyncConnection, after: int, limit: int = 1000) -> list[tuple[Block, bytes]]:
    """The next blocks with the hash that is stored with each, in order."""
    rows = await tx.execute(
        text("SELECT * FROM evidence_block WHERE number > :after ORDER BY number LIMIT :limit"),
        {"after": after, "limit": limit},
    )
    return [(block_of(row), bytes(row.hash)) for row in rows]


def block_of(row: Row[Any]) -> Block:
    """Read a block from its row."""
    return Block(
        number=row.number,
        stream=row.stream,
        after=row.after,
        until=row.until,
        rows=row.rows,
        digest=bytes(row.digest),
        previous=bytes(row.previous),
        at=row.at,
    )


async def watched(tx: AsyncConnection) -> dict[str, tuple[str, ...]]:
    """The tables that ever had a change recorded, each with the columns of its key."""
    rows = await tx.execute(
        text("""
            SELECT table_name,
                   (SELECT array_agg(name ORDER BY name) FROM jsonb_object_keys(row_key) AS name)
                       AS columns
              FROM (SELECT DISTINCT ON (table_name) table_name, row_key
                      FROM row_change
                     ORDER BY table_name, seq DESC) AS newest
             ORDER BY table_name
        """)
    )
    return {row.table_name: tuple(row.columns) for row in rows}


async def differing(tx: AsyncConnection, table: str, key: Sequence[str]) -> list[Any]:
    """The rows of a watched table that are not what its recorded changes add up to.

    Columns that came after a row's last change are not in its record and are not compared.
    """
    pairs = ", ".join(f"'{column}', watched_row.{column}" for column in key)
    rows = await tx.execute(
        text(f"""
            WITH latest AS (
                SELECT DISTINCT ON (row_key) row_key, new
                  FROM row_change
                 WHERE table_name = :table
                 ORDER BY row_key, seq DESC
            ), present AS (
                SELECT jsonb_build_object({pairs}) AS row_key, to_jsonb(watched_row) AS row
                  FROM {table} AS watched_row
            )
            SELECT coalesce(latest.row_key, present.row_key) AS row_key,
                   latest.new AS recorded, present.row AS present
              FROM latest
              FULL JOIN present USING (row_key)
             WHERE (latest.new IS NULL) <> (present.row IS NULL)
                OR EXISTS (SELECT 1
                             FROM jsonb_each(latest.new) AS recorded (name, value)
                            WHERE present.row ? recorded.name
                              AND evidence_row(present.row, present.row_key,
                                               CASE WHEN CAST(recorded.value AS text) LIKE '"sha256:%'
                                                    THEN ARRAY[recorded.name] END)
                                    -> recorded.name IS DISTINCT FROM recorded.value)
             ORDER BY 1
             LIMIT 100
        """),
        {"table": table},
    )
    return list(rows)


async def foreign_changes(tx: AsyncConnection, role: str) -> list[Any]:
    """The changes of watched rows that no service, migration or rotation of keys made.

    A rotation changes the digests of personal columns and nothing else.
    """
    rows = await tx.execute(
        text("""
            SELECT table_name, operation, row_key, by_role, at
              FROM row_change AS made
             WHERE operation <> 'BASELINE' AND by_role <> :role
               AND coalesce(why, '') NOT LIKE 'migration %'
               AND NOT (operation = 'UPDATE' AND coalesce(why, '') LIKE :rotation
                        AND NOT EXISTS (
                            SELECT
                              FROM jsonb_each_text(made.new) AS member
                              LEFT JOIN LATERAL (SELECT new
                                                   FROM row_change AS one
                                                  WHERE one.table_name = made.table_name
                                                    AND one.row_key = made.row_key
                                                    AND one.seq < made.seq
                                                  ORDER BY one.seq DESC
                                                  LIMIT 1) AS before
                                ON true
                             WHERE member.value IS DISTINCT FROM before.new ->> member.key
                               AND coalesce(member.value, '') NOT LIKE 'sha256:%'))
             ORDER BY seq
             LIMIT 100
        """),
        {"role": role, "rotation": f"{ROTATION}%"},
    )
    return list(rows)


async def catalogue_now(tx: AsyncConnection, schema: str) -> list[str]:
    """Describe a schema as the database itself does: one line a fact, sorted."""
    # On Citus, a service's connection also sees the coordinator's own shards (`shared.db`): not here.
    await tx.execute(text("SELECT set_config('citus.override_table_visibility', 'on', true)"))
    rows = await tx.execute(text(CATALOGUE_SQL), {"schema": schema})
    return sorted(rows.scalars())


async def catalogue_kept(tx: AsyncConnection) -> list[str]:
    """The description that the last migration wrote down; empty before the first."""
    found = await tx.scalar(text("SELECT lines FROM catalogue ORDER BY seq DESC LIMIT 1"))
    return list(found or ())


async def keep_catalogue(tx: AsyncConnection, schema: str, revision: str) -> None:
    """Write down the description of a schema as a migration leaves it."""
    lines = await catalogue_now(tx, schema)
    await tx.execute(
        text("INSERT INTO catalogue (revision, lines) VALUES (:revision, CAST(:lines AS jsonb))"),
        {"revision": revision, "lines": orjson.dumps(lines).decode()},
    )
