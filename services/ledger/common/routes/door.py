"""Helpers of the ledger's doors: the sender of a request, and answers."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel

from shared.door import Door
from shared.errors import Forbidden, Refusal
from shared.schema import FaultOut, Problem
from shared.web.problem import STATUS, trace_id

OWN = "ledger"
"""The ledger's own name as a sender."""


async def refresh_rules(at: Door) -> None:
    """Reload the rules in this process, after a correction."""
    await at.request.app.state.refresh_rules()


def source_of(at: Door) -> str:
    """Name the sender of a request.

    Raises:
        Forbidden: the caller uses the ledger's own name, which is for the ledger's vouchers only.
    """
    if at.caller.subject == OWN:
        raise Forbidden(subject=OWN)
    return at.caller.subject


def json_answer(body: BaseModel, status: int = 200, *, replayed: bool = False) -> Response:
    """Answer with a model, serialised once."""
    headers = {"Idempotent-Replayed": "true"} if replayed else None
    return Response(body.model_dump_json().encode(), status, headers, "application/json")


def problem_of(request: Request, refusal: Refusal) -> Problem:
    """Describe a refusal as the problem of one item of a batch."""
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
