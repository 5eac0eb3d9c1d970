"""Shapes of the report on data quality that is made in the background."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from services.collection.quality.domain.quality import Accuracy
from services.collection.quality.flows.quality import DistrictReport
from services.collection.quality.schemas.quality import DistrictQualityOut
from shared.schema import Code, In, Out, PeriodField, RateOut


class QualityReportRequestIn(In):
    """Which period is reported on: one district, or (null) all of those that the caller may see."""

    period: PeriodField
    district: Code | None = None
    edition: int = Field(
        default=1, ge=1, le=99, description="同日重报时加一 (another report on the same day)"
    )


class AccuracyOut(Out):
    """How much of what a target counts no check found anything in; null where there is nothing."""

    target: str = Field(examples=["units", "people"])
    title: str = Field(examples=["单位信息准确率"])
    found: int
    subjects: int
    rate: RateOut | None
    at_least: RateOut
    met: bool | None
    source: str
    certain: bool

    @classmethod
    def of(cls, found: Accuracy) -> AccuracyOut:
        """As it is answered."""
        return cls(
            target=found.target.id,
            title=found.target.title,
            found=found.found,
            subjects=found.of,
            rate=found.rate_ppm,
            at_least=found.target.at_least_ppm,
            met=found.met,
            source=found.target.source,
            certain=found.target.certain,
        )


class DistrictQualityResultOut(DistrictQualityOut):
    """A district's rates and findings, and how it stands to the targets."""

    accuracies: list[AccuracyOut]

    @classmethod
    def made(cls, found: DistrictReport) -> DistrictQualityResultOut:
        """As it is answered."""
        return cls(
            **DistrictQualityOut.of(found).__dict__,
            accuracies=[AccuracyOut.of(accuracy) for accuracy in found.accuracies],
        )


class QualityReportResultOut(Out):
    """What a report found: over all districts, and by district. `rows` of the findings are kept."""

    period: str
    rows: int
    whole: DistrictQualityResultOut
    districts: list[DistrictQualityResultOut]

    @classmethod
    def of(
        cls, period: str, each: Sequence[DistrictReport], whole: DistrictReport, rows: int
    ) -> QualityReportResultOut:
        """As it is kept with the operation."""
        return cls(
            period=period,
            rows=rows,
            whole=DistrictQualityResultOut.made(whole),
            districts=[DistrictQualityResultOut.made(one) for one in each],
        )
