"""Thresholds of warnings (预警) and the measures that they limit, as dated rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID

from shared.effective import in_force


class Measure(StrEnum):
    """A measure that can have thresholds."""

    COLLECTION_RATE = "collection_rate"
    ARRIVAL_RATE = "arrival_rate"
    MONTHS_OF_CAPACITY = "months_of_capacity"
    ACCUMULATED = "accumulated"
    SUSPENSE = "suspense"

    @property
    def unit(self) -> MeasureUnit:
        """Return the unit of its values and thresholds."""
        return _UNITS[self]


class MeasureUnit(StrEnum):
    """Unit of a measure's values."""

    PPM = "ppm"
    MONTHS = "months"
    FEN = "fen"


_UNITS: Final = {
    Measure.COLLECTION_RATE: MeasureUnit.PPM,
    Measure.ARRIVAL_RATE: MeasureUnit.PPM,
    Measure.MONTHS_OF_CAPACITY: MeasureUnit.MONTHS,
    Measure.ACCUMULATED: MeasureUnit.FEN,
    Measure.SUSPENSE: MeasureUnit.FEN,
}
DECIMALS: Final = {MeasureUnit.PPM: 6, MeasureUnit.MONTHS: 2, MeasureUnit.FEN: 2}
"""Decimals of a unit's values at the door."""


class Comparison(StrEnum):
    """Side of the threshold that raises the warning."""

    BELOW = "below"
    ABOVE = "above"


class Severity(StrEnum):
    """Severity of a warning."""

    NOTICE = "notice"  # 提示
    WARNING = "warning"  # 预警
    ALARM = "alarm"  # 警报


ANY_FUND: Final = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A dated threshold. A later row of the same name replaces an earlier one from its day on.

    `value` is in the measure's unit: parts per million, hundredths of a month, or fen.
    """

    id: UUID
    measure: Measure
    fund: str
    severity: Severity
    comparison: Comparison
    value: int
    in_force_from: date
    in_force_to: date | None
    source: str
    certainty: str
    recorded_by: str

    def is_crossed(self, value: int) -> bool:
        """Tell whether a value raises the warning."""
        return value < self.value if self.comparison is Comparison.BELOW else value > self.value


def applicable(thresholds: Sequence[Threshold], on: date) -> list[Threshold]:
    """Choose, of each (measure, fund, severity), the row in force on a day that was recorded last.

    Args:
        thresholds: rows, oldest record first.
        on: the day.
    """
    chosen: dict[tuple[Measure, str, Severity], Threshold] = {}
    for row in in_force(thresholds, on):
        key = (row.measure, row.fund, row.severity)
        before = chosen.get(key)
        if before is None or before.in_force_from <= row.in_force_from:
            chosen[key] = row
    return [chosen[key] for key in sorted(chosen)]
