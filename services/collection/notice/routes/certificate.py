"""Doors of full-payment certificates (足额缴费证明)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.notice import store as notice_store
from services.collection.notice.flows import certificate as notice_certificate_flow
from services.collection.notice.schemas.certificate import (
    CertificateIn,
    CertificateOut,
    CertificatePageOut,
)
from services.collection.notice.store import Certificate
from services.collection.register.flows import unit as unit_flow
from services.collection.register.routes.page import CreditCodePath
from shared.cursor import LIMIT_DEFAULT, cut, read_uuid
from shared.door import Door, door
from shared.ids import Ref, unit_key
from shared.page import Cursor, Limit, RefPath
from shared.references import Reference
from shared.roles import Right

router = APIRouter()
Reading = Annotated[Door, door(Right.READ_COLLECTION)]
NIL = UUID(int=0)


@router.post(
    "/v1/units/{credit_code}/certificates",
    operation_id="issue_certificate",
    summary="出具足额缴费证明 · Certify full payment",
    status_code=201,
    response_model=CertificateOut,
)
async def issue_certificate(
    credit_code: CreditCodePath,
    body: CertificateIn,
    at: Annotated[Door, door(Right.ISSUE_CERTIFICATE)],
) -> Response:
    """Refused while anything is overdue, of whatever period, every such bill named. What is
    deferred counts as paid."""

    async def work(tx: AsyncConnection) -> CertificateOut:
        region = at.request.app.state.settings.region
        row = await notice_certificate_flow.issue(
            tx, credit_code, body.periods(), body.as_of, region=region, caller=at.caller
        )
        return CertificateOut.of(row)

    return await at.write(work, key=unit_key(credit_code), status=201)


@router.get(
    "/v1/units/{credit_code}/certificates",
    operation_id="list_certificates",
    summary="足额缴费证明列表 · A unit's certificates",
)
async def list_certificates(
    credit_code: CreditCodePath, at: Reading, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
) -> CertificatePageOut:
    """Oldest first."""
    filters = {"of": "certificates", "unit": credit_code}
    after = read_uuid(cursor, filters) or NIL

    async def work(tx: AsyncConnection) -> list[Certificate]:
        await unit_flow.find(tx, credit_code, at.caller)
        return await notice_store.page(tx, unit_key(credit_code), after=after, limit=limit + 1)

    rows, following = cut(await at.read(work), limit, lambda row: [row.id.hex], filters)
    return CertificatePageOut(
        items=[CertificateOut.of(row) for row in rows],
        next_cursor=following,
        has_more=following is not None,
    )


@router.get(
    "/v1/certificates/{certificate}",
    operation_id="get_certificate",
    summary="足额缴费证明 · One certificate",
)
async def get_certificate(certificate: RefPath, at: Reading) -> CertificateOut:
    """To hold a paper against what was issued."""
    ref = Ref.parse(Reference.CERTIFICATE, certificate)

    async def work(tx: AsyncConnection) -> CertificateOut:
        return CertificateOut.of(await notice_certificate_flow.find(tx, ref, at.caller))

    return await at.read(work)
