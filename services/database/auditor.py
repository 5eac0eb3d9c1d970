"""The auditor's login: reads the books, the trail and the evidence in the database; writes nothing.

It has no right to sealed names and accounts, to stored answers, or to what the services work with.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.pool import NullPool

from shared.db import SERVICES, engine_on
from shared.evidence import store as evidence_store

ROLE: Final = "wuxian_auditor"
READ: Final = frozenset({"alembic_version", "catalogue", "evidence_block", "row_change", "trail"})
"""Tables of every service that it reads."""
TRAIL_OF_IDENTITY: Final = "event"
LEDGER_UNREAD: Final = frozenset(
    {"event", "event_place", "idempotency", "lease", "outbox", "signature_nonce"}
)
"""Tables of the ledger that it does not read, with those of webhooks; all others are the books."""


class SchemaAbsent(Exception):
    """A service's schema is not in the database; the text says what to run."""


async def make_login(admin_url: str, password: str) -> None:
    """Make the auditor's role, or give it a new password, and let it read what it may.

    Raises:
        SchemaAbsent: the database is not migrated.
    """
    engine = engine_on(admin_url, poolclass=NullPool)
    quoted = password.replace("'", "''")
    try:
        async with engine.begin() as connection:
            await make_role(connection)
            await connection.execute(text(f"ALTER ROLE {ROLE} LOGIN PASSWORD '{quoted}'"))
            await connection.execute(
                text(f"ALTER ROLE {ROLE} SET default_transaction_read_only = on")
            )
            for service in SERVICES:
                await let_read(connection, service)
    finally:
        await engine.dispose()


async def make_role(connection: AsyncConnection) -> None:
    """Make the role unless it is there; it cannot log in yet."""
    if await connection.scalar(text("SELECT to_regrole(:role) IS NULL"), {"role": ROLE}):
        await connection.execute(text(f"CREATE ROLE {ROLE} NOLOGIN"))


async def let_read(connection: AsyncConnection, service: str) -> None:
    """Grant what it reads of a service, and write the grants down as part of the schema."""
    rows = await connection.execute(
        text("""
            SELECT relname
              FROM pg_class
             WHERE relkind IN ('r', 'p', 'v') AND relnamespace = to_regnamespace(:schema)
             ORDER BY relname
        """),
        {"schema": service},
    )
    tables = [name for name in rows.scalars() if is_read(service, name)]
    if not tables:
        raise SchemaAbsent(f"the schema {service} is not there. Run: wuxian migrate")
    await connection.execute(text(f"SET LOCAL search_path = {service}, public"))
    await connection.execute(text(f"GRANT USAGE ON SCHEMA {service} TO {ROLE}"))
    await connection.execute(text(f"GRANT SELECT ON {', '.join(tables)} TO {ROLE}"))
    if "catalogue" in tables:
        revision = await connection.scalar(text("SELECT version_num FROM alembic_version"))
        await evidence_store.keep_catalogue(connection, service, str(revision))


def is_read(service: str, table: str) -> bool:
    """Tell whether it reads a table of a service."""
    match service:
        case "ledger":
            return table not in LEDGER_UNREAD and not table.startswith("webhook_")
        case "identity":
            return table in READ or table == TRAIL_OF_IDENTITY
        case _:
            return table in READ


async def reads(connection: AsyncConnection, service: str) -> bool:
    """Tell whether it reads a service's schema: a migration then lets it read new tables too."""
    found: bool | None = await connection.scalar(
        text("""
            SELECT has_schema_privilege(oid, to_regnamespace(:schema), 'USAGE')
              FROM pg_roles
             WHERE rolname = :role
        """),
        {"role": ROLE, "schema": service},
    )
    return bool(found)
