"""Pieces shared by the benchmarks: options, the machine, throw-away databases, loads, figures."""

from __future__ import annotations

import asyncio
import os
import platform
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import asyncpg
import typer
from sqlalchemy.engine import make_url

from services.embedded import EmbeddedPostgres
from services.migrate import migrate

Small = Annotated[bool, typer.Option("--small", help="a small run, for a quick try")]
AsJson = Annotated[bool, typer.Option("--json", help="end with one line of JSON")]
DatabaseUrl = Annotated[
    str | None, typer.Option(help="a PostgreSQL 15-18 (default: an embedded one)")
]


def verdict(seconds: float, bar_seconds: float, *, full_size: bool) -> str:
    """Say whether a run met its bar; only one of the bar's own size can."""
    if not full_size:
        return "not judged at this size"
    return "met" if seconds <= bar_seconds else "NOT met"


@dataclass(frozen=True, slots=True)
class Figures:
    """One measurement: how many were completed, how many failed, in what time, how late."""

    name: str
    offered: str
    completed: int
    failed: int
    seconds: float
    latencies_ms: tuple[float, ...]

    @property
    def per_s(self) -> float:
        """Completed in a second."""
        return round(self.completed / self.seconds, 1) if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        """Latency in milliseconds that this share of the requests stays within."""
        ordered = sorted(self.latencies_ms)
        place = min(len(ordered) - 1, int(len(ordered) * share))
        return round(ordered[place], 2) if ordered else 0.0

    def line(self) -> str:
        """One line for the reader."""
        return (
            f"{self.name:<34} {self.per_s:>9,.0f}/s   p50 {self.percentile(0.5):>8.2f} ms"
            f"   p99 {self.percentile(0.99):>8.2f} ms   completed {self.completed:,}"
            f"   failed {self.failed:,}   ({self.offered})"
        )


async def closed_loop(
    name: str, clients: int, count: int, ask: Callable[[int], Awaitable[int]], *, unit: str = ""
) -> Figures:
    """`clients` ask one after the other until `count` requests have been made.

    `ask(number)` answers how many things its request completed; an exception counts as a failure.
    """
    numbers = iter(range(count))
    latencies: list[float] = []
    completed = failed = 0

    async def client() -> None:
        nonlocal completed, failed
        for number in numbers:
            began = time.perf_counter()
            try:
                done = await ask(number)  # not in one step: others complete meanwhile
            except Exception as error:
                failed += 1
                if failed == 1:
                    print(f"first failure of {name}: {error!r}"[:300])
            else:
                completed += done
                latencies.append((time.perf_counter() - began) * 1000)

    began = time.perf_counter()
    await asyncio.gather(*[client() for _ in range(clients)])
    seconds = time.perf_counter() - began
    offered = f"{clients} clients, closed loop{unit}"
    return Figures(name, offered, completed, failed, seconds, tuple(latencies))


@asynccontextmanager
async def server(database_url: str | None) -> AsyncIterator[str]:
    """An administrator's address: the operator's server, or an embedded one for this run only."""
    if database_url:
        yield database_url
        return
    with tempfile.TemporaryDirectory(prefix="wuxian-bench-") as home:
        os.chmod(home, 0o755)  # the server's own account has to pass when root measures
        embedded = EmbeddedPostgres(Path(home))
        url = await asyncio.to_thread(embedded.start)
        try:
            yield url
        finally:
            await asyncio.to_thread(embedded.destroy)


@asynccontextmanager
async def database(server_url: str, *services: str) -> AsyncIterator[str]:
    """A fresh database on a server, migrated for some services, gone afterwards."""
    name = f"wuxian_bench_{uuid4().hex[:10]}"
    url = make_url(server_url).set(database=name).render_as_string(hide_password=False)
    await _on(server_url, f"CREATE DATABASE {name}")
    try:
        if services:
            await migrate(url, services)
        yield url
    finally:
        await _on(server_url, f"DROP DATABASE {name} WITH (FORCE)")


async def _on(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def describe(server_url: str) -> list[str]:
    """The machine, the versions and the settings that decide about durability."""
    connection = await asyncpg.connect(server_url)
    try:
        names = (
            "server_version",
            "fsync",
            "synchronous_commit",
            "full_page_writes",
            "shared_buffers",
            "wal_sync_method",
        )
        shown = [f"{name}={await connection.fetchval(f'SHOW {name}')}" for name in names]
    finally:
        await connection.close()
    packages = ("asyncpg", "fastapi", "pydantic", "uvicorn", "uvloop")
    return [
        f"machine: {os.cpu_count()} cpus ({_cpu()}), load {os.getloadavg()[0]:.1f}, "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        "versions: " + ", ".join(f"{name} {version(name)}" for name in packages),
        "postgresql: " + ", ".join(shown),
    ]


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "unknown")
