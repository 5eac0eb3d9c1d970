"""Doors of claims: filing, signing, reading."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.benefits import flows as benefits_flow
from services.payout.benefits.domain import ClaimKind
from services.payout.claims.domain.claim import ClaimStatus, claim_key
from services.payout.claims.flows import advance as advance_flow
from services.payout.claims.flows import claim as claim_flow
from services.payout.claims.flows import pension_run as pension_run_flow
from services.payout.claims.flows import refund as refund_flow
from services.payout.claims.schemas import (
    ClaimIn,
    ClaimLineOut,
    ClaimOut,
    OpenAdvanceOut,
    PayeeOut,
    PensionRunIn,
    SignatureIn,
    StableJobRefundIn,
)
from services.payout.common.routes import (
    DistrictQuery,
    FundQuery,
    collection_client,
    line_key_after,
    person_keys,
)
from services.payout.common.schemas import TrailOut, line_after
from shared.clock import today
from shared.cursor import LIMIT_DEFAULT, cut, read_uuid
from shared.door import Door, door
from shared.fund import CODE_PATTERN
from shared.guard.entrance import BULK_BYTES
from shared.ids import Ref
from shared.page import Cursor, Limit, Page, RefPath
from shared.period import PERIOD_PATTERN, Period
from shared.references import Reference
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()


@router.post(
    "/v1/pension-runs",
    operation_id="file_pension_run",
    summary="基本养老金月度发放 · The pension run of a district and month",
    status_code=201,
    response_model=ClaimOut,
)
async def file_pension_run(
    body: PensionRunIn, at: Annotated[Door, door(Right.FILE_CLAIM)]
) -> Response:
    """File one claim with a line for everybody entitled; a district and month has one run."""

    async def work(tx: AsyncConnection) -> ClaimOut:
        return ClaimOut.of(
            await pension_run_flow.file_pension_run(
                tx,
                district=body.district,
                period=body.period,
                scope=body.scope,
                today=today(),
                caller=at.caller,
            )
        )

    key = claim_key(ClaimKind.PENSION_RUN, body.district, body.period)
    return await at.write(work, key=key, status=201)


@router.post(
    "/v1/claims",
    max_body_size=BULK_BYTES,
    operation_id="file_claim",
    summary="提交待遇支付申请 · File a claim",
    status_code=201,
    response_model=ClaimOut,
)
async def file_claim(body: ClaimIn, at: Annotated[Door, door(Right.FILE_CLAIM)]) -> Response:
    """File a claim with control totals; the row of its kind says what it needs."""
    draft = body.draft(today())
    row = await at.read(
        lambda tx: benefits_flow.claim_row(tx, draft.kind, filed_on=draft.filed_on, today=today())
    )
    collection = collection_client(at.request)
    await claim_flow.check(draft, row, collection=collection, today=today(), caller=at.caller)

    async def work(tx: AsyncConnection) -> ClaimOut:
        keys = person_keys(at.request)
        claim = await claim_flow.file_claim(tx, draft, row, keys=keys, caller=at.caller)
        return ClaimOut.of(claim)

    key = claim_key(draft.kind, draft.district, draft.period)
    return await at.write(work, key=key, status=201)


@router.post(
    "/v1/stable-job-refunds",
    operation_id="file_stable_job_refund",
    summary="稳岗返还 · File a stable-job refund, computed from what the unit has paid",
    status_code=201,
    response_model=ClaimOut,
)
async def file_stable_job_refund(
    body: StableJobRefundIn, at: Annotated[Door, door(Right.FILE_CLAIM)]
) -> Response:
    """File a claim whose amount is a share of last year's unemployment contributions of a unit."""
    request = body.request(today())
    kind = ClaimKind.STABLE_JOB_REFUND
    row = await at.read(
        lambda tx: benefits_flow.claim_row(tx, kind, filed_on=request.filed_on, today=today())
    )
    collection = collection_client(at.request)
    paid = await refund_flow.ask(collection, request, row, today=today(), caller=at.caller)

    async def work(tx: AsyncConnection) -> ClaimOut:
        claim = await refund_flow.file(
            tx,
            request,
            paid,
            row,
            place=at.region,
            keys=person_keys(at.request),
            caller=at.caller,
        )
        return ClaimOut.of(claim)

    key = claim_key(kind, request.district, Period(request.year, 12))
    return await at.write(work, key=key, status=201)


@router.get("/v1/claims", operation_id="list_claims", summary="申请清单 · Claims")
async def list_claims(
    at: Annotated[Door, door(Right.READ_PAYOUT)],
    district: DistrictQuery = None,
    period: Annotated[str | None, Query(pattern=PERIOD_PATTERN)] = None,
    kind: Annotated[str | None, Query(pattern=CODE_PATTERN, max_length=32)] = None,
    status: ClaimStatus | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[ClaimOut]:
    """List claims in order of filing; district people see their own district's."""
    columns = {
        "district": at.caller.scope(district),
        "period": period,
        "kind": kind,
        "status": status.value if status else None,
    }
    filters = {"list": "claims"} | columns
    after = read_uuid(cursor, filters)
    rows = await at.read(
        lambda tx: claim_flow.page(tx, filters=columns, after=after, limit=limit + 1)
    )
    claims, next_cursor = cut(rows, limit, lambda claim: [claim.ref.id.hex], filters)
    return Page[ClaimOut].of([ClaimOut.of(claim) for claim in claims], next_cursor)


@router.get("/v1/claims/{claim}", operation_id="get_claim", summary="申请 · A claim")
async def get_claim(claim: RefPath, at: Annotated[Door, door(Right.READ_PAYOUT)]) -> ClaimOut:
    """Read a claim's head."""
    ref = Ref.parse(Reference.CLAIM, claim)
    return ClaimOut.of(await at.read(lambda tx: claim_flow.find(tx, ref, caller=at.caller)))


@router.get(
    "/v1/claims/{claim}/lines",
    operation_id="list_claim_lines",
    summary="申请明细 · A claim's lines",
)
async def list_claim_lines(
    claim: RefPath,
    at: Annotated[Door, door(Right.READ_PAYOUT)],
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[ClaimLineOut]:
    """List a claim's lines by number; names, identity and account numbers are masked."""
    ref = Ref.parse(Reference.CLAIM, claim)
    filters = {"list": "claim_lines", "claim": claim}
    after = line_after(cursor, filters)
    rows = await at.read(
        lambda tx: claim_flow.lines(tx, ref, after=after, limit=limit + 1, caller=at.caller)
    )
    lines, next_cursor = cut(rows, limit, lambda line: [line.line_no], filters)
    keys = person_keys(at.request)
    return Page[ClaimLineOut].of([ClaimLineOut.of(line, keys) for line in lines], next_cursor)


@router.get(
    "/v1/claims/{claim}/payees",
    operation_id="read_claim_payees",
    summary="查看收款人完整信息 · The whole names and accounts of a claim",
)
async def read_claim_payees(
    claim: RefPath,
    at: Annotated[Door, door(Right.READ_PERSONAL_DATA)],
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[PayeeOut]:
    """List payees unmasked, to compare them with the paper; the trail keeps who has read them."""
    ref = Ref.parse(Reference.CLAIM, claim)
    filters = {"list": "claim_payees", "claim": claim}
    after = line_after(cursor, filters)
    rows = await at.read(
        lambda tx: claim_flow.read_payees(tx, ref, after=after, limit=limit, caller=at.caller)
    )
    lines, next_cursor = cut(rows, limit, lambda line: [line.line_no], filters)
    keys = person_keys(at.request)
    return Page[PayeeOut].of([PayeeOut.of(line, keys) for line in lines], next_cursor)


@router.get(
    "/v1/claims/{claim}/trail", operation_id="get_claim_trail", summary="办理痕迹 · A claim's trail"
)
async def get_claim_trail(claim: RefPath, at: Annotated[Door, door(Right.READ_PAYOUT)]) -> TrailOut:
    """List who filed, signed, refused or paid it, and when."""
    ref = Ref.parse(Reference.CLAIM, claim)
    return TrailOut.of(await at.read(lambda tx: claim_flow.steps(tx, ref, caller=at.caller)))


@router.post(
    "/v1/claims/{claim}/signatures",
    operation_id="sign_claim",
    summary="三级审签 · The next signature, or a refusal",
    status_code=201,
    response_model=ClaimOut,
)
async def sign_claim(
    claim: RefPath,
    body: SignatureIn,
    at: Annotated[Door, door(Right.SIGN_FIRST, Right.SIGN_SECOND, Right.SIGN_THIRD)],
) -> Response:
    """Sign as district reviewer, then department head, then centre leader: three people. An approved
    claim whose amount the ledger refused to take from the account is refused by two of the centre."""
    ref = Ref.parse(Reference.CLAIM, claim)

    async def work(tx: AsyncConnection) -> ClaimOut:
        signed = await claim_flow.sign(
            tx, ref, body.decision, body.note, today=today(), caller=at.caller
        )
        return ClaimOut.of(signed)

    return await at.write(work, key=ref.key, status=201)


@router.get(
    "/v1/advances",
    operation_id="list_open_advances",
    summary="未结清的预付 · Advances that are paid and not settled in full, with their age",
)
async def list_open_advances(
    at: Annotated[Door, door(Right.READ_PAYOUT)],
    district: DistrictQuery = None,
    fund: FundQuery = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[OpenAdvanceOut]:
    """List open advances; district people see their own district's."""
    columns = {"district": at.caller.scope(district), "fund": fund}
    filters = {"list": "advances"} | columns
    after = line_key_after(cursor, filters)
    rows = await at.read(
        lambda tx: advance_flow.page(tx, filters=columns, after=after, limit=limit + 1)
    )
    found, next_cursor = cut(rows, limit, lambda one: [one.claim.id.hex, one.line_no], filters)
    keys = person_keys(at.request)
    items = [OpenAdvanceOut.of(one, keys, today()) for one in found]
    return Page[OpenAdvanceOut].of(items, next_cursor)
