"""Brings a database to the head of each service's migrations: schema, role, grants, revisions.

Each service has one schema and one role that is granted that schema only. Everything for a service
happens in one transaction under an advisory lock, so two runs at once end as one.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.pool import NullPool

from services import revisions
from services.database import auditor
from shared.db import SERVICES, asyncpg_dsn, engine_on, role_of, sqlstate
from shared.evidence import store as evidence_store
from shared.process.database_address import with_login

_LOCK = 0x77757869
"""Advisory lock of migrations, one per database."""
OLDEST_VERSION = 150000
# Roles belong to the whole server, so runs on two of its databases may meet in them.
_MEETING_STATES = frozenset({"23505", "42710", "XX000", "40001", "40P01"})


class MigrationError(Exception):
    """The database cannot be brought to head; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class State:
    """A service's revision in a database and the newest one known here; None: nothing there."""

    service: str
    current: str | None
    head: str | None
    known: bool = True

    @property
    def is_absent(self) -> bool:
        """Return whether the service has never been migrated in this database."""
        return self.current is None

    @property
    def is_at_head(self) -> bool:
        """Return whether the schema is up to date."""
        return self.current == self.head


def directory() -> Path:
    """Return the migrations: inside the wheel, or at the root of a working copy."""
    found = revisions.directory()
    if found is None:
        raise MigrationError("the installation lacks its migrations: install wuxian again")
    return found


def _config(service: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(directory()).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    branch = str(directory() / service).replace("%", "%%")
    config.set_main_option("version_locations", branch)
    config.attributes["schema"] = service
    return config


@cache
def _scripts(service: str) -> ScriptDirectory:
    """Return a service's revisions, each of which is read once a process."""
    return ScriptDirectory.from_config(_config(service))


async def migrate(
    admin_url: str,
    services: Sequence[str] = SERVICES,
    *,
    passwords: Mapping[str, str] | None = None,
    renew: bool = False,
) -> list[State]:
    """Create what is missing and run every revision up to head; answers the states found before.

    Args:
        admin_url: postgresql:// address of a role that may create schemas and roles.
        services: which services.
        passwords: service → password, for roles that log in by themselves. Without, a role only
            serves to be taken on (`SET ROLE`) by the administrator's connection.
        renew: give them to roles that log in with another password already; otherwise such a role
            is left alone, since an installation elsewhere may be using it.

    Raises:
        MigrationError: the address's role may not do this, the server is too old, or the database
            was made by a newer release.
    """
    before = []
    engine = engine_on(admin_url, poolclass=NullPool)
    try:
        for service in services:
            async with engine.connect() as connection:
                await _check_server(connection, service)
                await _make_role(connection, service)
                if passwords is not None and service in passwords:
                    await _let_log_in(
                        connection, admin_url, service, passwords[service], renew=renew
                    )
                before.append(await _upgrade(connection, service))
    finally:
        await engine.dispose()
    return before


async def make_roles(
    admin_url: str,
    services: Sequence[str] = SERVICES,
    *,
    passwords: Mapping[str, str],
    renew: bool = False,
) -> None:
    """Make the services' and the auditor's roles alone, for a restore: its grants name them.

    See `migrate`.
    """
    engine = engine_on(admin_url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await _on_shared_roles(connection, lambda: auditor.make_role(connection))
        for service in services:
            async with engine.connect() as connection:
                await _check_server(connection, service)
                await _make_role(connection, service)
                await _let_log_in(connection, admin_url, service, passwords[service], renew=renew)
    finally:
        await engine.dispose()


async def states(url: str, services: Sequence[str] = SERVICES) -> list[State]:
    """Return the state of each service's schema. Needs no administrator."""
    engine = engine_on(url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            return [await _state(connection, service) for service in services]
    finally:
        await engine.dispose()


async def _state(connection: AsyncConnection, service: str) -> State:
    scripts = _scripts(service)
    head = next(iter(scripts.get_heads()), None)
    versions = await connection.execute(
        text("SELECT to_regclass(:table)"), {"table": f"{service}.alembic_version"}
    )
    if versions.scalar() is None:
        return State(service, None, head)
    found = await connection.execute(text(f"SELECT version_num FROM {service}.alembic_version"))
    current: str | None = found.scalar()
    known = current is None or any(
        revision.revision == current for revision in scripts.walk_revisions()
    )
    return State(service, current, head, known)


async def _check_server(connection: AsyncConnection, service: str) -> None:
    row = (
        await connection.execute(
            text("""
                SELECT CAST(current_setting('server_version_num') AS integer) AS version,
                       current_database() AS database,
                       current_user AS admin,
                       has_database_privilege(current_database(), 'CREATE')
                         OR to_regnamespace(:service) IS NOT NULL AS may_create_schema,
                       (SELECT rolsuper OR rolcreaterole
                          FROM pg_roles
                         WHERE rolname = current_user)
                         OR to_regrole(:role) IS NOT NULL AS may_create_role
            """),
            {"service": service, "role": role_of(service)},
        )
    ).one()
    await connection.rollback()
    if row.version < OLDEST_VERSION:
        raise MigrationError(
            f"PostgreSQL {row.version // 10000} is too old: wuxian needs PostgreSQL 15 to 18"
        )
    needed = []
    if not row.may_create_schema:
        needed.append(f'GRANT CREATE ON DATABASE "{row.database}" TO "{row.admin}";')
    if not row.may_create_role:
        needed.append(f"CREATE ROLE {role_of(service)} NOLOGIN;")
        needed.append(f'GRANT {role_of(service)} TO "{row.admin}";')
    if needed:
        raise MigrationError(
            f"the database role {row.admin} may not prepare the schema {service}."
            " Let an administrator of the database run:\n  " + "\n  ".join(needed)
        )


async def _make_role(connection: AsyncConnection, service: str) -> None:
    await _on_shared_roles(connection, lambda: _make_role_once(connection, service))


async def _on_shared_roles(
    connection: AsyncConnection, work: Callable[[], Awaitable[None]]
) -> None:
    """Commit work on roles, again when another run on the server met it in them."""
    for attempt in range(10):
        try:
            await work()
            await connection.commit()
            return
        except DBAPIError as error:
            await connection.rollback()
            if sqlstate(error) not in _MEETING_STATES or attempt == 9:
                raise
            await asyncio.sleep(0.05 * (attempt + 1))


async def _let_log_in(
    connection: AsyncConnection, admin_url: str, service: str, password: str, *, renew: bool
) -> None:
    """Let a service's role log in with a password, unless it has one already.

    Raises:
        MigrationError: it logs in with another one.
    """
    role = role_of(service)
    may = await connection.scalar(
        text("SELECT rolcanlogin FROM pg_roles WHERE rolname = :role"), {"role": role}
    )
    await connection.rollback()
    if may and not renew:
        if await _opens(with_login(admin_url, role, password)):
            return
        raise MigrationError(
            f"the database role {role} logs in with another password than the one kept here: put"
            " its password into this installation's secrets, or run `wuxian migrate"
            " --new-passwords` to replace it for every installation on this server"
        )

    async def alter() -> None:
        quoted = password.replace("'", "''")
        await connection.execute(text(f"ALTER ROLE {role} LOGIN PASSWORD '{quoted}'"))

    await _on_shared_roles(connection, alter)


async def _opens(url: str) -> bool:
    """Return whether a login works; only a wrong password says no (a rule of access may too)."""
    try:
        connection = await asyncpg.connect(asyncpg_dsn(url), timeout=30)
    except asyncpg.InvalidPasswordError:
        return False
    except asyncpg.PostgresError:
        return True
    await connection.close()
    return True


async def _make_role_once(connection: AsyncConnection, service: str) -> None:
    role = role_of(service)
    known = await connection.execute(text("SELECT to_regrole(:role)"), {"role": role})
    if known.scalar() is None:
        await connection.execute(text(f"CREATE ROLE {role} NOLOGIN"))
    # From 16 on, membership alone no longer allows to take a role on: SET is a right of its own.
    row = (
        await connection.execute(
            text("""
                SELECT CAST(current_setting('server_version_num') AS integer) AS version,
                       pg_has_role(:role, 'MEMBER') AS member
            """),
            {"role": role},
        )
    ).one()
    if row.version < 160000:
        if not row.member:
            await connection.execute(text(f"GRANT {role} TO CURRENT_USER"))
        return
    may_set = await connection.execute(text("SELECT pg_has_role(:role, 'SET')"), {"role": role})
    if not may_set.scalar():
        await connection.execute(text(f"GRANT {role} TO CURRENT_USER WITH SET TRUE"))


async def _upgrade(connection: AsyncConnection, service: str) -> State:
    role = role_of(service)
    await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    state = await _state(connection, service)
    if not state.known:
        raise MigrationError(
            f"the schema {service} stands at {state.current}, which this release does not know:"
            " a newer wuxian made it. Use that release"
        )
    if state.is_absent or not state.is_at_head:
        # On Citus, reference tables and shards change one after the other; elsewhere a mere name.
        await connection.execute(text("SET LOCAL citus.multi_shard_modify_mode = 'sequential'"))
        await connection.execute(text("SET LOCAL citus.enable_unsafe_triggers = 'on'"))
        await connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {service}"))
        await connection.execute(text(f"GRANT USAGE ON SCHEMA {service} TO {role}"))
        await _close_public(connection)
        if _wants_gist(service):
            await connection.execute(
                text("CREATE EXTENSION IF NOT EXISTS btree_gist SCHEMA public")
            )
        await connection.execute(text(f"SET LOCAL search_path = {service}, public"))
        reason = f"migration to {state.head}"
        await connection.execute(
            text("SELECT set_config('wuxian.reason', :reason, true)"), {"reason": reason}
        )
        await connection.run_sync(_run_revisions, service)
        if state.head is not None:
            # The service itself asks at start whether it stands at head.
            await connection.execute(text(f"GRANT SELECT ON alembic_version TO {role}"))
        if await auditor.reads(connection, service):
            await auditor.let_read(connection, service)
        elif await connection.scalar(text("SELECT to_regclass('catalogue') IS NOT NULL")):
            await evidence_store.keep_catalogue(connection, service, str(state.head))
    await connection.commit()
    return state


async def _close_public(connection: AsyncConnection) -> None:
    """Leave to everybody neither `public` nor temporary tables, where we own the database."""
    row = (
        await connection.execute(
            text("""
                SELECT EXISTS (
                           SELECT
                             FROM pg_namespace, aclexplode(nspacl) AS granted
                            WHERE nspname = 'public'
                              AND granted.grantee = 0
                              AND granted.privilege_type = 'CREATE'
                              AND pg_has_role(nspowner, 'USAGE')
                       ) AS public_is_open,
                       EXISTS (
                           SELECT
                             FROM pg_database,
                                  aclexplode(coalesce(datacl, acldefault('d', datdba))) AS granted
                            WHERE datname = current_database()
                              AND granted.grantee = 0
                              AND granted.privilege_type = 'TEMPORARY'
                              AND pg_has_role(datdba, 'USAGE')
                       ) AS temporary_is_open,
                       current_database() AS database
            """)
        )
    ).one()
    if row.public_is_open:
        await connection.execute(text("REVOKE CREATE ON SCHEMA public FROM PUBLIC"))
    if row.temporary_is_open:
        await connection.execute(text(f'REVOKE TEMPORARY ON DATABASE "{row.database}" FROM PUBLIC'))


def _wants_gist(service: str) -> bool:
    return any(
        re.search(r"\bgist\b|btree_gist", path.read_text(), re.IGNORECASE)
        for path in (directory() / service).glob("*.py")
    )


def _run_revisions(connection: Connection, service: str) -> None:
    config = _config(service)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
