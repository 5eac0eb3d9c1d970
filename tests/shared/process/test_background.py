"""The pace of background work: woken by what is written, rare while there is nothing to do."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest

from shared.process import background
from shared.process.background import Bell, keep_looking

MOMENT = 0.001
HOUR = 3600.0

Look = Callable[[], Awaitable[int]]


class Ended(BaseException):
    """Ends work that would go on for ever."""


class NotedBell(Bell):
    """A bell that notes how long it is waited for, and lets nobody wait."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    async def wait(self, seconds: float, *, after: int) -> None:
        self.waits.append(round(seconds, 6))


def answers(*found: int | Exception) -> Look:
    """Look and find these, one after the other."""
    rest: Iterator[int | Exception] = iter(found)

    async def look() -> int:
        answer = next(rest, None)
        if answer is None:
            raise Ended
        if isinstance(answer, Exception):
            raise answer
        return answer

    return look


async def run(look: Look, bell: Bell, idle_max_seconds: float = 4 * MOMENT) -> None:
    with pytest.raises(Ended):
        await keep_looking(
            look, bell, seconds=MOMENT, failed="it fails", idle_max_seconds=idle_max_seconds
        )


async def test_pauses_grow_while_nothing_is_found() -> None:
    bell = NotedBell()
    await run(answers(0, 0, 0, 0), bell)
    assert [wait + MOMENT for wait in bell.waits] == [0.001, 0.002, 0.004, 0.004]
    assert bell.count == 0, "who finds nothing wakes nobody"


async def test_what_is_found_wakes_the_others_and_is_followed_at_once() -> None:
    bell = NotedBell()
    await run(answers(0, 0, 0, 3, 1, 0, 0), bell)
    assert [wait + MOMENT for wait in bell.waits] == [0.001, 0.002, 0.004, 0.001, 0.002]
    assert bell.count == 2


async def test_work_whose_pause_is_long_waits_that_long() -> None:
    bell = NotedBell()
    await run(answers(0, 0, 0), bell, idle_max_seconds=0)
    assert bell.waits == [0, 0, 0]


async def test_whoever_waits_is_woken() -> None:
    bell = Bell()
    waiting = [asyncio.create_task(bell.wait(HOUR, after=bell.count)) for _ in range(3)]
    await asyncio.sleep(0)
    bell.ring()
    await asyncio.wait_for(asyncio.gather(*waiting), 10)
    await asyncio.wait_for(bell.wait(HOUR, after=bell.count - 1), 10)


async def test_what_is_written_during_a_look_is_looked_for_again() -> None:
    bell = Bell()
    looks = 0

    async def look() -> int:
        nonlocal looks
        looks += 1
        if looks == 20:  # the pause would be of nine minutes, had none rung
            raise Ended
        bell.ring()
        return 0

    await asyncio.wait_for(run(look, bell, HOUR), 10)


async def test_a_failure_is_tried_again_more_and_more_seldom(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pauses: list[float] = []
    waited = asyncio.sleep

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        await waited(0)

    monkeypatch.setattr(background.asyncio, "sleep", sleep)
    monkeypatch.setattr(background, "BACKOFF_MAX_SECONDS", 6 * MOMENT)
    bell = NotedBell()
    await run(answers(*[ConnectionError("no")] * 4, 0), bell)
    assert pauses == [0.002, 0.004, 0.006, 0.006, MOMENT]
    assert bell.count == 0
