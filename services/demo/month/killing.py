"""Kills of services while a month is played: the supervisor starts them again, nothing may be lost."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from random import Random
from typing import Final

from services.supervisor import Supervisor

_SERVICES: Final = ("collection", "ledger", "payout", "identity")
_PAUSE_SECONDS: Final = (0.5, 2.0)


@asynccontextmanager
async def killing(supervisor: Supervisor, seed: int, kills: int) -> AsyncIterator[list[str]]:
    """Kill services, one after the other, while the block runs; those that were killed."""
    killed: list[str] = []
    task = asyncio.create_task(_kill(supervisor, Random(f"kills {seed}"), kills, killed))
    try:
        yield killed
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _kill(supervisor: Supervisor, chance: Random, kills: int, killed: list[str]) -> None:
    while len(killed) < kills:
        await asyncio.sleep(chance.uniform(*_PAUSE_SECONDS))
        name = chance.choice(_SERVICES)
        pid = supervisor.pid_of(name)
        if pid is None:
            continue
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            killed.append(name)
        await supervisor.wait_ready(name)
