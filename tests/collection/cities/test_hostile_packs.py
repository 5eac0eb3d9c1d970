"""A broken pack is refused at the door with every fault under its pointer, however many there are."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.collection.policy.schemas.lint import faults_of
from tests.collection.support.office import Office
from tests.collection.support.packs import a_rate, sound_pack

Break = Callable[[dict[str, Any]], None]
Faults = set[tuple[str, str]]


def whole() -> dict[str, Any]:
    """Build a sound pack with a row in every member."""
    pack = sound_pack()
    pack["averages"] = [{"id": "2020", "amount": "5607.00", "source": "s"}]
    pack["names"] = [{"insurance": "heating", "name": "采暖费", "source": "s"}]
    pack["insurances"] = ["pension", "work_injury", "heating"]
    pack["fund_map"].append({"insurance": "heating", "fund": "pension", "source": "s"})
    pack["rates"].append(a_rate("heating", "unit", "0.01"))
    pack["crediting"] = [
        {
            "id": "young",
            "insurance": "pension",
            "status": "active",
            "age_from": 0,
            "age_below": 45,
            "rate": "0.04",
            "source": "s",
        },
    ]
    pack["injury_floating"] = {"steps": [{"id": "up", "factor": "1.2", "source": "s"}]}
    pack["construction"] = {
        "tiers": [
            {"id": "small", "from": "0.00", "below": "1000000.00", "rate": "0.002", "source": "s"},
            {"id": "large", "from": "1000000.00", "rate": "0.001", "source": "s"},
        ]
    }
    pack["categories"] = [
        {"id": "migrant", "category": "migrant", "insurances": ["work_injury"], "source": "s"}
    ]
    pack["default_levy"] = {"factor": "1.1", "source": "s"}
    return pack


def put(path: str, value: Any) -> Break:
    def change(pack: dict[str, Any]) -> None:
        *parents, last = [int(part) if part.isdigit() else part for part in path.split("/")]
        place: Any = pack
        for part in parents:
            place = place[part]
        place[last] = value

    return change


def drop(path: str) -> Break:
    def change(pack: dict[str, Any]) -> None:
        *parents, last = [int(part) if part.isdigit() else part for part in path.split("/")]
        place: Any = pack
        for part in parents:
            place = place[part]
        del place[last]

    return change


def add(part: str, row: Any) -> Break:
    return lambda pack: pack[part].append(row)


BREAKS: list[tuple[str, list[Break], Faults]] = [
    (
        "two rates for one unit",
        [add("rates", a_rate("pension", "unit", "0.15", id="again"))],
        {("/rates/5", "RATE_OVERLAPS")},
    ),
    (
        "two amounts a head",
        [
            add("rates", a_rate("pension", "personal", "", id=f"h{n}", base="head", amount="3.00"))
            for n in (1, 2)
        ],
        {("/rates/5/rate", "STRING_TOO_SHORT"), ("/rates/6/rate", "STRING_TOO_SHORT")},
    ),
    (
        "a kind without a rate",
        [put("rates/4/unit_kinds", ["enterprise"])],
        {("/rates", "RATE_GAP")},
    ),
    ("a class left out", [put("rates/3/injury_class", 3)], {("/rates", "CLASS_GAP")}),
    (
        "an unknown fund",
        [put("fund_map/0/fund", "weather")],
        {("/fund_map/0/fund", "FUND_UNKNOWN")},
    ),
    ("an insurance without a fund", [drop("fund_map/2")], {("/fund_map", "FUND_MISSING")}),
    (
        "money kept in no fund",
        [put("suspense_fund", "medical")],
        {("/suspense_fund", "FUND_UNKNOWN")},
    ),
    ("an insurance that nobody named", [drop("names")], {("/insurances/2", "INSURANCE_UNKNOWN")}),
    (
        "a name for what has one",
        [add("names", {"insurance": "pension", "name": "养老", "source": "s"})],
        {("/names/1/insurance", "NAME_KNOWN")},
    ),
    (
        "a name twice",
        [add("names", {"insurance": "heating", "name": "暖气", "source": "s"})],
        {("/names/1/insurance", "NAME_REPEATED")},
    ),
    (
        "a rate for nothing",
        [put("rates/0/insurance", "medical")],
        {("/rates/0/insurance", "INSURANCE_NOT_LISTED")},
    ),
    (
        "an unknown account",
        [put("receipt_accounts/0/account", "cash")],
        {("/receipt_accounts/0/account", "ACCOUNT_UNKNOWN")},
    ),
    (
        "an unknown kind of account",
        [put("rates/0/account", "pocket")],
        {("/rates/0/account", "ENUM")},
    ),
    (
        "an unknown channel",
        [put("receipt_accounts/1/channel", "cash")],
        {
            ("/receipt_accounts/1/channel", "CHANNEL_UNKNOWN"),
            ("/receipt_accounts", "RECEIPT_ACCOUNT_MISSING"),
        },
    ),
    ("seven decimals", [put("rates/1/rate", "0.0800001")], {("/rates/1/rate", "RATE_ROUNDS_AWAY")}),
    (
        "a rate that is nothing",
        [put("rates/1/rate", "0.000001")],
        {("/rates/1/rate", "RATE_ROUNDS_AWAY")},
    ),
    (
        "a rate that is nothing in whole yuan",
        [put("rates/2/rounding", {"unit": "1.00", "mode": "down"}), put("rates/2/rate", "0.0002")],
        {("/rates/2/rate", "RATE_ROUNDS_AWAY")},
    ),
    ("per cent", [put("rates/1/rate", "8%")], {("/rates/1/rate", "RATE_MALFORMED")}),
    ("a negative rate", [put("rates/1/rate", "-0.08")], {("/rates/1/rate", "RATE_MALFORMED")}),
    ("more than everything", [put("rates/1/rate", "8")], {("/rates/1/rate", "RATE_ABOVE_ONE")}),
    (
        "a floor above the ceiling",
        [put("limits/0/floor", "20000.00")],
        {("/limits/0", "LIMITS_REVERSED")},
    ),
    (
        "a negative floor",
        [put("limits/0/floor", "-1.00")],
        {("/limits/0/floor", "LIMIT_OUT_OF_RANGE")},
    ),
    (
        "an endless ceiling",
        [put("limits/0/ceiling", "999999999.00")],
        {("/limits/0/ceiling", "LIMIT_OUT_OF_RANGE")},
    ),
    (
        "a floor without decimals",
        [put("limits/0/floor", "3364")],
        {("/limits/0/floor", "AMOUNT_MALFORMED")},
    ),
    (
        "a floor of an unknown average",
        [
            put("limits/0/floor", None),
            put("limits/0/floor_from", {"of": ["1999"], "factor": "0.6"}),
        ],
        {("/limits/0/floor_from/of/0", "AVERAGE_UNKNOWN")},
    ),
    (
        "a rate's own floor above its ceiling",
        [put("rates/0/limits", {"floor": "2.00", "ceiling": "1.00"})],
        {("/rates/0/limits", "LIMITS_REVERSED")},
    ),
    (
        "limits of a sum",
        [
            put("rates/4/base", "unit_total"),
            put("rates/4/limits", {"floor": "1.00", "ceiling": None}),
        ],
        {("/rates/4/limits", "LIMITS_NOT_FOR_BASE")},
    ),
    ("no word on limits", [put("limits/0/insurance", "pension")], {("/limits", "LIMIT_MISSING")}),
    ("a row without its source", [drop("rates/0/source")], {("/rates/0/source", "MISSING")}),
    ("hearsay", [put("rates/0/source", "hearsay")], {("/rates/0/source", "SOURCE_UNKNOWN")}),
    (
        "hearsay about a name",
        [put("names/0/source", "hearsay")],
        {("/names/0/source", "SOURCE_UNKNOWN")},
    ),
    (
        "a day that never was",
        [put("in_force_from", "2021-02-30")],
        {("/in_force_from", "DATE_FROM_DATETIME_PARSING")},
    ),
    (
        "over before it began",
        [put("in_force_to", "2020-12-31")],
        {("/in_force_to", "DAYS_REVERSED")},
    ),
    (
        "an unknown kind of unit",
        [put("rates/0/unit_kinds", ["*", "circus"])],
        {("/rates/0/unit_kinds", "UNIT_KIND_UNKNOWN")},
    ),
    (
        "a sum asked of a person",
        [put("rates/1/base", "personal_sum")],
        {("/rates/1/base", "BASE_NOT_FOR_PARTY")},
    ),
    ("an unknown base", [put("rates/1/base", "guess")], {("/rates/1/base", "ENUM")}),
    (
        "a head without an amount",
        [put("rates/4", a_rate("heating", "unit", "0.01", base="head"))],
        {
            ("/rates/4/amount", "AMOUNT_MISSING"),
            ("/rates/4/amount", "AMOUNT_MALFORMED"),
            ("/rates/4/rate", "RATE_NOT_FOR_BASE"),
        },
    ),
    (
        "an average that is not used",
        [put("rates/4/average", {"of": ["2020"], "factor": "1"})],
        {("/rates/4/average", "AVERAGE_NOT_FOR_BASE")},
    ),
    ("a month twice", [put("rates/4/months", [1, 1])], {("/rates/4/months", "MONTH_REPEATED")}),
    (
        "a month that is none",
        [put("rates/4/months", [13])],
        {("/rates/4/months/0", "LESS_THAN_EQUAL")},
    ),
    (
        "more credited than paid",
        [put("crediting/0/rate", "0.30")],
        {("/crediting/0/rate", "CREDIT_ABOVE_RATE")},
    ),
    ("ages reversed", [put("crediting/0/age_from", 60)], {("/crediting/0", "AGES_REVERSED")}),
    (
        "a step that loses decimals",
        [put("injury_floating/steps/0/factor", "1.000001")],
        {("/rates/2/rate", "RATE_ROUNDS_AWAY"), ("/rates/3/rate", "RATE_ROUNDS_AWAY")},
    ),
    (
        "tiers with a hole",
        [put("construction/tiers/1/from", "2000000.00")],
        {("/construction/tiers/1/from", "TIERS_BROKEN")},
    ),
    (
        "a category of everybody",
        [put("categories/0/category", "employee")],
        {("/categories/0/category", "CATEGORY_IS_EVERYBODY")},
    ),
    (
        "a category of an unknown insurance",
        [put("categories/0/insurances", ["medical"])],
        {("/categories/0/insurances/0", "INSURANCE_NOT_LISTED")},
    ),
    (
        "a default below the month",
        [put("default_levy/factor", "0.9")],
        {("/default_levy/factor", "FACTOR_OUT_OF_RANGE")},
    ),
    (
        "exempt and rated",
        [add("exempt", {"insurance": "pension", "unit_kinds": ["organ"], "source": "s"})],
        {("/exempt", "EXEMPT_CONTRADICTED")},
    ),
    ("what nobody knows", [put("colour", "red")], {("/colour", "EXTRA_FORBIDDEN")}),
]


async def refused(office: Office, pack: Any) -> Faults:
    answer = await office.post("centre_auditor", "/v1/policies", pack)
    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert problem["code"] == "VALIDATION_FAILED"
    return {(fault["pointer"], fault["code"]) for fault in problem["errors"]}


def test_the_pack_to_break_is_sound() -> None:
    assert faults_of(whole()) == []


@pytest.mark.parametrize(("name", "breaks", "faults"), BREAKS, ids=[row[0] for row in BREAKS])
async def test_a_broken_pack_is_refused_under_its_pointer(
    office: Office, name: str, breaks: list[Break], faults: Faults
) -> None:
    pack = whole()
    for change in breaks:
        change(pack)
    assert await refused(office, pack) == faults


async def test_faults_of_shape_and_of_content_are_named_at_once(office: Office) -> None:
    pack = whole()
    for change in (
        drop("rates/1/source"),  # a row that cannot be read at all
        put("rates/2/insurance", "nowhere"),
        put("rates/4/rate", "16%"),
        put("in_force_to", "tomorrow"),
        put("limits/0/floor", "20000.00"),
        put("fund_map/2/fund", "weather"),
        put("calendar/due_day", 32),
        put("injury_floating/steps/0/source", "hearsay"),
    ):
        change(pack)
    assert await refused(office, pack) == {
        ("/rates/1/source", "MISSING"),
        ("/in_force_to", "DATE_FROM_DATETIME_PARSING"),
        ("/calendar/due_day", "LESS_THAN_EQUAL"),
        ("/rates/2/insurance", "INSURANCE_NOT_LISTED"),
        ("/rates/4/rate", "RATE_MALFORMED"),
        ("/limits/0", "LIMITS_REVERSED"),
        ("/fund_map/2/fund", "FUND_UNKNOWN"),
        ("/injury_floating/steps/0/source", "SOURCE_UNKNOWN"),
    }


async def test_nothing_is_stored_of_a_broken_pack(office: Office) -> None:
    pack = whole() | {"pack": "never", "region": "nowhere_land"}
    pack["rates"][0]["rate"] = "x"
    await refused(office, pack)
    found = await office.get("supervisor", "/v1/policies", region="nowhere_land")
    assert found.json()["items"] == []


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(st.sampled_from(sorted(whole())), ANYTHING, max_size=4),
    st.sets(st.sampled_from(sorted(whole())), max_size=3),
    st.lists(
        st.tuples(
            st.integers(0, 4), st.sampled_from(["rate", "base", "unit_kinds", "source"]), ANYTHING
        ),
        max_size=3,
    ),
)
def test_whatever_a_pack_is_made_of_it_is_judged(
    members: dict[str, Any], removed: set[str], cells: list[tuple[int, str, Any]]
) -> None:
    pack = whole()
    for row, name, value in cells:
        pack["rates"][row][name] = value
    for name in removed:
        del pack[name]
    for fault in faults_of(pack | members):
        assert fault.code.isupper()
        assert fault.pointer.startswith("/")
