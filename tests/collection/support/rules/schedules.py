"""Hypothesis strategies for schedules and for the people levied under them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from services.collection.levy.domain.levy import (
    WAGE_MAX_FEN,
    Wages,
)
from services.collection.levy.domain.people_categories import PeopleCategories
from services.collection.policy.domain.category import (
    EMPLOYEE,
    EMPLOYEE_COVERAGE,
    BaseChoice,
    Category,
    Coverage,
)
from services.collection.policy.domain.charge_timeline import Relief
from services.collection.policy.domain.crediting import CreditRule
from services.collection.policy.domain.policy import Rule, Schedule, personal_base
from services.collection.policy.domain.rate import BaseKind, Figure, Limit, Rate
from shared.fund import AccountKind, Party
from shared.money import PPM, Rounding, RoundingMode
from shared.period import Period

INSURANCES = ("pension", "medical", "unemployment", "work_injury")
wage = st.one_of(
    st.integers(0, 50_000_00),
    st.integers(0, WAGE_MAX_FEN - 1),
    st.sampled_from([0, 1, 5, 3364_00, 3363_99, 3364_01, 17613_00, 17613_01]),
)
limit_amount = st.one_of(st.none(), st.integers(0, 10**10), st.sampled_from([3364_00, 17613_00]))


roundings = st.builds(Rounding, st.sampled_from([1, 10, 100]), st.sampled_from(list(RoundingMode)))


@st.composite
def limits(draw: st.DrawFn, insurance: str) -> Limit:
    floor, ceiling = draw(limit_amount), draw(limit_amount)
    if floor is not None and ceiling is not None and floor > ceiling:
        floor, ceiling = ceiling, floor
    return Limit(
        id="l",
        insurance=insurance,
        floor_fen=floor,
        ceiling_fen=ceiling,
        source="s",
        base_rounding=draw(st.none() | roundings),
    )


PERSONAL = [kind for kind in BaseKind if kind.per_person]


@st.composite
def rates(draw: st.DrawFn, insurance: str, party: Party) -> Rate:
    base = draw(st.sampled_from(PERSONAL if party is Party.PERSONAL else list(BaseKind)))
    return Rate(
        id=f"{insurance}.{party}",
        insurance=insurance,
        party=party,
        unit_kinds=("*",),
        injury_class=None,
        rate_ppm=PPM if base is BaseKind.HEAD else draw(st.integers(0, PPM)),
        base=base,
        account=AccountKind.POOLED,
        source="s",
        fixed_fen=draw(st.integers(0, 10**10)) if base.is_fixed else None,
        rounding=draw(st.none() | roundings),
        limit=draw(st.none() | limits(insurance))
        if base.per_person and not base.is_fixed
        else None,
    )


def a_head(insurance: str, fixed_fen: int) -> Rate:
    """Build an amount per head beside the personal share."""
    return Rate(
        id=f"{insurance}.head",
        insurance=insurance,
        party=Party.PERSONAL,
        unit_kinds=("*",),
        injury_class=None,
        rate_ppm=PPM,
        base=BaseKind.HEAD,
        account=AccountKind.POOLED,
        source="s",
        fixed_fen=fixed_fen,
    )


@st.composite
def credit_rows(draw: st.DrawFn, insurance: str, rate_ppm: int) -> tuple[CreditRule, ...]:
    """Draw ages 0-44, 45-59 and 60 on, or fewer, each with a share below the unit's."""
    chosen = draw(st.lists(st.sampled_from([(0, 45), (45, 60), (60, None)]), unique=True))
    return tuple(
        CreditRule(
            id=f"{insurance}.{age_from}",
            insurance=insurance,
            retired=False,
            age_from=age_from,
            age_below=age_below,
            rate_ppm=draw(st.integers(0, rate_ppm // 2)),
            yearly_fen=None,
            standing=None,
            source="s",
        )
        for age_from, age_below in chosen
    )


def _first(made: list[Rate]) -> list[Rate]:
    """Return the rate that gives a person's base, if there is one."""
    own = [rate for rate in made if rate.base.per_person and rate.base is not BaseKind.HEAD]
    return sorted(own, key=lambda rate: rate.party is Party.UNIT)[:1]


@st.composite
def rules(draw: st.DrawFn, insurance: str) -> Rule:
    made = [
        draw(rates(insurance, party))
        for party in sorted(draw(st.sets(st.sampled_from(list(Party)))))
    ]
    if draw(st.booleans()):
        made.append(a_head(insurance, draw(st.integers(0, 10**6))))
    base, fixed_fen = personal_base(made)
    unit = [rate for rate in made if rate.party is Party.UNIT and rate.base is not BaseKind.HEAD]
    # What is credited out of the unit's total or fixed base may exceed it; that has its own test.
    parted = bool(unit) and unit[0].base in {*PERSONAL, BaseKind.PERSONAL_SUM} - {
        BaseKind.CITY_AVERAGE
    }
    return Rule(
        insurance=insurance,
        fund=insurance,
        limit=draw(limits(insurance)),
        rates=tuple(made),
        personal_base=base,
        fixed_fen=fixed_fen,
        base_limit=next((rate.limit for rate in _first(made)), None),
        credits=draw(credit_rows(insurance, unit[0].rate_ppm)) if parted else (),
    )


some_insurances = st.sets(st.sampled_from(INSURANCES)).map(lambda found: tuple(sorted(found)))


@st.composite
def coverages(draw: st.DrawFn, category: str, *choices: str) -> Coverage:
    """Draw a category with some of the insurances and, for some of them, base choices."""
    insurances = draw(some_insurances)
    of = tuple(sorted({*draw(some_insurances)} & {*insurances}))
    rows = tuple(
        BaseChoice(
            id=f"{category}.{choice}",
            choice=choice,
            insurances=of,
            base_fen=draw(st.integers(0, 10**10)),
            factor_ppm=PPM,
            period_from=None,
            period_to=None,
            source="s",
        )
        for choice in choices
        if of
    )
    row = Category(
        id=category,
        category=category,
        insurances=insurances,
        unit_kinds=("*",),
        period_from=None,
        period_to=None,
        choices=rows,
        source="s",
    )
    return Coverage(category=category, row=row, choices=rows)


@st.composite
def reliefs(draw: st.DrawFn, insurance: str) -> Relief:
    return Relief(
        id=f"relief.{insurance}",
        insurance=insurance,
        party=Party.UNIT,
        unit_classes=("*",),
        period_from=Period(2020, 2),
        period_to=Period(2020, 6),
        factor_ppm=draw(st.sampled_from([PPM, PPM // 2]) | st.integers(0, PPM)),
        cap_fen=draw(st.none() | st.integers(0, 10**6) | st.integers(0, 10**15)),
        source="s",
        spares_accounts=draw(st.booleans()),
    )


def for_some(rule: Rule, bearers: tuple[str, ...]) -> Rule:
    """Restrict a rule's personal rates to some categories."""
    found = tuple(
        replace(rate, categories=bearers) if rate.base.per_person else rate for rate in rule.rates
    )
    base, fixed_fen = personal_base(found)
    return replace(rule, rates=found, personal_base=base, fixed_fen=fixed_fen)


CATEGORIES = (EMPLOYEE, "site", "free", "old")
bearers = st.sets(st.sampled_from(CATEGORIES), min_size=1).map(lambda found: tuple(sorted(found)))


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    made = [draw(rules(name)) for name in INSURANCES]
    narrowed = draw(st.sets(st.sampled_from(INSURANCES), max_size=2))
    relieved = draw(st.sets(st.sampled_from(INSURANCES)))
    return Schedule(
        rules=tuple(
            for_some(rule, draw(bearers))
            if rule.insurance in narrowed and not rule.credits
            else rule
            for rule in made
        ),
        rounding=draw(roundings),
        coverages={
            EMPLOYEE: EMPLOYEE_COVERAGE,
            "site": draw(coverages("site")),
            "free": draw(coverages("free", "low", "high")),
            "old": draw(coverages("old")),
        },
        reliefs=tuple(draw(reliefs(name)) for name in sorted(relieved)),
    )


@st.composite
def persons(draw: st.DrawFn) -> Wages:
    category = draw(st.sampled_from((EMPLOYEE, *CATEGORIES)))
    return Wages(
        "",
        draw(wage),
        draw(st.dictionaries(st.sampled_from(INSURANCES), wage, max_size=2)),
        {figure: draw(wage) for figure in Figure},
        draw(st.sampled_from([0, 16, 44, 45, 59, 60, 61])),
        category,
        draw(st.sampled_from(["low", "high"])) if category == "free" else None,
    )


def categories_of(people: list[Wages]) -> PeopleCategories:
    """Arrange categories and choices in columns."""
    kinds = sorted({(wages.category, wages.choice) for wages in people}, key=str)
    code = [kinds.index((wages.category, wages.choice)) for wages in people]
    return PeopleCategories(tuple(kinds), np.array(code))


people = st.lists(persons(), min_size=1, max_size=12).map(
    lambda found: [replace(wages, ref=str(number)) for number, wages in enumerate(found)]
)
totals = st.integers(0, 10**14 - 1)
