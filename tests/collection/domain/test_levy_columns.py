"""Columns of people give the same fen as people one by one, under any policy."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from services.collection.domain.levy import WAGE_MAX_FEN, UnitFacts, Wages, assess
from services.collection.domain.levy_columns import asked_columns, assess_columns
from services.collection.domain.policy import BaseKind, Limit, Rate, Rule, Schedule
from shared.fund import AccountKind, Party
from shared.money import PPM, Rounding, RoundingMode

INSURANCES = ("pension", "medical", "unemployment", "work_injury")
wage = st.one_of(
    st.integers(0, 50_000_00),
    st.integers(0, WAGE_MAX_FEN - 1),
    st.sampled_from([0, 1, 5, 3364_00, 3363_99, 3364_01, 17613_00, 17613_01]),
)
limit_amount = st.one_of(st.none(), st.integers(0, 10**10), st.sampled_from([3364_00, 17613_00]))


@st.composite
def limits(draw: st.DrawFn, insurance: str) -> Limit:
    floor, ceiling = draw(limit_amount), draw(limit_amount)
    if floor is not None and ceiling is not None and floor > ceiling:
        floor, ceiling = ceiling, floor
    return Limit(id="l", insurance=insurance, floor_fen=floor, ceiling_fen=ceiling, source="s")


@st.composite
def rules(draw: st.DrawFn, insurance: str) -> Rule:
    parties = draw(st.sets(st.sampled_from(list(Party))))
    return Rule(
        insurance=insurance,
        fund=insurance,
        limit=draw(limits(insurance)),
        rates=tuple(
            Rate(
                id=f"{insurance}.{party}",
                insurance=insurance,
                party=party,
                unit_kinds=("*",),
                injury_class=None,
                rate_ppm=draw(st.integers(0, PPM)),
                base=draw(st.sampled_from(list(BaseKind))) if party is Party.UNIT else BaseKind.OWN,
                account=AccountKind.POOLED,
                source="s",
            )
            for party in sorted(parties)
        ),
    )


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    return Schedule(
        rules=tuple(draw(rules(name)) for name in INSURANCES),
        rounding=Rounding(
            draw(st.sampled_from([1, 10, 100])), draw(st.sampled_from(list(RoundingMode)))
        ),
    )


people = st.lists(
    st.tuples(wage, st.dictionaries(st.sampled_from(INSURANCES), wage, max_size=2)),
    min_size=1,
    max_size=12,
)


@settings(max_examples=300, deadline=None)
@given(schedule=schedules(), people=people, wage_total=st.integers(0, 10**14 - 1))
def test_columns_levy_what_people_one_by_one_are_levied(
    schedule: Schedule, people: list[tuple[int, dict[str, int]]], wage_total: int
) -> None:
    unit = UnitFacts(kind="enterprise", wage_total_fen=wage_total)
    single = assess(
        schedule, unit, [Wages(str(n), default, own) for n, (default, own) in enumerate(people)]
    )
    columns = assess_columns(
        schedule,
        unit,
        asked_columns(INSURANCES, [default for default, _ in people], [own for _, own in people]),
    )
    shares = {Party.UNIT: columns.unit_fen, Party.PERSONAL: columns.personal_fen}
    for line in single:
        if line.ref is not None:
            place = int(line.ref), INSURANCES.index(line.insurance)
            assert shares[line.party][place] == line.amount_fen
            assert columns.base_fen[place] == line.base_fen
    assert list(columns.unit_lines) == [line for line in single if line.ref is None]
    levied = sum(line.amount_fen for line in single if line.ref is not None)
    assert int(columns.unit_fen.sum() + columns.personal_fen.sum()) == levied
    assert sum(line.amount_fen for line in columns.people_lines) == levied


def test_no_product_leaves_64_bits() -> None:
    greatest = np.iinfo(np.int64).max
    assert greatest > 10**10 * PPM + PPM * 100


def test_one_column_serves_all_when_nobody_has_a_wage_of_an_insurances_own() -> None:
    assert asked_columns(INSURANCES, [1, 2], [None, {}]).shape == (2, 1)
    assert asked_columns(INSURANCES, [1, 2], [None, {"medical": 5}]).tolist() == [
        [1, 1, 1, 1],
        [2, 5, 2, 2],
    ]
