"""Raw connections of an attacker, and a watch over the health check meanwhile."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from statistics import median
from urllib.parse import urlsplit

import httpx

HEALTHY_SECONDS = 1.0
ANSWERS_TO_JUDGE = 5


@dataclass
class Wire:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def open(cls, url: str) -> "Wire":
        """Connect."""
        at = urlsplit(url)
        return cls(*await asyncio.open_connection(at.hostname, at.port))

    async def send(self, data: bytes) -> None:
        """Send, as far as the other side still listens."""
        with suppress(ConnectionError):
            self.writer.write(data)
            await self.writer.drain()

    async def head(self, seconds: float = 20.0) -> bytes:
        """The status line and the fields of the answer."""
        async with asyncio.timeout(seconds):
            return await self.reader.readuntil(b"\r\n\r\n")

    async def rest(self, seconds: float = 20.0) -> bytes:
        """Everything that comes until the other side hangs up.

        Raises:
            TimeoutError: it does not hang up in this time.
        """
        found = b""
        async with asyncio.timeout(seconds):
            with suppress(ConnectionError):
                while piece := await self.reader.read(65536):
                    found += piece
        return found

    async def status(self, seconds: float = 20.0) -> int:
        """The status number of the answer; 0 when the other side hung up without one."""
        async with asyncio.timeout(seconds):
            try:
                line = await self.reader.readline()
            except ConnectionError:
                return 0
        return int(line.split()[1]) if line else 0

    @asynccontextmanager
    async def dripping(self, drop: bytes) -> AsyncIterator[None]:
        """Send ten drops a second meanwhile."""

        async def drip() -> None:
            while True:
                await self.send(drop)
                await asyncio.sleep(0.1)

        task = asyncio.create_task(drip())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def close(self) -> None:
        """Hang up."""
        self.writer.transport.abort()
        with suppress(ConnectionError):
            await self.writer.wait_closed()


class Attacker:
    """One who opens connections; all are closed when the context ends."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._wires: list[Wire] = []

    async def open(self, count: int) -> list[Wire]:
        """Open that many connections."""
        found = await asyncio.gather(*(Wire.open(self.url) for _ in range(count)))
        self._wires += found
        return found

    async def __aenter__(self) -> "Attacker":
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(wire.close() for wire in self._wires))


@dataclass
class Health:
    """The times in which the health check answered."""

    seconds: list[float] = field(default_factory=list)

    def is_known(self) -> bool:
        """Tell whether there are enough answers to judge by."""
        return len(self.seconds) >= ANSWERS_TO_JUDGE

    def is_good(self) -> bool:
        """Tell whether the answers came in time, by their median: the machine has other work too."""
        return self.is_known() and median(self.seconds) < HEALTHY_SECONDS


@asynccontextmanager
async def health_of(url: str) -> AsyncIterator[Health]:
    """Ask for the health of a service all the while, each time on a new connection.

    A thread asks, so that the attack does not delay the question. Its first question is asked
    before the attack begins and is not counted: it also pays for setting up the client.
    """
    health = Health()
    ended = threading.Event()
    each_anew = httpx.Limits(max_keepalive_connections=0)
    with httpx.Client(trust_env=False, timeout=30, verify=False, limits=each_anew) as client:

        def ask() -> None:
            assert client.get(f"{url}/healthz").status_code == 200

        def watch() -> None:
            while not ended.wait(0.02):
                begun = time.perf_counter()
                ask()
                health.seconds.append(time.perf_counter() - begun)

        await asyncio.to_thread(ask)
        watching = asyncio.create_task(asyncio.to_thread(watch))
        try:
            yield health
        finally:
            ended.set()
            await watching


def post(path: str, *fields: bytes, token: str | None = None) -> bytes:
    """The head of a POST with JSON."""
    lines = [f"POST {path} HTTP/1.1".encode(), b"host: a", b"content-type: application/json"]
    if token:
        lines.append(f"authorization: Bearer {token}".encode())
    return b"\r\n".join([*lines, *fields]) + b"\r\n\r\n"
