"""Doors of full-payment certificates (足额缴费证明)."""

from __future__ import annotations

from typing import Annotated

from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.notice.flows import certificate as notice_certificate_flow
from services.collection.notice.schemas.certificate import (
    CertificateIn,
    CertificateOut,
)
from services.collection.notice.store import Certificate
from services.collection.register.routes.page import CreditCodePath
from shared.cursor import LIMIT_DEFAULT, cut, read_uuid
from shared.door import Door, door
from shared.ids import Ref, unit_key
from shared.page import Cursor, Limit, Page, RefPath
from shared.references import Reference
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()
Reading = Annotated[Door, door(Right.READ_COLLECTION)]


@router.post(
    "/v1/units/{credit_code}/certificates",
    operation_id="issue_certificate",
    summary="出具足额缴费证明 · Issue a full-payment certificate",
    status_code=201,
    response_model=CertificateOut,
)
async def issue_certificate(
    credit_code: CreditCodePath,
    body: CertificateIn,
    at: Annotated[Door, door(Right.ISSUE_CERTIFICATE)],
) -> Response:
    """Certify full payment; refused while a bill of any period is overdue, naming each.

    Deferred amounts count as paid.
    """

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
) -> Page[CertificateOut]:
    """List a unit's certificates, oldest first."""
    filters = {"of": "certificates", "unit": credit_code}
    after = read_uuid(cursor, filters)

    async def work(tx: AsyncConnection) -> list[Certificate]:
        return await notice_certificate_flow.page(tx, credit_code, after, limit + 1, at.caller)

    rows, following = cut(await at.read(work), limit, lambda row: [row.id.hex], filters)
    return Page[CertificateOut].of([CertificateOut.of(row) for row in rows], following)


@router.get(
    "/v1/certificates/{certificate}",
    operation_id="get_certificate",
    summary="足额缴费证明 · One certificate",
)
async def get_certificate(certificate: RefPath, at: Reading) -> CertificateOut:
    """Return a certificate as issued, to verify a printed one."""
    ref = Ref.parse(Reference.CERTIFICATE, certificate)

    async def work(tx: AsyncConnection) -> CertificateOut:
        return CertificateOut.of(await notice_certificate_flow.find(tx, ref, at.caller))

    return await at.read(work)
