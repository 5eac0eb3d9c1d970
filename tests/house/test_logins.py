"""Least privilege: every service logs in as itself, and finds every other door shut."""

import json
from collections.abc import AsyncIterator
from importlib import import_module
from pathlib import Path

import asyncpg
import pytest

from services.collection.common.store.account import ACCOUNT_TABLES
from services.database import auditor
from services.database.logins import LoginRefused, check_login
from services.migrate import migrate
from services.payout.common.personal import TABLES as PAYOUT_TABLES
from services.supervisor.ports import free_port
from shared.db import SERVICES, Database, role_of
from shared.evidence.verify import verify
from shared.process.database_address import without_login
from tests.conftest import database_on
from tests.house.conftest import Wuxian
from tests.house.passwords import PASSWORDS, as_role

EVENTS = {"event", "webhook_delivery", "webhook_attempt"}
CLEANED = {"idempotency", "outbox", *EVENTS}
"""Tables whose triggers let a row go only after its time (shared/process/retention.py)."""
DELETABLE = {
    "identity": {"attempt", "provider_attempt", "used_assertion"},
    "collection": {
        *CLEANED,
        "enrolment",
        "operation_part",
        "reallocation_due",
        "refund_return_serial",
        "signature_nonce",
    },
    "ledger": {"idempotency", *EVENTS},
    # A once-per-event key that names a paper readably is replaced by its keyed one; a trigger
    # refuses any other deletion. A merger replaces the account's parts of the pension that goes;
    # the database records the rows.
    "payout": {*CLEANED, "account_pension", "benefit_event", "draw_mark", "signature_nonce"},
}
"""Tables from which a service may delete rows: drafts and queues, never a paper."""
CHANGEABLE_IN_THE_LEDGER = {
    "book_checkpoint",
    "closing",
    "correction",
    "event",
    "event_place",
    "hold",
    "idempotency",
    "injection_run",
    "lease",
    "personal_fund",
    "place_day",
    "refund_order",
    "retiree",
    "settlement",
    "slot_head",
    "suspense_turn",
    "voucher_reversal",
    "webhook_delivery",
    "webhook_endpoint",
    "webhook_secret",
}
"""The ledger's tables with a column that its role may update; all others are append-only."""
AUDITORS_PASSWORD = "secret of the auditor's"
SEALED_TABLES = [
    *[f"collection.{sealed.name}" for sealed in ACCOUNT_TABLES],
    *[f"payout.{sealed.name}" for sealed in PAYOUT_TABLES],
]
"""Tables with sealed names and accounts."""
OF_THE_SERVER = (
    "CREATE TABLE public.stray (n integer)",
    "CREATE TEMPORARY TABLE stray (n integer)",
    "CREATE SCHEMA stray",
    "CREATE ROLE stray",
    "CREATE DATABASE stray",
    "CREATE EXTENSION dblink",
    "ALTER SYSTEM SET fsync = off",
    "SET session_replication_role = 'replica'",
    "SELECT pg_read_file('PG_VERSION')",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "SELECT rolpassword FROM pg_authid",
)
OF_A_TABLE = (
    "DELETE FROM {table}",
    "TRUNCATE {table}",
    "ALTER TABLE {table} DISABLE TRIGGER ALL",
    "ALTER TABLE {table} ADD COLUMN stray integer",
    "CREATE TRIGGER stray BEFORE UPDATE ON {table} FOR EACH ROW"
    " EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "CREATE RULE stray AS ON INSERT TO {table} DO INSTEAD NOTHING",
    "DROP TABLE {table}",
)


@pytest.fixture(scope="module")
async def migrated_url(each_server_url: str) -> AsyncIterator[str]:
    """An administrator's address of a migrated database, on every kind of server in turn."""
    async with database_on(each_server_url) as url:
        await migrate(url, passwords=PASSWORDS)
        yield url


@pytest.fixture(scope="module")
def logins(migrated_url: str) -> dict[str, str]:
    """Service → address of its own login."""
    return {
        service: as_role(migrated_url, role_of(service), PASSWORDS[service]) for service in SERVICES
    }


@pytest.fixture(params=SERVICES)
async def service(
    request: pytest.FixtureRequest, logins: dict[str, str]
) -> AsyncIterator[tuple[str, asyncpg.Connection]]:
    """A service's name with a connection of its own login."""
    connection = await asyncpg.connect(logins[request.param])
    await connection.execute(f"SET search_path = {request.param}, public")
    yield request.param, connection
    await connection.close()


async def tables(connection: asyncpg.Connection, schema: str) -> list[asyncpg.Record]:
    """Tables of a schema with what this login may do with them; the catalogue is open to all."""
    found: list[asyncpg.Record] = await connection.fetch(
        """
        SELECT relname AS name,
               has_any_column_privilege(oid, 'UPDATE') AS changes,
               has_table_privilege(oid, 'DELETE') AS deletes
          FROM pg_class
         WHERE relkind IN ('r', 'p')
           AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1)
         ORDER BY relname
        """,
        schema,
    )
    assert found
    return found


async def forbidden(connection: asyncpg.Connection, statement: str) -> bool:
    """Return whether a statement is refused for want of a right; nothing of it stays."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(statement)
    except asyncpg.InsufficientPrivilegeError:
        return True
    except asyncpg.PostgresError as error:
        raise AssertionError(f"{statement}: {error}") from error
    finally:
        await transaction.rollback()
    return False


async def test_a_service_finds_every_other_schema_shut(
    service: tuple[str, asyncpg.Connection],
) -> None:
    name, connection = service
    for other in set(SERVICES) - {name}:
        assert await forbidden(connection, f"SET ROLE {role_of(other)}")
        for table in await tables(connection, other):
            for statement in ("SELECT * FROM {table}", *OF_A_TABLE):
                said = statement.format(table=f"{other}.{table['name']}")
                assert await forbidden(connection, said), said


async def test_a_service_commands_nothing_of_the_server(
    service: tuple[str, asyncpg.Connection],
) -> None:
    _, connection = service
    for statement in OF_THE_SERVER:
        if statement.startswith(("CREATE DATABASE", "ALTER SYSTEM")):  # in no transaction
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
            continue
        assert await forbidden(connection, statement), statement


async def test_a_service_shapes_and_empties_no_table_of_its_own(
    service: tuple[str, asyncpg.Connection],
) -> None:
    name, connection = service
    for table in await tables(connection, name):
        for statement in OF_A_TABLE:
            if statement.startswith("DELETE") and table["name"] in DELETABLE[name]:
                continue
            said = statement.format(table=table["name"])
            assert await forbidden(connection, said), said


async def test_what_a_service_may_delete_and_change_is_reviewed(
    service: tuple[str, asyncpg.Connection],
) -> None:
    name, connection = service
    found = await tables(connection, name)
    assert {row["name"] for row in found if row["deletes"]} == DELETABLE[name]
    if name == "ledger":
        assert {row["name"] for row in found if row["changes"]} == CHANGEABLE_IN_THE_LEDGER
    trails = {"trail"} if name != "identity" else {"event"}
    assert not [row["name"] for row in found if row["name"] in trails and row["changes"]]


async def test_the_auditors_login_reads_books_trail_and_evidence_and_nothing_else(
    migrated_url: str,
) -> None:
    await auditor.make_login(migrated_url, AUDITORS_PASSWORD)
    await migrate(migrated_url, passwords=PASSWORDS)
    connection = await asyncpg.connect(as_role(migrated_url, auditor.ROLE, AUDITORS_PASSWORD))
    try:
        await connection.execute("SET default_transaction_read_only = off")
        for service in SERVICES:
            assert await forbidden(connection, f"SET ROLE {role_of(service)}")
            for table in await tables(connection, service):
                name = f"{service}.{table['name']}"
                if auditor.is_read(service, table["name"]):
                    await connection.fetch(f"SELECT * FROM {name} LIMIT 1")
                else:
                    assert await forbidden(connection, f"SELECT * FROM {name}"), name
                assert await forbidden(connection, f"INSERT INTO {name} DEFAULT VALUES"), name
                for statement in OF_A_TABLE:
                    assert await forbidden(connection, statement.format(table=name)), statement
        for sealed in SEALED_TABLES:
            assert await forbidden(connection, f"SELECT * FROM {sealed}"), sealed
        for statement in OF_THE_SERVER:
            if not statement.startswith(("CREATE DATABASE", "ALTER SYSTEM")):
                assert await forbidden(connection, statement), statement
    finally:
        await connection.close()


@pytest.mark.parametrize("service", SERVICES)
async def test_the_auditors_grants_are_part_of_the_schema(migrated_url: str, service: str) -> None:
    """`wuxian verify` finds no grant that nobody wrote down, and every further one."""
    await auditor.make_login(migrated_url, AUDITORS_PASSWORD)
    streams = import_module(f"services.{service}.common.evidence").STREAMS
    db = Database(migrated_url, service, pool_size=1)
    admin = await asyncpg.connect(migrated_url)
    grant = f"GRANT INSERT ON {service}.evidence_block TO {auditor.ROLE}"
    try:
        assert (await db.run(lambda tx: verify(tx, service, streams))).faults == []
        await admin.execute(grant)
        (fault,) = (await db.run(lambda tx: verify(tx, service, streams))).faults
        assert f"grant INSERT to {auditor.ROLE} on evidence_block" in fault
    finally:
        await admin.execute(grant.replace("GRANT", "REVOKE").replace(" TO ", " FROM "))
        await admin.close()
        await db.close()


async def test_a_login_of_its_own_is_taken_and_any_greater_one_refused(
    logins: dict[str, str], migrated_url: str
) -> None:
    for service, own in logins.items():
        await check_login(own, service)
    with pytest.raises(LoginRefused, match="is a superuser"):
        await check_login(migrated_url, "ledger")
    await check_login(logins["payout"], "payout")
    with pytest.raises(LoginRefused, match="wuxian_payout, who may act as wuxian_payout"):
        await check_login(logins["payout"], "ledger")


@pytest.mark.story
@pytest.mark.usefixtures("prepared_python")
class TestCommand:
    """The same through the command."""

    def test_a_superusers_address_is_one_sentence(self, wuxian: Wuxian, migrated_url: str) -> None:
        said = wuxian(
            *("serve", "ledger", "--port", str(free_port()), "--database-url", migrated_url)
        )
        assert said.returncode == 1
        assert said.stderr.startswith("wuxian: ledger must not log in as")
        assert said.stderr.count("\n") == 1

    def test_the_administrators_address_is_not_given_to_a_service(
        self, wuxian: Wuxian, migrated_url: str
    ) -> None:
        words = ("serve", "ledger", "--port", str(free_port()))
        said = wuxian(*words, WUXIAN_ADMIN_DATABASE_URL=migrated_url)
        assert said.returncode == 1
        assert "must not be given WUXIAN_ADMIN_DATABASE_URL" in said.stderr

    def test_a_host_without_a_password_file_says_what_to_run(
        self, wuxian: Wuxian, migrated_url: str, home: Path
    ) -> None:
        words = ("serve", "ledger", "--port", str(free_port()), "--database-url")
        nowhere = {"WUXIAN_DATABASE_SECRETS_DIR": str(home / "nowhere")}
        said = wuxian(*words, without_login(migrated_url), **nowhere)
        assert said.returncode == 1
        assert "the password of wuxian_ledger cannot be read" in said.stderr
        assert "`wuxian migrate`" in said.stderr
        assert said.stderr.count("\n") == 1

    def test_migrate_makes_roles_and_each_service_finds_its_own_password(
        self, wuxian: Wuxian, migrated_url: str
    ) -> None:
        assert wuxian("migrate", "--admin-url", migrated_url).returncode == 0
        checked = wuxian("doctor", "--json", "--database-url", without_login(migrated_url))
        found = {f["check"]: f["ok"] for f in json.loads(checked.stdout)["findings"]}
        assert all(found[f"login {one}"] and found[f"schema {one}"] for one in SERVICES)

    @pytest.mark.parametrize(
        ("variable", "value"),
        [
            ("WUXIAN_LEDGER_PORT", "eighty"),
            ("WUXIAN_LEDGER_PORT", "70000"),
            ("WUXIAN_DATABASE_URL", "mysql://db/wuxian"),
            ("WUXIAN_POOL_SIZE", "0"),
            ("WUXIAN_SANDBOX_DISTRICTS", "heping,"),
        ],
    )
    def test_a_bad_setting_is_one_sentence_that_names_it(
        self, wuxian: Wuxian, variable: str, value: str
    ) -> None:
        said = wuxian("doctor", **{variable: value})
        assert said.returncode == 2
        assert said.stderr.startswith("wuxian: ")
        assert variable in said.stderr.upper()
        assert said.stderr.count("\n") == 1
