"""Access to the database: one engine per process, transactions, raw connections for bulk work.

Each service logs in as its own role, which is granted its own schema only. The operator's own tools
may use an administrator's address: their connection takes the service's role at start.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
from asyncpg.pgproto.pgproto import UUID as DriverUUID
from sqlalchemy import Row, event, text
from sqlalchemy.engine import URL, ExceptionContext, make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from shared.ids import uuid7_bytes
from shared.process.background import Bell
from shared.process.database_address import role_of as role_of

T = TypeVar("T")

SERVICES = ("identity", "collection", "ledger", "payout")
CONNECT_SECONDS = 5.0
"""Time for a new connection to the database."""
WAIT_SECONDS = 15.0
"""Time until a request has a connection that answers, new or used."""
GRACE_SECONDS = 2.0
"""A server that works ends a statement at its own limit; one that hangs is left this much later."""
TRUSTED_SECONDS = 1.0
"""Time for which a connection that worked is used again without a question."""
RETRIED_STATES = frozenset({"40001", "40P01"})
"""Serialization failure and deadlock: the transaction did nothing and may be run again."""

ZONE = {"timezone": "Asia/Shanghai"}
"""The zone of every connection: recorded changes and a schema's description hold instants as text."""

_DISTRIBUTED = "wuxian_is_distributed"

_TOLD_AS_INTERNAL = {
    "duplicate key value violates unique constraint": "23505",
    "violates check constraint": "23514",
    "violates foreign key constraint": "23503",
    "violates not-null constraint": "23502",
    "violates exclusion constraint": "23P01",
    "could not commit transaction for shard": "08007",
}
"""Errors that Citus reports as internal, and the states they stand for.

The last is raised after the worker was sent COMMIT: whether it took effect is unknown, so the
transaction must not be run again.
"""


def sqlalchemy_url(url: str) -> URL:
    """Return a postgresql:// address as a SQLAlchemy URL for the asyncpg driver."""
    return make_url(url).set(drivername="postgresql+asyncpg")


def asyncpg_dsn(url: str) -> str:
    """Return an address in the form that asyncpg accepts."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def engine_on(
    url: str,
    *,
    server_settings: dict[str, str] | None = None,
    seconds: dict[str, Any] | None = None,
    **more: Any,
) -> AsyncEngine:
    """Return an engine on an address with any parameter that libpq knows (sslmode, sslrootcert …).

    SQLAlchemy would hand those to asyncpg as arguments, which it does not take; it takes an address.
    `seconds` are asyncpg's own time-outs.
    """
    address = asyncpg_dsn(url)

    async def connect() -> asyncpg.Connection[Any]:
        made: asyncpg.Connection[Any] = await asyncpg.connect(
            address, server_settings=ZONE | (server_settings or {}), **(seconds or {})
        )
        return made

    return create_async_engine("postgresql+asyncpg://", async_creator=connect, **more)


def server_settings(service: str, *, statement_timeout_ms: int = 60_000) -> dict[str, str]:
    """Return the server settings of every connection of a service."""
    return {
        "application_name": f"wuxian-{service}",
        "role": role_of(service),
        "search_path": f"{service},public",
        **ZONE,
        "statement_timeout": str(statement_timeout_ms),
        "lock_timeout": "10000",
        "idle_in_transaction_session_timeout": "60000",
        "jit": "off",
        # As of a disk without a head to move. At the default of 4 a bulk job of some thousand keys reads
        # a table of a hundred thousand rows whole.
        "random_page_cost": "1.1",
        # On Citus, asyncpg's type look-up takes half a second without this; elsewhere harmless.
        "citus.override_table_visibility": "off",
    }


_LOST = (
    asyncpg.InternalClientError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
)
"""Errors of the driver itself, from COPY and the like: the connection is in no state to go on."""


def _replace_dead_connections(engine: AsyncEngine) -> None:
    """Let a connection that lay in the pool for a while be tried before it is used again.

    SQLAlchemy's own pre-ping tries each one every time, which costs as much as a short transaction.
    """
    pool, dialect = engine.sync_engine.pool, engine.dialect

    @event.listens_for(pool, "checkin")
    def note(_: Any, record: ConnectionPoolEntry) -> None:
        record.info["returned"] = time.monotonic()

    @event.listens_for(pool, "checkout")
    def check(connection: Any, record: ConnectionPoolEntry, _: Any) -> None:
        returned = record.info.get("returned")
        if returned is None:
            return  # it was opened a moment ago
        if connection.driver_connection.is_closed():
            raise InvalidatePoolError
        if time.monotonic() - returned > TRUSTED_SECONDS:
            try:
                dialect.do_ping(connection)
            except Exception as error:
                raise InvalidatePoolError from error


def _set_command_timeout(driver: asyncpg.Connection[Any], seconds: float | None) -> None:
    """Change the driver's limit of a statement.

    It takes one with each call, which SQLAlchemy cannot pass, and else reads its own settings.
    """
    connection: Any = driver
    connection._config = connection._config._replace(command_timeout=seconds)


def _restore_command_timeout(engine: AsyncEngine, seconds: float | None) -> None:
    """Give a connection its usual limit again when it comes back into the pool."""

    @event.listens_for(engine.sync_engine.pool, "checkin")
    def restore(connection: Any, _: ConnectionPoolEntry) -> None:
        if connection is not None:
            _set_command_timeout(connection.driver_connection, seconds)


def _tell_integrity_errors(engine: AsyncEngine) -> None:
    """Raise what Citus reports as an internal error as the error of integrity that it is."""

    @event.listens_for(engine.sync_engine, "handle_error")
    def tell(context: ExceptionContext) -> IntegrityError | None:
        error = context.sqlalchemy_exception
        if not isinstance(error, DBAPIError) or isinstance(error, IntegrityError):
            return None
        if error.orig is None or not (sqlstate(error) or "").startswith("23"):
            return None
        return IntegrityError(context.statement, None, error.orig, hide_parameters=True)


class Database:
    """One service's pool of connections."""

    def __init__(
        self,
        url: str,
        service: str,
        *,
        pool_size: int = 4,
        statement_timeout_ms: int = 60_000,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        self.service = service
        self.url = url
        self.statement_timeout_ms = statement_timeout_ms
        self.wait_seconds = wait_seconds
        self.bell = Bell()
        self.engine = engine_on(
            url,
            server_settings=self._server_settings,
            seconds=self._seconds,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=wait_seconds,
            # An error's text goes to the log; account numbers and sealed fields must not.
            hide_parameters=True,
        )
        _replace_dead_connections(self.engine)
        _tell_integrity_errors(self.engine)
        _restore_command_timeout(self.engine, self._seconds["command_timeout"])

    @property
    def _server_settings(self) -> dict[str, str]:
        return server_settings(self.service, statement_timeout_ms=self.statement_timeout_ms)

    @property
    def _seconds(self) -> dict[str, Any]:
        return {
            "timeout": min(CONNECT_SECONDS, self.wait_seconds),
            # 0 is no limit, to the server and to us.
            "command_timeout": (
                self.statement_timeout_ms / 1000 + GRACE_SECONDS
                if self.statement_timeout_ms
                else None
            ),
        }

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """Open one transaction: committed when the block ends, rolled back when it raises.

        Raises:
            TimeoutError: the database does not answer; what a commit did is then unknown.
        """
        async with AsyncExitStack() as opened:
            async with asyncio.timeout(self.wait_seconds):
                tx = await opened.enter_async_context(self.engine.connect())
            try:
                async with tx.begin():
                    try:
                        yield tx
                    except (TimeoutError, asyncio.CancelledError, *_LOST):
                        await tx.invalidate()  # to roll back could wait for a silent server
                        raise
            except (TimeoutError, asyncio.CancelledError):
                if not tx.invalidated:
                    await tx.invalidate()
                raise

    async def run(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Run `work` in one transaction, again (three times at most) when the server says so."""
        for attempt in range(3):
            try:
                async with self.transaction() as tx:
                    return await work(tx)
            except (DBAPIError, asyncpg.PostgresError) as error:
                if sqlstate(error) not in RETRIED_STATES or attempt == 2:
                    raise
                await asyncio.sleep(0.01 * (attempt + 1))
        raise AssertionError("unreachable")

    async def connect_raw(self) -> asyncpg.Connection[Any]:
        """Open an asyncpg connection outside the pool, for a writer that keeps it."""
        connection: asyncpg.Connection[Any] = await asyncpg.connect(
            asyncpg_dsn(self.url), server_settings=self._server_settings, **self._seconds
        )
        return connection

    async def close(self) -> None:
        """Close the pool."""
        await self.engine.dispose()


async def revision(tx: AsyncConnection, service: str) -> str | None:
    """Return the current migration of a service's schema, or None when it was never migrated."""
    is_migrated = await tx.scalar(
        text("SELECT to_regclass(:table) IS NOT NULL"), {"table": f"{service}.alembic_version"}
    )
    if not is_migrated:
        return None
    return str(await tx.scalar(text("SELECT version_num FROM alembic_version LIMIT 1")))


def row_ids(count: int) -> list[UUID]:
    """Return new ids of rows that are written in bulk, as `uuid7s` does, of the driver's own kind.

    A city's month writes half a million of them; this kind is made and sent in half the time. JSON
    is not written from it.
    """
    return list(map(DriverUUID, uuid7_bytes(count)))


async def raw(tx: AsyncConnection) -> asyncpg.Connection[Any]:
    """Return the asyncpg connection of a transaction, for COPY and statements with many arrays."""
    connection = await tx.get_raw_connection()
    driver: asyncpg.Connection[Any] | None = connection.driver_connection
    assert driver is not None
    # SQLAlchemy begins with its own first statement; before it the driver would commit each one.
    assert driver.is_in_transaction(), "execute a statement of the transaction first"
    return driver


async def lock_rows(
    tx: AsyncConnection,
    statement: str,
    keys: Iterable[int],
    parameters: Mapping[str, Any] | None = None,
) -> list[Row[Any]]:
    """Run a statement that locks the rows of some keys, in ascending order; return what it reads.

    A distributed database locks rows of one key at a time, so there the same statement runs for one
    key after another.

    Args:
        tx: the transaction.
        statement: names its rows by `= ANY(CAST(:keys AS bigint[]))` and orders them by their key.
        keys: the keys.
        parameters: its other parameters.
    """
    ordered = sorted(set(keys))
    groups = [[key] for key in ordered] if await _is_distributed(tx) else [ordered]
    found: list[Row[Any]] = []
    for group in groups:
        found += await tx.execute(text(statement), {**(parameters or {}), "keys": group})
    return found


async def _is_distributed(tx: AsyncConnection) -> bool:
    """Tell whether the database is a coordinator of Citus; asked once a connection."""
    known = (await tx.get_raw_connection()).info
    if _DISTRIBUTED not in known:
        known[_DISTRIBUTED] = await tx.scalar(
            text("SELECT count(*) > 0 FROM pg_extension WHERE extname = 'citus'")
        )
    return bool(known[_DISTRIBUTED])


async def patient(tx: AsyncConnection, seconds: float) -> None:
    """Let the statements of a transaction take longer than a request's.

    Both the server and the driver have a limit; the driver's ends later by the usual grace.
    """
    await tx.execute(
        text("SELECT set_config('statement_timeout', CAST(:ms AS text), true)"),
        {"ms": str(int(seconds * 1000))},
    )
    _set_command_timeout(await raw(tx), seconds + GRACE_SECONDS)


def sqlstate(error: DBAPIError | asyncpg.PostgresError) -> str | None:
    """Return the five-character SQLSTATE of a database error, or None.

    SQLAlchemy wraps the driver's error; a statement on the raw connection raises it bare. Citus
    tells two errors of its servers as internal ones: their own states are given back.
    """
    bare = error.orig if isinstance(error, DBAPIError) else error
    state: str | None = getattr(bare, "sqlstate", None) or getattr(bare, "pgcode", None)
    if state == "XX000":
        return next((one for text, one in _TOLD_AS_INTERNAL.items() if text in str(bare)), state)
    return state


def constraint(error: DBAPIError | asyncpg.PostgresError) -> str | None:
    """Return the name of the constraint that an error is about, or None.

    Citus leaves it to the text, with the number of the shard behind it.
    """
    bare = error.orig if isinstance(error, DBAPIError) else error
    if named := getattr(bare, "constraint_name", None):
        return str(named)
    found = re.search(r'constraint "(\w+?)(?:_\d{6,})?"', str(bare))
    return found[1] if found else None
