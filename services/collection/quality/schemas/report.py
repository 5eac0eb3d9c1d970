"""Shapes of the data quality report that is made in the background."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from services.collection.quality.domain.quality import Accuracy
from services.collection.quality.flows.quality import DistrictReport
from services.collection.quality.schemas.quality import DistrictQualityOut
from shared.schema import Code, In, Out, PeriodField, RateOut


class QualityReportRequestIn(In):
    """A request for a report on a period: for one district, or all that the caller may see
    (null)."""

    period: PeriodField
    district: Code | None = None
    edition: int = Field(
        default=1, ge=1, le=99, description="同日重报时加一 (another report on the same day)"
    )


class AccuracyOut(Out):
    """The share of a target's subjects without findings; null if there are no subjects."""

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
        """Build the answer from an accuracy."""
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
    """A district's rates and findings, and its accuracy for each target."""

    accuracies: list[AccuracyOut]

    @classmethod
    def made(cls, found: DistrictReport) -> DistrictQualityResultOut:
        """Build the answer from a district's report."""
        return cls(
            **DistrictQualityOut.of(found).__dict__,
            accuracies=[AccuracyOut.of(accuracy) for accuracy in found.accuracies],
        )


class QualityReportResultOut(Out):
    """The result of a report over all districts and by district; `rows` are kept."""

    period: str
    rows: int
    whole: DistrictQualityResultOut
    districts: list[DistrictQualityResultOut]

    @classmethod
    def of(
        cls, period: str, each: Sequence[DistrictReport], whole: DistrictReport, rows: int
    ) -> QualityReportResultOut:
        """Build the result that is kept with the operation."""
        return cls(
            period=period,
            rows=rows,
            whole=DistrictQualityResultOut.made(whole),
            districts=[DistrictQualityResultOut.made(one) for one in each],
        )
