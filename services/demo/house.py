"""The demo's processes: a database of its own on the embedded server, processes on free ports."""

from __future__ import annotations

import asyncio
import fcntl
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import asyncpg
from sqlalchemy.engine import make_url

from services.database.administrator import given_admin_url
from services.database.passwords import role_passwords
from services.embedded import EmbeddedPostgres
from services.supervisor import Supervisor
from shared.db import asyncpg_dsn
from shared.process.settings import Settings

DATABASE = "wuxian_demo"


class Busy(Exception):
    """Another demo is running in the same home."""


@asynccontextmanager
async def house(settings: Settings) -> AsyncIterator[Supervisor]:
    """Start everything fresh, and stop it at the end in any case."""
    home = settings.home / "demo"
    with _alone(settings.home), _server(settings) as admin_url:
        role_passwords(settings)
        await asyncio.to_thread(shutil.rmtree, home, ignore_errors=True)
        own = settings.model_copy(
            update={
                "home": home,
                "identity_dir": None,
                "admin_database_url": await _fresh_database(admin_url),
                "database_url": None,
                "field_keys_dir": home / "field-keys",
                "database_secrets_dir": settings.secrets_path,  # the server's roles are these
                "log_level": "WARNING",
            }
        )
        home.mkdir(parents=True)
        with (home / "services.log").open("w") as log:

            def write(name: str, line: str) -> None:
                log.write(f"{name:<10} | {line}\n")
                log.flush()

            ports = dict.fromkeys(("identity", "collection", "ledger", "payout", "sandbox"), 0)
            supervisor = Supervisor(own, ports=ports, on_log=write)
            async with supervisor:
                yield supervisor


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    home.mkdir(parents=True, exist_ok=True)
    with (home / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Busy(
                f"another demo is running in {home}; wait for it, or set WUXIAN_HOME"
            ) from None
        yield


@contextmanager
def _server(settings: Settings) -> Iterator[str]:
    """An administrator's address: the operator's own server, or the embedded one for this run."""
    given = given_admin_url(settings)
    if given:
        yield given
        return
    embedded = EmbeddedPostgres(settings.home)
    try:
        yield embedded.start(tied=True)
    finally:
        embedded.release()


async def _fresh_database(admin_url: str) -> str:
    """Drop what an earlier run left, and make the demo's database anew."""
    connection = await asyncpg.connect(asyncpg_dsn(admin_url))
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        await connection.execute(f"CREATE DATABASE {DATABASE}")
    finally:
        await connection.close()
    return make_url(admin_url).set(database=DATABASE).render_as_string(hide_password=False)
