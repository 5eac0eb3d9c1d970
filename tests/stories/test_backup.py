"""Backup, wipe, restore, and the city's second month on what was restored: nothing is missing."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import pytest

from services.demo import city as cities
from services.demo.collecting import Play
from services.demo.main import first_month, prove, second_month
from services.demo.office import Office
from services.demo.report import Report
from services.demo.stage import Stage
from services.embedded import EmbeddedPostgres
from services.embedded.guard import python_command, python_environment
from services.supervisor import Supervisor
from services.supervisor.ports import free_port
from shared.process.settings import Settings
from tests.conftest import address, on_server
from tests.house.passwords import keep_passwords

pytestmark = pytest.mark.story
PARTS = ("collection", "ledger", "payout", "sandbox")


@dataclass
class Site:
    """The place of an installation that is made, lost and made again: embedded, or on a plain PostgreSQL."""

    directory: Path
    server: str | None
    ports: dict[str, int] = field(default_factory=lambda: {part: free_port() for part in PARTS})

    def settings(self, name: str) -> Settings:
        """The settings of the first or the second installation."""
        changes: dict[str, object] = {"home": self.directory / name, "log_level": "WARNING"}
        if self.server:
            changes["admin_database_url"] = address(self.server, self.database(name))
            changes["database_secrets_dir"] = self.directory / "secrets"
        return Settings.model_validate(changes)

    def database(self, name: str) -> str:
        """The name of an installation's database."""
        return f"wuxian_{self.directory.name.replace('-', '_')}_{name}"

    async def make(self, name: str) -> None:
        """Make an empty database where the server is an operator's."""
        if self.server:
            await on_server(self.server, f"CREATE DATABASE {self.database(name)}")

    async def wipe(self, name: str) -> None:
        """Lose an installation for good."""
        if self.server:
            await on_server(
                self.server, f"DROP DATABASE IF EXISTS {self.database(name)} WITH (FORCE)"
            )
        else:
            EmbeddedPostgres(self.directory / name).destroy()
        shutil.rmtree(self.directory / name, ignore_errors=True)

    def wuxian(self, name: str, *words: str) -> dict[str, object]:
        """Run a command of an installation that answers in JSON."""
        settings = self.settings(name)
        given = {"WUXIAN_HOME": str(settings.home)}
        if settings.admin_database_url:
            given["WUXIAN_ADMIN_DATABASE_URL"] = settings.admin_database_url
            given["WUXIAN_DATABASE_SECRETS_DIR"] = str(settings.database_secrets_dir)
        said = subprocess.run(
            python_command("services.cli", *words, "--json"),
            env=python_environment() | given,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert said.returncode == 0, said.stderr[-3000:] + said.stdout[-3000:]
        found: dict[str, object] = json.loads(said.stdout)
        return found


@pytest.fixture(params=["embedded", "plain"])
async def site(request: pytest.FixtureRequest, run_home: Path) -> AsyncIterator[Site]:
    """A place for one story."""
    server = request.getfixturevalue("plain_postgres_url") if request.param == "plain" else None
    directory = run_home / f"backup-{request.param}-{uuid4().hex[:6]}"
    directory.mkdir()
    keep_passwords(directory / "secrets")
    found = Site(directory, server)
    yield found
    for name in ("first", "second"):
        await found.wipe(name)


@asynccontextmanager
async def running(site: Site, name: str) -> AsyncIterator[Supervisor]:
    """Run an installation."""
    log = (site.directory / f"{name}.log").open("a")

    def write(part: str, line: str) -> None:
        log.write(f"{part} {line}\n")

    try:
        async with Supervisor(site.settings(name), ports=site.ports, on_log=write) as house:
            yield house
    finally:
        log.close()


async def test_the_second_month_is_played_on_what_was_restored(site: Site) -> None:
    passphrase = site.directory / "passphrase"
    passphrase.write_text("correct horse battery staple")
    words = ("--passphrase-file", str(passphrase))
    await site.make("first")
    async with running(site, "first") as house:
        office = Office(house.urls, house.secrets)
        play = Play(cities.build(size=cities.SMALL), office, Stage())
        first = await first_month(play)
        made = site.wuxian("first", "backup", str(site.directory / "backups"), *words)
    keep_the_bank(site)
    await office.close()
    await site.wipe("first")

    await site.make("second")
    restored = site.wuxian(
        "second",
        *("restore", str(site.directory / "backups"), "--home", str(site.directory / "second")),
        *words,
    )
    assert len(made["backups"]) == 1  # type: ignore[arg-type]
    assert restored["verified"]
    async with running(site, "second") as house:
        again = Office(house.urls, house.secrets)
        again.resume(office)
        play = Play(play.city, again, play.stage)
        report = await prove(play, await second_month(play, first))
        await again.close()
        proven(report)
        verified = site.wuxian("second", "ledger", "verify")
    assert verified["verified"], verified


def keep_the_bank(site: Site) -> None:
    """Carry the sandbox's bank over: it stands elsewhere and is not lost with us."""
    shutil.copytree(
        site.settings("first").home / "sandbox", site.settings("second").home / "sandbox"
    )


def proven(report: Report) -> None:
    """Assert every proof of the demo."""
    assert report.ok, [proof for proof in report.proofs if not proof.ok]
