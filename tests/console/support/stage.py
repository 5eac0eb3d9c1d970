"""A stage for browser tests: the demo's city, filled once a run, and a copy of it for each module."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pyotp

from services.demo.filling import fill
from services.demo.office import Office
from services.demo.stage import Stage
from services.embedded import EmbeddedPostgres
from services.supervisor import Supervisor
from shared.process.settings import Settings
from shared.security.sandbox import totp_seed
from tests.conftest import THROW_AWAY, address, alone, on_server

SERVICES = ("identity", "collection", "ledger", "payout", "console", "sandbox")
STEP_SECONDS = 30
BOARD = "http://localhost:8099"
"""A site that may show the wall screen in a frame."""
FILLED = "wuxian_filled"


@dataclass(frozen=True, slots=True)
class House:
    """A running installation with its console: addresses, and the secrets of its people."""

    urls: dict[str, str]
    secrets: dict[str, str]
    home: Path
    log: Path
    steps: dict[str, int] = field(default_factory=dict)
    """Person → the time step of the last one-time code, each of which is good once."""

    async def code_of(self, name: str) -> str:
        """Return a person's next one-time code; three sign-ins in half a minute need no wait."""
        now = int(time.time()) // STEP_SECONDS
        step = max(self.steps.get(name, 0) + 1, now - 1)
        await asyncio.sleep(max(0, (step - 1) * STEP_SECONDS - time.time()))
        self.steps[name] = step
        return str(pyotp.TOTP(totp_seed(self.secrets[name])).at(step * STEP_SECONDS))

    @property
    def console(self) -> str:
        """The address that people open."""
        return self.urls["console"]


async def filled_home(run_home: Path) -> Path:
    """Return the home of the filled city; whoever comes first in a run plays it."""
    base = run_home / "console"
    base.mkdir(mode=0o755, exist_ok=True)
    with alone(base / "filling.lock"):
        if not (base / "filled.json").exists():
            admin = EmbeddedPostgres(base, options=THROW_AWAY).start()
            await on_server(admin, f"CREATE DATABASE {FILLED}")
            home = base / "filled"
            async with _running(
                base, home, FILLED, ("identity", "collection", "ledger", "payout", "sandbox")
            ) as house:
                office = Office(house.urls, house.secrets)
                try:
                    await fill(office, Stage())
                finally:
                    await office.close()
            (base / "filled.json").write_text(json.dumps({"home": str(home)}))
    return base


@asynccontextmanager
async def stage(run_home: Path, name: str) -> AsyncIterator[House]:
    """Run the filled city anew, in a database and a home of its own."""
    base = await filled_home(run_home)
    admin = EmbeddedPostgres(base, options=THROW_AWAY).start()
    home, database = base / name, f"wuxian_{name}"
    await asyncio.to_thread(shutil.copytree, base / "filled", home)
    await on_server(admin, f"CREATE DATABASE {database} TEMPLATE {FILLED} STRATEGY FILE_COPY")
    try:
        async with _running(base, home, database, SERVICES) as house:
            yield house
    finally:
        await on_server(admin, f"DROP DATABASE {database} WITH (FORCE)")
        await asyncio.to_thread(shutil.rmtree, home, ignore_errors=True)


@asynccontextmanager
async def _running(
    base: Path, home: Path, database: str, services: tuple[str, ...]
) -> AsyncIterator[House]:
    admin = EmbeddedPostgres(base, options=THROW_AWAY).start()
    settings = Settings(
        home=home,
        admin_database_url=address(admin, database),
        # The roles are the server's, and so are their passwords.
        database_secrets_dir=base / "secrets",
        field_keys_dir=home / "field-keys",
        log_level="WARNING",
        # So short that the console asks for each token anew: a session's end is seen at once.
        token_seconds=60,
        cors_origins=(BOARD,),
    )
    await asyncio.to_thread(home.mkdir, exist_ok=True)
    with _log(home / "services.log") as write:
        ports = dict.fromkeys(SERVICES, 0)
        async with Supervisor(settings, services, ports=ports, on_log=write) as house:
            yield House(house.urls, house.secrets, home, home / "services.log")


@contextmanager
def _log(path: Path) -> Iterator[object]:
    with path.open("a") as file:

        def write(name: str, line: str) -> None:
            file.write(f"{name:<10} | {line}\n")
            file.flush()

        yield write
