"""Peak memory and processor time of each process, sampled while a benchmark runs."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import asyncpg

_LOOK_SECONDS = 0.25
BACKEND = "postgres backend"
SHARED = "shared buffers, mapped by all backends"


class Peaks:
    """Peak resident memory of named processes and their children, and of the database's backends.

    The kernel keeps the peak of a process. All backends map one piece of shared buffers, so that peak
    would count it anew for each: a backend counts with its own memory (RssAnon + RssFile), as seen
    four times a second, and what a backend has touched of the shared buffers (RssShmem) stands beside.
    """

    def __init__(self, pids: dict[str, int], admin_url: str) -> None:
        self._pids = pids
        self._admin_url = admin_url
        self._kib: dict[str, int] = {}
        self._ticks: dict[tuple[str, int], tuple[int, int]] = {}
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._connection = await asyncpg.connect(self._admin_url)
        self._task = asyncio.create_task(self._look())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self._connection.close()

    def report(self) -> float:
        """Print the peaks; the highest of a process in MiB, without the shared buffers."""
        for name, kib in sorted(self._kib.items()):
            print(f"peak of {name:<40} {kib / 1024:8.0f} MiB")
        own = [kib for name, kib in self._kib.items() if name != SHARED]
        return round(max(own, default=0) / 1024, 1)

    def mib(self) -> dict[str, float]:
        """Peak memory by name in MiB."""
        return {name: round(kib / 1024, 1) for name, kib in sorted(self._kib.items())}

    def cpu_seconds(self) -> dict[str, float]:
        """Processor seconds by name: what the work costs, however busy the machine is otherwise."""
        found: dict[str, float] = {}
        for (name, _), (first, last) in self._ticks.items():
            spent = (last - first) / os.sysconf("SC_CLK_TCK")
            found[name] = round(found.get(name, 0.0) + spent, 1)
        return found

    async def _look(self) -> None:
        while True:
            rows = await self._connection.fetch("SELECT pid FROM pg_stat_activity")
            for name, pid in self._pids.items():
                self._note(name, pid)
                for child in _children(pid):
                    self._note(f"{name}'s child", child)
            for row in rows:
                self._note(BACKEND, row["pid"])
            await asyncio.sleep(_LOOK_SECONDS)

    def _note(self, name: str, pid: int) -> None:
        with suppress(OSError, ValueError, KeyError):
            kib = _memory_kib(pid)
            if name == BACKEND:
                self._keep(SHARED, kib["RssShmem"])
                self._keep(name, kib["RssAnon"] + kib["RssFile"])
            else:
                self._keep(name, kib["VmHWM"])
            words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks = int(words[11]) + int(words[12])
            first, _ = self._ticks.get((name, pid), (ticks, ticks))
            self._ticks[name, pid] = (first, ticks)

    def _keep(self, name: str, kib: int) -> None:
        self._kib[name] = max(self._kib.get(name, 0), kib)


def _memory_kib(pid: int) -> dict[str, int]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    pairs = (line.split(":", 1) for line in lines if line.startswith(("VmHWM", "Rss")))
    return {name: int(words.split()[0]) for name, words in pairs}


def _children(pid: int) -> list[int]:
    with suppress(OSError):
        return [
            int(child)
            for task in os.listdir(f"/proc/{pid}/task")
            for child in Path(f"/proc/{pid}/task/{task}/children").read_text().split()
        ]
    return []
