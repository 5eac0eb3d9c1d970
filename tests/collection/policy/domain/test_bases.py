"""Sources of bases and limits (averages, last year, the file, heads), and rounding of shares."""

from datetime import date
from typing import Any

import pytest

from services.collection.common.domain.errors import AgeMissing, FigureMissing
from services.collection.policy.domain.crediting import age_on
from shared.money import format_yuan, parse_yuan
from tests.collection.support import packs
from tests.collection.support.packs import a_pack, a_rate, yuan
from tests.collection.support.rules.ruled import (
    JANUARY,
    LIMITS,
    amounts,
    based,
    credited,
    levied,
    limits_pack,
    sound,
    worker,
)

# Limits


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
