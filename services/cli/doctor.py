"""`wuxian doctor`: checks of the installation, each with a remedy."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.markup import escape

from services.cli.common import (
    SERVICES,
    AsJson,
    DatabaseUrl,
    out,
    packages_are_ours,
    print_json,
    settings_with,
)
from services.doctor.finding import Finding

if TYPE_CHECKING:
    from shared.process.settings import Settings

_SPACE_BYTES = 1024**3


def doctor(database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """Diagnose problems and suggest fixes; exit 1 if there are any."""
    settings = settings_with(database_url=database_url)
    findings = [finding for check in CHECKS for finding in _run(check, settings)]
    if as_json:
        print_json({"ok": all(f.ok for f in findings), "findings": [asdict(f) for f in findings]})
    else:
        for finding in findings:
            mark = "[green]ok [/]" if finding.ok else "[red]BAD[/]"
            out.print(
                f"{mark} {finding.check}: {escape(finding.found)}", highlight=False, soft_wrap=True
            )
            if not finding.ok:
                out.print(f"    → {escape(finding.do)}", highlight=False, soft_wrap=True)
    raise typer.Exit(0 if all(finding.ok for finding in findings) else 1)


Check = Callable[["Settings"], Iterator[Finding]]


def _run(check: Check, settings: Settings) -> list[Finding]:
    name = check.__name__.strip("_")
    try:
        return list(check(settings))
    except Exception as error:  # a check that breaks is a finding, not the end of the others
        message = str(error).strip() or type(error).__name__
        return [Finding(name, False, message[:500], "see the sentence above")]


def _python(settings: Settings) -> Iterator[Finding]:
    yield Finding(
        "python",
        sys.version_info >= (3, 11),
        sys.version.split()[0],
        "install Python 3.11 or newer and make the environment again",
    )
    yield Finding(
        "packages",
        packages_are_ours(),
        "services and shared come from one place",
        "another program's `services` or `shared` is found first: use an environment of its own",
    )


def _home(settings: Settings) -> Iterator[Finding]:
    place = settings.home
    while not place.exists():
        place = place.parent
    writable = os.access(place, os.W_OK | os.X_OK)
    yield Finding(
        "home", writable, str(settings.home), "set WUXIAN_HOME to a directory that you may write"
    )
    free = shutil.disk_usage(place).free
    yield Finding(
        "disk",
        free > _SPACE_BYTES,
        f"{free / 1024**3:.1f} GiB free",
        "make room, or move WUXIAN_HOME",
    )


def _region(settings: Settings) -> Iterator[Finding]:
    from shared.process.regions import RegionUnknown, district_names, require_region

    try:
        require_region(settings.region, settings.regions_path)
    except RegionUnknown as unknown:
        yield Finding("region", False, str(unknown), "set what the sentence above names")
        return
    names = district_names(settings.region, settings.regions_path)
    yield Finding("region", True, f"{settings.region}: {', '.join(names) or 'no districts'}")
    strange = [one for one in settings.sandbox_districts if one not in names]
    yield Finding(
        "sandbox districts",
        not strange,
        f"not of this region: {', '.join(strange)}" if strange else "of this region, or none",
        "set WUXIAN_SANDBOX_DISTRICTS to codes of the region as JSON, or to []",
    )


def _identity(settings: Settings) -> Iterator[Finding]:
    from shared.security.identity import Identity

    directory = settings.identity_path
    if not (directory / "pepper").exists():
        yield Finding("identity", True, f"{directory} is made at the first start")
        return
    Identity.load(directory)
    loose = [
        path.name
        for path in directory.iterdir()
        if path.is_file() and stat.S_IMODE(path.stat().st_mode) & 0o077 and path.name != "lock"
    ]
    yield Finding(
        "identity",
        not loose,
        f"{directory}" + (f": others may read {', '.join(loose)}" if loose else ""),
        f"chmod 600 {directory}/*",
    )


def _database(settings: Settings) -> Iterator[Finding]:
    from services.database.administrator import given_admin_url, uses_embedded
    from services.embedded import EmbeddedPostgres
    from services.embedded.place import packaged_binaries

    admin = given_admin_url(settings)
    if uses_embedded(settings):
        yield Finding("embedded binaries", True, str(packaged_binaries()))
        server = EmbeddedPostgres(settings.home)
        found = server.status
        if not found.running:
            made = (found.data / "PG_VERSION").exists()
            state = "stopped" if made else "not made yet"
            yield Finding("embedded database", True, f"{state}; it starts with the first command")
            return
        yield Finding("embedded database", True, f"pid {found.pid}, port {found.port}")
        admin = server.url
    yield from asyncio.run(_databases(settings, admin))


async def _databases(settings: Settings, admin: str | None) -> list[Finding]:
    """Check the server, and every service's schema as the administrator or as the service itself."""
    from services.doctor import schema
    from services.migrate import states

    own = {one: admin or settings.database_of(one) for one in SERVICES}
    findings = await _server(str(admin or own[SERVICES[0]]))
    if findings[0].check == "database":  # no connection: nothing more can be asked
        return findings
    for service, url in own.items():
        (state,) = await states(str(url), [service])
        where = f"{state.current or 'not there'} (head {state.head})"
        do = f"wuxian migrate {state.service}" if state.known else "use the newer release"
        findings.append(Finding(f"schema {state.service}", state.is_at_head, where, do))
        if admin is None:
            findings.append(await _login(str(url), service))
        if state.is_at_head:
            findings += [found async for found in schema.check(settings, str(url), service)]
    return findings


async def _login(url: str, service: str) -> Finding:
    from services.database.logins import LoginRefused, check_login
    from shared.db import role_of

    try:
        await check_login(url, service)
    except LoginRefused as refused:
        return Finding(f"login {service}", False, str(refused), "see the sentence above")
    return Finding(f"login {service}", True, role_of(service))


async def _server(url: str) -> list[Finding]:
    import asyncpg

    from services.migrate import OLDEST_VERSION
    from shared.db import asyncpg_dsn

    try:
        connection = await asyncpg.connect(asyncpg_dsn(url), timeout=10)
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        do = "start the database, or correct --database-url / WUXIAN_DATABASE_URL"
        return [Finding("database", False, f"no connection: {error}", do)]
    try:
        number = int(await connection.fetchval("SHOW server_version_num"))
        durable = await connection.fetchval("SHOW fsync") == "on"
        waits = await connection.fetchval("SHOW synchronous_commit") != "off"
    finally:
        await connection.close()
    return [
        Finding(
            "database version",
            number >= OLDEST_VERSION,
            f"PostgreSQL {number // 10000}.{number % 10000}",
            "wuxian needs PostgreSQL 15 to 18",
        ),
        Finding(
            "database durability",
            durable and waits,
            "a commit is on disk" if durable and waits else "a commit may be lost",
            "set fsync = on and synchronous_commit = on",
        ),
    ]


def _tls(settings: Settings) -> Iterator[Finding]:
    from services.doctor import certificates
    from shared import clock

    yield from certificates.check(settings, clock.now())


def _ports(settings: Settings) -> Iterator[Finding]:
    from services.supervisor.ports import PortTaken, check_port

    for service in (*SERVICES, "console", "sandbox"):
        port = getattr(settings, f"{service}_port")
        pid_file = settings.home / "run" / f"{service}.pid"
        try:
            check_port(settings.host, port, service)
            yield Finding(f"port {service}", True, f"{port} is free")
        except PortTaken as taken:
            ours = _runs(pid_file)
            found = f"{port} is ours: it runs" if ours else str(taken)
            yield Finding(f"port {service}", ours, found, f"set WUXIAN_{service.upper()}_PORT")


def _runs(pid_file: Path) -> bool:
    try:
        os.kill(int(pid_file.read_text()), 0)
    except (FileNotFoundError, ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


def _backups(settings: Settings) -> Iterator[Finding]:
    from shared.process.backup_age import ages, warnings

    if not settings.backup_sites:
        yield Finding("backup", True, "no site is named (WUXIAN_BACKUP_SITES)")
        return
    said = warnings(settings.backup_sites, settings.backup_max_age_hours)
    for name, age in ages(settings.backup_sites).items():
        bad = said.get(f"backup {name}")
        found = bad or f"{(age or 0) / 3600:.1f} hours old"
        yield Finding(f"backup {name}", bad is None, found, "run `wuxian backup`; see its schedule")


CHECKS: tuple[Check, ...] = (_python, _home, _region, _identity, _database, _tls, _ports, _backups)
