"""Work in lanes: a few things at once, and the next one as soon as a lane is free."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol, TypeVar
from uuid import UUID

LOOK_SECONDS: Final = 0.2
"""Pause between two looks for what has come in while a lane is free."""
AGAIN_SECONDS: Final = 30.0
"""Time after which what was begun and still waits is begun again."""


class Identified(Protocol):
    """A thing with an id."""

    @property
    def id(self) -> UUID: ...


Thing = TypeVar("Thing", bound=Identified)


async def work_off(
    waiting: Callable[[], Awaitable[Sequence[Thing]]],
    work: Callable[[Thing], Awaitable[int]],
    lanes: int,
) -> int:
    """Work on what waits until nothing is left, and return the sum of what `work` returned.

    What comes in meanwhile is begun too. What failed is begun again after a while, so that it does
    not wait for the end of the longest work; at the end it is left for the next call.
    """
    done = 0
    begun: dict[UUID, float] = {}
    async with asyncio.TaskGroup() as group:
        at_work: dict[asyncio.Task[int], UUID] = {}
        while True:
            found = await _look(waiting, is_idle=not at_work) if len(at_work) < lanes else ()
            now = time.monotonic()
            closed = {id for id, at in begun.items() if now - at < AGAIN_SECONDS}
            closed.update(at_work.values())
            new = [one for one in found if one.id not in closed][: lanes - len(at_work)]
            begun.update((one.id, now) for one in new)
            at_work.update({group.create_task(_result(work(one))): one.id for one in new})
            if not at_work:
                return done
            pause = LOOK_SECONDS if len(at_work) < lanes else None
            ended, _ = await asyncio.wait(
                at_work, timeout=pause, return_when=asyncio.FIRST_COMPLETED
            )
            for task in ended:
                del at_work[task]
            done += sum(task.result() for task in ended)


async def _look(
    waiting: Callable[[], Awaitable[Sequence[Thing]]], *, is_idle: bool
) -> Sequence[Thing]:
    """Read what waits. Work that goes on is not stopped because that fails."""
    try:
        return await waiting()
    except Exception:
        if is_idle:
            raise
        return ()


async def _result(work: Awaitable[int]) -> int:
    return await work
