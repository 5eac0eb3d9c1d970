"""Policies that take bases from more than the wage: declared, stored, billed and explained."""

from typing import Any

from shared.cn import identity_number
from tests.collection.support import packs
from tests.collection.support.office import Office, codes_of
from tests.collection.support.packs import a_pack, a_rate
from tests.collection.support.policies import publish

MONTH = "1995-03"


def content() -> dict[str, Any]:
    """Liaoning's sources and Zhenjiang's split, in the office's own region for one month."""
    return a_pack(
        "sources-1995",
        insurances=["pension", "medical", "large_medical"],
        rates=[
            a_rate("pension", "unit", "0.20", base="unit_last_month"),
            a_rate("pension", "personal", "0.08", base="own_last_year", account="personal_account"),
            a_rate("medical", "unit", "0.09", base="personal_sum"),
            a_rate("medical", "personal", "0.02", account="personal_account"),
            {
                name: value
                for name, value in a_rate("large_medical", "unit", "", base="head").items()
                if name != "rate"
            }
            | {"amount": "12.50", "months": [3]},
        ],
        limits={"*": {"floor": "1000.00", "ceiling": "9000.00"}},
        crediting=[
            {
                "id": "to45",
                "insurance": "medical",
                "status": "active",
                "age_below": 45,
                "rate": "0.04",
                "source": "s",
            },
            {
                "id": "from45",
                "insurance": "medical",
                "status": "active",
                "age_from": 45,
                "rate": "0.05",
                "source": "s",
            },
        ],
        region="tianjin",
        in_force_from="1995-01-01",
        in_force_to="1995-12-31",
    )


def born(year: int, number: int, **figures: str) -> dict[str, Any]:
    """A declared person born in a year."""
    digits = identity_number.with_check_digit(f"120101{year}0301{number:03d}")
    return {"identity_number": digits, "wage": "2000.00"} | (
        {"figures": figures} if figures else {}
    )


async def enrolled(office: Office, people: list[dict[str, Any]]) -> str:
    code = await office.unit()
    body = [
        {"identity_number": person["identity_number"], "name": "张三", "joined_on": "1994-01-01"}
        for person in people
    ]
    answer = await office.post("district_clerk", f"/v1/units/{code}/enrolments", {"people": body})
    assert answer.status_code == 201, answer.text
    return code


async def test_what_the_policy_asks_for_is_named_levied_and_explained(office: Office) -> None:
    await publish(office, content())
    bare = [born(1970, 1), born(1950, 2)]
    code = await enrolled(office, bare)
    refused = await office.declare(code, bare, period=MONTH)
    assert codes_of(refused) == {
        "/unit_figures/last_month": "FIGURE_MISSING",
        "/people/0/figures/last_year": "FIGURE_MISSING",
        "/people/1/figures/last_year": "FIGURE_MISSING",
    }
    people = [born(1970, 1, last_year="3000.00"), born(1950, 2, last_year="500.00")]
    answer = await office.declare(
        code, people, period=MONTH, unit_figures={"last_month": "7654.32"}
    )
    assert answer.status_code == 201, answer.text
    declared = answer.json()
    amounts = {(line["rule"], line["account"]): line["amount"] for line in declared["lines"]}
    assert amounts == {
        ("pension.personal", "personal_account"): "320.00",  # 3000 and, at the floor, 1000
        ("medical.personal", "personal_account"): "80.00",
        ("to45", "personal_account"): "80.00",
        ("from45", "personal_account"): "100.00",
        ("large_medical.unit", "pooled"): "25.00",
        ("pension.unit", "pooled"): "1530.86",
        ("medical.unit", "pooled"): "180.00",  # 9 % of 4000, less what was credited
    }
    found = await office.get("supervisor", f"/v1/declarations/{declared['id']}/lines", explain=True)
    young, old = found.json()["items"]
    assert {line["rule"]: line["asked"] for line in young["explain"]}["pension.personal"] == (
        "3000.00"
    )
    assert "from45" in {line["rule"] for line in old["explain"]}
    credited = {line["rule"]: line["credited"] for line in found.json()["unit_lines"]}
    assert credited == {"pension.unit": None, "medical.unit": "180.00"}


async def test_a_quote_names_what_is_missing_and_floats_the_injury_rate(office: Office) -> None:
    await publish(office, content() | {"region": "sourceland"})
    person: dict[str, Any] = {"ref": "a", "wages": {"*": "2000.00"}}
    body: dict[str, Any] = {
        "region": "sourceland",
        "on": "1995-03",
        "unit_kind": "enterprise",
        "people": [person],
    }
    refused = await office.post("employer_portal", "/v1/quotes", body)
    assert codes_of(refused) == {
        "/unit_figures/last_month": "FIGURE_MISSING",
        "/people/0/figures/last_year": "FIGURE_MISSING",
        "/people/0/age": "AGE_MISSING",
    }
    floating: dict[str, Any] = packs.sound_pack() | {
        "pack": "float",
        "region": "floatland",
        "injury_floating": {
            "insurance": "work_injury",
            "steps": [{"id": "up_120", "factor": "1.2", "source": "s"}],
        },
    }
    await publish(office, floating)
    body |= {"region": "floatland", "on": "2021-07", "injury_class": 2, "injury_step": "up_120"}
    quoted = (await office.post("employer_portal", "/v1/quotes", body)).json()
    (line,) = [line for line in quoted["lines"] if line["insurance"] == "work_injury"]
    assert (line["rate"], line["explain"]["factors"]) == ("0.0048", ["up_120 1.2000"])
    body["injury_step"] = "sideways"
    refused = await office.post("employer_portal", "/v1/quotes", body)
    assert (refused.status_code, refused.json()["code"]) == (422, "INJURY_STEP_UNKNOWN")
