"""The queues of the writers: pieces of a request's work, and the answer that it waits for."""

from __future__ import annotations

import asyncio

from services.ledger.common.domain.refusal import OutcomeUnknown
from services.ledger.posting.domain.batch import CommandGroup
from services.ledger.posting.flows.round import ExclusiveWork


class PendingAnswer:
    """The results that one request waits for, in its own order."""

    def __init__(self, count: int) -> None:
        self.results: list[tuple[object, ...] | None] = [None] * count
        self.left = count
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def settle(self, index: int, results: tuple[object, ...]) -> None:
        """Keep the results of one job; the last one wakes the request."""
        self.results[index] = results
        self.left -= 1
        if self.left == 0 and not self.done.done():
            self.done.set_result(None)

    def give_up(self) -> None:
        """Wake the request: it has waited long enough."""
        self.fail(OutcomeUnknown(reason="ANSWER_LATE"))

    def fail(self, error: BaseException) -> None:
        """Wake the request with an error."""
        if not self.done.done():
            self.done.set_exception(error)


class Job:
    """One piece of work in a queue: a group of commands, or exclusive work. `size` counts commands."""

    __slots__ = ("answer", "index", "is_exclusive", "pending", "size", "work")

    def __init__(
        self, work: CommandGroup | ExclusiveWork[object], pending: PendingAnswer, index: int
    ) -> None:
        self.work = work
        self.pending = pending
        self.index = index
        self.is_exclusive = not isinstance(work, CommandGroup)
        self.size = len(work.commands) if isinstance(work, CommandGroup) else 1
        self.answer: tuple[object, ...] | BaseException | None = None
