"""The movable business day: a door of the sandbox moves it, the services of that house follow."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from shared import clock
from shared.process.settings import Settings


@pytest.fixture(autouse=True)
def unmoved() -> Iterator[None]:
    yield
    clock.follow(None)


async def test_the_door_moves_the_day_and_a_service_follows_at_once(
    sandbox: httpx.AsyncClient, sandbox_settings: Settings
) -> None:
    real = clock.real_today()
    first = (await sandbox.get("/v1/clock")).json()
    assert first == {"today": real.isoformat(), "real_today": real.isoformat()}
    clock.follow(sandbox_settings.home / "sandbox" / "day")  # as a service does
    for day in (real + timedelta(days=40), real - timedelta(days=400)):
        moved = await sandbox.put("/v1/clock", json={"today": day.isoformat()})
        assert moved.json()["today"] == day.isoformat()
        assert clock.today() == day
    assert clock.real_today() == real
    assert clock.now().year == real.year


def test_without_a_sandbox_nothing_moves_it(tmp_path: Path) -> None:
    (tmp_path / "day").write_text("40")
    assert clock.today() == clock.real_today()
    clock.follow(tmp_path / "missing")
    assert clock.today() == clock.real_today()
