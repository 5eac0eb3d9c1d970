"""Shapes of the data quality report and of cross-footing."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from services.collection.quality.domain.cross_foot import CrossFoot
from services.collection.quality.domain.quality import Check, Finding
from services.collection.quality.flows.quality import DistrictReport
from services.collection.quality.store.quality import FindingRow
from shared.page import Page
from shared.schema import In, Out, RateOut, ShortText, Yuan, YuanOut


class CheckOut(Out):
    """A check: the problem it looks for, its subjects, its limits and its source."""

    id: str = Field(examples=["cover_overlaps"])
    kind: str = Field(
        examples=["entry", "completeness", "real_fill", "anomaly", "duplicate", "logic"]
    )
    subject: str
    title: str = Field(examples=["同一人在两个单位同时参保"])
    source: str
    certain: bool
    limits: dict[str, Any]

    @classmethod
    def of(cls, check: Check) -> CheckOut:
        """Build the answer from a check."""
        return cls(
            id=check.id,
            kind=check.kind.value,
            subject=check.subject,
            title=check.title,
            source=check.source,
            certain=check.certain,
            limits=dict(check.limits),
        )


class ChecksOut(Out):
    """All checks."""

    items: list[CheckOut]


class FindingOut(Out):
    """The number of subjects that a check found; the rows are at /v1/quality/checks/{id}/rows."""

    check: str
    title: str
    kind: str
    found: int
    subjects: int
    rate: RateOut

    @classmethod
    def of(cls, finding: Finding) -> FindingOut:
        """Build the answer from a finding."""
        return cls(
            check=finding.check.id,
            title=finding.check.title,
            kind=finding.check.kind.value,
            found=finding.found,
            subjects=finding.of,
            rate=finding.rate_ppm,
        )


class RatesOut(Out):
    """The rates of a report: shares that are right (the first three), or wrong (the others)."""

    entry: RateOut = Field(description="数据入库率")
    completeness: RateOut = Field(description="数据项目齐全率")
    real_fill: RateOut = Field(description="数据项目记实率")
    anomaly: RateOut = Field(description="数据异常率")
    duplicate: RateOut = Field(description="数据重复率")
    logic: RateOut = Field(description="逻辑校验差错率")


class DistrictQualityOut(Out):
    """A district's rates and findings."""

    district: str
    rates: RatesOut
    findings: list[FindingOut]

    @classmethod
    def of(cls, found: DistrictReport) -> DistrictQualityOut:
        """Build the answer from a district's report."""
        rates = found.rates
        return cls(
            district=found.district,
            rates=RatesOut(
                entry=rates.entry_ppm,
                completeness=rates.completeness_ppm,
                real_fill=rates.real_fill_ppm,
                anomaly=rates.anomaly_ppm,
                duplicate=rates.duplicate_ppm,
                logic=rates.logic_ppm,
            ),
            findings=[FindingOut.of(finding) for finding in found.findings],
        )


class QualityReportOut(Out):
    """A period's data quality, by district and over all of them."""

    period: str
    whole: DistrictQualityOut
    districts: list[DistrictQualityOut]


class QualityRowOut(Out):
    """A row that a check found, masked."""

    district: str
    credit_code: str
    unit_name: str
    masked_identity_number: str | None
    name: str | None
    said: str = Field(description="发现的内容", examples=["6500.00 → 65000.00"])

    @classmethod
    def of(cls, row: FindingRow) -> QualityRowOut:
        """Build the answer from a row."""
        return cls(
            district=row.district,
            credit_code=row.credit_code,
            unit_name=row.unit_name,
            masked_identity_number=row.masked_number,
            name=row.masked_name,
            said=row.said,
        )


class QualityRowsOut(Page[QualityRowOut]):
    """The check, and one page of the rows that it finds, in the order of units and people."""

    check: str
    title: str

    @classmethod
    def of_check(
        cls, check: Check, items: list[QualityRowOut], next_cursor: str | None
    ) -> QualityRowsOut:
        """Build a page of a check's rows."""
        return cls(
            check=check.id,
            title=check.title,
            items=items,
            next_cursor=next_cursor,
            has_more=next_cursor is not None,
        )


class ReportLineIn(In):
    """A line of a report."""

    name: ShortText
    amount: Yuan


class ReportIn(In):
    """A report's stated total and its lines."""

    id: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    stated_total: Yuan
    lines: list[ReportLineIn] = Field(min_length=1, max_length=1000)


class CrossFootsIn(In):
    """Reports to be cross-footed."""

    reports: list[ReportIn] = Field(min_length=1, max_length=200)


class CrossFootOut(Out):
    """A report's stated total and the sum of its lines."""

    id: str
    ok: bool
    stated_total: YuanOut
    sum: YuanOut
    difference: YuanOut = Field(description="明细合计减所列合计")

    @classmethod
    def of(cls, report: str, found: CrossFoot) -> CrossFootOut:
        """Build the answer from a comparison."""
        return cls(
            id=report,
            ok=found.ok,
            stated_total=found.stated,
            sum=found.sum,
            difference=found.difference,
        )


class CrossFootsOut(Out):
    """The comparison of every report, in the order of the request."""

    ok: bool
    items: list[CrossFootOut]
