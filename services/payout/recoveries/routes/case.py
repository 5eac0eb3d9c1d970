"""Doors of recovery cases: what is overpaid, opening and confirming cases, and lists."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.benefits.domain import BASIC_PENSION
from services.payout.common.routes import DistrictQuery, FundQuery, person_keys
from services.payout.recoveries.domain.case import CaseStatus
from services.payout.recoveries.flows import case as recovery_case_flow
from services.payout.recoveries.flows import wrong_claim as wrong_claim_flow
from services.payout.recoveries.schemas.case import (
    CaseConfirmationIn,
    CaseRefusalIn,
    OverpaidListOut,
    RecoveryCaseDetailOut,
    RecoveryCaseOut,
    RecoveryCasesOut,
    RecoveryNoticeOut,
    RecoverySweepIn,
    WrongClaimIn,
)
from shared.clock import today
from shared.cursor import LIMIT_DEFAULT, cut, read_uuid
from shared.door import Door, door
from shared.ids import Ref, district_key
from shared.page import Cursor, Limit, Page, RefPath
from shared.references import Reference
from shared.roles import Right
from shared.schema import Code
from shared.web.door_router import DoorRouter

router = DoorRouter(tags=["recoveries"])


@router.get(
    "/v1/overpayments",
    operation_id="list_overpayments",
    summary="多付清单 · People who were paid more than is due, and have no case yet",
)
async def list_overpayments(
    at: Annotated[Door, door(Right.READ_PAYOUT)],
    district: Annotated[Code, Query(examples=["heping"])],
    kind: Literal["basic_pension"] = BASIC_PENSION,
) -> OverpaidListOut:
    """Compare what was paid with what is due, by the rule of pension runs."""
    people = await at.read(
        lambda tx: recovery_case_flow.overpaid(tx, district=district, kind=kind, caller=at.caller)
    )
    return OverpaidListOut.of(people, person_keys(at.request))


@router.post(
    "/v1/recovery-cases",
    operation_id="open_recovery_cases",
    summary="多付立案 · Open a case for everybody who was overpaid",
    status_code=201,
    response_model=RecoveryCasesOut,
)
async def open_recovery_cases(
    body: RecoverySweepIn, at: Annotated[Door, door(Right.REGISTER_ENTITLEMENT)]
) -> Response:
    """Open cases for a district; earlier ones shrink where a month has become due again."""
    opening = body.opening()

    async def work(tx: AsyncConnection) -> RecoveryCasesOut:
        cases = await recovery_case_flow.open_all(tx, opening, today=today(), caller=at.caller)
        return RecoveryCasesOut.of(cases, person_keys(at.request))

    return await at.write(work, key=district_key(body.district), status=201)


@router.post(
    "/v1/claims/{claim}/recovery-cases",
    operation_id="open_recovery_cases_of_claim",
    summary="申请有误立案 · Open a case about a paid claim that was found wrong",
    status_code=201,
    response_model=RecoveryCasesOut,
)
async def open_recovery_cases_of_claim(
    claim: RefPath, body: WrongClaimIn, at: Annotated[Door, door(Right.FILE_CLAIM)]
) -> Response:
    """Open a case for each payee of the lines; another person confirms it."""
    ref = Ref.parse(Reference.CLAIM, claim)
    keys = person_keys(at.request)

    async def work(tx: AsyncConnection) -> RecoveryCasesOut:
        cases = await wrong_claim_flow.open_cases(
            tx, body.wrong(ref), keys=keys, today=today(), caller=at.caller
        )
        return RecoveryCasesOut.of(cases, keys)

    return await at.write(work, key=ref.key, status=201)


@router.post(
    "/v1/recovery-cases/{case}/approvals",
    operation_id="confirm_recovery_case",
    summary="确认追回案件 · Confirm a case",
    status_code=201,
    response_model=RecoveryCaseDetailOut,
)
async def confirm_recovery_case(
    case: RefPath, _: CaseConfirmationIn, at: Annotated[Door, door(Right.SIGN_FIRST)]
) -> Response:
    """Confirm a case as another person than its opener; money may be taken for it from then on."""
    return await _decide(case, CaseStatus.CONFIRMED, None, at)


@router.post(
    "/v1/recovery-cases/{case}/refusals",
    operation_id="refuse_recovery_case",
    summary="不予立案 · Refuse a case",
    status_code=201,
    response_model=RecoveryCaseDetailOut,
)
async def refuse_recovery_case(
    case: RefPath, body: CaseRefusalIn, at: Annotated[Door, door(Right.SIGN_FIRST)]
) -> Response:
    """Refuse a case with the reason; what is overpaid is listed again until the facts are mended."""
    return await _decide(case, CaseStatus.REFUSED, body.note, at)


async def _decide(case: str, status: CaseStatus, note: str | None, at: Door) -> Response:
    ref = Ref.parse(Reference.RECOVERY_CASE, case)

    async def work(tx: AsyncConnection) -> RecoveryCaseDetailOut:
        detail = await recovery_case_flow.decide(tx, ref, status, note, caller=at.caller)
        return RecoveryCaseDetailOut.of(detail, person_keys(at.request))

    return await at.write(work, key=ref.key, status=201)


@router.get(
    "/v1/recovery-cases/{case}",
    operation_id="get_recovery_case",
    summary="追回案件 · A case and its lines",
)
async def get_recovery_case(
    case: RefPath, at: Annotated[Door, door(Right.READ_PAYOUT)]
) -> RecoveryCaseDetailOut:
    """Read a case, line by line."""
    ref = Ref.parse(Reference.RECOVERY_CASE, case)
    detail = await at.read(lambda tx: recovery_case_flow.find(tx, ref, caller=at.caller))
    return RecoveryCaseDetailOut.of(detail, person_keys(at.request))


@router.get(
    "/v1/recovery-cases/{case}/notice",
    operation_id="get_recovery_notice",
    summary="追回通知书 · The notice of a case",
)
async def get_recovery_notice(
    case: RefPath, at: Annotated[Door, door(Right.READ_PERSONAL_DATA)]
) -> RecoveryNoticeOut:
    """Write the notice of a confirmed case, with the whole name."""
    ref = Ref.parse(Reference.RECOVERY_CASE, case)
    keys = person_keys(at.request)
    written = await at.read(
        lambda tx: recovery_case_flow.notice(tx, ref, keys=keys, caller=at.caller)
    )
    return RecoveryNoticeOut.of(written)


@router.get(
    "/v1/recovery-cases",
    operation_id="list_recovery_cases",
    summary="追回案件清单 · Recovery cases",
)
async def list_recovery_cases(
    at: Annotated[Door, door(Right.READ_PAYOUT)],
    district: DistrictQuery = None,
    fund: FundQuery = None,
    status: CaseStatus | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[RecoveryCaseOut]:
    """List cases in order of opening; district people see their own district's."""
    columns = {
        "district": at.caller.scope(district),
        "fund": fund,
        "status": status.value if status else None,
    }
    filters = {"list": "recovery_cases"} | columns
    after = read_uuid(cursor, filters)
    rows = await at.read(
        lambda tx: recovery_case_flow.page(tx, filters=columns, after=after, limit=limit + 1)
    )
    shown, next_cursor = cut(rows, limit, lambda case: [case.ref.id.hex], filters)
    keys = person_keys(at.request)
    return Page[RecoveryCaseOut].of([RecoveryCaseOut.of(case, keys) for case in shown], next_cursor)
