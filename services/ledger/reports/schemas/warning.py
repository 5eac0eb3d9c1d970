"""Shapes of thresholds and of the warnings (预警) they raise."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from services.ledger.reports.domain.measure import DEFINITIONS, CrossedThreshold
from services.ledger.reports.schemas.dashboard import decimal_text, fund_name
from services.ledger.rules.domain.chart import Catalogue
from services.ledger.rules.domain.threshold import (
    DECIMALS,
    Comparison,
    Measure,
    Severity,
    Threshold,
)
from shared.schema import Out


class ThresholdOut(Out):
    """A threshold."""

    id: str
    measure: Measure
    fund: str
    severity: Severity
    comparison: Comparison
    value: str
    in_force_from: date
    in_force_to: date | None
    source: str
    certainty: str
    recorded_by: str

    @classmethod
    def of(cls, row: Threshold) -> ThresholdOut:
        """Answer a threshold."""
        return cls(
            id=row.id.hex,
            measure=row.measure,
            fund=row.fund,
            severity=row.severity,
            comparison=row.comparison,
            value=decimal_text(row.value, DECIMALS[row.measure.unit]),
            in_force_from=row.in_force_from,
            in_force_to=row.in_force_to,
            source=row.source,
            certainty=row.certainty,
            recorded_by=row.recorded_by,
        )


class ThresholdsOut(Out):
    """The thresholds in force on a day."""

    as_of: date
    items: list[ThresholdOut]

    @classmethod
    def of(cls, rows: Sequence[Threshold], as_of: date) -> ThresholdsOut:
        """Answer the thresholds of a day."""
        return cls(as_of=as_of, items=[ThresholdOut.of(row) for row in rows])


class WarningOut(Out):
    """A fund's value that has crossed a threshold."""

    fund: str
    name: str
    measure: Measure
    severity: Severity
    value: str
    threshold: ThresholdOut

    @classmethod
    def of(cls, catalogue: Catalogue, crossed: CrossedThreshold, as_of: date) -> WarningOut:
        """Answer a crossed threshold."""
        measure = crossed.threshold.measure
        return cls(
            fund=crossed.fund,
            name=fund_name(catalogue, crossed.fund, as_of),
            measure=measure,
            severity=crossed.threshold.severity,
            value=decimal_text(crossed.value, DECIMALS[measure.unit]),
            threshold=ThresholdOut.of(crossed.threshold),
        )


class WarningsOut(Out):
    """Every warning of a day, with the definitions of the measures."""

    region: str
    as_of: date
    definitions: dict[str, str]
    items: list[WarningOut]

    @classmethod
    def of(
        cls,
        catalogue: Catalogue,
        crossed: Sequence[CrossedThreshold],
        *,
        region: str,
        as_of: date,
    ) -> WarningsOut:
        """Answer the warnings of a day."""
        return cls(
            region=region,
            as_of=as_of,
            definitions=dict(DEFINITIONS),
            items=[WarningOut.of(catalogue, one, as_of) for one in crossed],
        )
