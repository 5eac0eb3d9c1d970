"""Background work: it looks often while there is something to do, and rarely while there is not.

A request that has written wakes all background work of its process, and so does work that found
something to do. That is a hint only. What other processes write, and what time alone makes due, is
found at the next look, two seconds later at most.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from shared.process.log import logger

IDLE_MAX_SECONDS: Final = 2.0
"""Longest time between two looks while there is nothing to do."""
BACKOFF_MAX_SECONDS: Final = 10.0
"""Longest time between two looks while they fail."""


class Bell:
    """Wakes the background work of one process."""

    def __init__(self) -> None:
        self.count = 0
        """How often it was rung."""
        self._waiting: set[asyncio.Future[None]] = set()

    def ring(self) -> None:
        """Tell that something was written."""
        self.count += 1
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)

    async def wait(self, seconds: float, *, after: int) -> None:
        """Wait until it was rung more than `after` times, for so many seconds at most."""
        if self.count > after:
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.add(waiter)
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(waiter, seconds)
        finally:
            self._waiting.discard(waiter)


async def keep_looking(
    look: Callable[[], Awaitable[int]],
    bell: Bell,
    *,
    seconds: float,
    failed: str,
    idle_max_seconds: float = IDLE_MAX_SECONDS,
) -> None:
    """Do what there is to do, until cancelled; a failure is logged, and the work tried again.

    Args:
        look: looks for work and does it; returns how much it found.
        bell: is rung when there may be work.
        seconds: the shortest time from a look that found nothing to the next one.
        failed: the beginning of the log line about a failure.
        idle_max_seconds: the longest such time.
    """
    idle_max_seconds = max(seconds, idle_max_seconds)
    pause = seconds
    while True:
        heard = bell.count
        try:
            found = await look()
        except Exception as error:
            pause = min(pause * 2, BACKOFF_MAX_SECONDS)
            logger().warning(
                f"{failed}, will retry", error=repr(error)[:300], retry_in_seconds=pause
            )
            await asyncio.sleep(pause)
            continue
        if found:
            pause = seconds
            bell.ring()  # what was done may be work for others
            await asyncio.sleep(0)
            continue
        await asyncio.sleep(seconds)
        await bell.wait(pause - seconds, after=heard)
        pause = seconds if bell.count > heard else min(pause * 2, idle_max_seconds)
