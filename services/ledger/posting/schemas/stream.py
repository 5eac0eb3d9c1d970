"""Shapes of a stream's lines, in and out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Literal

import orjson
from pydantic import ValidationError

from services.ledger.posting.domain.batch import PostedVoucher
from services.ledger.posting.domain.slot_map import SlotMap
from services.ledger.posting.domain.voucher import Draft
from services.ledger.posting.flows.stream import StreamAnswer, StreamLine
from services.ledger.posting.schemas.reading import Reader, colons_in
from services.ledger.posting.schemas.voucher import draft_from, posted_out
from shared.errors import Fault, Faulty, Refusal
from shared.schema import Out, Problem
from shared.wire.input_faults import message_of
from shared.wire.json_grammar import JSON_NOT_STANDARD, faults_in, is_plain
from shared.wire.ledger import PostedOut, PostingOutcome, VoucherIn


class StreamedOut(PostedOut):
    """The outcome of one line."""

    line: int

    @classmethod
    def of(cls, answer: StreamAnswer, problem_of: Callable[[Refusal], Problem]) -> StreamedOut:
        """Build it from the answer to one line."""
        line, outcome = answer
        if isinstance(outcome, PostedVoucher):
            posted = posted_out(line.event_id, outcome)
            return cls(line=line.number, **posted.model_dump())
        assert isinstance(outcome, Refusal)
        return cls(
            line=line.number,
            event_id=line.event_id,
            outcome=PostingOutcome.REFUSED,
            problem=problem_of(outcome),
        )


class StreamEndOut(Out):
    """The last line. If it is missing, or not `complete`, send the rest (or all) again."""

    type: Literal["end"] = "end"
    complete: bool
    posted: int
    replayed: int
    refused: int
    problem: Problem | None = None


async def drafts_of(
    lines: AsyncIterator[tuple[int, bytes | Refusal]], source: str, slots: SlotMap, sender: str
) -> AsyncIterator[StreamLine]:
    """Build each line's draft, or the refusal with every fault of the line."""
    async for number, line in lines:
        if isinstance(line, Refusal):
            yield StreamLine(number, "", line)
            continue
        at_sight = _at_sight(line, source, slots, sender)
        if at_sight is not None:
            yield StreamLine(number, at_sight.event_id, at_sight)
            continue
        unclear = [fault for fault in faults_in(line) if fault.code != JSON_NOT_STANDARD]
        if unclear:
            yield StreamLine(number, _event_of(line), Faulty(faults=unclear, count=len(unclear)))
            continue
        try:
            body = VoucherIn.model_validate_json(line)
        except ValidationError as error:
            yield StreamLine(number, _event_of(line), _faulty(error))
        else:
            yield StreamLine(number, body.event_id, draft_from(body, source, slots, sender))


_READER = Reader()


def _at_sight(line: bytes, source: str, slots: SlotMap, sender: str) -> Draft | None:
    try:
        message = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    found = _READER.draft(message, source, slots, sender)
    return found if found and is_plain(line, message, colons_in(message)) else None


def _event_of(line: bytes) -> str:
    try:
        event_id = orjson.loads(line)["event_id"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return ""
    return event_id[:100] if isinstance(event_id, str) else ""


def _faulty(error: ValidationError) -> Faulty:
    faults = [
        Fault(
            "".join(f"/{part}" for part in found["loc"]),
            str(found["type"]).upper(),
            message_of(found)[:300],
        )
        for found in error.errors(include_url=False, include_input=False)[:100]
    ]
    return Faulty(faults=faults, count=len(faults))
