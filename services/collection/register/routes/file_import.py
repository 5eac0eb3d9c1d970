"""Doors of registration by file (导入): units, and people of many units, from CSV or XLSX."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Final, Literal

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.fault_report import fault_report
from services.collection.common.domain.rows import FileUnreadable, RowFault
from services.collection.common.routes.account import account_cipher
from services.collection.register.domain.file import PEOPLE_COLUMNS, UNIT_COLUMNS, Record, read
from services.collection.register.flows import file_import as file_import_flow
from services.collection.register.flows.enrolment import Vault
from services.collection.register.flows.file_import import ImportMode, ImportResult
from services.collection.register.schemas.file_import import ImportOut, people_of, units_of
from shared.door import Door, door
from shared.errors import Fault, Faulty
from shared.guard.entrance import FILE_BYTES
from shared.ids import key_of
from shared.process.settings import Settings
from shared.roles import Right
from shared.security.identity import Identity
from shared.web.door_router import DoorRouter

router = DoorRouter()
Registering = Annotated[Door, door(Right.REGISTER)]
FAULTS_MAX: Final = 1000
ReportFormat = Literal["json", "csv"]
Work = Callable[[AsyncConnection], Awaitable[ImportResult]]

_CONTENT: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {"schema": {"type": "string", "minLength": 1}},
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {
                "schema": {"type": "string", "format": "binary"}
            },
        },
    }
}


class ImportFaulty(Faulty):
    """文件有误,未登记任何内容 (the file has faults; nothing was registered)"""

    code = "FILE_HAS_FAULTS"


@router.post(
    "/v1/unit-imports",
    max_body_size=FILE_BYTES,
    operation_id="import_units",
    summary="单位登记导入 · Register units by file",
    response_model=ImportOut,
    openapi_extra=_CONTENT,
)
async def import_units(
    at: Registering, mode: ImportMode = ImportMode.ALL_OR_NOTHING, report: ReportFormat = "json"
) -> Response:
    """Register the units of a file.

    Columns: credit_code, name, kind, district, collector; injury_class (1 to 8), size, bank,
    account_number and account_name where needed. A kind is 企业 enterprise, 事业单位 institution,
    机关 organ, 乡镇企业 rural_enterprise or 灵活就业 flexible; a collector is 银行托收 bank_debit or
    税务征收 tax; a size is 大型 large, 中型 medium, 小型 small, 微型 micro or 个体工商户 sole. By default all rows are registered or none; with `mode=row_by_row` the
    rows without faults are. With `report=csv` the answer is a file of all faults by row and column.
    """
    settings: Settings = at.request.app.state.settings
    records, digest = await _records(at.request, UNIT_COLUMNS)
    accounts = account_cipher(at)
    units, unread = await asyncio.to_thread(units_of, records, accounts)

    async def work(tx: AsyncConnection) -> ImportResult:
        return await file_import_flow.units(
            tx,
            units,
            unread,
            mode=mode,
            region=settings.region,
            caller=at.caller,
            accounts=accounts,
        )

    return await _answer(at, work, mode, report, digest)


@router.post(
    "/v1/enrolment-imports",
    max_body_size=FILE_BYTES,
    operation_id="import_people",
    summary="人员参保导入 · Enrol people by file",
    response_model=ImportOut,
    openapi_extra=_CONTENT,
)
async def import_people(
    at: Registering, mode: ImportMode = ImportMode.ALL_OR_NOTHING, report: ReportFormat = "json"
) -> Response:
    """Enrol the people of a file at any number of units.

    Columns: credit_code, identity_number, name, joined_on; category and base_choice for people who
    are not ordinary employees. `identity_number` also takes the numbers of residents from Hong Kong,
    Macau and Taiwan, of foreigners with permanent residence, and the social security numbers of
    other foreigners. People also covered at another unit are enrolled with a warning. The CSV report
    lists warnings after the faults. `mode` and `report` work as for units.
    """
    settings: Settings = at.request.app.state.settings
    identity: Identity = at.request.app.state.identity
    vault = Vault.of(identity.pepper, identity.field_keys)
    records, digest = await _records(at.request, PEOPLE_COLUMNS)
    people, unread = await asyncio.to_thread(people_of, records)

    async def work(tx: AsyncConnection) -> ImportResult:
        return await file_import_flow.people(
            tx, people, unread, mode=mode, region=settings.region, vault=vault, caller=at.caller
        )

    return await _answer(at, work, mode, report, digest)


async def _records(request: Request, columns: Mapping[str, str]) -> tuple[list[Record], bytes]:
    """Receive a file; return its rows and its digest."""
    digest = hashlib.sha256()
    with tempfile.TemporaryFile() as file:
        async for piece in request.stream():
            digest.update(piece)
            file.write(piece)
        file.flush()
        try:
            text = await file_import_flow.text_of(file, columns)
            return await asyncio.to_thread(read, text, columns), digest.digest()
        except FileUnreadable as unreadable:
            raise ImportFaulty(faults=[_fault(unreadable.fault)]) from None


def _fault(fault: RowFault) -> Fault:
    return Fault(f"line/{fault.row}/{fault.column}", fault.code, fault.message)


async def _answer(
    at: Door, work: Work, mode: ImportMode, report: ReportFormat, digest: bytes
) -> Response:
    async def answered(tx: AsyncConnection) -> Response:
        return _response(await work(tx), mode, report)

    key = key_of("import", digest.hex())
    return await at.write_file(answered, key=key, digest=digest)


def _response(found: ImportResult, mode: ImportMode, report: ReportFormat) -> Response:
    is_refused = bool(found.faults) and mode is ImportMode.ALL_OR_NOTHING
    if report == "csv":
        status = 422 if is_refused else 200
        rows = [*found.faults, *found.warnings]
        return Response(fault_report(rows), status, media_type="text/csv; charset=utf-8")
    if is_refused:
        raise ImportFaulty(
            rows=found.rows,
            refused=found.refused,
            faults=[_fault(fault) for fault in found.faults[:FAULTS_MAX]],
        )
    return Response(ImportOut.of(found).model_dump_json(), 200, media_type="application/json")
