"""Doors of printed notices (打印): HTML pages without scripts, made from stored documents."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from fastapi.responses import HTMLResponse
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.notice.flows import notice as notice_flow
from services.collection.notice.schemas.notice import (
    bill_page,
    certificate_page,
    dunning_page,
    inspection_page,
    project_certificate_page,
)
from shared.door import Door, door
from shared.ids import Ref
from shared.page import RefPath
from shared.references import Reference
from shared.roles import Caller, Right
from shared.web.door_router import DoorRouter
from shared.web.html import SAFE

router = DoorRouter(default_response_class=HTMLResponse)
Reading = Annotated[Door, door(Right.READ_COLLECTION)]
Print = TypeVar("Print")


async def _printed(
    at: Door,
    ref: Ref,
    load: Callable[[AsyncConnection, Ref, Caller], Awaitable[Print]],
    page: Callable[[Print], str],
) -> HTMLResponse:
    async def work(tx: AsyncConnection) -> str:
        return page(await load(tx, ref, at.caller))

    return HTMLResponse(await at.read(work), headers=SAFE)


@router.get(
    "/v1/bills/{bill}/print",
    operation_id="print_bill",
    summary="打印缴费通知单 · Print a bill",
)
async def print_bill(bill: RefPath, at: Reading) -> HTMLResponse:
    """Print a bill as of now: amounts due, paid, waived and credited."""
    return await _printed(at, Ref.parse(Reference.BILL, bill), notice_flow.bill, bill_page)


@router.get(
    "/v1/dunning-notices/{notice}/print",
    operation_id="print_dunning_notice",
    summary="打印催缴通知书 · Print a dunning notice",
)
async def print_dunning_notice(notice: RefPath, at: Reading) -> HTMLResponse:
    """Print a dunning notice: the debts of its day, under the law of that day."""
    return await _printed(
        at, Ref.parse(Reference.DUNNING_NOTICE, notice), notice_flow.dunning, dunning_page
    )


@router.get(
    "/v1/inspections/{inspection}/print",
    operation_id="print_inspection",
    summary="打印稽核意见书 · Print the notice of an inspection's findings",
)
async def print_inspection(inspection: RefPath, at: Reading) -> HTMLResponse:
    """Print the notice that was given: the findings, people masked, and the days to object."""
    return await _printed(
        at, Ref.parse(Reference.INSPECTION, inspection), notice_flow.inspection, inspection_page
    )


@router.get(
    "/v1/certificates/{certificate}/print",
    operation_id="print_certificate",
    summary="打印足额缴费证明 · Print a full-payment certificate",
)
async def print_certificate(certificate: RefPath, at: Reading) -> HTMLResponse:
    """Print a full-payment certificate as issued."""
    return await _printed(
        at, Ref.parse(Reference.CERTIFICATE, certificate), notice_flow.certificate, certificate_page
    )


@router.get(
    "/v1/project-certificates/{certificate}/print",
    operation_id="print_project_certificate",
    summary="打印建设项目参保证明 · Print a project's certificate",
)
async def print_project_certificate(certificate: RefPath, at: Reading) -> HTMLResponse:
    """Print a project's certificate as issued."""
    return await _printed(
        at,
        Ref.parse(Reference.PROJECT_CERTIFICATE, certificate),
        notice_flow.project_certificate,
        project_certificate_page,
    )
