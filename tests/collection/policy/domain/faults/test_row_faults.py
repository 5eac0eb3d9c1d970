"""Faults of optional rows, each named by its code."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.collection.support import packs
from tests.collection.support.rules.ruled import (
    LIMITS,
    codes,
    credited,
    floating,
    limits_pack,
    tier_rows,
)

Change = Callable[[dict[str, Any]], Any]


def _row(part: str, number: int, **members: Any) -> Change:
    return lambda content: content[part][number].update(members)


FROM = {"of": ["y0"], "factor": "0.6"}
BREAKS: list[tuple[str, dict[str, Any], Change]] = [
    ("AVERAGE_UNKNOWN", limits_pack(LIMITS[1]), _row("limits", 0, floor_from=FROM | {"of": ["x"]})),
    ("AVERAGE_REPEATED", limits_pack(LIMITS[2]), _row("averages", 1, id="y0")),
    ("AMOUNT_OUT_OF_RANGE", limits_pack(LIMITS[1]), _row("averages", 0, amount="0.00")),
    (
        "FACTOR_OUT_OF_RANGE",
        limits_pack(LIMITS[1]),
        _row("limits", 0, floor_from=FROM | {"factor": "0"}),
    ),
    ("LIMITS_REVERSED", limits_pack(LIMITS[1]), _row("limits", 0, ceiling="1.00")),
    ("AMOUNT_MISSING", packs.sound_pack(), _row("rates", 0, base="head")),
    ("RATE_NOT_FOR_BASE", packs.sound_pack(), _row("rates", 0, base="head", amount="1.00")),
    ("RATE_MISSING", packs.sound_pack(), _row("rates", 0, rate=None)),
    ("AMOUNT_NOT_FOR_BASE", packs.sound_pack(), _row("rates", 0, amount="1.00")),
    ("AVERAGE_MISSING", packs.sound_pack(), _row("rates", 0, base="city_average")),
    ("AVERAGE_NOT_FOR_BASE", packs.sound_pack(), _row("rates", 0, average=FROM)),
    ("AVERAGE_UNKNOWN", packs.sound_pack(), _row("rates", 0, base="city_average", average=FROM)),
    ("SUM_NOT_OF_BASES", packs.sound_pack(), _row("rates", 0, sum_of="own_last_year")),
    ("MONTH_REPEATED", packs.sound_pack(), _row("rates", 0, months=[1, 1])),
    ("BASE_NOT_FOR_PARTY", packs.sound_pack(), _row("rates", 1, base="unit_last_month")),
    (
        "LEVEL_NOT_FOR_BASE",
        packs.sound_pack(),
        lambda content: (
            content["rounding"].update(level="unit"),
            content["rates"][0].update(base="own_last_month"),
        ),
    ),
    ("FUND_GAP", packs.sound_pack(), _row("fund_map", 0, in_force_from="2021-02-01")),
    ("DAY_NOT_FIRST", packs.sound_pack(), _row("fund_map", 0, in_force_from="2021-02-02")),
    ("FUND_GAP", packs.sound_pack(), _row("fund_map", 0, in_force_to="2021-12-31")),
    (
        "FUND_REPEATED",
        packs.sound_pack(),
        lambda content: content["fund_map"].append(
            {
                "insurance": "pension",
                "fund": "medical",
                "in_force_from": "2022-01-01",
                "source": "s",
            }
        ),
    ),
    ("CREDIT_REPEATED", credited(), _row("crediting", 1, id="to45")),
    ("CREDIT_OVERLAPS", credited(), _row("crediting", 1, age_from=44)),
    ("CREDIT_AMBIGUOUS", credited(), _row("crediting", 2, yearly="480.00")),
    ("CREDIT_NOT_FOR_ACTIVE", credited(), _row("crediting", 0, rate=None, yearly="480.00")),
    ("CREDIT_ABOVE_RATE", credited(), _row("crediting", 0, rate="0.1")),
    ("CREDIT_ABOVE_RATE", credited("personal_sum"), _row("crediting", 0, rate="0.09")),
    ("AGES_REVERSED", credited(), _row("crediting", 0, age_from=45)),
    ("INSURANCE_NOT_LISTED", credited(), _row("crediting", 0, insurance="pension")),
    ("SOURCE_UNKNOWN", credited(), _row("crediting", 0, source="hearsay")),
    (
        "RATE_ROUNDS_AWAY",
        floating(),
        lambda content: content["injury_floating"]["steps"][0].update(factor="1.00001"),
    ),
    (
        "STEP_REPEATED",
        floating(),
        lambda content: content["injury_floating"]["steps"][0].update(id="m18"),
    ),
    (
        "CUT_OVERLAPS",
        floating(),
        lambda content: content["injury_floating"]["stage_cuts"][1].update(months_from="23.99"),
    ),
    (
        "MONTHS_MALFORMED",
        floating(),
        lambda content: content["injury_floating"].update(capacity_months="two years"),
    ),
    (
        "FACTOR_OUT_OF_RANGE",
        packs.sound_pack(),
        lambda content: content.update(default_levy={"factor": "0.9", "source": "s"}),
    ),
    (
        "SOURCE_UNKNOWN",
        packs.sound_pack(),
        lambda content: content.update(default_levy={"factor": "1.1", "source": "hearsay"}),
    ),
]


@pytest.mark.parametrize(
    ("code", "content", "change"), BREAKS, ids=[f"{n}-{row[0]}" for n, row in enumerate(BREAKS)]
)
def test_a_fault_is_named(code: str, content: dict[str, Any], change: Change) -> None:
    broken = json.loads(json.dumps(content))
    assert code not in codes(broken)
    change(broken)
    assert code in codes(broken)


@pytest.mark.parametrize(
    "tiers",
    [
        [("1.00", None, "0.001")],
        [("0.00", "10.00", "0.001")],
        [("0.00", "10.00", "0.001"), ("11.00", None, "0.001")],
        [("0.00", "10.00", "0.001"), ("9.00", None, "0.001")],
    ],
)
def test_tiers_run_from_zero_without_a_gap(tiers: list[tuple[str, str | None, str]]) -> None:
    rows = tier_rows(tiers)
    content = packs.sound_pack() | {
        "construction": {"insurance": "work_injury", "by": "whole", "tiers": rows}
    }
    assert codes(content) == {"TIERS_BROKEN"}
