"""A stage for browser tests: a running installation with the demo's city."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pyotp

from services.demo.filling import fill
from services.demo.office import Office
from services.demo.stage import Stage
from services.supervisor import Supervisor
from shared.process.settings import Settings
from shared.security.sandbox import totp_seed
from tests.house.passwords import keep_passwords

SERVICES = ("identity", "collection", "ledger", "payout", "console", "sandbox")
STEP_SECONDS = 30
SIGN_IN_SECONDS = 10
"""Longest time from a one-time code to its use."""
BOARD = "http://localhost:8099"
"""A site that may show the wall screen in a frame."""


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
        """Return a person's next one-time code; two sign-ins in half a minute need no wait.

        A code is good until the end of the step after its own. It has to be good for a while yet:
        a browser on a busy machine takes seconds to send it.
        """
        later = int(time.time() + SIGN_IN_SECONDS) // STEP_SECONDS
        step = max(self.steps.get(name, 0) + 1, later - 1)
        await asyncio.sleep(max(0, (step - 1) * STEP_SECONDS - time.time()))
        self.steps[name] = step
        return str(pyotp.TOTP(totp_seed(self.secrets[name])).at(step * STEP_SECONDS))

    @property
    def console(self) -> str:
        """The address that people open."""
        return self.urls["console"]


@asynccontextmanager
async def stage(base: Path, database_url: str) -> AsyncIterator[House]:
    """Run everything on a migrated database, with the demo's city in the middle of a month."""
    keep_passwords(base / "secrets")
    settings = Settings(
        home=base,
        admin_database_url=database_url,
        log_level="WARNING",
        # So short that the console asks for each token anew: a session's end is seen at once.
        token_seconds=60,
        cors_origins=(BOARD,),
    )
    with _log(base / "services.log") as write:
        ports = dict.fromkeys(SERVICES, 0)
        async with Supervisor(settings, SERVICES, ports=ports, on_log=write) as running:
            house = House(running.urls, running.secrets, base, base / "services.log")
            office = Office(house.urls, house.secrets)
            try:
                await fill(office, Stage())
            finally:
                await office.close()
            yield house


@contextmanager
def _log(path: Path) -> Iterator[object]:
    with path.open("a") as file:

        def write(name: str, line: str) -> None:
            file.write(f"{name:<10} | {line}\n")
            file.flush()

        yield write
