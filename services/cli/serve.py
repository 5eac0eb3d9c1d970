"""`wuxian serve` and `wuxian migrate`: one service, and its schema."""

from __future__ import annotations

import asyncio
import gc
import sys
from contextlib import ExitStack
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.common import (
    SERVICES,
    AdminUrl,
    DatabaseUrl,
    Service,
    err,
    fail,
    plainly,
    settings_with,
)

if TYPE_CHECKING:
    from shared.process.settings import Settings

GRACE_SECONDS = 10
STARTING_SECONDS = 60
"""Time that a service waits at its start for a database that starts too."""
SPARE_FILES = 200
"""Open files besides connections: the database's, logs, uploads."""


def serve(
    service: Annotated[Service, typer.Argument(help="Which service.")],
    database_url: DatabaseUrl = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port to listen on.")] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Number of processes.")] = 1,
    migrate: Annotated[
        bool, typer.Option(help="Migrate this service's schema when it is not there yet.")
    ] = True,
    parent: Annotated[int, typer.Option(hidden=True)] = 0,
) -> None:
    """Run one service in the foreground."""
    gc.disable()  # a start makes modules, which stay: looking for garbage is a seventh of its time
    if parent:
        from services.supervisor.child import tie_to_parent

        tie_to_parent(parent)
    import uvicorn

    from services.supervisor.ports import check_port
    from shared.guard import tls
    from shared.process import log, metrics

    settings = settings_with(
        database_url=database_url, host=host, **{f"{service.value}_port": port}
    )
    if service is Service.CONSOLE and workers > 1:
        fail("the console runs in one process: it keeps the pages of the people in its memory")
    listen = getattr(settings, f"{service.value}_port")
    if workers > 1:
        metrics.share(settings.home / "run" / f"metrics-{service.value}-{listen}")
    log.configure(service.value, settings.log_level)
    used = ExitStack()
    with plainly():
        check_port(settings.host, listen, service.value)
        _prepare(settings, service, used, may_migrate=migrate)
    _allow_open_files(settings.connections_max + SPARE_FILES)
    import_module(f"services.{service.value}.app")
    gc.enable()
    with used:
        uvicorn.run(
            f"services.{service.value}.app:build",
            factory=True,
            host=settings.host,
            port=listen,
            workers=workers,
            loop="shared.guard.tls:GuardedLoop",
            http="shared.guard.protocol:GuardedProtocol",
            ws="websockets-sansio" if service is Service.CONSOLE else "none",
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=settings.trusted_proxies,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
            **tls.server_options(settings),
        )


def _prepare(settings: Settings, service: Service, used: ExitStack, *, may_migrate: bool) -> None:
    """Prepare what a service needs before it starts: keys and its database.

    `used` ends the use of the embedded server.
    """
    from shared.guard import forwarded
    from shared.process.regions import require_region
    from shared.security import identity

    if service in {Service.CONSOLE, Service.IDENTITY}:
        forwarded.create(settings.console_key_path)
    require_region(settings.region, settings.regions_path)
    if service is Service.CONSOLE:  # it has no other key, and no database
        return
    identity.create(settings.identity_path, sm3=settings.blind_index_hash == "sm3")
    if service.value in SERVICES:
        _prepare_database(settings, service.value, used, may_migrate=may_migrate)
        if service is not Service.IDENTITY:  # it holds none of the data that these keys seal
            asyncio.run(_check_keys(settings_with(), service.value))


def _allow_open_files(count: int) -> None:
    """Raise this process's own limit of open files, as far as the system lets it."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def migrate(
    service: Annotated[Service | None, typer.Argument(help="Only this service.")] = None,
    admin_url: AdminUrl = None,
    database_url: DatabaseUrl = None,
    new_passwords: Annotated[
        bool,
        typer.Option(help="Give every role a new password; restart the services afterwards."),
    ] = False,
    auditor: Annotated[
        bool,
        typer.Option(help="Make the auditor's login, which only reads; a new password each time."),
    ] = False,
) -> None:
    """Create or update the database schema of all services, or of one, with roles and passwords."""
    from services.database import field_keys
    from services.database.administrator import administered, uses_embedded
    from services.database.passwords import role_passwords
    from services.distribution import apply as distribution
    from services.migrate import migrate as run

    settings = settings_with(admin_database_url=admin_url or database_url)
    if service in {Service.SANDBOX, Service.CONSOLE}:
        fail(f"the {service.value} has no database")
    with plainly(), administered(settings) as url:
        chosen = [service.value] if service else list(SERVICES)
        passwords = role_passwords(settings, chosen, renew=new_passwords)
        field_keys.keep(settings, chosen)
        renew = new_passwords or uses_embedded(settings)
        for found in asyncio.run(run(url, chosen, passwords=passwords, renew=renew)):
            was = found.current or "nothing"
            done = "is at" if found.is_at_head else f"migrated from {was} to"
            err.print(f"{found.service} {done} {found.head}", markup=False, highlight=False)
            if found.service == "identity" and found.is_absent:
                err.print(
                    "首位管理员 · the first administrator: wuxian users add NAME --role identity_admin",
                    markup=False,
                    highlight=False,
                )
        asyncio.run(distribution.follow(url, chosen))
        if auditor:
            from services.database.auditor import ROLE, make_login

            password = role_passwords(settings, ["auditor"], renew=True)["auditor"]
            asyncio.run(make_login(url, password))
            err.print(f"{ROLE} reads the books, the trail and the evidence", highlight=False)
    where = settings.secrets_path
    err.print(f"passwords of the roles: {where}/SERVICE/database_password", highlight=False)


def _prepare_database(
    settings: Settings, service: str, used: ExitStack, *, may_migrate: bool
) -> None:
    """Refuse a database that the service must not or cannot start on; make the embedded one."""
    from services.database.logins import check_login
    from services.migrate import migrate as run
    from services.migrate import states

    if settings.admin_database_url and not settings.allow_admin_login:
        fail(
            "a service must not be given WUXIAN_ADMIN_DATABASE_URL; it is for `wuxian migrate` alone"
        )
    url = settings.database_of(service)
    if url is None:
        url, passwords = _start_embedded(settings, service, used)
    else:
        passwords = None
        asyncio.run(wait_for_start(url))
        if not settings.allow_admin_login:
            asyncio.run(check_login(url, service))
    (state,) = asyncio.run(states(url, [service]))
    if state.is_at_head:
        return
    if state.is_absent and may_migrate and (passwords or settings.allow_admin_login):
        asyncio.run(run(url, [service], passwords=passwords, renew=True))
        return
    if not state.known:
        fail(
            f"the schema {service} stands at {state.current}, which this release does not know:"
            " a newer wuxian made it. Use that release"
        )
    where = f"is behind: at {state.current}, not {state.head}" if state.current else "is not there"
    fail(f"the schema {service} {where}. Run: wuxian migrate {service}")


async def wait_for_start(url: str) -> None:
    """Wait for a database that is just starting or recovering; whatever else it says comes later."""
    import asyncpg

    from shared.db import asyncpg_dsn

    loop = asyncio.get_running_loop()
    give_up = loop.time() + STARTING_SECONDS
    while loop.time() < give_up:
        try:
            connection = await asyncpg.connect(asyncpg_dsn(url), timeout=30)
        except asyncpg.CannotConnectNowError:
            await asyncio.sleep(0.2)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return
        else:
            await connection.close()
            return


async def _check_keys(settings: Settings, service: str) -> None:
    """Refuse to serve a database that was made with other keys (a restore without its own)."""
    from shared.db import Database
    from shared.security import key_check
    from shared.security.identity import Identity

    db = Database(str(settings.database_of(service)), service, pool_size=1)
    try:
        identity = Identity.load(settings.identity_path, settings.field_keys_of(service))
        said = await db.run(lambda tx: key_check.standing(tx, identity))
    finally:
        await db.close()
    if said != key_check.READY:
        fail(said)


def _start_embedded(
    settings: Settings, service: str, used: ExitStack
) -> tuple[str, dict[str, str]]:
    """Start the embedded server; its administrator's address and the passwords of the roles."""
    from services.database import field_keys
    from services.database.passwords import role_passwords
    from services.embedded import EmbeddedPostgres
    from shared.process.database_address import without_login

    url = used.enter_context(EmbeddedPostgres(settings.home)).url
    settings_with(database_url=without_login(url))
    field_keys.keep(settings, [service])
    return url, role_passwords(settings, [service])
