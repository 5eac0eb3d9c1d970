"""What the ledger's routes share: the books of this process, and answers ready made."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel

from services.ledger.posting.flows.books import Books
from shared.door import Door
from shared.errors import Forbidden, Refusal
from shared.schema import FaultOut, Problem
from shared.web.problem import STATUS, trace_id

OWN = "ledger"
"""The ledger's own name as a sender."""


def books_of(door: Door) -> Books:
    """The books of this process."""
    books: Books = door.request.app.state.books
    return books


async def opened(door: Door) -> Books:
    """The books, opened: the first request after a start without a database opens them."""
    books = books_of(door)
    await books.open()
    return books


def source_of(door: Door) -> str:
    """The sender of what comes through a door.

    Raises:
        Forbidden: the name of the ledger itself, which sends its own vouchers only.
    """
    if door.caller.subject == OWN:
        raise Forbidden(subject=OWN)
    return door.caller.subject


def json_answer(body: BaseModel, status: int = 200, *, replayed: bool = False) -> Response:
    """A model as the answer, written once."""
    headers = {"Idempotent-Replayed": "true"} if replayed else None
    return Response(body.model_dump_json().encode(), status, headers, "application/json")


def problem_of(request: Request, refusal: Refusal) -> Problem:
    """A refusal as the problem of one item of a batch."""
    return Problem(
        type=f"/problems/{refusal.code.lower().replace('_', '-')}",
        title=refusal.code.replace("_", " ").capitalize(),
        status=STATUS[refusal.kind],
        detail=refusal.message,
        instance=request.url.path,
        code=refusal.code,
        errors=[
            FaultOut(pointer=fault.pointer, code=fault.code, message=fault.message)
            for fault in refusal.faults
        ],
        trace_id=trace_id(request),
    )
