"""Take a push by file: read it once to judge it whole, then again to take it in pieces."""

from __future__ import annotations

import asyncio
import io
import tempfile
from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import IO, Final

from services.collection.allocation.domain.receipt import tax_source
from services.collection.common.domain.errors import ControlTotalsDiffer
from services.collection.common.domain.rows import RowFault
from services.collection.operation import store as operation_store
from services.collection.operation.flows import OperationFailed
from services.collection.operation.jobs.run import Work
from services.collection.operation.jobs.tools import Progress, Tools
from services.collection.operation.store import OperationRow
from services.collection.tax.domain import file as tax_file_rules
from services.collection.tax.domain import push as push_rules
from services.collection.tax.domain.file import FileMalformed, FileSurvey, LineReader, Row
from services.collection.tax.domain.line import TaxLine
from services.collection.tax.flows import push_file as push_file_flow
from services.collection.tax.flows.push_file import PushFileRequest
from shared import book_days
from shared.security.field_cipher import FieldCipher

KIND: Final = push_file_flow.KIND
LABEL: Final = "tax_push_file"
"""The label that pieces of a file are sealed with."""
PIECE: Final = 5_000
"""Lines taken in one transaction."""


async def prepare(tools: Tools, row: OperationRow, progress: Progress) -> Work:
    """Take the file in pieces, and return the work that ends the operation.

    Raises:
        OperationFailed: the file cannot be read, or differs from its control totals.
    """
    request = PushFileRequest.of(row.asked)
    async with tools.db.transaction() as tx:
        push = await push_file_flow.find(tx, request.authority, request.push_no)
        days = await book_days.read(tx)
    assert push.authority == tax_source(request.authority)
    with tempfile.TemporaryFile() as file:
        await _unseal(tools, row, file)
        reader = LineReader(tools.identity.pepper, request.collected_on, days.is_before_chart)
        await asyncio.to_thread(_survey, file, reader, request)
        rows = islice(_rows(file), push.done_lines, None)
        first = push.done_lines
        progress.more(first)
        while lines := await asyncio.to_thread(_piece, rows, reader):
            await tools.db.run(
                partial(push_file_flow.take_piece, row=row, push=push, first=first, lines=lines)
            )
            first += len(lines)
            progress.more(len(lines))
    async with tools.db.transaction() as tx:
        taken = await push_file_flow.find(tx, request.authority, request.push_no)
    return partial(push_file_flow.finish, row=row, found=taken)


async def _unseal(tools: Tools, row: OperationRow, file: IO[bytes]) -> None:
    cipher = FieldCipher(tools.identity.field_keys, LABEL)
    async with tools.db.transaction() as tx:
        async for sealed in operation_store.parts(tx, row):
            file.write(cipher.open_bytes(sealed))
    file.flush()


def _rows(file: IO[bytes]) -> Iterator[Row]:
    """Read the rows of a file: NDJSON where it begins with an object, otherwise CSV."""
    file.seek(0)
    head = file.read(64).lstrip(b"\xef\xbb\xbf \r\n\t")
    file.seek(0)
    if head[:1] == b"{":
        yield from tax_file_rules.ndjson_rows(file)
        return
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    try:
        yield from tax_file_rules.csv_rows(text)
    finally:
        text.detach()


def _survey(file: IO[bytes], reader: LineReader, request: PushFileRequest) -> None:
    """Judge the file as a whole, before any of it is taken."""
    survey = FileSurvey()
    try:
        for number, cells in _rows(file):
            if survey.lines > request.lines:
                break
            survey.add(cells if isinstance(cells, RowFault) else reader.read(number, cells))
    except FileMalformed as malformed:
        fault = malformed.fault
        raise OperationFailed(fault.code, fault.message, [fault]) from None
    if survey.faulty:
        raise OperationFailed(
            "FILE_HAS_FAULTS", "文件有误,未入账任何一行 (faults; nothing is taken)", survey.faults
        )
    try:
        push_rules.check_totals(
            survey.lines, survey.total_fen, count=request.lines, total_fen=request.total_fen
        )
    except ControlTotalsDiffer as differ:
        faults = [RowFault(0, fault.pointer, fault.code, fault.message) for fault in differ.faults]
        raise OperationFailed(differ.code, differ.message, faults) from None


def _piece(rows: Iterator[Row], reader: LineReader) -> list[TaxLine]:
    lines = []
    for number, cells in islice(rows, PIECE):
        assert not isinstance(cells, RowFault), "the file was judged whole"
        line = reader.read(number, cells)
        assert isinstance(line, TaxLine)
        lines.append(line)
    return lines
