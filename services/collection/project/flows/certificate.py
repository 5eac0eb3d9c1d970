"""Certify that a project's contributions are paid in full (建设项目参保证明)."""

from __future__ import annotations

from datetime import date
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.errors import CertificateUnknown, DayInFuture
from services.collection.filing.domain.declaration import State
from services.collection.project import store as project_store
from services.collection.project.domain import (
    ProjectNotPaid,
    certificate_number,
    certificate_prefix,
    unpaid,
)
from services.collection.project.flows import project as project_flow
from services.collection.project.flows.project import ProjectDetails
from services.collection.project.store import ProjectCertificate
from services.collection.register.store import unit as unit_store
from shared import trail
from shared.clock import now, today
from shared.errors import Fault
from shared.ids import Ref, uuid7
from shared.references import Reference
from shared.roles import Caller

PAPER: Final = "project_certificate"


async def issue(tx: AsyncConnection, ref: Ref, as_of: date, caller: Caller) -> ProjectCertificate:
    """Certify that every declaration of a project is billed, and every bill settled.

    Raises:
        ProjectUnknown, Forbidden: the project. DayInFuture: the day.
        ProjectNotPaid: each declaration or bill that is missing or unpaid.
    """
    if as_of > today():
        raise DayInFuture(as_of=as_of)
    await unit_store.lock(tx, ref.key)
    details = await project_flow.find(tx, ref, caller)
    bills = {
        paper.bill_id: paper.bill_total_fen or 0
        for paper in details.papers
        if paper.bill_id is not None
    }
    paid = await project_store.paid_until(tx, ref.key, list(bills), as_of)
    faults = _faults(details) + list(
        unpaid(
            (Ref(ref.key, bill_id).text(Reference.BILL), total_fen - paid.get(bill_id, 0))
            for bill_id, total_fen in bills.items()
        )
    )
    if faults:
        raise ProjectNotPaid(faults=faults)
    project = details.project
    issued = await project_store.count_certificates(
        tx, project.unit_id, certificate_prefix(project.credit_code, as_of.year)
    )
    row = ProjectCertificate(
        unit_id=project.unit_id,
        id=uuid7(),
        project_id=project.id,
        number=certificate_number(project.credit_code, as_of.year, issued),
        credit_code=project.credit_code,
        district=project.district,
        as_of=as_of,
        contract_fen=project.contract.contract_fen,
        paid_fen=sum(paid.values()),
        issued_by=caller.subject,
        issued_at=now(),
    )
    await project_store.insert_certificate(tx, row)
    step = trail.Step(
        shard_key=row.unit_id,
        paper=PAPER,
        paper_id=row.id,
        step="issue",
        signs=True,
        detail={"number": row.number, "project": project.number},
    )
    await trail.record(tx, step, caller)
    return row


def _faults(details: ProjectDetails) -> list[Fault]:
    project = details.project
    papers = [paper for paper in details.papers if paper.status != State.WITHDRAWN]
    if not papers:
        return [Fault("/project", "NOT_DECLARED", "项目未申报 (the project was never declared)")]
    faults = [
        Fault(
            "/project",
            "NOT_BILLED",
            f"申报尚未开具通知单 (declaration {paper.number} is not billed)",
        )
        for paper in papers
        if paper.status not in {State.BILLED, State.SETTLED}
    ]
    last = project.version(papers[-1].contract_version)
    if last.contract_fen != project.contract.contract_fen:
        message = "合同造价变更后未申报 (the changed contract sum was not declared)"
        faults.append(Fault("/project", "CHANGE_NOT_DECLARED", message))
    return faults


async def find(tx: AsyncConnection, ref: Ref, caller: Caller) -> ProjectCertificate:
    """Find a project's certificate that the caller may see.

    Raises:
        CertificateUnknown: no such certificate. Forbidden: it belongs to another district.
    """
    row = await project_store.find_certificate(tx, ref.key, ref.id)
    if row is None:
        raise CertificateUnknown
    caller.require_district(row.district)
    return row
