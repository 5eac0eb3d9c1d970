"""Faults of a policy pack as a whole."""

from collections.abc import Callable
from typing import Any

import pytest

from services.collection.common.store import shipped as common_shipped_store
from services.collection.policy.domain import pack as pack_rules
from services.collection.policy.domain.faults.faults import faults_in
from tests.collection.support import packs


def codes(content: dict[str, Any]) -> set[str]:
    policy, faults = pack_rules.attempt(content)
    return {fault.code for fault in faults} | {fault.code for fault in faults_in(policy, content)}


def test_a_sound_pack_has_no_fault() -> None:
    assert codes(packs.sound_pack()) == set()


@pytest.mark.parametrize(
    "content", common_shipped_store.packs(), ids=lambda content: content["pack"]
)
def test_the_shipped_packs_are_sound(content: dict[str, Any]) -> None:
    assert codes(content) == set()


def _set(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(content: dict[str, Any]) -> None:
        *parents, last = [int(part) if part.isdigit() else part for part in path.split("/")]
        place: Any = content
        for part in parents:
            place = place[part]
        place[last] = value

    return change


def _add(part: str, row: Any) -> Callable[[dict[str, Any]], None]:
    return lambda content: content[part].append(row)


def _drop(part: str, number: int) -> Callable[[dict[str, Any]], None]:
    def change(content: dict[str, Any]) -> None:
        del content[part][number]

    return change


LIMIT = {"id": "again", "insurance": "*", "floor": None, "ceiling": None, "source": "s"}
BREAKS: list[tuple[str, Callable[[dict[str, Any]], None]]] = [
    ("DAYS_REVERSED", _set("in_force_to", "2020-12-31")),
    ("INSURANCE_UNKNOWN", _set("insurances/0", "weather")),
    ("INSURANCE_REPEATED", _add("insurances", "pension")),
    ("INSURANCE_NOT_LISTED", _set("rates/0/insurance", "medical")),
    ("FUND_UNKNOWN", _set("fund_map/0/fund", "weather")),
    ("FUND_UNKNOWN", _set("suspense_fund", "medical")),
    ("FUND_MISSING", _drop("fund_map", 1)),
    ("FUND_REPEATED", _add("fund_map", {"insurance": "pension", "fund": "pension", "source": "s"})),
    ("RECEIPT_ACCOUNT_MISSING", _drop("receipt_accounts", 0)),
    (
        "RECEIPT_ACCOUNT_REPEATED",
        _add("receipt_accounts", {"channel": "tax", "account": "treasury_deposit"}),
    ),
    ("CHANNEL_UNKNOWN", _set("receipt_accounts/0/channel", "cash")),
    ("ACCOUNT_UNKNOWN", _set("receipt_accounts/0/account", "cash")),
    ("SOURCE_UNKNOWN", _set("rates/0/source", "hearsay")),
    ("SOURCE_REPEATED", _add("sources", {"id": "s", "text": "twice", "certain": True})),
    ("LIMIT_MISSING", _drop("limits", 0)),
    ("LIMIT_REPEATED", _add("limits", LIMIT)),
    ("LIMITS_REVERSED", _set("limits/0/floor", "20000.00")),
    ("LIMIT_OUT_OF_RANGE", _set("limits/0/ceiling", "999999999.00")),
    ("AMOUNT_MALFORMED", _set("limits/0/floor", "3364")),
    ("RATE_MALFORMED", _set("rates/0/rate", "16%")),
    ("RATE_ROUNDS_AWAY", _set("rates/0/rate", "0.1600001")),
    ("RATE_ROUNDS_AWAY", _set("rates/0/rate", "0.000001")),
    ("RATE_ABOVE_ONE", _set("rates/0/rate", "16")),
    ("RATE_REPEATED", _set("rates/1/id", "pension.unit")),
    ("RATE_OVERLAPS", _set("rates/1/party", "unit")),
    ("RATE_OVERLAPS", _set("rates/3/injury_class", None)),
    ("CLASS_GAP", _set("rates/3/injury_class", 3)),
    ("RATE_GAP", _set("rates/0/unit_kinds", ["enterprise"])),
    ("UNIT_KIND_UNKNOWN", _set("rates/0/unit_kinds", ["*", "circus"])),
    ("BASE_NOT_FOR_PARTY", _set("rates/1/base", "personal_sum")),
    (
        "EXEMPT_CONTRADICTED",
        _add("exempt", {"insurance": "pension", "unit_kinds": ["organ"], "source": "s"}),
    ),
]


@pytest.mark.parametrize(("code", "change"), BREAKS)
def test_a_fault_is_named(code: str, change: Callable[[dict[str, Any]], None]) -> None:
    content = packs.sound_pack()
    change(content)
    if (
        code == "RATE_GAP"
    ):  # the personal rate covers every kind, so only the two together leave one
        content["rates"][1]["unit_kinds"] = ["enterprise"]
    assert code in codes(content)


def test_all_faults_are_named_at_once() -> None:
    content = packs.sound_pack()
    for code, path, value in (
        ("RATE_MALFORMED", "rates/0/rate", "x"),
        ("SOURCE_UNKNOWN", "rates/1/source", "hearsay"),
        ("LIMITS_REVERSED", "limits/0/floor", "20000.00"),
        ("DAYS_REVERSED", "in_force_to", "2020-12-31"),
    ):
        _set(path, value)(content)
        assert code in codes(content)
    assert len(codes(content)) == 4
