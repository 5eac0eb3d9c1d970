"""Rates of data quality, overlapping cover, and cross-footing."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.collection.common.store import city_rule as city_rule_store
from services.collection.common.store.city_rule import CityRule
from services.collection.quality.domain.cross_foot import cross_foot
from services.collection.quality.domain.quality import (
    PPM,
    Check,
    CheckKind,
    Finding,
    rates_of,
    share_ppm,
)
from services.collection.quality.store import checks as checks_store
from services.collection.quality.store import shipped as quality_shipped_store
from services.collection.register.domain.cover import Span, overlapping

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "cases" / "cross_foot.json").read_text()
)["cross_foot"]
DAYS = st.dates(date(2020, 1, 1), date(2020, 3, 1))


def a_check(kind: CheckKind, name: str = "x") -> Check:
    return Check(id=name, kind=kind, subject="units", title="", source="", certain=True)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_published_reports_are_added_up(case: dict[str, Any]) -> None:
    found = cross_foot(case["stated_total_wan"], case["lines_wan"])
    assert (found.sum, found.ok) == (case["sum_wan"], case["ok"])
    assert found.difference == case["sum_wan"] - case["stated_total_wan"]


def test_a_share_of_nothing_is_nothing_and_halves_round_up() -> None:
    assert share_ppm(0, 0) == 0
    assert share_ppm(1, 3) == 333_333
    assert share_ppm(2, 3) == 666_667
    assert share_ppm(1, 2_000_000) == 1


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_what_is_right_and_what_is_wrong_are_the_whole(found: int, more: int) -> None:
    of = found + more
    rates = rates_of([Finding(a_check(CheckKind.ENTRY), found, of)])
    assert abs(rates.entry_ppm + share_ppm(found, of) - PPM) <= 1


def test_rates_are_taken_over_the_checks_of_their_kind() -> None:
    rates = rates_of(
        [
            Finding(a_check(CheckKind.COMPLETENESS), 1, 10),
            Finding(a_check(CheckKind.COMPLETENESS), 0, 10),
            Finding(a_check(CheckKind.DUPLICATE), 1, 4),
        ]
    )
    assert (rates.completeness_ppm, rates.duplicate_ppm) == (950_000, 250_000)
    assert (rates.entry_ppm, rates.anomaly_ppm, rates.logic_ppm) == (0, 0, 0)


def test_every_check_has_its_statement_its_subject_and_its_source() -> None:
    of_city = quality_shipped_store.catalogue_from(city_rule_store.shipped(CityRule.QUALITY_CHECKS))
    checks = of_city.checks
    assert {check.id for check in checks} == set(checks_store.CHECKS)
    assert {check.kind for check in checks} == set(CheckKind)
    assert set(of_city.subjects) == set(checks_store.SUBJECTS)
    for check in checks:
        assert check.subject in checks_store.SUBJECTS
        assert check.source
        assert check.title
        for limit in check.limits:
            assert f":{limit}" in checks_store.CHECKS[check.id]


def test_days_that_touch_overlap_and_days_that_follow_do_not() -> None:
    first: Span = ("A", date(2021, 1, 1), date(2021, 6, 30))
    assert overlapping([first, ("B", date(2021, 6, 30), None)]) == [True, True]
    assert overlapping([first, ("B", date(2021, 7, 1), None)]) == [False, False]
    assert overlapping([first, ("A", date(2021, 3, 1), None)]) == [False, False]


@given(st.lists(st.tuples(st.sampled_from("ABC"), DAYS, st.none() | DAYS), max_size=6))
def test_overlap_is_a_shared_day_at_two_units(spans: list[Span]) -> None:
    spans = [span for span in spans if span[2] is None or span[2] >= span[1]]

    def days(span: Span) -> set[int]:
        end = span[2] or date(2020, 4, 1)
        return set(range(span[1].toordinal(), end.toordinal() + 1))

    expected = [
        any(one[0] != other[0] and days(one) & days(other) for other in spans) for one in spans
    ]
    assert overlapping(spans) == expected
