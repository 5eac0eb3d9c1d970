"""Door of streams: vouchers line by line, outcomes line by line."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from typing import IO, Annotated, Any

from fastapi.responses import Response
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from services.ledger.common.routes.door import problem_of, source_of
from services.ledger.posting.flows.books import Books
from services.ledger.posting.flows.stream import lines_of, post_all
from services.ledger.posting.routes.door import opened
from services.ledger.posting.schemas.stream import (
    StreamedOut,
    StreamEndOut,
    drafts_of,
)
from shared.door import Door, door
from shared.errors import Refusal
from shared.guard.entrance import STREAM_BYTES
from shared.roles import Right
from shared.schema import Problem
from shared.web.door_router import DoorRouter
from shared.wire.ledger import PostingOutcome, VoucherIn

router = DoorRouter()
PATH = "/v1/voucher-streams"
NDJSON = "application/x-ndjson"

_SPOOL_BYTES = 1024 * 1024
_PIECE_BYTES = 64 * 1024
Posting = Annotated[Door, door(Right.POST_VOUCHER)]
_OPENAPI: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "每行一张凭证 (a VoucherIn a line)",
        "content": {NDJSON: {"schema": VoucherIn.model_json_schema()}},
    }
}


@router.post(
    PATH,
    max_body_size=STREAM_BYTES,
    operation_id="stream_vouchers",
    summary="流式记账,逐行答复 · Post vouchers line by line, as many as there are",
    response_class=Response,
    responses={
        200: {
            "description": "每行一个结果,末行为 end (an outcome a line; the last one is the end)",
            "content": {NDJSON: {"schema": StreamedOut.model_json_schema()}},
        }
    },
    openapi_extra=_OPENAPI,
)
async def stream_vouchers(at: Posting) -> Response:
    """Post each line as it comes and answer in order; a refused line fails alone. The last line
    says whether the stream was complete: if it is missing, send again, which books nothing twice.
    """
    books, source = await opened(at), source_of(at)
    return _Streamed(books, source, at)


class _Outbox:
    """Answers waiting to be sent. A client may send everything before it reads anything, so answers
    that it does not take yet go to the disk."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._written = self._read = 0
        self._more = asyncio.Event()
        self._ended = False

    def put(self, piece: bytes) -> None:
        """Add to what goes out."""
        self._file.seek(self._written)
        self._written += self._file.write(piece)
        self._more.set()

    def end(self) -> None:
        """Mark the end of the answers."""
        self._ended = True
        self._more.set()

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the answers as soon as they are there."""
        while True:
            while self._read < self._written:
                self._file.seek(self._read)
                piece = self._file.read(min(_PIECE_BYTES, self._written - self._read))
                self._read += len(piece)
                yield piece
            if self._ended:
                return
            self._more.clear()
            await self._more.wait()


class _Streamed(Response):
    """A response that reads the request while it answers, which Starlette's streaming response does
    not."""

    media_type = NDJSON

    def __init__(self, books: Books, source: str, at: Door) -> None:
        super().__init__(status_code=200)
        del self.headers["content-length"]
        self.books, self.source, self.door = books, source, at

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve."""
        with tempfile.SpooledTemporaryFile(_SPOOL_BYTES) as file:
            outbox = _Outbox(file)
            posting = asyncio.create_task(self._post(outbox))
            try:
                start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
                await send(start)
                async for piece in outbox.pieces():
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                await posting
            finally:
                posting.cancel()
                await asyncio.gather(posting, return_exceptions=True)

    async def _post(self, outbox: _Outbox) -> None:
        counts = dict.fromkeys(PostingOutcome, 0)
        request = self.door.request

        def problem(refusal: Refusal) -> Problem:
            return problem_of(request, refusal)

        end, ended = False, None
        sender = self.door.caller.role.value
        lines = drafts_of(lines_of(request.stream()), self.source, self.books.slots, sender)
        try:
            async for answers in post_all(self.books, lines):
                outbox.put(_written([StreamedOut.of(one, problem) for one in answers], counts))
            end = True
        except ClientDisconnect:
            pass  # the client is gone; what was posted stays posted
        except Refusal as refusal:
            ended = problem(refusal)
        finally:
            outbox.put(_end(counts, complete=end, problem=ended))
            outbox.end()


def _written(results: list[StreamedOut], counts: dict[PostingOutcome, int]) -> bytes:
    for result in results:
        counts[result.outcome] += 1
    return b"".join(result.model_dump_json().encode() + b"\n" for result in results)


def _end(counts: dict[PostingOutcome, int], *, complete: bool, problem: Problem | None) -> bytes:
    end = StreamEndOut(
        complete=complete,
        posted=counts[PostingOutcome.POSTED],
        replayed=counts[PostingOutcome.REPLAYED],
        refused=counts[PostingOutcome.REFUSED],
        problem=problem,
    )
    return end.model_dump_json().encode() + b"\n"
