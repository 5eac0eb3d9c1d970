"""Migrations: once or twice or at once, each service closed to the others, plain refusals."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from services.migrate import MigrationError, directory, make_roles, migrate, states
from shared.db import SERVICES, Database, role_of
from tests.conftest import database_on
from tests.house.passwords import PASSWORDS, as_role


async def run(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def test_one_service_can_be_migrated_alone(each_empty_database_url: str) -> None:
    await migrate(each_empty_database_url, ["identity"])
    found = {state.service: state.is_absent for state in await states(each_empty_database_url)}
    assert found == {"identity": False, "collection": True, "ledger": True, "payout": True}


@pytest.fixture(scope="module")
async def migrated_url(each_server_url: str) -> AsyncIterator[str]:
    """An administrator's address of a database on every kind of server in turn.

    Three runs at once have migrated it, by an administrator who is no superuser.
    """
    async with database_on(each_server_url) as url:
        database = make_url(url).database
        name = f"clerk_{database}"
        await make_roles(url, passwords=PASSWORDS)
        await run(
            url,
            f"CREATE ROLE {name} LOGIN PASSWORD 'clerk'",
            f"GRANT CREATE ON DATABASE {database} TO {name}",
            *(f"GRANT {role_of(service)} TO {name}" for service in SERVICES),
        )
        try:
            await asyncio.gather(*(migrate(as_role(url, name, "clerk")) for _ in range(3)))
            yield url
        finally:
            await run(url, f"DROP OWNED BY {name} CASCADE", f"DROP ROLE {name}")


async def test_of_runs_at_once_one_migrates(migrated_url: str) -> None:
    assert all(state.is_at_head for state in await states(migrated_url))


async def test_a_second_run_finds_nothing_to_do(migrated_url: str) -> None:
    assert all(state.is_at_head for state in await migrate(migrated_url))


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_reads_its_own_schema_and_no_other(migrated_url: str, service: str) -> None:
    db = Database(migrated_url, service, pool_size=1)
    try:
        async with db.transaction() as tx:
            assert (await tx.execute(text("SELECT current_user"))).scalar() == role_of(service)
            assert (await tx.execute(text("SELECT count(*) FROM alembic_version"))).scalar() == 1
        for other in set(SERVICES) - {service}:
            with pytest.raises(DBAPIError, match="permission denied for schema"):
                async with db.transaction() as tx:
                    await tx.execute(text(f"SELECT * FROM {other}.alembic_version"))
        for schema in ("public", service):
            with pytest.raises(DBAPIError, match="permission denied for schema"):
                async with db.transaction() as tx:
                    await tx.execute(text(f"CREATE TABLE {schema}.stray (n integer)"))
    finally:
        await db.close()


async def test_a_role_with_a_password_logs_in_as_itself(each_empty_database_url: str) -> None:
    await make_roles(each_empty_database_url, ["collection"], passwords=PASSWORDS)
    await migrate(each_empty_database_url, ["identity"], passwords=PASSWORDS)
    own = as_role(each_empty_database_url, role_of("identity"), PASSWORDS["identity"])
    db = Database(own, "identity", pool_size=1)
    try:
        async with db.transaction() as tx:
            assert (await tx.execute(text("SELECT session_user"))).scalar() == role_of("identity")
        with pytest.raises(DBAPIError, match="permission denied"):
            async with db.transaction() as tx:
                await tx.execute(text("SET ROLE wuxian_collection"))
    finally:
        await db.close()


async def test_a_role_with_another_password_is_left_alone_unless_told(
    each_empty_database_url: str,
) -> None:
    await migrate(each_empty_database_url, ["identity"], passwords=PASSWORDS)
    with pytest.raises(MigrationError, match="wuxian_identity logs in with another password"):
        await migrate(each_empty_database_url, ["identity"], passwords={"identity": "another"})
    await migrate(each_empty_database_url, ["identity"], passwords=PASSWORDS, renew=True)


async def test_an_administrator_need_not_be_a_superuser(migrated_url: str) -> None:
    database = make_url(migrated_url).database
    url = as_role(migrated_url, f"clerk_{database}", "clerk")
    db = Database(url, "ledger", pool_size=1)
    async with db.transaction() as tx:
        assert (await tx.execute(text("SELECT current_user"))).scalar() == "wuxian_ledger"
    await db.close()


async def test_a_role_that_may_not_migrate_gets_the_command_to_run(
    each_empty_database_url: str,
) -> None:
    name = f"nobody_{make_url(each_empty_database_url).database}"
    await run(each_empty_database_url, f"CREATE ROLE {name} LOGIN PASSWORD 'nobody'")
    try:
        with pytest.raises(MigrationError, match="GRANT CREATE ON DATABASE"):
            await migrate(as_role(each_empty_database_url, name, "nobody"))
    finally:
        await run(each_empty_database_url, f"DROP ROLE {name}")


async def test_a_database_of_a_newer_release_is_left_alone(each_empty_database_url: str) -> None:
    await migrate(each_empty_database_url, ["identity"])
    await run(each_empty_database_url, "UPDATE identity.alembic_version SET version_num = 'newest'")
    with pytest.raises(MigrationError, match="newer wuxian"):
        await migrate(each_empty_database_url, ["identity"])


@pytest.fixture
async def new_database_url(server_url: str) -> AsyncIterator[str]:
    """An empty database on the server of this run."""
    async with database_on(server_url) as url:
        yield url


@pytest.mark.parametrize("service", SERVICES)
async def test_every_revision_can_be_taken_back(new_database_url: str, service: str) -> None:
    from alembic import command
    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.pool import NullPool

    from services.migrate import _config
    from shared.db import sqlalchemy_url

    def down(connection: Connection) -> None:
        config = _config(service)
        config.attributes["connection"] = connection
        command.downgrade(config, "base")

    await migrate(new_database_url, [service])
    engine = create_async_engine(sqlalchemy_url(new_database_url), poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.execute(text(f"SET LOCAL search_path = {service}, public"))
        await connection.run_sync(down)
        left = await connection.execute(
            text("""
                SELECT relname
                  FROM pg_class
                 WHERE relnamespace = CAST(:schema AS regnamespace)
                   AND relkind IN ('r', 'p', 'v', 'S')
                   AND relname <> 'alembic_version'
            """),
            {"schema": service},
        )
        assert left.scalars().all() == []
    await engine.dispose()
    await migrate(new_database_url, [service])


def test_migrations_are_found_in_a_working_copy() -> None:
    assert (directory() / "env.py").exists()
    assert {path.name for path in directory().iterdir() if path.is_dir()} >= set(SERVICES)


async def test_an_address_may_say_how_to_encrypt(each_empty_database_url: str) -> None:
    url = f"{each_empty_database_url}?sslmode=disable"
    await migrate(url, ["identity"], passwords=PASSWORDS)
    login = as_role(each_empty_database_url, role_of("identity"), PASSWORDS["identity"])
    own = f"{login}?sslmode=disable"
    db = Database(own, "identity", pool_size=1)
    async with db.transaction() as tx:
        assert await tx.scalar(text("SELECT NOT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"))
    await db.close()
    db = Database(own.replace("disable", "require"), "identity", pool_size=1)
    with pytest.raises(ConnectionError, match="rejected SSL"):
        await db.run(lambda tx: tx.execute(text("SELECT 1")))
    await db.close()
