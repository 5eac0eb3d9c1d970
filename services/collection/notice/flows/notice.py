"""Load what a printed notice shows: its document, issuer, unit and legal sentence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.arrears.flows import dunning as dunning_flow
from services.collection.arrears.store.dunning import DunningNoticeLineRow, DunningNoticeRow
from services.collection.billing.domain.bill import CHARGE
from services.collection.billing.flows import bill as billing_bill_flow
from services.collection.billing.store.bill import BillLineRow, BillRow
from services.collection.common.store import shipped as common_shipped_store
from services.collection.inspections.domain.case import InspectionState
from services.collection.inspections.flows import case as inspection_flow
from services.collection.inspections.flows.case import InspectionDetail
from services.collection.notice import store as notice_store
from services.collection.notice.domain import sentence_of
from services.collection.notice.flows import certificate as notice_certificate_flow
from services.collection.notice.store import Certificate
from services.collection.project import store as project_store
from services.collection.project.domain import Project
from services.collection.project.flows import certificate as project_certificate_flow
from services.collection.project.store import ProjectCertificate
from services.collection.register.domain.unit import Unit
from services.collection.register.store import unit as unit_store
from shared.ids import Ref
from shared.roles import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintHead:
    """Issuer, district, unit and legal sentence of a printed notice; some days have no sentence."""

    centre: str
    district: str
    unit: Unit
    sentence: str | None


@dataclass(frozen=True, slots=True)
class BillPrint:
    """A bill to print."""

    head: PrintHead
    bill: BillRow
    lines: list[BillLineRow]


@dataclass(frozen=True, slots=True)
class DunningPrint:
    """A dunning notice to print."""

    head: PrintHead
    notice: DunningNoticeRow
    lines: list[DunningNoticeLineRow]


@dataclass(frozen=True, slots=True)
class CertificatePrint:
    """A full-payment certificate to print."""

    head: PrintHead
    certificate: Certificate


@dataclass(frozen=True, slots=True)
class ProjectCertificatePrint:
    """A project's certificate to print."""

    head: PrintHead
    certificate: ProjectCertificate
    project: Project


@dataclass(frozen=True, slots=True)
class InspectionPrint:
    """The notice of an inspection's findings to print."""

    head: PrintHead
    detail: InspectionDetail
    noticed_on: date


async def bill(tx: AsyncConnection, ref: Ref, caller: Caller) -> BillPrint:
    """Load a bill of contributions or of late charges.

    Raises:
        NotFound: no such bill. Forbidden: it belongs to another district.
    """
    row, lines = await billing_bill_flow.find(tx, ref, caller)
    kind = "charge" if row.kind == CHARGE else "bill"
    head = await _head(tx, row.unit_id, row.district, kind, row.issued_on)
    return BillPrint(head, row, lines)


async def dunning(tx: AsyncConnection, ref: Ref, caller: Caller) -> DunningPrint:
    """Load a dunning notice.

    Raises:
        NoticeUnknown: no such notice. Forbidden: it belongs to another district.
    """
    row, lines = await dunning_flow.find(tx, ref, caller)
    head = await _head(
        tx,
        row.unit_id,
        row.district,
        "dunning",
        row.day,
        day=_day(row.day),
        oldest=_month(row.oldest),
    )
    return DunningPrint(head, row, lines)


async def certificate(tx: AsyncConnection, ref: Ref, caller: Caller) -> CertificatePrint:
    """Load a full-payment certificate.

    Raises:
        CertificateUnknown: no such certificate. Forbidden: it belongs to another district.
    """
    row = await notice_certificate_flow.find(tx, ref, caller)
    head = await _head(
        tx,
        row.unit_id,
        row.district,
        "certificate",
        row.as_of,
        as_of=_day(row.as_of),
        period_from=_month(row.period_from),
        period_to=_month(row.period_to),
    )
    return CertificatePrint(head, row)


async def project_certificate(
    tx: AsyncConnection, ref: Ref, caller: Caller
) -> ProjectCertificatePrint:
    """Load a project's certificate.

    Raises:
        CertificateUnknown: no such certificate. Forbidden: it belongs to another district.
    """
    row = await project_certificate_flow.find(tx, ref, caller)
    project = await project_store.find(tx, row.unit_id, row.project_id)
    assert project is not None, "a project's certificate has a project"
    head = await _head(
        tx,
        row.unit_id,
        row.district,
        "project_certificate",
        row.as_of,
        as_of=_day(row.as_of),
        starts_on=_day(project.starts_on),
        ends_on=_day(project.ends_on),
    )
    return ProjectCertificatePrint(head, row, project)


async def inspection(tx: AsyncConnection, ref: Ref, caller: Caller) -> InspectionPrint:
    """Load the notice of an inspection's findings.

    Raises:
        InspectionUnknown: no such case. Forbidden: it belongs to another district.
        InspectionState: no notice was given.
    """
    detail = await inspection_flow.find(tx, ref, caller)
    case = detail.case
    if case.noticed_on is None or case.objections_until is None:
        raise InspectionState(status=case.status.value)
    head = await _head(
        tx,
        case.unit_id,
        case.district,
        "inspection",
        case.noticed_on,
        until=_day(case.objections_until),
        document=case.document,
    )
    return InspectionPrint(head, detail, case.noticed_on)


async def _head(
    tx: AsyncConnection, unit_id: int, district: str, notice: str, on: date, **facts: str
) -> PrintHead:
    unit = await unit_store.find(tx, unit_id)
    assert unit is not None, "a notice has a unit"
    centre, name = common_shipped_store.place_of(district)
    texts = await notice_store.notice_texts(tx)
    return PrintHead(
        centre=centre,
        district=name,
        unit=unit,
        sentence=sentence_of(notice, on, texts, **facts),
    )


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _month(period: str) -> str:
    year, month = period.split("-")
    return f"{year}年{int(month)}月"
