"""Doors of three-party agreements (三方协议)."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import Query
from fastapi.responses import Response

from services.collection.common.routes.account import account_cipher
from services.collection.debits.domain.debit import masked_account
from services.collection.debits.domain.debit_agreement import DebitAgreement, DebitAgreementState
from services.collection.debits.flows import debit_agreement as debit_agreement_flow
from services.collection.debits.schemas.debit_agreement import (
    DebitAgreementApprovalIn,
    DebitAgreementCancellationIn,
    DebitAgreementIn,
    DebitAgreementOut,
    DebitAgreementRefusalIn,
)
from services.collection.register.routes.page import CreditCodePath, page_of
from shared.cursor import LIMIT_DEFAULT
from shared.door import Door, door
from shared.ids import Ref, unit_key
from shared.page import Cursor, Limit, Page, RefPath
from shared.references import Reference
from shared.roles import Right
from shared.schema import Code, CreditCode
from shared.web.door_router import DoorRouter

router = DoorRouter()
Filing = Annotated[Door, door(Right.FILE_AGREEMENT)]
Approving = Annotated[Door, door(Right.APPROVE_AGREEMENT)]


def _shown(at: Door, agreement: DebitAgreement) -> DebitAgreementOut:
    """Show an agreement with its account number masked."""
    opened = account_cipher(at).opened(dict(agreement.bank))
    return DebitAgreementOut.of(agreement, str(masked_account(opened)["number"]))


@router.post(
    "/v1/units/{credit_code}/debit-agreements",
    operation_id="file_debit_agreement",
    summary="登记扣款协议 · File a three-party agreement",
    status_code=201,
    response_model=DebitAgreementOut,
)
async def file_debit_agreement(
    credit_code: CreditCodePath, body: DebitAgreementIn, at: Filing
) -> Response:
    """File an agreement of a unit, its bank and the centre. Nothing is debited under it before it is
    approved."""
    return await at.write(
        lambda tx: debit_agreement_flow.file(
            tx, credit_code, body.request(), accounts=account_cipher(at), caller=at.caller
        ),
        shape=partial(_shown, at),
        key=unit_key(credit_code),
        status=201,
    )


@router.post(
    "/v1/debit-agreements/{agreement}/approvals",
    operation_id="approve_debit_agreement",
    summary="批准扣款协议 · Approve a three-party agreement",
    status_code=201,
    response_model=DebitAgreementOut,
)
async def approve_debit_agreement(
    agreement: RefPath, _: DebitAgreementApprovalIn, at: Approving
) -> Response:
    """Approve an agreement, as another person. It replaces the unit's open one from its first day."""
    ref = Ref.parse(Reference.DEBIT_AGREEMENT, agreement)
    return await at.write(
        lambda tx: debit_agreement_flow.approve(tx, ref, at.caller),
        shape=partial(_shown, at),
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/debit-agreements/{agreement}/refusals",
    operation_id="refuse_debit_agreement",
    summary="不批准扣款协议 · Refuse a three-party agreement",
    status_code=201,
    response_model=DebitAgreementOut,
)
async def refuse_debit_agreement(
    agreement: RefPath, body: DebitAgreementRefusalIn, at: Approving
) -> Response:
    """Refuse an agreement, as another person."""
    ref = Ref.parse(Reference.DEBIT_AGREEMENT, agreement)
    return await at.write(
        lambda tx: debit_agreement_flow.refuse(tx, ref, body.why, at.caller),
        shape=partial(_shown, at),
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/debit-agreements/{agreement}/cancellations",
    operation_id="cancel_debit_agreement",
    summary="申请解约 · File the cancellation of a three-party agreement",
    status_code=201,
    response_model=DebitAgreementOut,
)
async def cancel_debit_agreement(
    agreement: RefPath, body: DebitAgreementCancellationIn, at: Filing
) -> Response:
    """File a cancellation. The agreement holds until another person approves it."""
    ref = Ref.parse(Reference.DEBIT_AGREEMENT, agreement)
    return await at.write(
        lambda tx: debit_agreement_flow.cancel(tx, ref, body.cancelled_on, body.why, at.caller),
        shape=partial(_shown, at),
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/debit-agreements/{agreement}/cancellation-approvals",
    operation_id="approve_debit_agreement_cancellation",
    summary="批准解约 · Approve the cancellation of a three-party agreement",
    status_code=201,
    response_model=DebitAgreementOut,
)
async def approve_debit_agreement_cancellation(
    agreement: RefPath, _: DebitAgreementApprovalIn, at: Approving
) -> Response:
    """Approve a cancellation, as another person. It takes effect ten workdays after its day."""
    ref = Ref.parse(Reference.DEBIT_AGREEMENT, agreement)
    return await at.write(
        lambda tx: debit_agreement_flow.approve_cancellation(tx, ref, at.caller),
        shape=partial(_shown, at),
        key=ref.key,
        status=201,
    )


@router.get(
    "/v1/debit-agreements",
    operation_id="list_debit_agreements",
    summary="扣款协议列表 · List three-party agreements",
)
async def list_debit_agreements(
    at: Annotated[Door, door(Right.READ_COLLECTION, filters_units=True)],
    credit_code: Annotated[CreditCode | None, Query()] = None,
    district: Annotated[Code | None, Query()] = None,
    status: DebitAgreementState | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[DebitAgreementOut]:
    """List agreements of a unit, of a district or of all. District staff see their own district."""
    scope = at.caller.scope(district)
    filters = {"of": "debit_agreements", "unit": credit_code, "in": scope, "status": status}
    read = partial(debit_agreement_flow.page, district=scope, status=status and status.value)
    rows, following = await page_of(
        at, read, credit_code=credit_code, filters=filters, limit=limit, cursor=cursor
    )
    return Page[DebitAgreementOut].of([_shown(at, row) for row in rows], following)


@router.get(
    "/v1/debit-agreements/{agreement}",
    operation_id="get_debit_agreement",
    summary="扣款协议 · Get a three-party agreement",
)
async def get_debit_agreement(
    agreement: RefPath, at: Annotated[Door, door(Right.READ_COLLECTION)]
) -> DebitAgreementOut:
    """Get an agreement with its days and its status."""
    ref = Ref.parse(Reference.DEBIT_AGREEMENT, agreement)
    return _shown(at, await at.read(lambda tx: debit_agreement_flow.find(tx, ref, at.caller)))
