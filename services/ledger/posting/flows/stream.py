"""Streams of vouchers of any length: lines in, outcomes out, in bounded memory.

What has come in is posted while more is coming, up to a chunk at a time. The next line is read only
when there is room for it, so a sender is held back by the speed of the books and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TypeAlias

from services.ledger.common.domain.refusal import OutcomeUnknown, QueueFull
from services.ledger.posting.domain.batch import Outcome
from services.ledger.posting.domain.voucher import Draft
from services.ledger.posting.flows.books import Books
from shared.errors import Fault, Faulty, Refusal

CHUNK: Final = 500
BREATH: Final = 50
"""Lines that are read before other requests get their turn."""
LINE_BYTES: Final = 256 * 1024
"""Longest line; a voucher of 400 entries has a third of it."""
PAUSES_S: Final = (0.1, 0.3, 1.0, 3.0, 5.0)
"""Pauses before a chunk is asked again when the books were busy or away; safe by the event ids."""


@dataclass(frozen=True, slots=True)
class StreamLine:
    """A line of a stream: a draft, or the refusal of the line."""

    number: int
    event_id: str
    content: Draft | Refusal


StreamAnswer: TypeAlias = tuple[StreamLine, Outcome | Refusal]


async def lines_of(pieces: AsyncIterator[bytes]) -> AsyncIterator[tuple[int, bytes | Refusal]]:
    """Split what comes in into numbered lines; a line too long is refused, blank ones are left out."""
    number, rest, too_long = 1, b"", False
    async for piece in pieces:
        *whole, last = (rest + piece).split(b"\n")
        for line in whole:
            if too_long or len(line) > LINE_BYTES:
                yield number, _too_long()
            elif line.strip():
                yield number, line
            number, too_long = number + 1, False
        # Of a line that is too long already, nothing more is kept.
        too_long = too_long or len(last) > LINE_BYTES
        rest = b"" if too_long else last
    if too_long:
        yield number, _too_long()
    elif rest.strip():
        yield number, rest


def _too_long() -> Refusal:
    return Faulty(faults=[Fault("", "LINE_TOO_LONG", f"at most {LINE_BYTES} bytes")])


async def post_all(
    books: Books, lines: AsyncIterator[StreamLine], pauses: Sequence[float] = PAUSES_S
) -> AsyncIterator[list[StreamAnswer]]:
    """Post lines as they come, a chunk at a time; answers in their order.

    Raises:
        QueueFull, OutcomeUnknown: the books stayed busy or away; what was answered is booked, the
            rest may be asked again.
        Refusal: whatever ended the stream of lines.
    """
    waiting: asyncio.Queue[StreamLine | None] = asyncio.Queue(CHUNK)

    async def read() -> None:
        try:
            async for line in lines:
                await waiting.put(line)
                if line.number % BREATH == 0:  # a line that is refused waits for nothing else
                    await asyncio.sleep(0)
        finally:
            # After a cancellation nothing waits on the queue any more.
            with suppress(asyncio.CancelledError):
                await waiting.put(None)

    reader = asyncio.create_task(read())
    try:
        while chunk := await _next(waiting):
            yield await _post(books, chunk, pauses)
        await reader
    finally:
        reader.cancel()
        while not waiting.empty():  # room for its last word
            waiting.get_nowait()
        await asyncio.gather(reader, return_exceptions=True)


async def _next(waiting: asyncio.Queue[StreamLine | None]) -> list[StreamLine]:
    """Take the waiting lines, at least one; none at the end."""
    chunk: list[StreamLine] = []
    line = await waiting.get()
    while line is not None:
        chunk.append(line)
        if len(chunk) == CHUNK or waiting.empty():
            return chunk
        line = waiting.get_nowait()
    if chunk:
        await waiting.put(None)  # to be met again, after this chunk
    return chunk


async def _post(
    books: Books, chunk: Sequence[StreamLine], pauses: Sequence[float]
) -> list[StreamAnswer]:
    drafts = [line.content for line in chunk if isinstance(line.content, Draft)]
    outcomes = iter(await _until_answered(books, drafts, pauses))
    return [
        (line, next(outcomes) if isinstance(line.content, Draft) else line.content)
        for line in chunk
    ]


async def _until_answered(
    books: Books, drafts: list[Draft], pauses: Sequence[float]
) -> Sequence[Outcome]:
    for pause_s in pauses:
        try:
            return await books.post(drafts)
        except (QueueFull, OutcomeUnknown):
            await asyncio.sleep(pause_s)
    return await books.post(drafts)
