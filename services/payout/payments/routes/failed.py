"""Doors of failed payments and of corrections of their accounts."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.common.routes import DistrictQuery, FundQuery, person_keys
from services.payout.payments.domain.failed import CorrectionStatus, FailedKey
from services.payout.payments.flows import failed as failed_flow
from services.payout.payments.schemas.failed import (
    AccountCorrectionIn,
    AccountCorrectionOut,
    CorrectedAccountOut,
    CorrectionApprovalIn,
    CorrectionRefusalIn,
    FailedPaymentOut,
)
from shared.clock import today
from shared.cursor import LIMIT_DEFAULT, BadCursor, cut, read_cursor, read_uuid
from shared.door import Door, door
from shared.ids import Ref
from shared.page import Cursor, Limit, Page, RefPath
from shared.references import Reference
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter(tags=["failed payments"])


@router.get(
    "/v1/failed-payments",
    operation_id="list_failed_payments",
    summary="待重付清单 · Lines that were refused, returned or held back, to be paid again",
)
async def list_failed_payments(
    at: Annotated[Door, door(Right.READ_PAYOUT)],
    district: DistrictQuery = None,
    fund: FundQuery = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[FailedPaymentOut]:
    """List them with the account that a new batch of their claims pays to."""
    columns = {"district": at.caller.scope(district), "fund": fund}
    filters = {"list": "failed_payments"} | columns
    after = _key_after(cursor, filters)
    rows = await at.read(
        lambda tx: failed_flow.page(tx, filters=columns, after=after, limit=limit + 1)
    )
    shown, next_cursor = cut(
        rows,
        limit,
        lambda row: [row.claim.id.hex, row.line_no, row.batch.id.hex, row.outcome.value],
        filters,
    )
    keys = person_keys(at.request)
    return Page[FailedPaymentOut].of([FailedPaymentOut.of(row, keys) for row in shown], next_cursor)


def _key_after(cursor: str | None, filters: dict[str, str | None]) -> FailedKey | None:
    if cursor is None:
        return None
    claim, line_no, batch, outcome = read_cursor(cursor, filters, (str, int, str, str))
    try:
        return UUID(claim), min(line_no, 2**31 - 1), UUID(batch), outcome
    except ValueError:
        raise BadCursor from None


@router.post(
    "/v1/claims/{claim}/account-corrections",
    operation_id="propose_account_correction",
    summary="提出收款账户更正 · Propose another account for a failed line",
    status_code=201,
    response_model=AccountCorrectionOut,
)
async def propose_account_correction(
    claim: RefPath, body: AccountCorrectionIn, at: Annotated[Door, door(Right.FILE_CLAIM)]
) -> Response:
    """Propose the account; a new batch pays to it once another person approves it."""
    ref = Ref.parse(Reference.CLAIM, claim)
    keys = person_keys(at.request)

    async def work(tx: AsyncConnection) -> AccountCorrectionOut:
        correction = await failed_flow.propose(
            tx,
            ref,
            body.line,
            body.account(keys),
            body.note,
            keys=keys,
            today=today(),
            caller=at.caller,
        )
        return AccountCorrectionOut.of(correction, keys)

    return await at.write(work, key=ref.key, status=201)


@router.post(
    "/v1/account-corrections/{correction}/approvals",
    operation_id="approve_account_correction",
    summary="批准收款账户更正 · Approve an account correction",
    status_code=201,
    response_model=AccountCorrectionOut,
)
async def approve_account_correction(
    correction: RefPath, body: CorrectionApprovalIn, at: Annotated[Door, door(Right.SIGN_FIRST)]
) -> Response:
    """Approve it as another person than its proposer."""
    return await _decide(correction, CorrectionStatus.APPROVED, None, at)


@router.post(
    "/v1/account-corrections/{correction}/refusals",
    operation_id="refuse_account_correction",
    summary="不予更正收款账户 · Refuse an account correction",
    status_code=201,
    response_model=AccountCorrectionOut,
)
async def refuse_account_correction(
    correction: RefPath, body: CorrectionRefusalIn, at: Annotated[Door, door(Right.SIGN_FIRST)]
) -> Response:
    """Refuse it with the reason."""
    return await _decide(correction, CorrectionStatus.REFUSED, body.note, at)


async def _decide(
    correction: str, status: CorrectionStatus, note: str | None, at: Door
) -> Response:
    ref = Ref.parse(Reference.ACCOUNT_CORRECTION, correction)

    async def work(tx: AsyncConnection) -> AccountCorrectionOut:
        decided = await failed_flow.decide(tx, ref, status, note, caller=at.caller)
        return AccountCorrectionOut.of(decided, person_keys(at.request))

    return await at.write(work, key=ref.key, status=201)


@router.get(
    "/v1/account-corrections/{correction}/account",
    operation_id="read_corrected_account",
    summary="查看完整收款账号 · The whole account of a correction",
)
async def read_corrected_account(
    correction: RefPath, at: Annotated[Door, door(Right.READ_PERSONAL_DATA)]
) -> CorrectedAccountOut:
    """Show the whole number, to compare it with the paper; the trail keeps who has read it."""
    ref = Ref.parse(Reference.ACCOUNT_CORRECTION, correction)
    account = await at.read(lambda tx: failed_flow.read_account(tx, ref, caller=at.caller))
    return CorrectedAccountOut.of(account, person_keys(at.request))


@router.get(
    "/v1/account-corrections",
    operation_id="list_account_corrections",
    summary="收款账户更正清单 · Account corrections",
)
async def list_account_corrections(
    at: Annotated[Door, door(Right.READ_PAYOUT)],
    district: DistrictQuery = None,
    status: CorrectionStatus | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[AccountCorrectionOut]:
    """List corrections in order of proposal; `status=proposed` lists those that wait."""
    columns = {"district": at.caller.scope(district), "status": status.value if status else None}
    filters = {"list": "account_corrections"} | columns
    after = read_uuid(cursor, filters)
    rows = await at.read(
        lambda tx: failed_flow.page_of_corrections(
            tx, filters=columns, after=after, limit=limit + 1
        )
    )
    shown, next_cursor = cut(rows, limit, lambda row: [row.ref.id.hex], filters)
    keys = person_keys(at.request)
    return Page[AccountCorrectionOut].of(
        [AccountCorrectionOut.of(row, keys) for row in shown], next_cursor
    )
