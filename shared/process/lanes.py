"""Work in lanes: a few things at once, and the next one as soon as a lane is free."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol, TypeVar
from uuid import UUID

LOOK_SECONDS: Final = 0.2
"""Pause between two looks for what has come in while a lane is free."""


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

    What comes in meanwhile is begun too. Nothing is begun twice in one call, so that what fails is
    left for the next one.
    """
    done = 0
    begun: set[UUID] = set()
    async with asyncio.TaskGroup() as group:
        at_work: set[asyncio.Task[int]] = set()
        while True:
            found = await _look(waiting, is_idle=not at_work) if len(at_work) < lanes else ()
            new = [one for one in found if one.id not in begun][: lanes - len(at_work)]
            begun.update(one.id for one in new)
            at_work.update(group.create_task(_result(work(one))) for one in new)
            if not at_work:
                return done
            pause = LOOK_SECONDS if len(at_work) < lanes else None
            ended, at_work = await asyncio.wait(
                at_work, timeout=pause, return_when=asyncio.FIRST_COMPLETED
            )
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
