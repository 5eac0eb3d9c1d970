"""Columns of people give the same fen as people one by one, under any policy."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.collection.common.domain.errors import AgeMissing, CreditAboveLevy, FigureMissing
from services.collection.levy.domain.columns import PeopleFigures, assess_columns, wage_columns
from services.collection.levy.domain.levy import (
    UnitFacts,
    Wages,
    assess,
    personal_base_fen,
)
from services.collection.levy.domain.relief import relief_lines
from services.collection.policy.domain.crediting import CreditRule
from services.collection.policy.domain.policy import Rule, Schedule
from services.collection.policy.domain.rate import BaseKind, Figure, Limit, Rate, UnitFigure
from shared.fund import AccountKind, Party
from shared.money import PPM, Rounding
from tests.collection.support.rules.schedules import (
    INSURANCES,
    categories_of,
    people,
    schedules,
    totals,
)


def refused(run: Callable[[], Any]) -> Any:
    """Return the result, or CreditAboveLevy (small bases round up)."""
    try:
        return run()
    except CreditAboveLevy:
        return CreditAboveLevy


@settings(max_examples=150, deadline=None)
@given(schedule=schedules(), people=people, wage_total=totals, figures=st.tuples(totals, totals))
def test_columns_levy_what_people_one_by_one_are_levied(
    schedule: Schedule, people: list[Wages], wage_total: int, figures: tuple[int, int]
) -> None:
    unit = UnitFacts(
        kind="enterprise",
        wage_total_fen=wage_total,
        figures=dict(zip(UnitFigure, figures, strict=True)),
    )
    asked_fen = wage_columns(
        INSURANCES,
        [wages.default_fen for wages in people],
        [wages.by_insurance for wages in people],
    )
    people_facts = PeopleFigures(
        figures={
            figure: np.array([wages.figures[figure] for wages in people]) for figure in Figure
        },
        age=np.array([wages.age for wages in people]),
        categories=categories_of(people),
    )
    single = refused(lambda: assess(schedule, unit, people))
    columns = refused(lambda: assess_columns(schedule, unit, asked_fen, people_facts))
    if CreditAboveLevy in (single, columns):
        assert single is columns
        return
    own = [line for line in single if line.ref is not None]
    shares = dict.fromkeys(((line.ref, line.insurance, line.party) for line in own), 0)
    for line in own:
        shares[line.ref, line.insurance, line.party] += line.amount_fen
    stored = {Party.UNIT: columns.unit_fen, Party.PERSONAL: columns.personal_fen}
    for (ref, insurance, party), amount_fen in shares.items():
        assert stored[party][int(ref), INSURANCES.index(insurance)] == amount_fen
    for wages in people:
        for place, rule in enumerate(schedule.rules):
            base_fen = personal_base_fen(rule, wages, schedule.coverage(wages.category))
            assert columns.base_fen[int(wages.ref), place] == base_fen
    assert list(columns.unit_lines) == [line for line in single if line.ref is None]
    by_rule: dict[tuple[Rate, int, int], None] = {}
    for rate in {line.rate for line in own}:
        lines = [line for line in own if line.rate == rate]
        by_rule[rate, sum(x.base_fen for x in lines), sum(x.amount_fen for x in lines)] = None
    assert by_rule.keys() == {
        (line.rate, line.base_fen, line.amount_fen) for line in columns.people_lines
    }
    assert int(columns.unit_fen.sum() + columns.personal_fen.sum()) == sum(
        line.amount_fen for line in own
    )
    assert list(columns.relief_lines) == relief_lines(schedule, single)


def test_no_product_leaves_64_bits() -> None:
    greatest = np.iinfo(np.int64).max
    assert greatest > 10**10 * PPM + PPM * 100


def test_one_column_serves_all_when_nobody_has_a_wage_of_an_insurances_own() -> None:
    assert wage_columns(INSURANCES, [1, 2], [None, {}]).shape == (2, 1)
    assert wage_columns(INSURANCES, [1, 2], [None, {"medical": 5}]).tolist() == [
        [1, 1, 1, 1],
        [2, 5, 2, 2],
    ]


def a_schedule(*, credits: tuple[CreditRule, ...] = (), base: BaseKind = BaseKind.OWN) -> Schedule:
    rate = Rate(
        id="medical.unit",
        insurance="medical",
        party=Party.UNIT,
        unit_kinds=("*",),
        injury_class=None,
        rate_ppm=90_000,
        base=base,
        account=AccountKind.POOLED,
        source="s",
    )
    limit = Limit(id="l", insurance="*", floor_fen=None, ceiling_fen=None, source="s")
    rule = Rule(
        insurance="medical",
        fund="medical",
        limit=limit,
        rates=(rate,),
        personal_base=base,
        credits=credits,
    )
    return Schedule(rules=(rule,), rounding=Rounding())


@pytest.mark.parametrize("given", [{}, {Figure.LAST_MONTH: -1}])
def test_both_paths_refuse_a_base_whose_figure_was_not_given(given: dict[str, int]) -> None:
    schedule, unit = a_schedule(base=BaseKind.OWN_LAST_MONTH), UnitFacts(kind="enterprise")
    with pytest.raises(FigureMissing):
        assess(schedule, unit, [Wages("a", 100)])
    people_facts = PeopleFigures(figures={name: np.array([fen]) for name, fen in given.items()})
    with pytest.raises(FigureMissing):
        assess_columns(schedule, unit, np.array([[100]]), people_facts)


def test_both_paths_refuse_to_credit_people_of_unknown_age() -> None:
    row = CreditRule(
        id="c",
        insurance="medical",
        retired=False,
        age_from=0,
        age_below=None,
        rate_ppm=40_000,
        yearly_fen=None,
        standing=None,
        source="s",
    )
    schedule, unit = a_schedule(credits=(row,)), UnitFacts(kind="enterprise")
    with pytest.raises(AgeMissing):
        assess(schedule, unit, [Wages("a", 100)])
    with pytest.raises(AgeMissing):
        assess_columns(schedule, unit, np.array([[100]]))
