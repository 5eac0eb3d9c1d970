"""`wuxian serve` and `wuxian migrate`: one service, and its schema."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.common import SERVICES, DatabaseUrl, Service, err, fail, plainly, settings_with

if TYPE_CHECKING:
    from shared.process.settings import Settings

GRACE_SECONDS = 10


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
    if parent:
        from services.supervisor.child import tie_to_parent

        tie_to_parent(parent)
    import uvicorn

    from services.supervisor.ports import check_port
    from shared.process import log, metrics
    from shared.security import identity

    settings = settings_with(
        database_url=database_url, host=host, **{f"{service.value}_port": port}
    )
    listen = getattr(settings, f"{service.value}_port")
    if workers > 1:
        metrics.share(settings.home / "run" / f"metrics-{service.value}-{listen}")
    log.configure(service.value, settings.log_level)
    with plainly():
        check_port(settings.host, listen, service.value)
        identity.create(settings.identity_path)
        if service.value in SERVICES:
            _prepare_database(settings, service.value, may_migrate=migrate)
    uvicorn.run(
        f"services.{service.value}.app:build",
        factory=True,
        host=settings.host,
        port=listen,
        workers=workers,
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


def migrate(
    service: Annotated[Service | None, typer.Argument(help="Only this service.")] = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Create or update the database schema of all services, or of one."""
    from services.migrate import migrate as run

    settings = settings_with(database_url=database_url)
    if service is Service.SANDBOX:
        fail("the sandbox has no database")
    with plainly():
        url, passwords = _administrator(settings)
        chosen = [service.value] if service else list(SERVICES)
        for found in asyncio.run(run(url, chosen, passwords=passwords)):
            was = found.current or "nothing"
            done = "is at" if found.is_at_head else f"migrated from {was} to"
            err.print(f"{found.service} {done} {found.head}", markup=False, highlight=False)


def _administrator(settings: Settings) -> tuple[str, dict[str, str] | None]:
    """The database's address, and the roles' passwords where they are ours to give."""
    if settings.database_url:
        return settings.database_url, None
    from services.embedded import EmbeddedPostgres
    from services.supervisor.supervisor import role_passwords

    return EmbeddedPostgres(settings.home).start(), role_passwords(settings)


def _prepare_database(settings: Settings, service: str, *, may_migrate: bool) -> None:
    from services.migrate import migrate as run
    from services.migrate import states

    url, passwords = _administrator(settings)
    settings_with(database_url=url)
    (state,) = asyncio.run(states(url, [service]))
    if state.is_at_head:
        return
    if state.is_absent and may_migrate:
        asyncio.run(run(url, [service], passwords=passwords))
        return
    if not state.known:
        fail(
            f"the schema {service} stands at {state.current}, which this release does not know:"
            " a newer wuxian made it. Use that release"
        )
    where = f"is behind: at {state.current}, not {state.head}" if state.current else "is not there"
    fail(f"the schema {service} {where}. Run: wuxian migrate {service}")
