"""Settings of the embedded server, tried one by one against the server as it ships.

    python -m benchmarks.server_settings [--small] [--rounds N] [--only NAME] [--json]

Two servers stand side by side, one with a setting changed. They do the same work in turn, the order
changes with every round, and what is told is the median of the rounds' ratios: below 1 the changed
server needs less. There are two ratios, of the time and of the processor seconds of the server's
own processes; a busy machine disturbs the second much less. The first pair changes nothing; a ratio
inside its spread says nothing. No setting that makes a commit durable is tried.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import asyncpg
import typer
import uvloop

from benchmarks import city_month
from benchmarks._bench import AsJson, Small, database, describe
from benchmarks._vouchers import DISTRICTS
from benchmarks.ledger_post.engine import engine
from services.embedded import EmbeddedPostgres
from services.ledger.posting.flows.books import NEW_SLOTS
from services.ledger.reports.store import balance as balance_store
from shared import clock
from shared.db import SERVICES, Database, role_of

CONTROL: Final = "nothing"
CANDIDATES: Final[Mapping[str, Mapping[str, str]]] = {
    CONTROL: {},
    "wal_compression=off": {"wal_compression": "off"},
    "wal_buffers=64MB": {"wal_buffers": "64MB"},
    "shared_buffers=128MB": {"shared_buffers": "128MB"},
    "work_mem=64MB": {"work_mem": "64MB"},
    "no parallel workers": {"max_parallel_workers_per_gather": "0"},
    "jit=on": {"jit": "on"},
    "io_method=sync": {"io_method": "sync"},
    "effective_io_concurrency=200": {"effective_io_concurrency": "200"},
    "commit_delay=100": {"commit_delay": "100", "commit_siblings": "2"},
    "huge_pages=try": {"huge_pages": "try"},
    "default_toast_compression=lz4": {"default_toast_compression": "lz4"},
    "max_wal_size=1GB": {"max_wal_size": "1GB", "checkpoint_timeout": "5min"},
    "max_wal_size=64MB": {"max_wal_size": "64MB", "checkpoint_timeout": "30s"},
}
"""The settings that are tried, by name. The last shows what checkpoints cost when they are many."""
ROUNDS: Final = 5
VOUCHERS: Final = 6_000
PEOPLE, UNITS = 10_000, 300
READS: Final = 200


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs: its address, and the pid of its first process."""

    url: str
    pid: int

    def cpu_seconds(self) -> float:
        """Return the processor seconds of its processes, with those that have ended."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return _cpu_seconds(self.pid, with_ended=True) + sum(
            _cpu_seconds(int(child)) for child in children
        )


def _cpu_seconds(pid: int, *, with_ended: bool = False) -> float:
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0  # it has ended meanwhile
    return sum(map(int, words[11 : 15 if with_ended else 13])) / os.sysconf("SC_CLK_TCK")


@asynccontextmanager
async def running(options: Mapping[str, str]) -> AsyncIterator[Server]:
    """Run a server with these settings on top of its own."""
    with tempfile.TemporaryDirectory(prefix="wuxian-bench-") as home:
        os.chmod(home, 0o755)  # the server's own account has to pass when root measures
        embedded = EmbeddedPostgres(Path(home), options=options)
        url = embedded.start()
        try:
            pid = embedded.status.pid
            assert pid is not None
            yield Server(url, pid)
        finally:
            embedded.destroy()


async def work(server: Server, scale: int) -> dict[str, float]:
    """Do every kind of work once on a server; the seconds of each, and the server's own."""
    spent: dict[str, float] = {}

    @contextlib.contextmanager
    def measured(kind: str) -> Iterator[None]:
        began, before = time.perf_counter(), server.cpu_seconds()
        yield
        spent[f"{kind} time"] = time.perf_counter() - began
        spent[f"{kind} processor"] = server.cpu_seconds() - before

    async with database(server.url, "ledger") as fresh:
        with measured("posting"):
            figures = await engine(fresh, VOUCHERS // scale, NEW_SLOTS)
        assert not figures.failed, "postings failed"
        with measured("balances"):
            await _read(fresh, READS // scale)
    await _forget_logins(server.url)
    with contextlib.redirect_stdout(io.StringIO()) as printed, measured("month"):
        result = await city_month.measure(PEOPLE // scale, UNITS // scale, server.url)
    assert result["verified"], printed.getvalue()
    spent["month time"] = result["seconds_total"]  # without making the city and proving the books
    return spent


async def _forget_logins(url: str) -> None:
    """Let the services' roles be given new passwords: each month has an installation of its own."""
    connection = await asyncpg.connect(url)
    for service in SERVICES:
        role = role_of(service)
        if await connection.fetchval("SELECT to_regrole($1) IS NOT NULL", role):
            await connection.execute(f"ALTER ROLE {role} NOLOGIN")
    await connection.close()


async def _read(url: str, count: int) -> None:
    """Read balances from the stored sums, without the copy in memory that a service keeps."""
    db = Database(url, "ledger", pool_size=1)
    for number in range(count):
        async with db.transaction() as tx:
            district = DISTRICTS[number % len(DISTRICTS)]
            await balance_store.sums(tx, as_of=clock.today(), district=district)
    await db.close()


async def pairs(
    shipped: Server, changed: Server, rounds: int, scale: int
) -> dict[str, list[float]]:
    """Let both servers work in turn; the ratios of each round, changed to shipped."""
    ratios: dict[str, list[float]] = {}
    for number in range(rounds):
        servers = {"shipped": shipped, "changed": changed}
        order = sorted(servers, reverse=bool(number % 2))
        took = {name: await work(servers[name], scale) for name in order}
        for kind, seconds in took["shipped"].items():
            ratios.setdefault(kind, []).append(took["changed"][kind] / max(seconds, 0.01))
    return ratios


def _summary(ratios: list[float]) -> dict[str, float]:
    values = {"median": statistics.median(ratios), "least": min(ratios), "most": max(ratios)}
    return {name: round(value, 3) for name, value in values.items()}


async def run(names: list[str], rounds: int, scale: int) -> dict[str, Any]:
    """Try the settings; the object of `--json`."""
    found: dict[str, Any] = {}
    async with running({}) as shipped:
        for line in await describe(shipped.url):
            print(line)
        await work(shipped, scale)  # what runs first compiles and fills caches for all
        for name in names:
            async with running(CANDIDATES[name]) as changed:
                ratios = await pairs(shipped, changed, rounds, scale)
            found[name] = {kind: _summary(each) for kind, each in ratios.items()}
            print(name)
            for kind, one in found[name].items():
                spread = f"({one['least']:.2f} to {one['most']:.2f})"
                print(f"  {kind:<20} {one['median']:>5.2f}  {spread}", flush=True)
    return {"rounds": rounds, "settings": found}


def main(
    small: Small = False,
    as_json: AsJson = False,
    rounds: int = ROUNDS,
    only: Annotated[list[str] | None, typer.Option(help="one of the settings")] = None,
) -> None:
    """Try settings of the embedded server and print the ratios."""
    if unknown := set(only or []) - CANDIDATES.keys():
        sys.exit(
            f"no such setting: {', '.join(sorted(unknown))}; there are {', '.join(CANDIDATES)}"
        )
    result = uvloop.run(run(only or list(CANDIDATES), rounds, 20 if small else 1))
    if as_json:
        print(json.dumps(result))


if __name__ == "__main__":
    typer.run(main)
