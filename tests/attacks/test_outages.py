"""The database refused or hung: 503 with a true word, in time; the health check answers meanwhile."""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from services.embedded import EmbeddedPostgres, pidfile
from services.migrate import migrate
from shared.roles import Role
from tests.attacks.conftest import Token
from tests.attacks.support.wire import health_of
from tests.conftest import THROW_AWAY
from tests.house.support import serving
from tests.ledger.support.making import receipt

Read = Callable[[], Awaitable[httpx.Response]]
pytestmark = [pytest.mark.story, pytest.mark.usefixtures("prepared_python")]
STATEMENT_SECONDS, WAIT_SECONDS, ANSWER_SECONDS = 1, 2, 6
DISK_MIB = 192
BOUND_SECONDS = ANSWER_SECONDS + 5
WORDS = {"DATABASE_TIMEOUT", "DATABASE_BUSY", "DATABASE_UNREACHABLE", "OUTCOME_UNKNOWN"}


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A small file system where this account may mount one, else an ordinary directory."""
    path = Path(tempfile.mkdtemp(prefix="wuxian-hurt-"))
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", str(path)]
    with suppress(OSError):
        subprocess.run(mount, check=False, capture_output=True)
    path.chmod(0o755)  # the server's account has to pass when root runs the tests
    yield path
    if path.is_mount():
        subprocess.run(["umount", "-l", str(path)], check=False)
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module")
async def server(place: Path) -> AsyncIterator[EmbeddedPostgres]:
    """A server of our own, to be hurt."""
    options = THROW_AWAY | {"max_wal_size": "48MB", "min_wal_size": "32MB"}
    found = EmbeddedPostgres(place / "home", options=options)
    try:
        url = await asyncio.to_thread(found.start)
        await migrate(url, ["ledger"])
        yield found
    finally:
        await asyncio.to_thread(found.destroy)


@pytest.fixture(scope="module")
async def ledger(
    server: EmbeddedPostgres, environment: dict[str, str], token: Token
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a ledger on that server."""
    own = environment | {
        "WUXIAN_DATABASE_URL": server.url,
        "WUXIAN_STATEMENT_TIMEOUT_MS": str(STATEMENT_SECONDS * 1000),
        "WUXIAN_DATABASE_WAIT_SECONDS": str(WAIT_SECONDS),
        "WUXIAN_ANSWER_SECONDS": str(ANSWER_SECONDS),
    }
    service = serving(["ledger"], own)
    url = await asyncio.to_thread(service.__enter__)
    headers = {"authorization": f"Bearer {token(Role.COLLECTION_SERVICE)}"}
    try:
        async with httpx.AsyncClient(
            base_url=url, headers=headers, timeout=30, trust_env=False
        ) as client:
            yield client
    finally:
        await asyncio.to_thread(service.__exit__, None, None, None)


@contextmanager
def hung(server: EmbeddedPostgres) -> Iterator[None]:
    """Stop every process of the server where it stands, as a dying disk does."""
    pid = pidfile.running_pid(server.data)
    assert pid is not None
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    stopped = [pid, *map(int, children)]
    for one in stopped:
        os.kill(one, signal.SIGSTOP)
    try:
        yield
    finally:
        for one in stopped:
            os.kill(one, signal.SIGCONT)


@contextmanager
def filled(place: Path, server: EmbeddedPostgres) -> Iterator[None]:
    """Fill the small file system of the server."""
    if not (place.is_mount() and server.data.is_relative_to(place)):
        pytest.skip("to fill a disk without harm it must be a small one: mounting it needs root")
    filler = place / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 65536)
    try:
        yield
    finally:
        filler.unlink()


def is_outage(answer: httpx.Response, begun: float) -> None:
    assert answer.status_code == 503, answer.text
    assert answer.headers["retry-after"]
    assert answer.json()["code"] in WORDS
    assert time.monotonic() - begun < BOUND_SECONDS


@pytest.fixture
def read(ledger: httpx.AsyncClient, token: Token) -> Read:
    """A read that needs the database, as a supervisor."""
    headers = {"authorization": f"Bearer {token(Role.SUPERVISOR)}"}

    async def ask() -> httpx.Response:
        params = {"source": "collection_service", "event_id": "none"}
        return await ledger.get("/v1/vouchers", params=params, headers=headers)

    return ask


async def is_ill(ledger: httpx.AsyncClient) -> None:
    """Not ready, in time, and the database is named."""
    begun = time.monotonic()
    answer = await ledger.get("/readyz")
    assert time.monotonic() - begun < BOUND_SECONDS
    assert answer.status_code == 503
    assert answer.json()["checks"]["database"].startswith("DATABASE_")
    assert answer.json()["checks"]["disk"] == "ok"


async def serves_again(ledger: httpx.AsyncClient, read: Read) -> None:
    for _ in range(100):
        answers = [await ledger.get("/readyz"), await read()]
        if {answer.status_code for answer in answers} == {200}:
            return
        await asyncio.sleep(0.2)
    pytest.fail(f"it does not recover: {[answer.text for answer in answers]}")


async def test_a_hung_database(
    server: EmbeddedPostgres, ledger: httpx.AsyncClient, read: Read
) -> None:
    first, second = receipt(), receipt()
    assert (await ledger.post("/v1/vouchers", json=first)).status_code == 201
    assert (await read()).status_code == 200
    with hung(server):
        async with health_of(str(ledger.base_url)) as health:
            begun = time.monotonic()
            answers = await asyncio.gather(
                *(read() for _ in range(8)),
                *(ledger.post("/v1/vouchers", json=second) for _ in range(4)),
            )
            for answer in answers:
                is_outage(answer, begun)
            await is_ill(ledger)
    assert health.is_good(), health.seconds
    await serves_again(ledger, read)
    again = [(await ledger.post("/v1/vouchers", json=second)).json() for _ in range(2)]
    assert again[0]["id"] == again[1]["id"], "booked once, whatever was said meanwhile"


async def test_a_full_disk_of_the_database(
    place: Path, server: EmbeddedPostgres, ledger: httpx.AsyncClient, read: Read
) -> None:
    """Nothing is half booked, and what was refused is booked once when there is room again."""
    vouchers = [receipt() for _ in range(1500)]
    body = {"vouchers": vouchers}
    with filled(place, server):
        begun = time.monotonic()
        answer = await ledger.post("/v1/voucher-batches", json=body)
        is_outage(answer, begun)
        assert "DATABASE_" in answer.text
        assert (await ledger.get("/healthz")).status_code == 200
    await asyncio.to_thread(server.start)  # PostgreSQL ends itself when its log has no room
    await serves_again(ledger, read)
    found = (await ledger.post("/v1/voucher-batches", json=body)).json()
    assert found["refused"] == 0
    assert found["posted"] + found["replayed"] == len(vouchers)
    again = (await ledger.post("/v1/voucher-batches", json=body)).json()
    assert again["replayed"] == len(vouchers)


async def test_a_refused_database(
    server: EmbeddedPostgres, ledger: httpx.AsyncClient, read: Read
) -> None:
    await asyncio.to_thread(server.stop)
    begun = time.monotonic()
    is_outage(await read(), begun)
    begun = time.monotonic()
    is_outage(await ledger.post("/v1/vouchers", json=receipt()), begun)
    await is_ill(ledger)
    await asyncio.to_thread(server.start)
    await serves_again(ledger, read)
