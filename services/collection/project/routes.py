"""Doors of construction projects (建设项目参加工伤保险)."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import Query
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.schemas.common import TrailOut
from services.collection.filing.schemas.declaration import DeclarationOut
from services.collection.project.flows import certificate as project_certificate_flow
from services.collection.project.flows import paper as paper_flow
from services.collection.project.flows import project as project_flow
from services.collection.project.schemas import (
    ContractIn,
    ProjectCertificateIn,
    ProjectCertificateOut,
    ProjectHeadOut,
    ProjectIn,
    ProjectOut,
    ProjectQuoteIn,
    ProjectQuoteOut,
)
from services.collection.register.routes.page import page_of
from shared import trail
from shared.cursor import LIMIT_DEFAULT
from shared.door import Door, door
from shared.ids import Ref, unit_key
from shared.page import Cursor, Limit, Page, RefPath
from shared.references import Reference
from shared.roles import Right
from shared.schema import Code, CreditCode
from shared.web.door_router import DoorRouter

router = DoorRouter()
Reading = Annotated[Door, door(Right.READ_COLLECTION)]
Listing = Annotated[Door, door(Right.READ_COLLECTION, filters_units=True)]
Registering = Annotated[Door, door(Right.REGISTER)]


@router.post(
    "/v1/project-quotes",
    operation_id="quote_project",
    summary="建设项目试算 · Quote a project",
)
async def quote_project(
    body: ProjectQuoteIn, at: Annotated[Door, door(Right.QUOTE, any_unit=True)]
) -> ProjectQuoteOut:
    """Quote by the policy in force in the month in which work begins; nothing is stored."""
    region = body.region or at.request.app.state.settings.region

    async def work(tx: AsyncConnection) -> ProjectQuoteOut:
        return ProjectQuoteOut.of(
            await project_flow.quote(tx, region, body.starts_on, body.contract_sum)
        )

    return await at.read(work)


@router.post(
    "/v1/projects",
    operation_id="register_project",
    summary="登记建设项目 · Register a construction project",
    status_code=201,
    response_model=ProjectOut,
)
async def register_project(body: ProjectIn, at: Registering) -> Response:
    """Register a project under its own number. Repeating the registration changes nothing."""

    async def work(tx: AsyncConnection) -> ProjectOut:
        return ProjectOut.with_papers(
            await project_flow.register(tx, body.registration(), at.caller)
        )

    return await at.write(work, key=unit_key(body.credit_code), status=201)


@router.post(
    "/v1/projects/{project}/contracts",
    operation_id="change_project_contract",
    summary="变更合同造价 · Record a changed contract sum",
    status_code=201,
    response_model=ProjectOut,
)
async def change_project_contract(project: RefPath, body: ContractIn, at: Registering) -> Response:
    """Record a new version of the contract sum; the next declaration levies it."""
    ref = Ref.parse(Reference.PROJECT, project)

    async def work(tx: AsyncConnection) -> ProjectOut:
        found = await project_flow.change_contract(
            tx, ref, body.contract_sum, body.signed_on, body.source_paper, at.caller
        )
        return ProjectOut.with_papers(found)

    return await at.write(work, key=ref.key, status=201)


@router.post(
    "/v1/projects/{project}/declarations",
    operation_id="declare_project",
    summary="建设项目申报 · Declare a project",
    status_code=201,
    response_model=DeclarationOut,
)
async def declare_project(
    project: RefPath, at: Annotated[Door, door(Right.SUBMIT_DECLARATION)]
) -> Response:
    """Declare a project once on its contract sum.

    A returned declaration is submitted again as its next round. After the sum has changed, another
    declaration levies the new sum and takes back the billed levy.
    """
    ref = Ref.parse(Reference.PROJECT, project)
    region = at.request.app.state.settings.region

    async def work(tx: AsyncConnection) -> DeclarationOut:
        return DeclarationOut.whole(await paper_flow.declare(tx, ref, region, at.caller))

    return await at.write(work, key=ref.key, status=201)


@router.get("/v1/projects", operation_id="list_projects", summary="建设项目列表 · Projects")
async def list_projects(
    at: Listing,
    credit_code: Annotated[CreditCode | None, Query()] = None,
    district: Annotated[Code | None, Query()] = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[ProjectHeadOut]:
    """List projects of a unit, of a district or of all, without their declarations.

    District staff see their own district.
    """
    scope = at.caller.scope(district)
    filters = {"of": "projects", "unit": credit_code, "in": scope}
    read = partial(project_flow.page, district=scope)
    rows, following = await page_of(
        at, read, credit_code=credit_code, filters=filters, limit=limit, cursor=cursor
    )
    return Page[ProjectHeadOut].of([ProjectHeadOut.of(row) for row in rows], following)


@router.get("/v1/projects/{project}", operation_id="get_project", summary="建设项目 · One project")
async def get_project(project: RefPath, at: Reading) -> ProjectOut:
    """Return a project with its contract history, its declarations and their bills."""
    ref = Ref.parse(Reference.PROJECT, project)

    async def work(tx: AsyncConnection) -> ProjectOut:
        return ProjectOut.with_papers(await project_flow.find(tx, ref, at.caller))

    return await at.read(work)


@router.get(
    "/v1/projects/{project}/trail",
    operation_id="get_project_trail",
    summary="办理轨迹 · Its trail",
)
async def get_project_trail(project: RefPath, at: Reading) -> TrailOut:
    """List who registered a project and who changed its contract sum."""
    ref = Ref.parse(Reference.PROJECT, project)

    async def work(tx: AsyncConnection) -> TrailOut:
        found = (await project_flow.find(tx, ref, at.caller)).project
        return TrailOut.of(await trail.of_paper(tx, found.unit_id, found.id))

    return await at.read(work)


@router.post(
    "/v1/projects/{project}/certificates",
    operation_id="issue_project_certificate",
    summary="出具建设项目参保证明 · Issue a project certificate",
    status_code=201,
    response_model=ProjectCertificateOut,
)
async def issue_project_certificate(
    project: RefPath,
    body: ProjectCertificateIn,
    at: Annotated[Door, door(Right.ISSUE_CERTIFICATE)],
) -> Response:
    """Certify full payment; refused until the current sum is declared, billed and paid in full."""
    ref = Ref.parse(Reference.PROJECT, project)

    async def work(tx: AsyncConnection) -> ProjectCertificateOut:
        return ProjectCertificateOut.of(
            await project_certificate_flow.issue(tx, ref, body.as_of, at.caller)
        )

    return await at.write(work, key=ref.key, status=201)


@router.get(
    "/v1/project-certificates/{certificate}",
    operation_id="get_project_certificate",
    summary="建设项目参保证明 · One project certificate",
)
async def get_project_certificate(certificate: RefPath, at: Reading) -> ProjectCertificateOut:
    """Return a certificate as issued, to verify a printed one."""
    ref = Ref.parse(Reference.PROJECT_CERTIFICATE, certificate)

    async def work(tx: AsyncConnection) -> ProjectCertificateOut:
        return ProjectCertificateOut.of(await project_certificate_flow.find(tx, ref, at.caller))

    return await at.read(work)
