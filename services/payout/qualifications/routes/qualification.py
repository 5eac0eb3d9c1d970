"""Doors of applications for retirement: filing, checks, steps, lists."""

from __future__ import annotations

from typing import Annotated

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.common.routes import DistrictQuery, person_keys
from services.payout.common.schemas import BankAccountOut, TrailOut
from services.payout.formulas.clients import InsuredPersonUnknown
from services.payout.qualifications.clients import RetirementRecords
from services.payout.qualifications.domain.qualification import (
    AT_ONCE,
    STEP_RIGHTS,
    BlockReason,
    Qualification,
    QualificationStatus,
    QualificationStep,
)
from services.payout.qualifications.flows import posting as posting_flow
from services.payout.qualifications.flows import qualification as qualification_flow
from services.payout.qualifications.flows import signature as signature_flow
from services.payout.qualifications.flows.qualification import CheckingContext
from services.payout.qualifications.schemas.printed import result_notice_page
from services.payout.qualifications.schemas.qualification import (
    BlockedReportOut,
    QualificationCheckIn,
    QualificationDetailOut,
    QualificationIn,
    QualificationOut,
    QualificationSignatureIn,
    QualificationsOut,
    ResubmissionIn,
    account_of,
)
from shared.clock import today
from shared.cursor import LIMIT_DEFAULT, cut, read_uuid
from shared.door import Door, door
from shared.errors import Fault, Faulty
from shared.ids import Ref
from shared.page import Cursor, Limit, Page, RefPath
from shared.references import Reference
from shared.roles import Right
from shared.web.door_router import DoorRouter
from shared.web.html import SAFE

router = DoorRouter(tags=["qualifications"])


def retirement_records(request: Request) -> RetirementRecords:
    """Give the client that reads the records of applicants."""
    records: RetirementRecords = request.app.state.retirement_records
    return records


def checking_context(at: Door) -> CheckingContext:
    """Give what a check needs of a request."""
    return CheckingContext(
        today=today(), place=at.region, keys=person_keys(at.request), caller=at.caller
    )


@router.post(
    "/v1/qualifications",
    operation_id="file_qualification",
    summary="受理退休申请 · File an application for retirement",
    status_code=201,
    response_model=QualificationOut,
)
async def file_qualification(
    body: QualificationIn, at: Annotated[Door, door(Right.REGISTER_ENTITLEMENT)]
) -> Response:
    """File an application. Months, bases, arrears and balance are read; the amount is computed."""
    context = checking_context(at)
    person = qualification_flow.applicant(body.identity_number, context.keys, context.today)
    try:
        known = await retirement_records(at.request).of(person, context.today)
    except InsuredPersonUnknown as unknown:
        fault = Fault("/identity_number", unknown.code, unknown.message)
        raise Faulty(faults=[fault]) from None

    async def work(tx: AsyncConnection) -> QualificationOut:
        paper = await qualification_flow.file(
            tx, body.identity_number, body.district, body.facts(), known, at=context
        )
        return QualificationOut.of(paper, context.keys)

    key = qualification_flow.qualification_key(body.district)
    return await at.write(work, key=key, status=201)


@router.post(
    "/v1/qualifications/{qualification}/resubmissions",
    operation_id="resubmit_qualification",
    summary="补正退休申请 · Hand a returned application in again",
    status_code=201,
    response_model=QualificationOut,
)
async def resubmit_qualification(
    qualification: RefPath,
    body: ResubmissionIn,
    at: Annotated[Door, door(Right.REGISTER_ENTITLEMENT)],
) -> Response:
    """Replace what was handed in and check it; the four steps begin again."""
    ref, context = Ref.parse(Reference.QUALIFICATION, qualification), checking_context(at)
    paper = await at.read(lambda tx: qualification_flow.find(tx, ref, caller=at.caller))
    person = qualification_flow.person_ref(paper.person_id, paper.blind)
    known = await retirement_records(at.request).of(person, context.today)

    async def work(tx: AsyncConnection) -> QualificationOut:
        again = await qualification_flow.resubmit(tx, ref, body.facts(), known, at=context)
        return QualificationOut.of(again, context.keys)

    return await at.write(work, key=ref.key, status=201)


@router.post(
    "/v1/qualification-checks",
    operation_id="check_qualifications",
    summary="重新核查 · Check applications again",
    status_code=201,
    response_model=QualificationsOut,
)
async def check_qualifications(
    body: QualificationCheckIn,
    at: Annotated[Door, door(Right.REGISTER_ENTITLEMENT, Right.SIGN_FIRST)],
) -> Response:
    """Read the records again, of these applications or of those that wait longest. An application
    whose result changes loses its signatures."""
    context, refs = checking_context(at), body.refs()
    ids = None if refs is None else [ref.id for ref in refs]
    papers: list[Qualification] = await at.read(
        lambda tx: qualification_flow.to_check(
            tx, body.district, ids, limit=AT_ONCE, caller=at.caller
        )
    )
    people = [qualification_flow.person_ref(paper.person_id, paper.blind) for paper in papers]
    known = await retirement_records(at.request).of_all(people, context.today)

    async def work(tx: AsyncConnection) -> QualificationsOut:
        checked = await qualification_flow.recheck(tx, papers, known, at=context)
        return QualificationsOut.of(checked, context.keys)

    key = qualification_flow.qualification_key(body.district)
    return await at.write(work, key=key, status=201)


@router.post(
    "/v1/qualification-signatures",
    operation_id="sign_qualifications",
    summary="初审、负责人审核、领导核定 · Take a step of applications",
    status_code=201,
    response_model=QualificationsOut,
)
async def sign_qualifications(
    body: QualificationSignatureIn, at: Annotated[Door, door(*STEP_RIGHTS)]
) -> Response:
    """Approve, return or refuse applications that wait for the caller's step, all or none."""
    keys = person_keys(at.request)
    ids = [ref.id for ref in body.refs()]

    async def work(tx: AsyncConnection) -> QualificationsOut:
        signed = await signature_flow.sign(
            tx, body.district, ids, body.decision, body.note, caller=at.caller
        )
        return QualificationsOut.of(signed, keys)

    key = qualification_flow.qualification_key(body.district)
    return await at.write(work, key=key, status=201)


@router.get(
    "/v1/qualifications",
    operation_id="list_qualifications",
    summary="退休申请清单 · Applications for retirement",
)
async def list_qualifications(
    at: Annotated[Door, door(Right.READ_PAYOUT)],
    district: DistrictQuery = None,
    status: QualificationStatus | None = None,
    step: QualificationStep | None = None,
    reason: BlockReason | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[QualificationOut]:
    """List applications in order of filing; `reason` lists those that it keeps from going on."""
    columns = {
        "district": at.caller.scope(district),
        "status": status.value if status else None,
        "step": step.value if step else None,
    }
    why = reason.value if reason else None
    filters = {"list": "qualifications", "reason": why} | columns
    after = read_uuid(cursor, filters)
    rows = await at.read(
        lambda tx: qualification_flow.page(
            tx, filters=columns, reason=why, after=after, limit=limit + 1
        )
    )
    shown, next_cursor = cut(rows, limit, lambda paper: [paper.ref.id.hex], filters)
    keys = person_keys(at.request)
    return Page[QualificationOut].of(
        [QualificationOut.of(paper, keys) for paper in shown], next_cursor
    )


@router.get(
    "/v1/qualification-blocks",
    operation_id="report_blocked_qualifications",
    summary="受阻申请统计 · Blocked applications by reason",
)
async def report_blocked_qualifications(
    at: Annotated[Door, door(Right.READ_PAYOUT)], district: DistrictQuery = None
) -> BlockedReportOut:
    """Count the people who are kept from retiring, by district and reason, as last checked."""
    counts = await at.read(lambda tx: qualification_flow.blocked(tx, district, caller=at.caller))
    return BlockedReportOut.of(counts)


@router.get(
    "/v1/qualifications/{qualification}",
    operation_id="get_qualification",
    summary="退休申请 · An application for retirement",
)
async def get_qualification(
    qualification: RefPath, at: Annotated[Door, door(Right.READ_PAYOUT)]
) -> QualificationDetailOut:
    """Read an application with its reasons and the calculation of its amount."""
    ref = Ref.parse(Reference.QUALIFICATION, qualification)

    async def work(tx: AsyncConnection) -> QualificationDetailOut:
        paper = await qualification_flow.find(tx, ref, caller=at.caller)
        objections = await posting_flow.objections(tx, ref)
        return QualificationDetailOut.of(paper, objections, person_keys(at.request))

    return await at.read(work)


@router.get(
    "/v1/qualifications/{qualification}/account",
    operation_id="read_qualification_account",
    summary="核对收款账户 · The whole account of an application",
)
async def read_qualification_account(
    qualification: RefPath, at: Annotated[Door, door(Right.READ_PERSONAL_DATA)]
) -> BankAccountOut:
    """Read the account unmasked, to compare it with the document; the trail keeps who has read it."""
    ref = Ref.parse(Reference.QUALIFICATION, qualification)
    paper = await at.read(lambda tx: qualification_flow.read_account(tx, ref, caller=at.caller))
    return account_of(paper, person_keys(at.request), full=True)


@router.get(
    "/v1/qualifications/{qualification}/trail",
    operation_id="get_qualification_trail",
    summary="办理痕迹 · The trail of an application",
)
async def get_qualification_trail(
    qualification: RefPath, at: Annotated[Door, door(Right.READ_PAYOUT)]
) -> TrailOut:
    """List who filed, checked, signed, returned or read it, and when."""
    ref = Ref.parse(Reference.QUALIFICATION, qualification)
    return TrailOut.of(
        await at.read(lambda tx: qualification_flow.steps(tx, ref, caller=at.caller))
    )


@router.get(
    "/v1/qualifications/{qualification}/print",
    operation_id="print_qualification_result",
    summary="打印核定结果通知单 · Print the notice of a result",
    response_class=HTMLResponse,
)
async def print_qualification_result(
    qualification: RefPath, at: Annotated[Door, door(Right.READ_PERSONAL_DATA)]
) -> HTMLResponse:
    """Print the notice of a decided application, with the whole name; the trail keeps the reader."""
    ref = Ref.parse(Reference.QUALIFICATION, qualification)
    keys = person_keys(at.request)
    notice = await at.read(lambda tx: posting_flow.notice(tx, ref, keys=keys, caller=at.caller))
    return HTMLResponse(result_notice_page(notice), headers=SAFE)
