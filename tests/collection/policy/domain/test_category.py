"""Categories: the insurances they are levied for, their base choices, and faults of their rows."""

from collections.abc import Callable
from typing import Any

import pytest

from services.collection.common.domain.errors import (
    BaseChoiceMissing,
    BaseChoiceUnknown,
    CategoryNotCovered,
)
from services.collection.levy.domain.levy import ContributionLine, UnitFacts, Wages, assess
from services.collection.policy.domain import pack as pack_rules
from services.collection.policy.domain import text as policy_text_rules
from services.collection.policy.domain.diff import changes
from services.collection.policy.domain.faults.faults import faults_in
from services.collection.policy.domain.policy import Policy
from services.collection.policy.schemas.policy import PackIn
from shared.money import format_yuan, parse_yuan
from shared.period import Period
from tests.collection.support.packs import a_pack, a_rate, read

YEARS = {2006: "0.6", 2007: "0.7", 2008: "0.8", 2009: "0.9"}


def a_head(insurance: str, amount: str, **other: Any) -> dict[str, Any]:
    """Build a fixed amount per head that the unit pays."""
    row = a_rate(insurance, "unit", "0", id=f"{insurance}.head", base="head", amount=amount)
    del row["rate"]
    return row | other


def sound() -> dict[str, Any]:
    """Injury alone on sites; retirees pay 13.33 a head for large medical; flexible workers step up
    from 60 % to 100 % of the city average, as in Liaoning from 2006 to 2010."""
    steps = [
        {
            "id": f"flexible.stepped.{year}",
            "choice": "stepped",
            "average": {"of": ["city"], "factor": factor},
            "period_from": f"{year}-01",
            "period_to": f"{year}-12",
            "source": "s",
        }
        for year, factor in YEARS.items()
    ]
    steps += [
        {
            "id": "flexible.stepped.2010",
            "choice": "stepped",
            "average": {"of": ["city"], "factor": "1"},
            "period_from": "2010-01",
            "source": "s",
        },
        {
            "id": "flexible.full",
            "choice": "full",
            "average": {"of": ["city"], "factor": "1"},
            "source": "s",
        },
    ]
    return a_pack(
        "categories-2006",
        insurances=["pension", "medical", "work_injury"],
        rates=[
            a_rate("pension", "unit", "0.12"),
            a_rate("pension", "personal", "0.08", account="personal_account"),
            a_rate("medical", "unit", "0.06"),
            a_head("medical", "13.33", categories=["retiree"]),
            a_rate("work_injury", "unit", "0.005"),
        ],
        limits={"*": {"floor": "900.00", "ceiling": "4500.00"}},
        averages=[{"id": "city", "amount": "1503.00", "source": "s"}],
        categories=[
            {"id": "site", "category": "injury_only", "insurances": ["work_injury"], "source": "s"},
            {"id": "old", "category": "retiree", "insurances": [], "source": "s"},
            {
                "id": "free",
                "category": "flexible",
                "insurances": ["pension"],
                "choices": steps,
                "source": "s",
            },
        ],
        in_force_from="2006-01-01",
    )


def codes(content: dict[str, Any]) -> dict[str, str]:
    policy, faults = pack_rules.attempt(content)
    return {fault.pointer: fault.code for fault in [*faults, *faults_in(policy, content)]}


def the_policy() -> Policy:
    content = sound()
    assert codes(content) == {}
    assert PackIn.model_validate(content).content() == content
    return read(content)


def levied(*people: Wages, period: Period) -> list[ContributionLine]:
    schedule = the_policy().schedule("enterprise", None, period=period)
    return assess(schedule, UnitFacts(kind="enterprise"), people)


def amounts(lines: list[ContributionLine]) -> dict[str, str]:
    return {line.rate.id: format_yuan(line.amount_fen) for line in lines}


def person(category: str = "employee", choice: str | None = None) -> Wages:
    return Wages("a", parse_yuan("2000.00"), category=category, choice=choice)


JULY = Period(2006, 7)


def test_an_employee_is_levied_for_everything_that_is_not_for_others() -> None:
    assert amounts(levied(person(), period=JULY)) == {
        "pension.unit": "240.00",
        "pension.personal": "160.00",
        "medical.unit": "120.00",
        "work_injury.unit": "10.00",
    }


def test_who_is_insured_for_injury_alone_has_no_other_line() -> None:
    (line,) = levied(person("injury_only"), period=JULY)
    assert (line.rate.id, line.amount_fen) == ("work_injury.unit", 10_00)
    assert line.coverage.row is not None
    assert line.coverage.row.id == "site"
    assert line.category_sources == ("s",)


def test_a_retiree_bears_only_what_names_retirees() -> None:
    assert amounts(levied(person("retiree"), period=JULY)) == {"medical.head": "13.33"}


@pytest.mark.parametrize(
    ("year", "base"),
    [(2006, "901.80"), (2007, "1052.10"), (2008, "1202.40"), (2009, "1352.70"), (2010, "1503.00")],
)
def test_a_stepped_base_rises_with_the_year(year: int, base: str) -> None:
    unit, own = levied(person("flexible", "stepped"), period=Period(year, 3))
    assert (format_yuan(unit.base_fen), format_yuan(own.base_fen)) == (base, base)
    assert (unit.asked_fen, unit.limit) == (None, None)
    assert unit.chosen is not None
    assert unit.chosen.id == f"flexible.stepped.{year}"


def test_another_choice_has_another_base() -> None:
    unit, _ = levied(person("flexible", "full"), period=JULY)
    assert format_yuan(unit.base_fen) == "1503.00"


@pytest.mark.parametrize(
    ("wages", "refusal"),
    [
        (person("apprentice"), CategoryNotCovered),
        (person("flexible"), BaseChoiceMissing),
        (person("flexible", "half"), BaseChoiceUnknown),
    ],
)
def test_what_the_policy_does_not_know_is_refused(
    wages: Wages, refusal: type[CategoryNotCovered]
) -> None:
    with pytest.raises(refusal):
        levied(wages, period=JULY)


def test_a_choice_that_is_over_is_refused() -> None:
    content = sound()
    content["categories"][2]["choices"] = content["categories"][2]["choices"][:1]
    schedule = read(content).schedule("enterprise", None, period=Period(2007, 1))
    refusal = schedule.refusal("flexible", "stepped")
    assert isinstance(refusal, BaseChoiceMissing | BaseChoiceUnknown)


Edit = Callable[[dict[str, Any]], Any]


def category(number: int, **other: Any) -> Edit:
    return lambda content: content["categories"][number].update(other)


def choice(number: int, **other: Any) -> Edit:
    return lambda content: content["categories"][2]["choices"][number].update(other)


BREAKS: list[tuple[Edit, str, str]] = [
    (category(0, category="employee"), "/categories/0/category", "CATEGORY_IS_EVERYBODY"),
    (category(1, id="site"), "/categories/1/id", "CATEGORY_REPEATED"),
    (category(1, category="injury_only"), "/categories/1", "CATEGORY_OVERLAPS"),
    (category(0, insurances=["housing"]), "/categories/0/insurances/0", "INSURANCE_NOT_LISTED"),
    (category(0, unit_kinds=["guild"]), "/categories/0/unit_kinds", "UNIT_KIND_UNKNOWN"),
    (
        category(0, period_from="2007-01", period_to="2006-12"),
        "/categories/0",
        "DAYS_REVERSED",
    ),
    (category(0, source="hearsay"), "/categories/0/source", "SOURCE_UNKNOWN"),
    (choice(0, source="hearsay"), "/categories/2/choices/0/source", "SOURCE_UNKNOWN"),
    (choice(0, period_to="2007-01"), "/categories/2/choices/1", "CHOICE_OVERLAPS"),
    (choice(1, id="flexible.full"), "/categories/2/choices/5/id", "CHOICE_REPEATED"),
    (choice(0, period_to="2005-12"), "/categories/2/choices/0", "DAYS_REVERSED"),
    (
        choice(0, insurances=["medical"]),
        "/categories/2/choices/0/insurances",
        "CHOICE_NOT_OF_CATEGORY",
    ),
    (
        choice(0, average={"of": ["city"], "factor": "0"}),
        "/categories/2/choices/0/average/factor",
        "FACTOR_OUT_OF_RANGE",
    ),
    (
        choice(0, average={"of": ["moon"], "factor": "1"}),
        "/categories/2/choices/0/average/of/0",
        "AVERAGE_UNKNOWN",
    ),
    (
        lambda content: content["rates"][3].update(categories=["apprentice"]),
        "/rates/3/categories/0",
        "CATEGORY_UNKNOWN",
    ),
    (
        lambda content: content["rates"][4].update(base="unit_total", categories=["employee"]),
        "/rates/4/categories",
        "CATEGORY_NOT_FOR_BASE",
    ),
    (
        lambda content: content["rates"].append(
            a_rate("medical", "unit", "0.04", id="medical.more", categories=["employee"])
        ),
        "/rates/5",
        "RATE_OVERLAPS",
    ),
]


@pytest.mark.parametrize(("edit", "pointer", "code"), BREAKS)
def test_every_fault_is_named_in_its_place(edit: Edit, pointer: str, code: str) -> None:
    content = sound()
    edit(content)
    assert codes(content)[pointer] == code


def test_a_category_may_change_from_a_month_on() -> None:
    content = sound()
    content["categories"][0]["period_to"] = "2006-12"
    later = {
        "id": "site.2007",
        "category": "injury_only",
        "insurances": ["work_injury", "medical"],
        "period_from": "2007-01",
        "source": "s",
    }
    content["categories"].append(later)
    assert codes(content) == {}
    policy = read(content)
    for period, wanted in ((Period(2006, 12), 1), (Period(2007, 1), 2)):
        schedule = policy.schedule("enterprise", None, period=period)
        lines = assess(schedule, UnitFacts(kind="enterprise"), [person("injury_only")])
        assert len(lines) == wanted


def test_people_read_for_what_each_category_is_levied() -> None:
    text = policy_text_rules.markdown(the_policy())
    assert "| 仅参加工伤保险人员 | 工伤保险 | 全部期间 | published table |" in text
    assert "| 退休人员 | 无(只征列明该类别的项目) |" in text
    assert "| 灵活就业人员,档次 stepped | 基数为平均工资的60%,901.80元 | 2006-01至2006-12 |" in text
    assert "各类单位(退休人员)" in text


def test_a_change_of_a_choice_is_listed_row_by_row() -> None:
    before, after = sound(), sound()
    after["categories"][2]["choices"][0]["average"]["factor"] = "0.65"
    after["categories"][0]["insurances"] = ["work_injury", "medical"]
    del after["categories"][1]
    found = [(one.row, one.member, one.was, one.now) for one in changes(before, after)]
    assert found == [
        ("categories site", "insurances", ["work_injury"], ["work_injury", "medical"]),
        ("categories old", None, before["categories"][1], None),
        ("categories free choices flexible.stepped.2006", "average.factor", "0.6", "0.65"),
    ]
