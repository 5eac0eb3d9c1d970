"""The wider grammar of a pack: limits from averages, sources of bases, heads, splits, steps, days."""

import json
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import pytest

from services.collection.domain import pack as reading
from services.collection.domain import policy_text
from services.collection.domain.construction import project_lines
from services.collection.domain.crediting import age_on
from services.collection.domain.errors import (
    AgeMissing,
    FigureMissing,
    StepUnknown,
)
from services.collection.domain.levy import Line, UnitFacts, Wages, assess
from services.collection.domain.policy import Policy
from services.collection.domain.policy_faults import faults_in
from services.collection.schemas.policy import PackIn
from shared.money import HALF_UP_FEN, format_yuan, parse_yuan
from shared.period import Period
from tests.collection import packs
from tests.collection.packs import a_pack, a_rate, yuan

LIMITS: list[dict[str, Any]] = json.loads((packs.CASES / "limits_from_average.json").read_text())[
    "limits_from_average"
]
JANUARY, JULY = Period(2021, 1), Period(2021, 7)


def codes(content: dict[str, Any]) -> set[str]:
    policy, faults = reading.attempt(content)
    return {fault.code for fault in faults} | {fault.code for fault in faults_in(policy, content)}


def sound(content: dict[str, Any]) -> Policy:
    assert codes(content) == set()
    assert PackIn.model_validate(content).content() == content
    return packs.read(content)


def levied(
    policy: Policy, *people: Wages, period: Period = JULY, kind: str = "enterprise",
    injury_class: int | None = None, step: str | None = None, **unit: Any,
) -> list[Line]:  # fmt: skip
    schedule = policy.schedule(kind, injury_class, period=period, step=step)
    return assess(schedule, UnitFacts(kind=kind, **unit), people)


def amounts(lines: list[Line]) -> dict[str, str]:
    return {line.rate.id: format_yuan(line.amount_fen) for line in lines}


def worker(wage: str, **other: Any) -> Wages:
    figures = {name: parse_yuan(text) for name, text in other.pop("figures", {}).items()}
    return Wages("a", parse_yuan(wage), {}, figures, **other)


# Limits


def limits_pack(case: dict[str, Any]) -> dict[str, Any]:
    years = case.get("floor_average_of", [case["average"]])
    averages = [
        {"id": f"y{number}", "amount": yuan(amount), "source": "s"}
        for number, amount in enumerate(years)
    ]
    whole = {"unit": "1.00", "mode": "half_up"}
    row = {
        "id": "limits",
        "insurance": "*",
        "floor": None,
        "ceiling": None,
        "floor_from": {
            "of": [row["id"] for row in averages],
            "factor": case["floor_factor"],
            "rounding": whole,
        },
        "ceiling_from": {
            "of": [averages[-1]["id"]],
            "factor": case.get("ceiling_factor", "3"),
            "rounding": whole,
        },
        "source": "s",
    }
    rates = [a_rate("pension", "unit", "0.16")]
    return a_pack("limits", insurances=["pension"], rates=rates, averages=averages) | {
        "limits": [row]
    }


@pytest.mark.parametrize("case", LIMITS, ids=lambda case: case["id"])
def test_published_limits_follow_from_published_averages(case: dict[str, Any]) -> None:
    limit = sound(limits_pack(case)).limit_of("pension")
    assert limit.floor_fen == parse_yuan(yuan(case["floor"]))
    assert limit.ceiling_fen == parse_yuan(yuan(case["ceiling"]))


@pytest.mark.parametrize(
    ("average", "factor", "unit", "floor"),
    [
        ("12307.00", "0.6", "1.00", "7384.00"),  # 7384.2
        ("6756.00", "0.6", "0.01", "4053.60"),  # Guangxi keeps its decimals
        ("8131.00", "0.6", "0.01", "4878.60"),  # Hainan too
        ("5961.00", "3", "0.01", "17883.00"),
    ],
)
def test_some_cities_keep_decimals_and_most_do_not(
    average: str, factor: str, unit: str, floor: str
) -> None:
    content = limits_pack(LIMITS[1])
    content["averages"][0]["amount"] = average
    rule = {"of": ["y0"], "factor": factor, "rounding": {"unit": unit, "mode": "half_up"}}
    content["limits"][0]["floor_from"] = rule
    content["limits"][0]["ceiling_from"] = None
    del content["limits"][0]["ceiling_from"]
    limit = sound(content).limit_of("pension")
    assert (limit.floor_fen, limit.ceiling_fen) == (parse_yuan(floor), None)


def test_a_published_amount_goes_before_the_formula() -> None:
    content = limits_pack(LIMITS[1])
    content["limits"][0]["floor"] = "5000.00"
    limit = sound(content).limit_of("pension")
    assert (limit.floor_fen, limit.ceiling_fen) == (5000_00, 25065_00)


# Where a base comes from


def based(base: str, **row: Any) -> Policy:
    return sound(
        a_pack(
            "based",
            insurances=["pension"],
            rates=[
                a_rate("pension", "unit", "0.20", base=base) | row,
                a_rate("pension", "personal", "0.08"),
            ],
            limits={"*": {"floor": "2000.00", "ceiling": "9000.00"}},
        )
    )


def test_a_unit_may_pay_on_its_wages_of_last_month_and_people_on_their_own_of_last_year() -> None:
    """辽社险函〔2006〕89号 二(一)."""
    content = a_pack(
        "liaoning",
        insurances=["pension"],
        rates=[
            a_rate("pension", "unit", "0.20", base="unit_last_month"),
            a_rate("pension", "personal", "0.08", base="own_last_year"),
        ],
        limits={"*": {"floor": "2000.00", "ceiling": "9000.00"}},
    )
    person = worker("1.00", figures={"last_year": "10000.00"})
    lines = levied(sound(content), person, figures={"last_month": 12345_67})
    assert amounts(lines) == {"pension.unit": "2469.13", "pension.personal": "720.00"}
    with pytest.raises(FigureMissing, match="last_month"):
        levied(sound(content), person)
    with pytest.raises(FigureMissing, match="last_year"):
        levied(sound(content), worker("1.00"), figures={"last_month": 12345_67})


@pytest.mark.parametrize(
    ("base", "figures", "unit"),
    [
        ("own_last_month", {"last_month": "5000.00"}, "1000.00"),
        ("own_last_month", {"last_month": "500.00"}, "400.00"),
        # 最低缴费基数为本人档案工资
        ("own_archive", {"archive": "3500.00"}, "700.00"),
        ("own_archive", {"archive": "2500.00"}, "600.00"),
        ("own_archive", {"archive": "9500.00"}, "1800.00"),
    ],
)
def test_a_person_may_have_another_base_than_the_wage(
    base: str, figures: dict[str, str], unit: str
) -> None:
    lines = levied(based(base), worker("3000.00", figures=figures))
    assert amounts(lines) == {"pension.unit": unit, "pension.personal": "240.00"}


def test_the_personnel_file_is_shown_as_the_floor_that_the_base_met() -> None:
    line = levied(based("own_archive"), worker("3000.00", figures={"archive": "3500.00"}))[0]
    assert (line.asked_fen, line.floor_fen, line.clamp) == (3000_00, 3500_00, "floor")


def test_rural_staff_and_farm_workers_pay_on_a_factor_of_the_city_average() -> None:
    """天津: 农村企业 6%、2% on the average; 农民工医疗 3.5% on 60 % of it, nothing by the person."""
    average = {"of": ["2007"], "factor": "1"}
    content = a_pack(
        "rural",
        insurances=["pension", "medical"],
        averages=[{"id": "2007", "amount": "2838.00", "source": "s"}],
        rates=[
            a_rate("pension", "unit", "0.06", base="city_average", average=average),
            a_rate("pension", "personal", "0.02", base="city_average", average=average),
            a_rate(
                "medical",
                "unit",
                "0.035",
                base="city_average",
                average={"of": ["2007"], "factor": "0.6"},
            ),
        ],
        limits={"*": {"floor": "9000.00", "ceiling": "9999.00"}},
    )
    lines = levied(sound(content), worker("1.00"))
    assert amounts(lines) == {
        "pension.unit": "170.28",
        "pension.personal": "56.76",
        "medical.unit": "59.60",
    }
    assert {line.clamp for line in lines} == {None}


def test_a_sum_may_be_taken_of_another_base_than_the_wage() -> None:
    content = a_pack(
        "sums",
        insurances=["maternity"],
        rates=[a_rate("maternity", "unit", "0.008", base="personal_sum", sum_of="own_last_year")],
    )
    people = [worker("1.00", figures={"last_year": text}) for text in ("2000.00", "3000.00")]
    assert amounts(levied(sound(content), *people)) == {"maternity.unit": "40.00"}


# Supplements, rounding, splits


def test_a_fixed_amount_a_head_is_levied_in_its_month_only() -> None:
    content = a_pack(
        "large",
        insurances=["pension", "large_medical"],
        rates=[
            a_rate("pension", "unit", "0.16"),
            a_rate("large_medical", "personal", "", base="head", amount="150.00", months=[1]),
        ],
    )
    for row in content["rates"]:
        if row["base"] == "head":
            del row["rate"]
    policy = sound(content)
    people = [worker("1000.00"), worker("9000.00")]
    january = levied(policy, *people, period=JANUARY)
    assert [format_yuan(x.amount_fen) for x in january if x.insurance == "large_medical"] == [
        "150.00",
        "150.00",
    ]
    assert {line.insurance for line in levied(policy, *people)} == {"pension"}


def test_a_version_whose_months_differ_asks_for_the_month() -> None:
    content = packs.sound_pack()
    content["rates"][0]["months"] = [1]
    policy = packs.read(content)
    with pytest.raises(AssertionError, match="needs the period"):
        policy.schedule("enterprise", 1)


def test_civil_servant_aid_is_booked_in_a_fund_of_its_own() -> None:
    content = a_pack(
        "aid",
        insurances=["civil_servant_aid"],
        rates=[
            a_rate("civil_servant_aid", "unit", "0.05", unit_kinds=["organ"], base="personal_sum")
        ],
    )
    (line,) = levied(sound(content), worker("4000.00"), kind="organ")
    assert (line.fund, format_yuan(line.amount_fen)) == ("civil_servant_aid", "200.00")


@pytest.mark.parametrize(
    ("level", "unit", "personal"), [(None, "0.54", "0.27"), ("unit", "0.53", "0.27")]
)
def test_the_units_share_is_rounded_per_person_or_once(
    level: str | None, unit: str, personal: str
) -> None:
    content = a_pack(
        "level",
        insurances=["pension"],
        rates=[a_rate("pension", "unit", "0.16"), a_rate("pension", "personal", "0.08")],
    )
    if level:
        content["rounding"]["level"] = level
    lines = levied(sound(content), *[worker("1.10")] * 3)
    by_party = {
        party: format_yuan(sum(x.amount_fen for x in lines if x.party.value == party))
        for party in ("unit", "personal")
    }
    assert by_party == {"unit": unit, "personal": personal}


@pytest.mark.parametrize(
    ("unit", "mode", "amount"),
    [("0.10", "up", "17.70"), ("1.00", "half_up", "18.00"), ("0.01", "down", "17.60")],
)
def test_older_cities_round_to_the_jiao_or_yuan(unit: str, mode: str, amount: str) -> None:
    content = a_pack("jiao", insurances=["pension"], rates=[a_rate("pension", "unit", "0.16")])
    content["rounding"] |= {"unit": unit, "mode": mode}
    assert amounts(levied(sound(content), worker("110.03"))) == {"pension.unit": amount}


ZHENJIANG: list[dict[str, Any]] = [
    {"id": "to45", "insurance": "medical", "status": "active", "age_below": 45, "rate": "0.04"},
    {"id": "from45", "insurance": "medical", "status": "active", "age_from": 45, "rate": "0.05"},
    {"id": "retired", "insurance": "medical", "status": "retired", "rate": "0.06"},
]


def credited(base: str = "own") -> dict[str, Any]:
    rows = [row | {"source": "s"} for row in ZHENJIANG]
    return a_pack(
        "zhenjiang",
        insurances=["medical"],
        rates=[
            a_rate("medical", "unit", "0.09", base=base),
            a_rate("medical", "personal", "0.02", account="personal_account"),
        ],
        crediting=rows,
    )


@pytest.mark.parametrize(
    ("age", "pooled", "account"), [(44, "250.00", "200.00"), (45, "200.00", "250.00")]
)
@pytest.mark.parametrize("base", ["own", "personal_sum"])
def test_part_of_the_units_share_goes_to_the_personal_account_by_age(
    base: str, age: int, pooled: str, account: str
) -> None:
    """镇江: 45 周岁以下 4%, 45 周岁至退休 5%."""
    lines = levied(sound(credited(base)), worker("5000.00", age=age))
    by_account = {
        name: format_yuan(
            sum(
                line.amount_fen
                for line in lines
                if line.party.value == "unit" and line.rate.account.value == name
            )
        )
        for name in ("pooled", "personal_account")
    }
    assert by_account == {"pooled": pooled, "personal_account": account}
    (rest,) = [line for line in lines if line.rate.id == "medical.unit"]
    assert format_yuan(rest.credited_fen) == account


def test_nobody_is_credited_without_an_age() -> None:
    with pytest.raises(AgeMissing):
        levied(sound(credited()), worker("5000.00"))


def test_an_age_is_counted_in_full_years() -> None:
    assert age_on(date(1976, 7, 2), date(2021, 7, 1)) == 44
    assert age_on(date(1976, 7, 1), date(2021, 7, 1)) == 45


# Injury classes, floating steps, stage cut, projects

UP = {"up_120": "1.2", "up_150": "1.5"}
DOWN = {"down_80": "0.8", "down_50": "0.5"}


def floating(capacity: str | None = None) -> dict[str, Any]:
    classes = {1: "0.002", 2: "0.004", 3: "0.007"}
    steps = [{"id": name, "factor": factor, "source": "s"} for name, factor in UP.items()] + [
        {"id": name, "factor": factor, "classes": [2, 3], "source": "s"}
        for name, factor in DOWN.items()
    ]
    cuts = [
        {"id": "m18", "months_from": "18", "months_below": "24", "factor": "0.8", "source": "s"},
        {"id": "m24", "months_from": "24", "factor": "0.5", "source": "s"},
    ]
    return a_pack(
        "floating",
        insurances=["work_injury"],
        rates=[
            a_rate("work_injury", "unit", rate, id=f"class{number}", injury_class=number)
            for number, rate in classes.items()
        ],
        injury_floating={
            "insurance": "work_injury",
            "steps": steps,
            "stage_cuts": cuts,
        }
        | ({"capacity_months": capacity} if capacity else {}),
    )


@pytest.mark.parametrize(
    ("number", "step", "capacity", "amount"),
    [
        (1, None, None, "20.00"),
        (1, "up_120", None, "24.00"),
        (2, "up_150", None, "60.00"),
        (2, "down_80", None, "32.00"),
        (3, "down_50", None, "35.00"),
        (3, None, "17.99", "70.00"),
        (3, None, "18", "56.00"),
        (3, None, "24.25", "35.00"),
        (2, "up_120", "24", "24.00"),
    ],
)
def test_the_injury_rate_floats_by_step_and_is_cut_by_months_of_capacity(
    number: int, step: str | None, capacity: str | None, amount: str
) -> None:
    policy = sound(floating(capacity))
    (line,) = levied(policy, worker("10000.00"), injury_class=number, step=step)
    assert format_yuan(line.amount_fen) == amount
    assert [factor.id for factor in line.rate.factors][:1] == ([step] if step else []) or capacity


@pytest.mark.parametrize(("number", "step"), [(1, "down_80"), (2, "sideways")])
def test_class_1_only_floats_up_and_no_step_is_made_up(number: int, step: str) -> None:
    with pytest.raises(StepUnknown):
        sound(floating()).schedule("enterprise", number, step=step)


def tier_rows(tiers: Sequence[tuple[str, str | None, str]]) -> list[dict[str, str]]:
    return [
        {"id": f"t{number}", "from": start, "rate": rate, "source": "s"}
        | ({"below": below} if below else {})
        for number, (start, below, rate) in enumerate(tiers)
    ]


def projects(*tiers: tuple[str, str | None, str], by: str = "whole") -> Policy:
    rows = tier_rows(tiers)
    content = a_pack(
        "projects",
        insurances=["work_injury"],
        rates=[a_rate("work_injury", "unit", "0.002")],
        construction={"insurance": "work_injury", "by": by, "tiers": rows},
    )
    return sound(content)


BILLION = 10**9 * 100
YICHANG = (
    ("0.00", "1000000000.00", "0.0012"),
    ("1000000000.00", "5000000000.00", "0.001"),
    ("5000000000.00", None, "0.0008"),
)


@pytest.mark.parametrize(
    ("contract_fen", "whole", "slices"),
    [
        (BILLION // 2, "600000.00", ["600000.00"]),
        (BILLION, "1000000.00", ["1200000.00"]),
        (2 * BILLION, "2000000.00", ["1200000.00", "1000000.00"]),
        (6 * BILLION, "4800000.00", ["1200000.00", "4000000.00", "800000.00"]),
    ],
)
def test_a_project_pays_on_its_contract_sum_by_tiers(
    contract_fen: int, whole: str, slices: list[str]
) -> None:
    for by, expected in (("whole", [whole]), ("slice", slices)):
        rules = projects(*YICHANG, by=by).construction
        assert rules is not None
        lines = project_lines(rules, contract_fen, HALF_UP_FEN)
        assert [format_yuan(line.amount_fen) for line in lines] == expected


def test_a_flat_project_rate_is_one_tier() -> None:
    """正蓝旗: 工程造价的 0.1%."""
    rules = projects(("0.00", None, "0.001")).construction
    assert rules is not None
    (line,) = project_lines(rules, 12_345_678_90, HALF_UP_FEN)
    assert format_yuan(line.amount_fen) == "12345.68"


# Dated funds, calendar, default levy


def test_maternity_moves_to_the_medical_fund_on_the_day_of_the_merger() -> None:
    content = a_pack(
        "merger",
        insurances=["medical", "maternity"],
        rates=[a_rate("medical", "unit", "0.10"), a_rate("maternity", "unit", "0.005")],
        in_force_from="2019-01-01",
    )
    content["fund_map"] = [
        {"insurance": "medical", "fund": "medical", "source": "s"},
        {
            "insurance": "maternity",
            "fund": "maternity",
            "in_force_from": "2019-01-01",
            "in_force_to": "2019-12-31",
            "source": "s",
        },
        {
            "insurance": "maternity",
            "fund": "medical",
            "in_force_from": "2020-01-01",
            "in_force_to": None,
            "source": "s",
        },
    ]
    before = {**content, "fund_map": content["fund_map"]}
    del before["fund_map"][2]["in_force_to"]
    policy = sound(before)
    for period, fund in ((Period(2019, 12), "maternity"), (Period(2020, 1), "medical")):
        lines = levied(policy, worker("1000.00"), period=period)
        assert {line.insurance: line.fund for line in lines}["maternity"] == fund


def test_a_pack_may_say_the_days_and_what_not_declaring_costs() -> None:
    content = packs.sound_pack()
    assert packs.read(content).default_levy.factor_ppm == 1_100_000
    content["calendar"] |= {"declare_day": 10, "settlement_day": 28}
    content["default_levy"] = {"factor": "1.2", "source": "s"}
    policy = sound(content)
    assert (policy.declare_day, policy.due_day) == (10, 25)
    assert policy.default_levy.factor_ppm == 1_200_000


# Every fault is named

Change = Callable[[dict[str, Any]], Any]


def _row(part: str, number: int, **members: Any) -> Change:
    return lambda content: content[part][number].update(members)


FROM = {"of": ["y0"], "factor": "0.6"}
BREAKS: list[tuple[str, dict[str, Any], Change]] = [
    ("AVERAGE_UNKNOWN", limits_pack(LIMITS[1]), _row("limits", 0, floor_from=FROM | {"of": ["x"]})),
    ("AVERAGE_REPEATED", limits_pack(LIMITS[2]), _row("averages", 1, id="y0")),
    ("AMOUNT_OUT_OF_RANGE", limits_pack(LIMITS[1]), _row("averages", 0, amount="0.00")),
    ("FACTOR_OUT_OF_RANGE", limits_pack(LIMITS[1]), _row("limits", 0, floor_from=FROM | {"factor": "0"})),
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
]  # fmt: skip


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


def test_a_second_month_in_a_row_is_levied_on_the_first_ones_default_unless_a_pack_says_else() -> (
    None
):
    content = packs.sound_pack()
    assert packs.read(content).default_levy.compounds
    content["default_levy"] = {"factor": "1.1", "source": "s", "repeated": "on_last_declared"}
    policy = sound(content)
    assert not policy.default_levy.compounds
    assert "published table" in policy_text.markdown(policy).split("未按规定申报")[1]


def test_reviewed_bases_hold_where_units_have_their_own_or_a_pack_says_so() -> None:
    content = packs.sound_pack()
    assert not packs.read(content).freezes_bases
    content["frozen_bases"] = {"enforced": True, "source": "s"}
    assert sound(content).freezes_bases
    assert "当年不变" in policy_text.markdown(sound(content))
    dual = packs.dual_pack(packs.DUAL_BASE[0])
    assert packs.read(dual).freezes_bases
    dual["frozen_bases"] = {"enforced": False, "source": "s"}
    assert not packs.read(dual).freezes_bases
    dual["frozen_bases"]["source"] = "hearsay"
    assert codes(dual) == {"SOURCE_UNKNOWN"}
