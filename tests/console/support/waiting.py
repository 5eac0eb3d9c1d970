"""Waiting for the services' own work, for instance bills after an audit."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable


async def until(is_done: Callable[[], Awaitable[bool]], seconds: float = 60.0) -> None:
    """Wait until something is done."""
    ends = time.monotonic() + seconds
    while not await is_done():
        assert time.monotonic() < ends, "it is not done in time"
        await asyncio.sleep(0.1)
