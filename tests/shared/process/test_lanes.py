"""Work in lanes: what comes in meanwhile, what fails, and how many are at work at once."""

import asyncio
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest

from shared.process import lanes
from shared.process.lanes import work_off


@dataclass
class Thing:
    """A thing to do, whose work ends when it may."""

    may_end: asyncio.Event = field(default_factory=asyncio.Event)
    id: UUID = field(default_factory=uuid4)


class Desk:
    """A desk with things that wait, and those that were begun."""

    def __init__(self, *things: Thing) -> None:
        self.waiting = list(things)
        self.begun: list[Thing] = []
        self.fails = False

    async def look(self) -> list[Thing]:
        if self.fails:
            raise OSError
        return list(self.waiting)

    async def work(self, thing: Thing) -> int:
        self.begun.append(thing)
        await thing.may_end.wait()
        return 1

    def start(self) -> asyncio.Task[int]:
        return asyncio.create_task(work_off(self.look, self.work, 2))


async def begun(desk: Desk, count: int) -> None:
    for _ in range(200):
        if len(desk.begun) < count:
            await asyncio.sleep(0.005)
    assert len(desk.begun) == count


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "LOOK_SECONDS", 0.001)


async def test_a_free_lane_takes_what_comes_in() -> None:
    first, second, third = Thing(), Thing(), Thing()
    desk = Desk(first)
    done = desk.start()
    await begun(desk, 1)
    desk.waiting += [second, third]
    await begun(desk, 2)
    await asyncio.sleep(0.01)
    assert desk.begun == [first, second]
    second.may_end.set()
    await begun(desk, 3)
    first.may_end.set()
    third.may_end.set()
    assert await done == 3, "each once, though all of them still wait"


async def test_what_failed_is_begun_again_while_another_is_still_at_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    long, failed = Thing(), Thing()
    failed.may_end.set()
    desk = Desk(long, failed)
    done = desk.start()
    await begun(desk, 2)
    await asyncio.sleep(0.01)
    assert desk.begun == [long, failed], "not at once"
    monkeypatch.setattr(lanes, "AGAIN_SECONDS", 0.0)
    for _ in range(200):
        if desk.begun.count(failed) < 2:
            await asyncio.sleep(0.005)
    desk.waiting = []
    long.may_end.set()
    await done
    assert desk.begun.count(failed) >= 2
    assert desk.begun.count(long) == 1, "what is at work is not begun a second time"


async def test_a_look_that_fails_does_not_stop_what_is_at_work() -> None:
    first = Thing()
    desk = Desk(first)
    done = desk.start()
    await begun(desk, 1)
    desk.fails = True
    await asyncio.sleep(0.01)
    first.may_end.set()
    with pytest.raises(ExceptionGroup):
        await done
    desk.fails, desk.waiting = False, []
    assert await desk.start() == 0


async def test_stopping_stops_what_is_at_work() -> None:
    desk = Desk(Thing())
    done = desk.start()
    await begun(desk, 1)
    done.cancel()
    with pytest.raises(asyncio.CancelledError):
        await done
