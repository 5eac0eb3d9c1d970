"""Turn stored rows of last month into columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from services.collection.common.domain.rows import ABSENT, Ints
from services.collection.filing.domain.levied import UNIT_LINE
from services.collection.policy.domain.rate import Figure, UnitFigure

RowNumbers = Mapping[tuple[int, int], int]
"""The row of each (unit, line)."""
StoredFigures = Sequence[tuple[int, int, list[int | None]]]
"""(unit, line, figures in fen); line 0 is the unit itself."""


def own_wage_columns(
    stored: Sequence[tuple[int, int, list[int]]],
    insurances_of: Mapping[int, tuple[str, ...]],
    insurances: tuple[str, ...],
    rows: RowNumbers,
) -> dict[str, Ints]:
    """Build a column of wages for each insurance of the new policy from stored wages by insurance.

    `insurances_of` is the order in which each unit's wages were stored. An insurance that is new
    has no wage of its own.
    """
    if not stored:
        return {}
    own = {name: np.full(len(rows), ABSENT, np.int64) for name in insurances}
    for unit, line, fen in stored:
        for name, amount_fen in zip(insurances_of[unit], fen, strict=True):
            if name in own:
                own[name][rows[unit, line]] = amount_fen
    return own


def figure_columns(stored: StoredFigures, rows: RowNumbers) -> dict[str, Ints]:
    """Build a column for each figure that somebody has."""
    columns = {name.value: np.full(len(rows), ABSENT, np.int64) for name in Figure}
    for unit, line, figures in stored:
        if line == UNIT_LINE:
            continue
        for name, fen in zip(Figure, figures, strict=True):
            if fen is not None:
                columns[name][rows[unit, line]] = fen
    return {name: column for name, column in columns.items() if bool((column != ABSENT).any())}


def unit_figures(stored: StoredFigures) -> dict[int, dict[str, int]]:
    """Collect the figures of units, by unit and name."""
    return {
        unit: {name: fen for name, fen in zip(UnitFigure, figures, strict=True) if fen is not None}
        for unit, line, figures in stored
        if line == UNIT_LINE
    }
