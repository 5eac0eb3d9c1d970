"""A service is ready only when its schema stands where this release needs it, and says what to do."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from alembic.script import ScriptDirectory
from fastapi import FastAPI

from services import revisions
from services.cli.serve import wait_for_start
from services.collection.app import build as collection_app
from services.identity.app import build as identity_app
from services.ledger.app import build as ledger_app
from services.migrate import _config
from services.payout.app import build as payout_app
from shared.db import SERVICES
from tests.conftest import ClientOf, SettingsFor, database_on
from tests.house.conftest import Wuxian

APPS: dict[str, Callable[..., FastAPI]] = {
    "collection": collection_app,
    "ledger": ledger_app,
    "payout": payout_app,
    "identity": identity_app,
}


@pytest.mark.parametrize(
    ("meets", "calls"),
    [
        ([asyncpg.CannotConnectNowError("in recovery")] * 2, 3),
        ([ConnectionRefusedError()], 1),
        ([asyncpg.InvalidPasswordError("no")], 1),
    ],
    ids=["recovering", "refused", "wrong password"],
)
async def test_a_service_waits_at_its_start_for_a_database_in_recovery_alone(
    meets: list[Exception], calls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed together with its database, a service would else give up and pause ever longer."""
    asked = 0

    class Connection:
        async def close(self) -> None:
            pass

    async def connect(*_: Any, **__: Any) -> Connection:
        nonlocal asked
        asked += 1
        if asked <= len(meets):
            raise meets[asked - 1]
        return Connection()

    monkeypatch.setattr(asyncpg, "connect", connect)
    await wait_for_start("postgresql://db/wuxian")
    assert asked == calls


@pytest.mark.parametrize("service", SERVICES)
def test_the_newest_file_is_the_head_of_the_revisions(service: str) -> None:
    assert [revisions.head(service)] == ScriptDirectory.from_config(_config(service)).get_heads()


def test_a_wheel_has_its_migrations_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revisions.package, "__file__", str(tmp_path / "services" / "__init__.py"))
    assert revisions.directory() is None
    inside = tmp_path / "services" / "_migrations"
    inside.mkdir(parents=True)
    (inside / "env.py").touch()
    assert revisions.directory() == inside


@pytest.fixture
async def fresh_url(server_url: str, template: str) -> AsyncIterator[str]:
    """A migrated database that a test may spoil."""
    async with database_on(server_url, template) as url:
        yield url


async def stand_at(url: str, service: str, revision: str | None) -> None:
    connection = await asyncpg.connect(url)
    try:
        if revision is None:
            await connection.execute(f"DROP TABLE {service}.alembic_version")
        else:
            await connection.execute(
                f"UPDATE {service}.alembic_version SET version_num = $1", revision
            )
    finally:
        await connection.close()


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_is_ready_only_at_the_revision_that_it_was_written_for(
    service: str, fresh_url: str, settings_for: SettingsFor, client_of: ClientOf
) -> None:
    async with client_of(APPS[service](settings_for(database_url=fresh_url))) as client:

        async def readiness() -> tuple[int, str]:
            answer = await client.get("/readyz")
            found: dict[str, Any] = answer.json()
            assert found["ready"] is (answer.status_code == 200)
            return answer.status_code, found["checks"]["schema"]

        assert await readiness() == (200, "ok")
        for revision, state in (
            (f"{service}_0000", f"run `wuxian migrate {service}`"),
            (f"{service}_9999", "use the newer release"),
            (None, f"not migrated: run `wuxian migrate {service}`"),
        ):
            await stand_at(fresh_url, service, revision)
            status, schema = await readiness()
            assert status == 503
            assert state in schema
            assert revision is None or revision in schema


@pytest.mark.story
@pytest.mark.usefixtures("prepared_python")
async def test_the_doctor_names_a_schema_that_is_behind(wuxian: Wuxian, fresh_url: str) -> None:
    await stand_at(fresh_url, "ledger", "ledger_0001")
    answer = wuxian("doctor", "--database-url", fresh_url)
    assert answer.returncode == 1
    assert "schema ledger: ledger_0001 (head" in answer.stdout
    assert "wuxian migrate ledger" in answer.stdout
