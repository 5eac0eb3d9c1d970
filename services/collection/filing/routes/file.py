"""The door for declarations by file: a unit of fifty thousand people, or a district's month."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from typing import IO, Annotated, Any, Final

from fastapi import Query, Request
from fastapi.responses import Response
from starlette.datastructures import UploadFile

from services.collection.common.domain.rows import ROWS_MAX, OnFault
from services.collection.filing.domain.check import ControlTotals
from services.collection.filing.flows import file as file_flow
from services.collection.filing.flows.file import FileRequest
from services.collection.levy.schemas import WageTotal
from services.collection.operation.schemas import OperationOut
from shared.door import Door, door
from shared.errors import Kind, Refusal
from shared.guard.entrance import FILE_BYTES
from shared.period import PERIOD_PATTERN, Period
from shared.roles import Right
from shared.schema import Code, CreditCode
from shared.security.field_cipher import FieldCipher
from shared.security.identity import Identity
from shared.web.door_router import DoorRouter

router = DoorRouter()
LABEL: Final = "declaration_file"
PART_BYTES: Final = 1024 * 1024
_SPOOL_BYTES: Final = 1024 * 1024

_RAW: Final[dict[str, Any]] = {"schema": {"type": "string", "minLength": 1}}
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": _RAW,
            "application/x-ndjson": _RAW,
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {
                "schema": {"type": "string", "format": "binary"}
            },
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            },
        },
    }
}


class FileMissing(Refusal):
    """请求中没有文件 (there is no file in the request)"""

    kind = Kind.INVALID
    code = "FILE_MISSING"


@router.post(
    "/v1/declaration-files",
    max_body_size=FILE_BYTES,
    operation_id="submit_declaration_file",
    summary="文件申报 · Hand in declarations by file (CSV, NDJSON, XLSX)",
    status_code=202,
    response_model=OperationOut,
    openapi_extra=_BODY,
)
async def submit_declaration_file(
    at: Annotated[Door, door(Right.SUBMIT_DECLARATION)],
    period: Annotated[str, Query(pattern=PERIOD_PATTERN, description="费款所属期")],
    control_people: Annotated[int, Query(ge=1, le=ROWS_MAX, description="人数合计")],
    control_wages: Annotated[WageTotal, Query(description="工资合计")],
    credit_code: Annotated[CreditCode | None, Query(description="全部人员同属一单位")] = None,
    district: Annotated[Code | None, Query(description="只收该分中心的单位")] = None,
    on_fault: OnFault = OnFault.REFUSE,
) -> Response:
    """Submit declarations by file; the answer is an operation that reports the result.

    Columns: credit_code, identity_number, wage; where needed unit_wage_total, wage.<insurance>,
    figure.<name> and unit_figure.<name>. The format is recognised from the content. The same file
    for the same period is the same operation; a failed one is tried again. Once a declaration of
    the month was returned, the same file is a new round: it is submitted for those units again.
    """
    with tempfile.SpooledTemporaryFile(_SPOOL_BYTES) as file:
        digest, size = await _received(at.request, file)
        request = FileRequest(
            region=at.region,
            period=Period.parse(period),
            control=ControlTotals(people=control_people, wages_fen=control_wages),
            on_fault=on_fault,
            credit_code=credit_code,
            district=at.caller.scope(district),
            sha256=digest.hex(),
            bytes=size,
        )
        row = file_flow.operation_of(request, at.caller)
        identity: Identity = at.request.app.state.identity
        cipher = FieldCipher(identity.field_keys, LABEL)
        return await at.write(
            lambda tx: file_flow.ask(tx, row, at.caller, _sealed(file, cipher)),
            shape=OperationOut.of,
            key=row.operation_key,
            status=202,
            digest=hashlib.sha256(row.natural_key.encode()).digest(),
        )


async def _received(request: Request, file: IO[bytes]) -> tuple[bytes, int]:
    """Store the file as it is received; return its digest and size.

    Raises:
        FileMissing: there is no file, or it is empty.
    """
    digest, size = hashlib.sha256(), 0
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        async with request.form(max_files=1, max_fields=0) as form:
            part = form.get("file")
            if not isinstance(part, UploadFile):
                raise FileMissing
            while piece := await part.read(PART_BYTES):
                digest.update(piece)
                size += file.write(piece)
    else:
        async for piece in request.stream():
            digest.update(piece)
            size += file.write(piece)
    if not size:
        raise FileMissing
    return digest.digest(), size


def _sealed(file: IO[bytes], cipher: FieldCipher) -> Iterator[bytes]:
    """Seal the file in pieces, from its beginning, because a transaction may run again."""
    file.seek(0)
    while piece := file.read(PART_BYTES):
        yield cipher.seal_bytes(piece)
