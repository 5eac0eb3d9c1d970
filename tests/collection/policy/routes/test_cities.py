"""Further cities are levied to the fen after publishing a pack only."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.collection.support import packs
from tests.collection.support.office import Office
from tests.collection.support.packs import a_pack, a_rate
from tests.collection.support.policies import publish

GUIDE = Path(__file__).parents[4] / "docs" / "policy.md"
WHOLE = {"unit": "1.00", "mode": "half_up"}


async def quoted(office: Office, region: str, wage: str, **other: Any) -> dict[str, Any]:
    body = {
        "region": region,
        "on": "2021-07",
        "unit_kind": "enterprise",
        "people": [{"ref": "a", "wages": {"*": wage}}],
    } | other
    answer = await office.post("employer_portal", "/v1/quotes", body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def case(case_id: str) -> dict[str, Any]:
    (found,) = [case for case in packs.CONTRIBUTIONS if case["id"] == case_id]
    return found


async def test_the_guides_own_example_gives_baodings_published_figures(office: Office) -> None:
    (example,) = re.findall(r"```json\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    content = json.loads(example)
    await publish(office, content)
    totals = (await quoted(office, content["region"], "11300.00"))["totals"]
    expected = case("baoding-11300")["expect"]
    assert (totals["unit"], totals["personal"], totals["total"]) == (
        expected["unit_total"],
        expected["personal_total"],
        expected["total"],
    )


async def test_the_shipped_beijing_policy_gives_the_published_table(office: Office) -> None:
    expected = case("beijing-2021-floors-per-insurance")["expect"]
    found = await quoted(office, "beijing", "3000.00", injury_class=2)
    amounts = {(line["insurance"], line["party"]): line["amount"] for line in found["lines"]}
    for line in expected["lines"]:
        for party in ("unit", "personal"):
            assert amounts.get((line["insurance"], party), "0.00") == line[party]
    assert found["totals"]["total"] == expected["total"]


def averaged(city: str, floor: tuple[list[str], str], ceiling: str, **rounding: Any) -> Any:
    """Build a pack whose limits follow from published averages: a floor factor, and a ceiling of
    300 %."""
    years = [*dict.fromkeys([*floor[0], ceiling])]
    named = {amount: f"y{number}" for number, amount in enumerate(years)}
    rule = {"rounding": rounding or WHOLE}
    return a_pack(
        city,
        insurances=["pension"],
        rates=[a_rate("pension", "unit", "0.16"), a_rate("pension", "personal", "0.08")],
        averages=[{"id": named[year], "amount": year, "source": "s"} for year in years],
    ) | {
        "limits": [
            {
                "id": "limits",
                "insurance": "*",
                "floor": None,
                "ceiling": None,
                "floor_from": {"of": [named[year] for year in floor[0]], "factor": floor[1]} | rule,
                "ceiling_from": {"of": [named[ceiling]], "factor": "3"} | rule,
                "source": "s",
            }
        ]
    }


CITIES = [
    ("shanghai-2023", (["12183.00"], "0.6"), "12183.00", WHOLE, "7310.00", "36549.00"),
    ("shanghai-2022", (["10338.00", "11396.00"], "0.6"), "11396.00", WHOLE, "6520.00", "34188.00"),
    ("beijing-2024", (["11761.00"], "0.58"), "11761.00", WHOLE, "6821.00", "35283.00"),
    # Hangzhou keeps its decimals, and takes floor and ceiling from two averages.
    (
        "hangzhou",
        (["5536.00"], "0.6"),
        "5960.25",
        {"unit": "0.01", "mode": "half_up"},
        "3321.60",
        "17880.75",
    ),
    (
        "guangxi",
        (["6756.00"], "0.6"),
        "6756.00",
        {"unit": "0.10", "mode": "half_up"},
        "4053.60",
        "20268.00",
    ),
]


@pytest.mark.parametrize(
    ("city", "floor", "ceiling", "rounding", "lowest", "highest"),
    CITIES,
    ids=[c[0] for c in CITIES],
)
async def test_a_citys_published_limits_hold_its_bases(
    office: Office, city: str, floor: Any, ceiling: str, rounding: Any, lowest: str, highest: str
) -> None:
    content = averaged(city, floor, ceiling, **rounding)
    await publish(office, content)
    for wage, base in (("1.00", lowest), ("99999.00", highest)):
        found = await quoted(office, content["region"], wage)
        assert {line["base"] for line in found["lines"]} == {base}


async def test_tianjins_supplements_and_rural_staff_of_2008_are_rows_too(office: Office) -> None:
    """完善社会保险制度的意见: 农村企业 6%、2%, 大病统筹 6.3%, 大额医疗 150 元; the average is ours."""
    average = {"of": ["2007"], "factor": "1"}
    rural = {"unit_kinds": ["rural_enterprise"]}
    head = a_rate("large_medical", "unit", "", base="head", amount="150.00", months=[7])
    del head["rate"]
    content = a_pack(
        "tianjin-wide",
        insurances=["pension", "medical", "large_medical"],
        averages=[{"id": "2007", "amount": "2000.00", "source": "s"}],
        rates=[
            a_rate("pension", "unit", "0.06", base="city_average", average=average) | rural,
            a_rate("pension", "personal", "0.02", base="city_average", average=average) | rural,
            a_rate("medical", "unit", "0.063", base="personal_sum") | rural,
            head | rural,
        ],
    )
    await publish(office, content)
    found = await quoted(office, content["region"], "3000.00", unit_kind="rural_enterprise")
    amounts = {line["explain"]["rule"]: line["amount"] for line in found["lines"]}
    assert amounts == {
        "pension.unit": "120.00",
        "pension.personal": "40.00",
        "medical.unit": "189.00",
        "large_medical.unit": "150.00",
    }


@pytest.mark.parametrize(
    ("year", "factor", "amount"),
    [
        (2006, "0.6", "240.00"),
        (2007, "0.7", "280.00"),
        (2009, "0.9", "360.00"),
        (2010, "1", "400.00"),
    ],
)
async def test_flexible_workers_step_up_to_the_whole_average(
    office: Office, year: int, factor: str, amount: str
) -> None:
    """辽社险函〔2006〕89号 二(二): 2006 年 60%, then 70, 80, 90, 100; a version a year."""
    average = {"of": ["last"], "factor": factor}
    content = a_pack(
        f"flexible-{year}",
        insurances=["pension"],
        averages=[{"id": "last", "amount": "2000.00", "source": "s"}],
        rates=[a_rate("pension", "personal", "0.20", base="city_average", average=average)],
        region="flexland",
        in_force_from=f"{year}-01-01",
        in_force_to=f"{year}-12-31",
    )
    await publish(office, content)
    found = await quoted(office, "flexland", "1.00", on=f"{year}-07", unit_kind="flexible")
    assert found["totals"]["personal"] == amount


async def test_the_policy_in_force_on_a_day_is_read_by_people(office: Office) -> None:
    found = await office.get("supervisor", "/v1/policies/in-force", on="2021-07-01")
    answer = found.json()
    assert (answer["pack"], answer["status"]) == ("tianjin-2021", "in_force")
    text = answer["text"]
    assert text.startswith("# 天津市2021年度五险征缴政策\n")
    assert (
        "| 基本养老保险 | 单位 | 企业、事业单位、机关、农村企业 | 16% | 本人基数 | 统筹 |" in text
    )
    assert "| 各险种 | 3364.00元 | 17613.00元 |" in text
    assert "次月25日前缴费" in text
    assert "〔待核〕" in text
    refused = await office.get("supervisor", "/v1/policies/in-force", on="1999-07-01")
    assert (refused.status_code, refused.json()["code"]) == (422, "POLICY_NOT_IN_FORCE")
    for bad in ({"on": "yesterday"}, {"on": "2021-07-01", "region": "No Such"}):
        assert (await office.get("supervisor", "/v1/policies/in-force", **bad)).status_code == 422
