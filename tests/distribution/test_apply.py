"""The plan is run as a whole, once, against a stand-in for the engine's own functions.

The stand-in keeps what it is told, in the place of Citus's catalogue; it spreads nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from services.distribution import catalogue
from services.distribution.apply import NotDistributed, Report, distribute, follow
from services.distribution.schema import Placement
from shared.db import Database
from shared.evidence.store import catalogue_kept, catalogue_now

STAND_IN = """
CREATE TABLE pg_dist_partition (logicalrelid regclass PRIMARY KEY, partmethod "char",
                                partkey text, repmodel "char", colocated text, shards integer);
CREATE TABLE pg_dist_shard (logicalrelid regclass, shardid bigint);
CREATE TABLE pg_dist_local_group (groupid integer);
INSERT INTO pg_dist_local_group VALUES (0);
CREATE TABLE pg_dist_node (groupid integer, isactive boolean, shouldhaveshards boolean,
                           noderole text);
CREATE TABLE granted (place regclass, command text);
CREATE FUNCTION column_to_column_name(regclass, text) RETURNS text LANGUAGE sql AS 'SELECT $2';
CREATE FUNCTION create_reference_table(place regclass) RETURNS void LANGUAGE sql AS
    $$ INSERT INTO pg_dist_partition VALUES (place, 'n', NULL, 't') $$;
CREATE FUNCTION citus_add_local_table_to_metadata(place regclass) RETURNS void LANGUAGE sql AS
    $$ INSERT INTO pg_dist_partition VALUES (place, 'n', NULL, 's') $$;
CREATE FUNCTION create_distributed_table(place regclass, key text, colocate_with text,
                                         shard_count integer DEFAULT NULL)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_constraint WHERE contype = 'f' AND place IN (conrelid, confrelid)) THEN
        RAISE EXCEPTION 'a foreign key stands on %', place;
    END IF;
    INSERT INTO pg_dist_partition VALUES (place, 'h', key, 's', colocate_with, shard_count);
END $$;
CREATE FUNCTION run_command_on_placements(place regclass, command text)
RETURNS TABLE (nodename text, nodeport integer, result text, success boolean)
LANGUAGE sql AS $$ INSERT INTO granted VALUES (place, command) RETURNING '', 0, '', true $$;
"""


@pytest.fixture
async def admin(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[asyncpg.Connection]:
    """An administrator where the stand-in is, in this test alone."""

    async def is_citus(_: asyncpg.Connection) -> bool:
        return True

    monkeypatch.setattr(catalogue, "is_citus", is_citus)
    connection = await asyncpg.connect(database_url)
    if await connection.fetchval("SELECT to_regclass('pg_dist_node') IS NULL"):
        await connection.execute(STAND_IN)
    yield connection
    await connection.close()


async def _foreign_keys(admin: asyncpg.Connection) -> set[tuple[str, str]]:
    rows = await admin.fetch(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE contype = 'f' AND connamespace = CAST('ledger' AS regnamespace)"
    )
    return {tuple(row) for row in rows}


async def test_nothing_is_changed_where_no_server_takes_shards(
    admin: asyncpg.Connection, database_url: str
) -> None:
    with pytest.raises(NotDistributed, match=r"(?s)citus_set_coordinator_host.*citus_add_node"):
        await distribute(database_url, ["ledger"])
    assert await admin.fetchval("SELECT COUNT(*) FROM pg_dist_partition") == 0


async def test_every_table_comes_to_its_place_and_stays_there(
    admin: asyncpg.Connection, database_url: str
) -> None:
    await admin.execute("INSERT INTO pg_dist_node VALUES (0, true, true, 'primary')")
    before = await _foreign_keys(admin)
    planned = await distribute(database_url, ["ledger"], dry_run=True)
    done = await distribute(database_url, ["ledger"], shards=8)
    assert (done.is_done, done.faults) == (True, [])
    assert _places(planned) == _places(done)
    rows = await admin.fetch("SELECT CAST(logicalrelid AS text) AS name FROM pg_dist_partition")
    assert {row["name"] for row in rows} == {
        f"ledger.{table}"
        for table, place in _places(done).items()
        if place is not Placement.COORDINATOR
    } | {"ledger.idempotency_key"}
    assert await _foreign_keys(admin) == before - {
        (key.name, key.definition) for one in done.plans for key in one.unheld
    }
    assert await admin.fetchval("SELECT COUNT(*) FROM granted") == len(done.plans[0].rights)

    assert await admin.fetchval(
        "SELECT revision FROM ledger.catalogue ORDER BY seq DESC LIMIT 1"
    ) == await admin.fetchval("SELECT version_num FROM ledger.alembic_version")
    assert await admin.fetchval("SELECT COUNT(*) FROM ledger.catalogue") == 2
    ledger = Database(database_url, "ledger")
    async with ledger.transaction() as tx:
        assert await catalogue_kept(tx) == await catalogue_now(tx, "ledger")
    await ledger.close()

    again = await distribute(database_url, ["ledger"])
    assert again.plans[0].statements == ()


async def test_a_new_table_follows_its_service(
    admin: asyncpg.Connection, database_url: str
) -> None:
    await admin.execute(
        "DELETE FROM pg_dist_partition WHERE logicalrelid = CAST('ledger.voucher' AS regclass)"
    )
    await follow(database_url, ["identity", "ledger", "payout"])
    row = await admin.fetchrow(
        "SELECT partkey, colocated FROM pg_dist_partition"
        " WHERE logicalrelid = CAST('ledger.voucher' AS regclass)"
    )
    assert row is not None
    assert row["partkey"] == "slot"
    assert row["colocated"].startswith("ledger.")
    payout = (
        "SELECT COUNT(*) FROM pg_dist_partition WHERE CAST(logicalrelid AS text) LIKE 'payout%'"
    )
    assert await admin.fetchval(payout) == 0


def _places(report: Report) -> dict[str, Placement]:
    return dict(report.plans[0].places)
