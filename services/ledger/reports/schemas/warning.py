"""Thresholds and the warnings (预警) that measures raise when they are past them, as the doors speak of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from pydantic import Field

from services.ledger.reports.domain.measure import (
    ANY_FUND,
    DECIMALS,
    DEFINITIONS,
    Comparison,
    Measure,
    Severity,
    Threshold,
    Warned,
)
from services.ledger.reports.schemas.dashboard import FundOrAny, Value, decimal_text, fund_name
from services.ledger.rules.domain.chart import Catalogue
from shared.errors import Fault, Faulty
from shared.ids import uuid7
from shared.schema import In, Out, ShortText


class ThresholdIn(In):
    """A threshold from a day on: it replaces the row of its measure, fund and severity from then."""

    measure: Measure
    fund: FundOrAny = Field(default=ANY_FUND, examples=["pension"])
    severity: Severity
    comparison: Comparison
    value: Value = Field(
        examples=["9.00"], description="比率、月数或元 (a ratio, months or yuan, by the measure)"
    )
    in_force_from: date = Field(examples=["2021-07-01"])
    in_force_to: date | None = None
    source: ShortText = Field(description="依据文件 (the document it rests on)")


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


def threshold_from(body: ThresholdIn, by: str) -> Threshold:
    """A threshold coming in.

    Raises:
        Faulty: more decimals than the measure has.
    """
    decimals = DECIMALS[body.measure.unit]
    whole, _, part = body.value.lstrip("-").partition(".")
    if len(part) > decimals:
        said = f"至多 {decimals} 位小数 (at most {decimals} decimals)"
        raise Faulty(faults=[Fault("/value", "VALUE_TOO_FINE", said)])
    value = int(whole) * 10**decimals + int(part.ljust(decimals, "0") or "0")
    return Threshold(
        id=uuid7(),
        measure=body.measure,
        fund=body.fund,
        severity=body.severity,
        comparison=body.comparison,
        value=-value if body.value.startswith("-") else value,
        in_force_from=body.in_force_from,
        in_force_to=body.in_force_to,
        source=body.source,
        certainty="confirmed",
        recorded_by=by,
    )


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
