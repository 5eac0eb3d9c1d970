"""Faults of the city's own rules; and the shipped documents have none."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import pytest
from pydantic import TypeAdapter

from services.collection.city.domain import faults_in
from services.collection.city.schemas import CityRuleBody
from services.collection.common.store import city_rule as city_rule_store
from services.collection.common.store.city_rule import CityRule
from shared.fund import FIVE_INSURANCES

BODY: TypeAdapter[Any] = TypeAdapter(CityRuleBody)


def shipped(rule: CityRule) -> dict[str, Any]:
    return deepcopy(city_rule_store.shipped(rule))


def faults(rule: CityRule, content: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = faults_in(rule.value, content, shipped(rule), ["tianjin"], FIVE_INSURANCES)
    return [(fault.pointer, fault.code) for fault in found]


@pytest.mark.parametrize("rule", CityRule)
def test_a_shipped_document_can_be_sent_back_as_it_is(rule: CityRule) -> None:
    body = BODY.validate_python({"rule": rule.value, "reason": "r", **shipped(rule)})
    assert body.content() == shipped(rule)
    assert faults(rule, body.content()) == []


@pytest.mark.parametrize(
    ("rule", "name", "key"),
    [
        (CityRule.RETURN_CODES, "codes", "code"),
        (CityRule.WAIVER_REASONS, "reasons", "code"),
        (CityRule.LEVY_ITEMS, "items", "code"),
        (CityRule.QUALITY_CHECKS, "checks", "id"),
    ],
)
def test_what_papers_refer_to_stays_and_stands_once(rule: CityRule, name: str, key: str) -> None:
    without = shipped(rule)
    last = without[name].pop()
    if last[key] not in {row[key] for row in without[name]}:
        assert (f"/{name}", "ROW_LEFT_OUT") in faults(rule, without)
    twice = shipped(rule)
    twice[name].append(twice[name][0])
    assert (f"/{name}/{len(twice[name]) - 1}", "ROW_TWICE") in faults(rule, twice)


def test_a_cut_off_is_of_a_known_region() -> None:
    content = shipped(CityRule.CUT_OFFS)
    content["rules"][0]["region"] = "atlantis"
    assert faults(CityRule.CUT_OFFS, content) == [("/rules/0/region", "REGION_UNKNOWN")]


def test_a_sentence_fills_in_only_what_its_notice_knows() -> None:
    content = shipped(CityRule.NOTICE_TEXTS)
    content["texts"][0]["text"] = "请于{nowhere}前缴纳"
    content["texts"][1]["text"] = "请于{前缴纳"
    content["texts"].append(content["texts"][2] | {"notice": "poem"})
    assert [code for _, code in faults(CityRule.NOTICE_TEXTS, content)] == [
        "PLACE_UNKNOWN",
        "TEXT_MALFORMED",
        "NOTICE_UNKNOWN",
    ]


@pytest.mark.parametrize(
    "place", ["{until:,}", "{until:>2000000000}", "{until:{nope}}", "{until!r}"]
)
def test_a_sentence_says_nothing_about_how_its_values_are_written(place: str) -> None:
    content = shipped(CityRule.NOTICE_TEXTS)
    (number,) = (n for n, row in enumerate(content["texts"]) if row["notice"] == "inspection")
    content["texts"][number]["text"] = f"请于{place}前提出"
    assert faults(CityRule.NOTICE_TEXTS, content) == [(f"/texts/{number}/text", "TEXT_MALFORMED")]


@pytest.mark.parametrize(
    ("check", "limits"),
    [
        ("joined_too_early", {"earliest": "garbage"}),
        ("joined_too_early", {"earliest": "2021-02-30"}),
        ("wage_low", {"low_fen": 10**30}),
        ("wage_low", {"low_fen": -1}),
        ("wage_jump", {"times": 10**9}),
        ("wage_placeholder", {"placeholders_fen": [1, "2"]}),
        ("wage_placeholder", {"placeholders_fen": [10**30]}),
    ],
)
def test_a_limit_is_one_that_its_check_can_take(check: str, limits: dict[str, Any]) -> None:
    content = shipped(CityRule.QUALITY_CHECKS)
    (number,) = (n for n, row in enumerate(content["checks"]) if row["id"] == check)
    content["checks"][number]["limits"] = limits
    (name,) = limits
    assert faults(CityRule.QUALITY_CHECKS, content) == [
        (f"/checks/{number}/limits/{name}", "LIMIT_INVALID")
    ]


def test_a_levy_item_is_of_a_known_insurance() -> None:
    content = shipped(CityRule.LEVY_ITEMS)
    content["items"][0]["insurance"] = "pensoin"
    assert faults(CityRule.LEVY_ITEMS, content) == [("/items/0/insurance", "INSURANCE_UNKNOWN")]


def test_a_check_keeps_its_meaning_and_changes_its_limits() -> None:
    content = shipped(CityRule.QUALITY_CHECKS)
    places = {row["id"]: number for number, row in enumerate(content["checks"])}
    low = content["checks"][places["wage_low"]]
    low["limits"] = {"low_fen": 200_000}
    assert faults(CityRule.QUALITY_CHECKS, content) == []
    low["limits"] = {"low_fen": "much"}
    low["subject"] = "units"
    content["targets"][0]["checks"] = ["no_such"]
    assert [code for _, code in faults(CityRule.QUALITY_CHECKS, content)] == [
        "CHECK_FIXED",
        "LIMITS_FIXED",
        "CHECK_UNKNOWN",
    ]


def test_a_filing_rule_names_its_source() -> None:
    content = shipped(CityRule.FILING)
    content["regions"][0]["source"] = content["default"]["source"] = "hearsay"
    assert [pointer for pointer, _ in faults(CityRule.FILING, content)] == [
        "/regions/0/source",
        "/default/source",
    ]
