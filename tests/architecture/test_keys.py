"""Scale-out readiness on an ordinary PostgreSQL: the shard key leads every key of every table."""

import asyncpg
import pytest

from services.distribution.tables import KEYS


@pytest.fixture(params=sorted(KEYS))
def schema(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def rows(url: str, sql: str, schema: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetch(sql, schema)
    finally:
        await connection.close()


async def test_every_table_says_which_key_it_has(database_url: str, schema: str) -> None:
    found = await rows(
        database_url,
        """
        SELECT relname
          FROM pg_class
         WHERE relnamespace = CAST($1 AS regnamespace) AND relkind IN ('r', 'p')
           AND relname <> 'alembic_version'
        """,
        schema,
    )
    assert {row["relname"] for row in found} == set(KEYS[schema])


async def test_the_key_comes_first_in_every_unique_index(database_url: str, schema: str) -> None:
    found = await rows(
        database_url,
        """
        SELECT t.relname AS table_name, i.relname AS index_name,
               (SELECT attname FROM pg_attribute
                 WHERE attrelid = t.oid AND attnum = x.indkey[0]) AS first_column
          FROM pg_index x
          JOIN pg_class t ON t.oid = x.indrelid
          JOIN pg_class i ON i.oid = x.indexrelid
         WHERE t.relnamespace = CAST($1 AS regnamespace) AND x.indisunique
           AND t.relname <> 'alembic_version'
        """,
        schema,
    )
    assert {row["table_name"] for row in found} == set(KEYS[schema])
    for row in found:
        key = KEYS[schema][row["table_name"]]
        if key != "reference":
            assert row["first_column"] == key, (row["table_name"], row["index_name"])


async def test_foreign_keys_stay_in_their_group(database_url: str, schema: str) -> None:
    found = await rows(
        database_url,
        """
        SELECT t.relname AS table_name, r.relname AS referred,
               (SELECT array_agg(attname) FROM pg_attribute
                 WHERE attrelid = t.oid AND attnum = ANY(c.conkey)) AS columns
          FROM pg_constraint c
          JOIN pg_class t ON t.oid = c.conrelid
          JOIN pg_class r ON r.oid = c.confrelid
         WHERE t.relnamespace = CAST($1 AS regnamespace) AND c.contype = 'f'
        """,
        schema,
    )
    for row in found:
        own, referred = KEYS[schema][row["table_name"]], KEYS[schema][row["referred"]]
        if referred != "reference":
            assert own == referred, row
            assert own in row["columns"], row


async def test_no_small_identities(database_url: str, schema: str) -> None:
    found = await rows(
        database_url,
        """
        SELECT table_name, column_name
          FROM information_schema.columns
         WHERE table_schema = $1 AND data_type IN ('integer', 'smallint')
           AND (is_identity = 'YES' OR column_default LIKE 'nextval%')
        """,
        schema,
    )
    assert found == []


async def test_money_is_a_bigint(database_url: str, schema: str) -> None:
    found = await rows(
        database_url,
        r"""
        SELECT table_name, column_name, data_type, udt_name
          FROM information_schema.columns
         WHERE table_schema = $1 AND column_name LIKE '%\_fen'
        """,
        schema,
    )
    assert found
    assert all(row["udt_name"] in {"int8", "_int8"} for row in found), found
