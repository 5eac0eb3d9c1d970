"""Doors of claims: filing, signing, looking."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.benefits.domain import ClaimKind
from services.payout.claims import store as claims_store
from services.payout.claims.domain import State, claim_key
from services.payout.claims.flows import arrears as arrears_flow
from services.payout.claims.flows import claim as claim_flow
from services.payout.claims.schemas import (
    ClaimIn,
    ClaimLinesOut,
    ClaimOut,
    ClaimsOut,
    PensionRunIn,
    SignatureIn,
)
from services.payout.common.routes import (
    LIMIT,
    CursorQuery,
    DistrictQuery,
    IdPath,
    Limit,
    collection_of,
    people_of,
)
from services.payout.common.schemas import TrailOut, id_after, line_after
from shared import trail
from shared.clock import today
from shared.door import Door, door
from shared.errors import Fault, Faulty
from shared.ids import Ref
from shared.period import PERIOD_PATTERN
from shared.references import Reference
from shared.roles import Right

router = APIRouter(tags=["claims"])


@router.post(
    "/v1/pension-runs",
    operation_id="file_pension_run",
    summary="基本养老金月度发放 · The pension month run of a district",
    status_code=201,
    response_model=ClaimOut,
)
async def file_pension_run(
    asked: PensionRunIn, at: Annotated[Door, door(Right.FILE_CLAIM)]
) -> Response:
    """One claim with a line for everybody entitled; one living run a district and month."""

    async def work(tx: AsyncConnection) -> ClaimOut:
        return ClaimOut.of(
            await claim_flow.file_pension_run(
                tx, district=asked.district, period=asked.period, today=today(), caller=at.caller
            )
        )

    key = claim_key(ClaimKind.PENSION_RUN, asked.district, asked.period)
    return await at.write(work, key=key, status=201)


@router.post(
    "/v1/claims",
    operation_id="file_claim",
    summary="提交待遇支付申请 · File a hospital settlement or maternity allowances",
    status_code=201,
    response_model=ClaimOut,
)
async def file_claim(asked: ClaimIn, at: Annotated[Door, door(Right.FILE_CLAIM)]) -> Response:
    """The control totals must tie. Allowances are refused while the employer is in arrears."""
    claim = asked.asked(today())
    claim_flow.check_claim(claim, today(), at.caller)
    await _check_arrears(claim, at)  # asked of collection before the transaction begins
    people = people_of(at.request)

    async def work(tx: AsyncConnection) -> ClaimOut:
        return ClaimOut.of(await claim_flow.file_claim(tx, claim, people=people, caller=at.caller))

    key = claim_key(claim.kind, claim.district, claim.period)
    return await at.write(work, key=key, status=201)


async def _check_arrears(asked: claim_flow.AskedClaim, at: Door) -> None:
    if asked.kind is not ClaimKind.MATERNITY_ALLOWANCE:
        return
    if asked.credit_code is None:
        missing = Fault(
            "/credit_code", "CREDIT_CODE_MISSING", "生育津贴须填用人单位 (the employer is required)"
        )
        raise Faulty(faults=[missing])
    await arrears_flow.require_none(collection_of(at.request), asked.credit_code, asked.filed_on)


@router.get("/v1/claims", operation_id="list_claims", summary="申请清单 · Claims")
async def list_claims(
    at: Annotated[Door, door(Right.READ_PAYOUT)],
    district: DistrictQuery = None,
    period: Annotated[str | None, Query(pattern=PERIOD_PATTERN)] = None,
    kind: ClaimKind | None = None,
    status: State | None = None,
    limit: Limit = LIMIT,
    cursor: CursorQuery = None,
) -> ClaimsOut:
    """A page in order of filing; district people see their own district's."""
    filters = {
        "list": "claims",
        "district": at.caller.scope(district),
        "period": period,
        "kind": kind.value if kind else None,
        "status": status.value if status else None,
    }
    after = id_after(cursor, filters)

    async def work(tx: AsyncConnection) -> ClaimsOut:
        rows = await claims_store.page(
            tx,
            district=filters["district"],
            period=filters["period"],
            kind=filters["kind"],
            status=filters["status"],
            after=after,
            limit=limit + 1,
        )
        return ClaimsOut.of(rows, limit, filters)

    return await at.read(work)


@router.get("/v1/claims/{claim}", operation_id="get_claim", summary="申请 · A claim")
async def get_claim(claim: IdPath, at: Annotated[Door, door(Right.READ_PAYOUT)]) -> ClaimOut:
    """A claim's head."""
    ref = Ref.parse(Reference.CLAIM, claim)
    return ClaimOut.of(await at.read(lambda tx: claim_flow.visible(tx, ref, caller=at.caller)))


@router.get(
    "/v1/claims/{claim}/lines",
    operation_id="list_claim_lines",
    summary="申请明细 · A claim's lines",
)
async def list_claim_lines(
    claim: IdPath,
    at: Annotated[Door, door(Right.READ_PAYOUT)],
    limit: Limit = LIMIT,
    cursor: CursorQuery = None,
) -> ClaimLinesOut:
    """A page by line number; identity and account numbers masked."""
    ref = Ref.parse(Reference.CLAIM, claim)
    filters: dict[str, str | None] = {"list": "claim_lines", "claim": claim}
    after = line_after(cursor, filters)

    async def work(tx: AsyncConnection) -> ClaimLinesOut:
        await claim_flow.visible(tx, ref, caller=at.caller)
        rows = await claims_store.page_of_lines(tx, ref, after=after, limit=limit + 1)
        return ClaimLinesOut.of(rows, limit, filters, people_of(at.request))

    return await at.read(work)


@router.get(
    "/v1/claims/{claim}/trail", operation_id="get_claim_trail", summary="办理痕迹 · A claim's trail"
)
async def get_claim_trail(claim: IdPath, at: Annotated[Door, door(Right.READ_PAYOUT)]) -> TrailOut:
    """Who filed, signed, refused or batched it, and when."""
    ref = Ref.parse(Reference.CLAIM, claim)

    async def work(tx: AsyncConnection) -> TrailOut:
        await claim_flow.visible(tx, ref, caller=at.caller)
        return TrailOut.of(await trail.of_paper(tx, ref.key, ref.id))

    return await at.read(work)


@router.post(
    "/v1/claims/{claim}/signatures",
    operation_id="sign_claim",
    summary="三级审签 · The next signature, or a refusal",
    status_code=201,
    response_model=ClaimOut,
)
async def sign_claim(
    claim: IdPath,
    asked: SignatureIn,
    at: Annotated[Door, door(Right.SIGN_FIRST, Right.SIGN_SECOND, Right.SIGN_THIRD)],
) -> Response:
    """Sub-centre reviewer, then department head, then centre leader; nobody twice."""
    ref = Ref.parse(Reference.CLAIM, claim)

    async def work(tx: AsyncConnection) -> ClaimOut:
        signed = await claim_flow.sign(tx, ref, asked.decision, asked.note, caller=at.caller)
        return ClaimOut.of(signed)

    return await at.write(work, key=ref.key, status=201)
