"""Doors of bank files: a batch goes out in the bank's format, and the bank's answer comes in."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import replace
from typing import Annotated

from fastapi import Query
from fastapi.responses import Response

from services.collection.common.routes.account import account_cipher
from services.collection.debits.domain.bank_file import PIECE_LINES, AnswerFile, FilePiece
from services.collection.debits.flows import bank_file as bank_file_flow
from services.collection.debits.flows import bank_profile as bank_profile_flow
from services.collection.debits.flows.debit import batch_ref
from services.collection.debits.schemas.bank_file import BankFileOut
from services.collection.debits.schemas.debit import DebitResultsOut
from shared.bank_files.upload import (
    ANSWER_BODY,
    FILE_ANSWER,
    SIGNATURE_HEADER,
    SPOOL_BYTES,
    SignatureHeader,
    receive,
)
from shared.door import Door, door
from shared.guard.entrance import FILE_BYTES
from shared.page import RefPath
from shared.process.settings import Settings
from shared.references import Reference
from shared.roles import Right
from shared.schema import Code
from shared.signature.own_keys import OwnKeys
from shared.web.door_router import DoorRouter

router = DoorRouter()


@router.get(
    "/v1/debit-batches/{batch}/file",
    operation_id="get_debit_file",
    summary="扣款文件 · Get the file of a debit batch",
    response_class=Response,
    responses=FILE_ANSWER,
)
async def get_debit_file(
    batch: RefPath, at: Annotated[Door, door(Right.FETCH_DEBIT_BATCH)]
) -> Response:
    """Get a batch as a file in its bank's format, with control totals and whole account numbers.

    The file is the same at every call; its name is unique. Where the bank's profile asks for it,
    the header File-Signature has the centre's detached signature of the file.
    """
    source = await at.read(lambda tx: bank_file_flow.orders(tx, batch, at.caller))
    settings: Settings = at.request.app.state.settings
    keys = OwnKeys(settings.bank_keys_path)
    file = await bank_file_flow.build(source, account_cipher(at), keys)
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"'}
    if file.signature is not None:
        headers[SIGNATURE_HEADER] = file.signature
    return Response(file.content, 200, headers, file.media_type)


@router.post(
    "/v1/bank-files",
    max_body_size=FILE_BYTES,
    operation_id="report_debit_file",
    summary="扣款回执文件 · Hand in a bank's answer file",
    response_model=BankFileOut,
    openapi_extra=ANSWER_BODY,
)
async def report_debit_file(
    at: Annotated[Door, door(Right.REPORT_DEBIT_RESULT, money=True)],
    bank: Annotated[Code, Query(description="代扣银行代码 (code of the bank)")],
    signature: SignatureHeader = None,
) -> Response:
    """Take a bank's answer as a file in its format: pain.002, camt.054, GBK XML, CSV or JSON.

    A file with any fault is refused whole, with every reason; so is one without the signature that
    the bank's profile demands. A valid one is applied in pieces of
    2,500 lines, each exactly once, so the same request again continues where it stopped. Files may
    come late, twice and in any order.
    """
    profile = await at.read(lambda tx: bank_profile_flow.find(tx, bank))
    with tempfile.SpooledTemporaryFile(SPOOL_BYTES) as file:
        sha256 = await receive(at.request, file)
        await bank_file_flow.check_signature(file, signature, profile, at.request.app.state.trust)
        answer = await bank_file_flow.read(file, profile)
    divided = await at.read(
        lambda tx: bank_file_flow.divide(tx, answer, profile, sha256=sha256, region=at.region)
    )
    parts: list[tuple[str, DebitResultsOut]] = []
    replayed = bool(divided.pieces)
    for number, piece in enumerate(divided.pieces, 1):
        part = await _take(at, divided, number, piece)
        replayed = replayed and part.headers.get("Idempotent-Replayed") == "true"
        batch = batch_ref(piece.batch_id).text(Reference.DEBIT_BATCH)
        parts.append((batch, DebitResultsOut.model_validate_json(bytes(part.body))))
    headers = {"Idempotent-Replayed": "true"} if replayed else None
    body = BankFileOut.of(divided, parts).model_dump_json()
    return Response(body, 200, headers, "application/json")


async def _take(at: Door, file: AnswerFile, number: int, piece: FilePiece) -> Response:
    """Take one piece under its own key, which follows from the request's.

    The length of a piece is part of it: another release may divide the same file otherwise.
    """
    key = hashlib.sha256(f"{at.idempotency_key}/{PIECE_LINES}/{number}".encode()).hexdigest()
    return await replace(at, idempotency_key=key).write(
        lambda tx: bank_file_flow.take(tx, piece, region=at.region, caller=at.caller),
        shape=DebitResultsOut.of,
        key=batch_ref(piece.batch_id).key,
        digest=file.sha256,
    )
