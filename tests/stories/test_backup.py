"""Backup, wipe, restore, and the city's second month on what was restored: nothing is missing.

The two months are those of `wuxian demo`, and its proofs hold at their end: the demo is not played for
itself once more. `wuxian sandbox month` runs in the same house (tests/stories/test_sandbox_month.py).
"""

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
from services.demo.report import PROOFS, Report, as_json
from services.demo.stage import Stage
from services.embedded import EmbeddedPostgres
from services.embedded.guard import python_command, python_environment
from services.supervisor import Supervisor
from services.supervisor.ports import free_port
from shared.process.settings import Settings
from tests.conftest import address, on_server
from tests.house.passwords import keep_passwords

pytestmark = [pytest.mark.story, pytest.mark.usefixtures("prepared_python")]
PARTS = ("collection", "ledger", "payout", "sandbox")
NAMES = ("first", "second")
PASSPHRASE = "correct horse battery staple"


@dataclass
class Site:
    """The place of an installation that is made, lost and made again: embedded, or on a plain PostgreSQL."""

    directory: Path
    server: str | None
    ports: dict[str, int] = field(default_factory=lambda: {part: free_port() for part in PARTS})

    @property
    def backups(self) -> tuple[str, ...]:
        """The words of a command that name this site's backups and their passphrase."""
        return (
            str(self.directory / "backups"),
            *("--passphrase-file", str(self.directory / "passphrase")),
        )

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

    async def wipe_but_the_bank(self, name: str, home: Path) -> None:
        """Lose an installation; the sandbox's bank stands elsewhere, so a new home has it."""
        shutil.copytree(self.settings(name).home / "sandbox", home / "sandbox")
        await self.wipe(name)

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


@pytest.fixture
async def sites(run_home: Path, plain_postgres_url: str) -> AsyncIterator[tuple[Site, Site]]:
    """Places on an operator's server, the oldest that we support, and on an embedded one."""
    found = []
    for kind, server in (("plain", plain_postgres_url), ("embedded", None)):
        directory = run_home / f"backup-{kind}-{uuid4().hex[:6]}"
        directory.mkdir()
        keep_passwords(directory / "secrets")
        found.append(Site(directory, server))
    yield found[0], found[1]
    for site in found:
        for name in NAMES:
            await site.wipe(name)


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


async def test_the_second_month_is_played_on_what_was_restored(sites: tuple[Site, Site]) -> None:
    """The city moves: restored beside its own server's loss, then on a newer, embedded server."""
    operators, embedded = sites
    await operators.make("first")
    async with running(operators, "first") as house:
        office = Office(house.urls, house.secrets)
        play = Play(cities.build(size=cities.SMALL), office, Stage())
        first = await first_month(play)
        await office.close()
        back_up(operators, "first")
    await operators.make("second")
    await operators.wipe_but_the_bank("first", operators.settings("second").home)
    restore(operators, "second", operators)
    back_up(operators, "second")
    await operators.wipe_but_the_bank("second", embedded.settings("first").home)
    restore(embedded, "first", operators)
    async with running(embedded, "first") as house:
        again = Office(house.urls, house.secrets)
        again.resume(office)
        play = Play(play.city, again, play.stage)
        report = await prove(play, await second_month(play, first))
        await again.close()
        proven(report)
        verified = embedded.wuxian("first", "ledger", "verify")
        back_up(embedded, "first")
    assert verified["verified"], verified
    await embedded.wipe("first")
    restore(embedded, "second", embedded)


def back_up(site: Site, name: str) -> None:
    """Take a backup of an installation, and leave no other one at the site."""
    shutil.rmtree(site.directory / "backups", ignore_errors=True)
    (site.directory / "passphrase").write_text(PASSPHRASE)
    made = site.wuxian(name, "backup", *site.backups)
    assert len(made["backups"]) == 1  # type: ignore[arg-type]


def restore(site: Site, name: str, of: Site) -> None:
    """Make an installation again of another one's backup, and have its books verified."""
    home = str(site.settings(name).home)
    restored = site.wuxian(name, "restore", of.backups[0], "--home", home, *of.backups[1:])
    assert restored["verified"], restored


def proven(report: Report) -> None:
    """Assert every proof of the demo, and that its report tells of a city's money."""
    assert report.ok, [proof for proof in report.proofs if not proof.ok]
    details = {proof.name: proof.detail for proof in report.proofs}
    assert set(details) == set(PROOFS)
    assert details["months_are_closed_by_two_people"].startswith("2021-07、2021-08 月结完成")
    credited = details["personal_accounts_equal_the_general_ledger"].split(" ")[0]
    assert float(credited) > 100_000
    told = json.loads(as_json(report))
    rows = ["units", "persons", "declared", "collected", "paid", "funds", "proofs", "seconds"]
    assert list(told) == rows
    assert (told["units"], told["persons"]) == (30, 300)
    amounts = [told["declared"], told["collected"], told["paid"]]
    amounts += [amount for row in told["funds"].values() for amount in row.values()]
    assert all(isinstance(amount, str) and amount[-3] == "." for amount in amounts)
    assert {"pension", "medical", "unemployment", "work_injury"} <= set(told["funds"])
    pension = told["funds"]["pension"]
    assert pension["income_account"] == "0.00"
    assert pension["paid"] not in {"0.00", pension["declared"]}
    assert pension["collected"] != pension["declared"]
