"""Doors of pushes by file: a city's day of collections, up to a million lines."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import IO, Annotated, Any, Final

from fastapi import Depends, Query
from fastapi.responses import Response, StreamingResponse

from services.collection.common.schemas.common import Day
from services.collection.operation.schemas import OperationOut
from services.collection.tax.domain.envelope import Envelope
from services.collection.tax.domain.file import ROWS_MAX
from services.collection.tax.flows import envelope as envelope_flow
from services.collection.tax.flows import push_file as push_file_flow
from services.collection.tax.flows.push_file import PushFileRequest
from services.collection.tax.schemas.push_file import TaxEnvelopeOut, TaxPushFileOut
from services.collection.tax.store.push_file import PushFileRow
from shared.door import Door, door
from shared.errors import Kind, Refusal
from shared.guard.entrance import STREAM_BYTES
from shared.roles import Right
from shared.schema import Code, Serial, Yuan
from shared.security.field_cipher import FieldCipher
from shared.security.identity import Identity
from shared.web.door_router import DoorRouter

router = DoorRouter()
LABEL: Final = "tax_push_file"
PART_BYTES: Final = 1024 * 1024
_RAW: Final[dict[str, Any]] = {"schema": {"type": "string", "minLength": 1}}
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {"text/csv": _RAW, "application/x-ndjson": _RAW},
    }
}
_CSV: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {"text/csv": {"schema": {"type": "string"}}},
        "description": "serial, line, outcome, reason, message",
    }
}
Pushing = Annotated[Door, door(Right.PUSH_TAX, money=True)]
Reading = Annotated[Door, door(Right.READ_COLLECTION, Right.PUSH_TAX)]
Authority = Annotated[Code | None, Query(description="征收机关 (issuer of the tickets)")]


class PushFileEmpty(Refusal):
    """请求中没有文件内容 (the request has no content)"""

    kind = Kind.INVALID
    code = "PUSH_FILE_EMPTY"


class EnvelopeIncomplete(Refusal):
    """封套号、笔数与金额须同时填写 (envelope number, count and sum go together)"""

    kind = Kind.INVALID
    code = "ENVELOPE_INCOMPLETE"


@dataclass(frozen=True, slots=True)
class Announcement:
    """A file as its sender announces it in the query."""

    authority: str | None
    push_no: str
    collected_on: date
    lines: int
    total_fen: int


def announcement(
    push_no: Annotated[Serial, Query(examples=["SW-20210720-F1"])],
    collected_on: Day,
    control_count: Annotated[int, Query(ge=1, le=ROWS_MAX, description="控制笔数")],
    control_total: Annotated[Yuan, Query(description="控制金额")],
    authority: Authority = None,
) -> Announcement:
    """Read what the sender announces."""
    return Announcement(authority, push_no, collected_on, control_count, control_total)


def envelope_of(
    envelope_no: Annotated[Serial | None, Query(description="封套号")] = None,
    envelope_count: Annotated[int | None, Query(ge=1, description="封套总笔数")] = None,
    envelope_total: Annotated[Yuan | None, Query(description="封套总金额")] = None,
) -> Envelope | None:
    """Read the envelope that the sender announces, if any.

    Raises:
        EnvelopeIncomplete: a part of it is missing.
    """
    given = (envelope_no, envelope_count, envelope_total)
    if given == (None, None, None):
        return None
    if envelope_no is None or envelope_count is None or envelope_total is None:
        raise EnvelopeIncomplete
    return Envelope(envelope_no, envelope_count, envelope_total)


@router.post(
    "/v1/tax-push-files",
    max_body_size=STREAM_BYTES,
    operation_id="push_tax_file",
    summary="税务推送征收明细文件 · Push a file of what the tax bureau collected (NDJSON, CSV)",
    status_code=202,
    response_model=OperationOut,
    openapi_extra=_BODY,
)
async def push_tax_file(
    at: Pushing,
    announced: Annotated[Announcement, Depends(announcement)],
    envelope: Annotated[Envelope | None, Depends(envelope_of)],
) -> Response:
    """Push a file of lines; the answer is an operation that reports how far it is.

    Rows are as the lines of a JSON push, as NDJSON or as CSV with a header. The file is judged whole
    first: with a fault, or with other totals, nothing is taken. Pushes that share an envelope may not
    bring more than it announced.
    """
    with tempfile.TemporaryFile() as file:
        digest = hashlib.sha256()
        size = 0
        async for piece in at.request.stream():
            digest.update(piece)
            size += file.write(piece)
        if not size:
            raise PushFileEmpty
        request = PushFileRequest(
            region=at.region,
            authority=announced.authority,
            push_no=announced.push_no,
            collected_on=announced.collected_on,
            lines=announced.lines,
            total_fen=announced.total_fen,
            sha256=digest.hexdigest(),
            envelope=envelope,
        )
        row = push_file_flow.operation_of(request, at.caller)
        identity: Identity = at.request.app.state.identity
        cipher = FieldCipher(identity.field_keys, LABEL)
        return await at.write(
            lambda tx: push_file_flow.ask(tx, request, row, at.caller, _sealed(file, cipher)),
            shape=OperationOut.of,
            key=row.operation_key,
            status=202,
            digest=hashlib.sha256(repr(request).encode()).digest(),
        )


def _sealed(file: IO[bytes], cipher: FieldCipher) -> Iterator[bytes]:
    """Seal the file in pieces, from its beginning, because a transaction may run again."""
    file.seek(0)
    while piece := file.read(PART_BYTES):
        yield cipher.seal_bytes(piece)


@router.get(
    "/v1/tax-push-files/{push_no}",
    operation_id="get_tax_push_file",
    summary="文件推送进度 · Get a push by file",
)
async def get_tax_push_file(
    push_no: Serial, at: Reading, authority: Authority = None
) -> TaxPushFileOut:
    """Get how far a file is taken, and what became of its lines."""
    found = await at.read(lambda tx: push_file_flow.find(tx, authority, push_no))
    return TaxPushFileOut.of(found)


@router.get(
    "/v1/tax-push-files/{push_no}/results",
    operation_id="get_tax_push_results",
    summary="逐行处理结果 · Download the result of every line (CSV)",
    response_class=Response,
    responses=_CSV,
)
async def get_tax_push_results(
    push_no: Serial, at: Reading, authority: Authority = None
) -> StreamingResponse:
    """Download what became of every line taken so far, as a stream."""
    push = await at.read(lambda tx: push_file_flow.find(tx, authority, push_no))
    return StreamingResponse(
        _results(at, push),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="results.csv"'},
    )


async def _results(at: Door, push: PushFileRow) -> AsyncIterator[bytes]:
    yield push_file_flow.HEADER
    after = -1
    while found := await at.read(partial(push_file_flow.result_after, row=push, after=after)):
        after, content = found
        yield content


@router.get(
    "/v1/tax-envelopes/{envelope_no}",
    operation_id="get_tax_envelope",
    summary="封套 · Get an envelope",
)
async def get_tax_envelope(
    envelope_no: Serial, at: Reading, authority: Authority = None
) -> TaxEnvelopeOut:
    """Get what an envelope announced, and what its pushes brought so far."""
    found = await at.read(lambda tx: envelope_flow.find(tx, authority, envelope_no))
    return TaxEnvelopeOut.of(found)
