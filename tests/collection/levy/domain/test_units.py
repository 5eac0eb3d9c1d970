"""A levy of many units gives each the lines that it would have alone, under any policy."""

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from services.collection.common.domain.errors import CreditAboveLevy
from services.collection.levy.domain.columns import (
    PeopleFigures,
    PeopleLine,
    assess_columns,
    wage_columns,
)
from services.collection.levy.domain.levy import UnitFacts, Wages
from services.collection.levy.domain.units import assess_units
from services.collection.policy.domain.policy import Schedule
from services.collection.policy.domain.rate import Figure, UnitFigure
from tests.collection.support.rules.schedules import (
    INSURANCES,
    categories_of,
    people,
    schedules,
    totals,
)

Staff = tuple[list[Wages], UnitFacts]


@st.composite
def staffs(draw: st.DrawFn) -> Staff:
    figures = {figure: draw(totals) for figure in UnitFigure}
    facts = UnitFacts(kind="enterprise", wage_total_fen=draw(totals), figures=figures)
    return draw(people), facts


def columns_of(found: list[Wages]) -> tuple[Any, PeopleFigures]:
    asked_fen = wage_columns(
        INSURANCES,
        [wages.default_fen for wages in found],
        [wages.by_insurance for wages in found],
    )
    figures = {figure: np.array([wages.figures[figure] for wages in found]) for figure in Figure}
    return asked_fen, PeopleFigures(
        figures=figures,
        age=np.array([wages.age for wages in found]),
        categories=categories_of(found),
    )


@settings(max_examples=100, deadline=None)
@given(schedule=schedules(), units=st.lists(staffs(), min_size=1, max_size=4))
def test_units_together_owe_what_each_owes_alone(schedule: Schedule, units: list[Staff]) -> None:
    together = [
        replace(wages, ref=str(number))
        for number, wages in enumerate(wages for staff, _ in units for wages in staff)
    ]
    sizes = np.array([len(staff) for staff, _ in units])
    starts = np.cumsum(sizes) - sizes
    alone = []
    try:
        for staff, facts in units:
            asked_fen, people_facts = columns_of(staff)
            alone.append(assess_columns(schedule, facts, asked_fen, people_facts))
    except CreditAboveLevy:
        return
    asked_fen, people_facts = columns_of(together)
    found = assess_units(schedule, [facts for _, facts in units], asked_fen, starts, people_facts)
    for name in ("base_fen", "unit_fen", "personal_fen"):
        expected = np.concatenate([getattr(one, name) for one in alone])
        assert (getattr(found.people, name) == expected).all()
    for place, one in enumerate(alone):
        lines = [
            (line.level, line.rate, int(line.base_fen[place]), int(line.amount_fen[place]))
            for line in found.lines
            if line.holds is None or line.holds[place]
        ]
        single = [*one.people_lines, *one.unit_lines, *one.relief_lines]
        assert lines == [
            (
                "people" if isinstance(line, PeopleLine) else line.level,
                line.rate,
                line.base_fen,
                line.amount_fen,
            )
            for line in single
        ]
        assert int(found.total_fen()[place]) == sum(line.amount_fen for line in single)
