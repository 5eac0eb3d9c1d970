"""What a printed notice needs beside its own paper: who issues it, to whom, and what it has to say."""

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
from services.collection.notice import store as notice_store
from services.collection.notice.domain import said
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
class Head:
    """Who issues a notice, of which district, to whom; and its sentence, if the day has one."""

    centre: str
    district: str
    unit: Unit
    said: str | None


@dataclass(frozen=True, slots=True)
class BillNotice:
    """A bill to print."""

    head: Head
    bill: BillRow
    lines: list[BillLineRow]


@dataclass(frozen=True, slots=True)
class DunningNotice:
    """A dunning notice to print."""

    head: Head
    notice: DunningNoticeRow
    lines: list[DunningNoticeLineRow]


@dataclass(frozen=True, slots=True)
class CertificateNotice:
    """A full-payment certificate to print."""

    head: Head
    certificate: Certificate


@dataclass(frozen=True, slots=True)
class ProjectCertificateNotice:
    """A project's certificate to print."""

    head: Head
    certificate: ProjectCertificate
    project: Project


async def bill(tx: AsyncConnection, ref: Ref, caller: Caller) -> BillNotice:
    """A bill, over contributions or late charges.

    Raises:
        NotFound, Forbidden: no such bill, or of another district than the caller.
    """
    row, lines = await billing_bill_flow.find(tx, ref, caller)
    kind = "charge" if row.kind == CHARGE else "bill"
    head = await _head(tx, row.unit_id, row.district, kind, row.issued_on)
    return BillNotice(head, row, lines)


async def dunned(tx: AsyncConnection, ref: Ref, caller: Caller) -> DunningNotice:
    """A dunning notice.

    Raises:
        NoticeUnknown, Forbidden: no such notice, or of another district than the caller.
    """
    row, lines = await dunning_flow.find(tx, ref, caller)
    head = await _head(
        tx, row.unit_id, row.district, "dunning", row.day,
        day=_day(row.day), oldest=_month(row.oldest),
    )  # fmt: skip
    return DunningNotice(head, row, lines)


async def certified(tx: AsyncConnection, ref: Ref, caller: Caller) -> CertificateNotice:
    """A full-payment certificate.

    Raises:
        CertificateUnknown, Forbidden: no such certificate, or of another district.
    """
    row = await notice_certificate_flow.find(tx, ref, caller)
    head = await _head(
        tx, row.unit_id, row.district, "certificate", row.as_of, as_of=_day(row.as_of),
        period_from=_month(row.period_from), period_to=_month(row.period_to),
    )  # fmt: skip
    return CertificateNotice(head, row)


async def project_certified(
    tx: AsyncConnection, ref: Ref, caller: Caller
) -> ProjectCertificateNotice:
    """A project's certificate.

    Raises:
        CertificateUnknown, Forbidden: no such certificate, or of another district.
    """
    row = await project_certificate_flow.find(tx, ref, caller)
    project = await project_store.find(tx, row.unit_id, row.project_id)
    assert project is not None, "a certificate is of a project"
    head = await _head(
        tx, row.unit_id, row.district, "project_certificate", row.as_of, as_of=_day(row.as_of),
        starts_on=_day(project.starts_on), ends_on=_day(project.ends_on),
    )  # fmt: skip
    return ProjectCertificateNotice(head, row, project)


async def _head(
    tx: AsyncConnection, unit_id: int, district: str, notice: str, on: date, **facts: str
) -> Head:
    unit = await unit_store.find(tx, unit_id)
    assert unit is not None, "a paper is of a unit"
    centre, name = common_shipped_store.place_of(district)
    return Head(
        centre=centre,
        district=name,
        unit=unit,
        said=said(notice, on, notice_store.notice_texts(), **facts),
    )


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _month(period: str) -> str:
    year, month = period.split("-")
    return f"{year}年{int(month)}月"
