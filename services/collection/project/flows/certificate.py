"""Certify that a project's contribution is paid in full (建设项目参保证明), or name the bill that is not."""

from __future__ import annotations

from datetime import date
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.errors import CertificateUnknown, DayInFuture
from services.collection.filing.domain.declaration import State
from services.collection.project import store as project_store
from services.collection.project.domain import ProjectNotPaid, certificate_number, unpaid
from services.collection.project.flows import project as project_flow
from services.collection.project.flows.project import Standing
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
    """Certify that every paper of a project is billed, and every bill of it settled.

    Raises:
        ProjectUnknown, Forbidden: the project. DayInFuture: the day.
        ProjectNotPaid: what is not declared, not billed, or not paid.
    """
    if as_of > today():
        raise DayInFuture(as_of=as_of)
    await unit_store.lock(tx, ref.key)
    standing = await project_flow.find(tx, ref, caller)
    bills = {
        paper.bill_id: paper.bill_total_fen or 0
        for paper in standing.papers
        if paper.bill_id is not None
    }
    paid = await project_store.paid_until(tx, ref.key, list(bills), as_of)
    faults = _faults(standing) + list(
        unpaid(
            (Ref(ref.key, bill_id).text(Reference.BILL), total_fen - paid.get(bill_id, 0))
            for bill_id, total_fen in bills.items()
        )
    )
    if faults:
        raise ProjectNotPaid(faults=faults)
    project = standing.project
    before = await project_store.count_certificates(
        tx, project.unit_id, f"GC-{project.credit_code}-{as_of.year}-"
    )
    row = ProjectCertificate(
        unit_id=project.unit_id,
        id=uuid7(),
        project_id=project.id,
        number=certificate_number(project.credit_code, as_of.year, before),
        credit_code=project.credit_code,
        district=project.district,
        as_of=as_of,
        contract_fen=project.contract.contract_fen,
        paid_fen=sum(paid.values()),
        issued_by=caller.subject,
        issued_at=now(),
    )
    await project_store.insert_certificate(tx, row)
    step = trail.Step(shard_key=row.unit_id, paper=PAPER, paper_id=row.id, step="issue",
                      signs=True, detail={"number": row.number, "project": project.number})  # fmt: skip
    await trail.record(tx, step, caller)
    return row


def _faults(standing: Standing) -> list[Fault]:
    project = standing.project
    papers = [paper for paper in standing.papers if paper.status != State.WITHDRAWN]
    if not papers:
        return [Fault("/project", "NOT_DECLARED", "项目未申报 (it was never declared)")]
    faults = [
        Fault("/project", "NOT_BILLED", f"申报尚未开具通知单 (paper {paper.number} is not billed)")
        for paper in papers
        if paper.status not in {State.BILLED, State.SETTLED}
    ]
    last = project.version(papers[-1].contract_version)
    if last.contract_fen != project.contract.contract_fen:
        said = "合同造价变更后未申报 (the changed sum was not declared)"
        faults.append(Fault("/project", "CHANGE_NOT_DECLARED", said))
    return faults


async def find(tx: AsyncConnection, ref: Ref, caller: Caller) -> ProjectCertificate:
    """A project's certificate that the caller may see.

    Raises:
        CertificateUnknown: there is none. Forbidden: of another district than the caller.
    """
    row = await project_store.find_certificate(tx, ref.key, ref.id)
    if row is None:
        raise CertificateUnknown
    caller.require_district(row.district)
    return row
