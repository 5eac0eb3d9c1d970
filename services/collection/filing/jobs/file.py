"""Read a declaration file back from its sealed pieces and store what it declares."""

from __future__ import annotations

import asyncio
import codecs
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import IO, Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.clients.sheet import NotASheet, csv_of
from services.collection.common.domain.rows import FileRows, FileUnreadable, Format
from services.collection.filing.domain.text import read_csv, read_ndjson
from services.collection.filing.flows import file as file_flow
from services.collection.filing.flows.file import FileRequest
from services.collection.operation import store as operation_store
from services.collection.operation.flows import OperationFailed
from services.collection.operation.jobs.tools import Progress, Tools
from services.collection.operation.store import OperationRow
from shared.security.field_cipher import FieldCipher

KIND: Final = file_flow.KIND
LABEL: Final = "declaration_file"
"""The label that pieces of a file are sealed with."""
_SPOOL_BYTES: Final = 4 * 1024 * 1024
_XLSX_HEAD: Final = b"PK\x03\x04"

Work = Callable[[AsyncConnection], Awaitable[dict[str, Any]]]


async def prepare(tools: Tools, row: OperationRow, progress: Progress) -> Work:
    """Read the file into columns, and return the work that checks and stores them.

    Raises:
        OperationFailed: it cannot be read. NoPolicy: none is in force in its period.
    """
    request = FileRequest.of(row.asked)
    async with tools.db.transaction() as tx:
        policy = (await file_flow.policy_of(tx, request)).policy
    with _spool() as file:
        await _unseal(tools, row, file)
        try:
            filed = await _read(file, policy.insurances, tools, request.credit_code, progress)
        except FileUnreadable as unreadable:
            fault = unreadable.fault
            raise OperationFailed(fault.code, fault.message, [fault]) from None
        except NotASheet:
            raise OperationFailed("SHEET_UNREADABLE", "无法读取工作簿 (not a workbook)") from None
    return partial(file_flow.take, row=row, request=request, filed=filed)


@contextmanager
def _spool() -> Iterator[IO[bytes]]:
    """Open a file without a name, which is gone when it is closed or the process dies."""
    with tempfile.TemporaryFile(buffering=_SPOOL_BYTES) as file:
        yield file


async def _unseal(tools: Tools, row: OperationRow, file: IO[bytes]) -> None:
    cipher = FieldCipher(tools.identity.field_keys, LABEL)
    async with tools.db.transaction() as tx:
        async for sealed in operation_store.parts(tx, row):
            file.write(cipher.open_bytes(sealed))
    file.flush()


async def _read(
    file: IO[bytes],
    insurances: tuple[str, ...],
    tools: Tools,
    one_unit: str | None,
    progress: Progress,
) -> FileRows:
    kind = format_of(file)
    if kind is Format.XLSX:
        with _spool() as text:
            await csv_of(file, text)
            text.seek(0)
            return await _read(text, insurances, tools, one_unit, progress)
    pepper = tools.identity.pepper
    if kind is Format.NDJSON:
        return await asyncio.to_thread(
            read_ndjson, file, insurances, pepper, one_unit, progress.more
        )
    encoding = _encoding(file)
    return await asyncio.to_thread(
        read_csv, file, encoding, insurances, pepper, one_unit, progress.more
    )


def format_of(file: IO[bytes]) -> Format:
    """Tell the format of a file by its first bytes, not by its name."""
    file.seek(0)
    head = file.read(64)
    file.seek(0)
    if head.startswith(_XLSX_HEAD):
        return Format.XLSX
    return Format.NDJSON if head.lstrip(codecs.BOM_UTF8 + b" \r\n\t")[:1] == b"{" else Format.CSV


def _encoding(file: IO[bytes]) -> str:
    """Return UTF-8, or, when the header is not UTF-8, the encoding in which Chinese spreadsheets save CSV."""
    file.seek(0)
    header = file.readline(100_000)
    file.seek(0)
    try:
        header.decode("utf-8-sig")
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8-sig"
