"""Doors of bank files: a payment batch goes out in a bank's format, and its answer comes in."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import replace
from typing import Annotated

from fastapi import Query
from fastapi.responses import Response

from services.payout.common.routes import person_keys, require_centre
from services.payout.payments.domain.bank_file import pieces_of
from services.payout.payments.flows import bank_file as bank_file_flow
from services.payout.payments.schemas.payment import PaymentResultsOut
from shared.bank_files.protocol import refuse
from shared.bank_files.upload import ANSWER_BODY, FILE_ANSWER, SPOOL_BYTES, receive
from shared.bank_files.values import BankResult
from shared.clock import today
from shared.door import Door, door
from shared.guard.entrance import FILE_BYTES
from shared.ids import Ref
from shared.page import RefPath
from shared.references import Reference
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()
FileFormat = Annotated[
    str,
    Query(
        alias="format",
        pattern=r"^[a-z0-9_]{1,20}(:[a-z0-9_]{1,20})?$",
        description="csv | iso20022 | json | gbk_xml:<profile>",
    ),
]


@router.get(
    "/v1/payment-batches/{batch}/file",
    operation_id="get_payment_file",
    summary="付款文件 · Get the file of a payment batch",
    response_class=Response,
    responses=FILE_ANSWER,
)
async def get_payment_file(
    batch: RefPath,
    at: Annotated[Door, door(Right.FETCH_PAYMENT_BATCH)],
    file_format: FileFormat = "iso20022",
) -> Response:
    """Get a funded batch as a file (pain.001 and others), with control totals and whole accounts.

    The file is the same at every call; its name is unique.
    """
    require_centre(at.caller)
    ref = Ref.parse(Reference.PAYMENT_BATCH, batch)
    source = await at.read(lambda tx: bank_file_flow.orders(tx, ref, at.caller))
    file = await bank_file_flow.build(source, person_keys(at.request), file_format)
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"'}
    return Response(file.content, 200, headers, file.media_type)


@router.post(
    "/v1/payment-batches/{batch}/result-files",
    max_body_size=FILE_BYTES,
    operation_id="report_payment_file",
    summary="付款回报文件 · Hand in a bank's answer file about a batch",
    response_model=PaymentResultsOut,
    openapi_extra=ANSWER_BODY,
)
async def report_payment_file(
    batch: RefPath,
    at: Annotated[Door, door(Right.REPORT_PAYMENT_RESULT, money=True)],
    file_format: FileFormat = "iso20022",
) -> Response:
    """Take a bank's answer as a file: pain.002, camt.054, GBK XML, CSV or JSON.

    A file with any fault is refused whole, with every reason. A valid one is applied in pieces of
    10,000 lines, each exactly once; files may come late, twice and in any order.
    """
    ref = Ref.parse(Reference.PAYMENT_BATCH, batch)
    with tempfile.SpooledTemporaryFile(SPOOL_BYTES) as file:
        sha256 = await receive(at.request, file)
        answer = await bank_file_flow.read(file, file_format)
    await at.read(lambda tx: bank_file_flow.check(tx, ref, answer))
    if not answer.results:
        raise refuse("", "FILE_EMPTY", "文件中没有终局结果 (the file has no results)")
    parts = [
        await _take(at, ref, number, piece, sha256)
        for number, piece in enumerate(pieces_of(answer.results), 1)
    ]
    return Response(
        PaymentResultsOut.sum_of(parts).model_dump_json(), 200, None, "application/json"
    )


async def _take(
    at: Door, ref: Ref, number: int, results: list[BankResult], sha256: bytes
) -> PaymentResultsOut:
    """Take one piece under its own key, which follows from the request's."""
    key = hashlib.sha256(f"{at.idempotency_key}/{number}".encode()).hexdigest()
    part = await replace(at, idempotency_key=key).write(
        lambda tx: bank_file_flow.take(tx, ref, results, today=today(), caller=at.caller),
        shape=PaymentResultsOut.of,
        key=ref.key,
        digest=sha256,
    )
    return PaymentResultsOut.model_validate_json(bytes(part.body))
