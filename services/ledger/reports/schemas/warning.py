"""Thresholds and the warnings (预警) that measures raise when they are past them, as the doors speak of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from services.ledger.reports.domain.measure import DEFINITIONS, Warned
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
    """A threshold as it was recorded."""

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


class ThresholdsOut(Out):
    """The thresholds in force on a day."""

    as_of: date
    items: list[ThresholdOut]


class WarningOut(Out):
    """A fund's value that has crossed a threshold."""

    fund: str
    name: str
    measure: Measure
    severity: Severity
    value: str
    threshold: ThresholdOut


class WarningsOut(Out):
    """Every warning of a day, with the definitions of what is measured."""

    region: str
    as_of: date
    definitions: dict[str, str]
    items: list[WarningOut]


def threshold_out(row: Threshold) -> ThresholdOut:
    """A threshold going out."""
    return ThresholdOut(
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


def warnings_out(
    catalogue: Catalogue, found: Sequence[Warned], *, region: str, as_of: date
) -> WarningsOut:
    """Warnings going out."""
    definitions: Mapping[str, str] = DEFINITIONS
    return WarningsOut(
        region=region,
        as_of=as_of,
        definitions=dict(definitions),
        items=[
            WarningOut(
                fund=one.fund,
                name=fund_name(catalogue, one.fund, as_of),
                measure=one.threshold.measure,
                severity=one.threshold.severity,
                value=decimal_text(one.value, DECIMALS[one.threshold.measure.unit]),
                threshold=threshold_out(one.threshold),
            )
            for one in found
        ],
    )
