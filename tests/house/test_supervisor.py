"""The house as processes: a killed child comes back, a taken port is named, nothing is left over."""

import asyncio
import json
import os
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import asyncpg
import httpx
import pytest

from services.embedded import EmbeddedPostgres
from services.supervisor import PortTaken, Supervisor, SupervisorError
from services.supervisor.child import settings_environment
from shared.db import SERVICES
from shared.process.settings import Settings
from tests.conftest import give_server
from tests.house.conftest import Wuxian, alive, until

FREE = dict.fromkeys(("identity", "collection", "ledger", "payout", "sandbox"), 0)
pytestmark = [pytest.mark.story, pytest.mark.usefixtures("prepared_python")]


@pytest.fixture(scope="module")
def lines() -> list[tuple[str, str]]:
    return []


@pytest.fixture(scope="module")
async def house(
    run_home: Path, migrated_home: Path, lines: list[tuple[str, str]]
) -> AsyncIterator[Supervisor]:
    """One house for the module, with whatever became of it in the tests before."""

    def keep(name: str, line: str) -> None:
        lines.append((name, line))

    home = run_home / "supervised"
    give_server(home, migrated_home)
    try:
        async with Supervisor(Settings(home=home), ports=FREE, on_log=keep) as running:
            yield running
    finally:
        EmbeddedPostgres(home).destroy()


def pid_of(house: Supervisor, name: str) -> int:
    pid = house.pid_of(name)
    assert pid is not None
    return pid


def environment_of(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()


async def get(url: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.get(url)


async def test_a_killed_service_comes_back_on_its_port(
    house: Supervisor, lines: list[tuple[str, str]]
) -> None:
    before = pid_of(house, "ledger")
    os.kill(before, signal.SIGKILL)
    for _ in range(100):
        if house.pid_of("ledger") not in {before, None}:
            break
        await asyncio.sleep(0.1)
    await house.wait_ready("ledger")
    assert pid_of(house, "ledger") != before
    assert (await get(f"{house.urls['ledger']}/healthz")).json()["service"] == "ledger"
    assert any("ledger died (killed by SIGKILL)" in line for name, line in lines)
    pid_file = house.settings.home / "run" / "ledger.pid"
    assert int(pid_file.read_text()) == pid_of(house, "ledger")


async def test_a_killed_database_comes_back_under_the_services(house: Supervisor) -> None:
    assert house._embedded is not None
    before = house._embedded.status.pid
    assert before is not None
    os.kill(before, signal.SIGKILL)
    for _ in range(100):
        if house._embedded.status.pid not in {before, None}:
            break
        await asyncio.sleep(0.1)
    for service in house.services:
        await house.wait_ready(service)


async def test_each_service_has_only_its_own_login(house: Supervisor) -> None:
    for service in SERVICES:
        environment = house._environment(service)
        assert "@" not in environment["WUXIAN_DATABASE_URL"], "each reads its own password"
        assert "WUXIAN_ADMIN_DATABASE_URL" not in environment
        given = environment_of(pid_of(house, service))
        assert EmbeddedPostgres(house.settings.home).url.encode() not in given
    assert "WUXIAN_DATABASE_URL" not in house._environment("sandbox")
    connection = await asyncpg.connect(EmbeddedPostgres(house.settings.home).url)
    try:
        rows = await connection.fetch("""
            SELECT application_name AS service, array_agg(DISTINCT usename) AS logins
              FROM pg_stat_activity
             WHERE application_name LIKE 'wuxian-%'
             GROUP BY application_name
        """)
    finally:
        await connection.close()
    assert {row["service"]: row["logins"] for row in rows} == {
        f"wuxian-{service}": [f"wuxian_{service}"] for service in SERVICES
    }


async def test_a_second_house_in_the_same_home_is_refused_with_the_first_ones_pid(
    house: Supervisor,
) -> None:
    second = Supervisor(house.settings, on_log=lambda *_: None)
    with pytest.raises(SupervisorError, match=rf"already runs in .* \(process {os.getpid()}\)"):
        await second.start()


async def test_nothing_is_left_after_a_stop(
    home: Path, migrated_home: Path, wuxian: Wuxian
) -> None:
    give_server(home, migrated_home)
    house = Supervisor(
        Settings(home=home), ("identity", "ledger"), ports=FREE, on_log=lambda *_: None
    )
    await house.start()
    pids = [pid_of(house, name) for name in house.services]
    assert house.settings.console_key_path.exists(), "identity believes the console"
    beside = wuxian("users", "list", "--json")
    assert beside.returncode == 0, beside.stderr
    assert house._embedded is not None
    assert house._embedded.status.running, "a command beside it leaves the database to it"
    await house.stop()
    assert not [pid for pid in pids if alive(pid)]
    assert not house._embedded.status.running
    assert not list((home / "run").iterdir())


async def test_a_taken_port_is_named_with_its_holder_and_the_setting(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        house = Supervisor(Settings(home=home), ports=FREE | {"ledger": port})
        with pytest.raises(PortTaken) as refused:
            await house.start()
    message = str(refused.value)
    assert f"ledger: port {port} is taken by process {os.getpid()}" in message
    assert "WUXIAN_LEDGER_PORT" in message
    assert not (home / "postgres").exists()


async def test_a_service_that_cannot_start_is_named_with_its_last_lines(home: Path) -> None:
    (home / "sandbox").parent.mkdir(parents=True)
    (home / "sandbox").write_text("a file where the sandbox wants its folder")
    house = Supervisor(Settings(home=home), ("sandbox",), ports=FREE, on_log=lambda *_: None)
    with pytest.raises(SupervisorError, match="sandbox does not become ready"):
        await house.start()


def test_settings_reach_a_child_unchanged(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(home=home, ledger_slots=7, sandbox_districts=("heping", "nankai"))
    for name, value in settings_environment(settings).items():
        monkeypatch.setenv(name, value)
    assert Settings() == settings


UP = """
import asyncio, json
from pathlib import Path
from services.supervisor import Supervisor
from shared.process.settings import Settings
async def main():
    services = ("identity", "sandbox")  # all are tied to their parent in one way
    house = Supervisor(
        Settings(home=Path({home!r})), services, ports=dict.fromkeys(services, 0),
        on_log=lambda *_: None,
    )
    await house.start()
    pids = [house.pid_of(name) for name in house.services] + [house._embedded.status.pid]
    print(json.dumps(pids), flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""


def test_nothing_outlives_a_killed_supervisor(
    home: Path, python: Callable[[str], "subprocess.Popen[str]"]
) -> None:
    parent = python(UP.format(home=str(home)))
    assert parent.stdout is not None
    pids = json.loads(parent.stdout.readline())
    assert all(alive(pid) for pid in pids)
    parent.kill()
    parent.wait()
    assert until(lambda: not any(alive(pid) for pid in pids))
