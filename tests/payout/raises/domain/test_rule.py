"""The rule of a raise, for one person: groups, parts, bounds, rounding."""

import pytest

from services.payout.raises.domain.rule import (
    SHARE,
    PensionFacts,
    RaiseGroup,
    RaiseRule,
    YearCount,
    raised,
)
from shared.money import Rounding, RoundingMode
from shared.period import Period

FACTS = PensionFacts(born_in=Period(1950, 3), retired_in=Period(2010, 3), paid_months=361)
JIAO_UP = Rounding(10, RoundingMode.UP)


def rule(*groups: RaiseGroup, years: YearCount = YearCount.UP, **changes: int | None) -> RaiseRule:
    return RaiseRule(groups=groups, years=years, rounding=JIAO_UP, **changes)  # type: ignore[arg-type]


def after(rule: RaiseRule, facts: PensionFacts = FACTS, before_fen: int = 300_000) -> int | None:
    found = raised(rule, facts, before_fen)
    return None if found is None else found.after_fen


def group(**values: object) -> RaiseGroup:
    return RaiseGroup(**{"code": "a", "name": "组"} | values)  # type: ignore[arg-type]


def test_every_group_of_a_person_adds_its_parts() -> None:
    found = raised(
        rule(
            group(fixed_fen=29_00),
            group(code="b", per_year_fen=1_00, percent_ppm=10_000),
            group(code="old", born_to=Period(1949, 12), fixed_fen=99_00),
        ),
        FACTS,
        300_001,
    )
    assert found is not None
    assert [share.code for share in found.groups] == ["a", "b"]
    fixed, linked = found.groups
    assert fixed.share == 29_00 * SHARE
    assert (linked.per_year, linked.percent) == (31_00 * SHARE, 3_000_01 * SHARE // 100)
    assert found.after_fen == 300_001 + 90_10, "90.0001 is rounded up to the jiao"


@pytest.mark.parametrize(
    ("years", "added"),
    [(YearCount.UP, 31_00), (YearCount.DOWN, 30_00), (YearCount.MONTHS, 30_10)],
)
def test_a_part_of_a_year_counts_as_the_rule_says(years: YearCount, added: int) -> None:
    assert after(rule(group(per_year_fen=1_00), years=years)) == 300_000 + added


@pytest.mark.parametrize(
    ("bounds", "is_raised"),
    [
        ({"born_from": Period(1950, 3), "born_to": Period(1950, 3)}, True),
        ({"born_from": Period(1950, 4)}, False),
        ({"retired_to": Period(2010, 3)}, True),
        ({"retired_to": Period(2010, 2)}, False),
        ({"paid_months_from": 361, "paid_months_to": 361}, True),
        ({"paid_months_from": 362}, False),
        ({"paid_months_to": 360}, False),
    ],
)
def test_bounds_are_inclusive(bounds: dict[str, object], is_raised: bool) -> None:
    one = rule(group(fixed_fen=10, **bounds))
    assert (after(one) is not None) is is_raised
    assert after(one, PensionFacts()) is None, "an unknown fact is in no bounds"


def test_floors_and_caps_of_a_group_and_of_the_raise() -> None:
    assert after(rule(group(percent_ppm=1_000, floor_fen=15_00))) == 300_000 + 15_00
    assert after(rule(group(percent_ppm=100_000, cap_fen=80_00))) == 300_000 + 80_00
    assert after(rule(group(fixed_fen=10), floor_fen=50)) == 300_050
    assert after(rule(group(fixed_fen=90_00), cap_fen=60_00)) == 306_000
    assert after(rule(group(fixed_fen=10_00), least_fen=305_000)) == 305_000
    assert after(rule(group(per_year_fen=10)), PensionFacts()) is None
