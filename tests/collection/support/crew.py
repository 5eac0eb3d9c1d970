"""A unit with one person of each category, under a policy with relief, steps and choices."""

from __future__ import annotations

from typing import Any

import httpx

from tests.collection.support.office import Office, a_person
from tests.collection.support.packs import a_pack, a_rate

MARCH = "2020-03"
SMALL = ["medium", "small", "micro", "sole"]


def relief_of(insurance: str, classes: list[str], to: str, factor: str) -> dict[str, Any]:
    return {
        "id": f"relief.{insurance}.{classes[0]}",
        "insurance": insurance,
        "party": "unit",
        "unit_classes": classes,
        "period_from": "2020-02",
        "period_to": to,
        "factor": factor,
        "source": "relief",
    }


STEPS = {
    "insurance": "work_injury",
    "steps": [
        {"id": "up_150", "factor": "1.5", "source": "floating"},
        {"id": "down_50", "factor": "0.5", "classes": [2, 3], "source": "floating"},
    ],
}
CATEGORIES = [
    {
        "id": "site",
        "category": "injury_only",
        "insurances": ["work_injury"],
        "source": "categories",
    },
    {"id": "old", "category": "retiree", "insurances": [], "source": "categories"},
    {
        "id": "free",
        "category": "flexible",
        "insurances": ["pension"],
        "choices": [
            {
                "id": f"free.{choice}",
                "choice": choice,
                "average": {"of": ["city"], "factor": factor},
                "source": "categories",
            }
            for choice, factor in (("p60", "0.6"), ("p100", "1"))
        ],
        "source": "categories",
    },
]


def policy_of_2020() -> dict[str, Any]:
    """Build the 2020 policy: relief by size, three injury classes with steps, categories."""
    head = a_rate("large_medical", "unit", "0", base="head", amount="13.33")
    del head["rate"]
    return a_pack(
        "relief-2020",
        insurances=["pension", "medical", "large_medical", "work_injury"],
        sources=[
            {"id": "s", "text": "published table", "certain": True},
            {"id": "relief", "text": "人社部发〔2020〕11号", "certain": True},
            {"id": "floating", "text": "劳社部发〔2003〕29号", "certain": False},
            {"id": "categories", "text": "辽宁2006:灵活就业人员可自60%起步", "certain": True},
        ],
        rates=[
            a_rate("pension", "unit", "0.16"),
            a_rate("pension", "personal", "0.08", account="personal_account"),
            a_rate("medical", "unit", "0.10", base="personal_sum"),
            a_rate("medical", "personal", "0.02", account="personal_account"),
            head | {"categories": ["employee", "retiree"]},
            *(
                a_rate("work_injury", "unit", rate, id=f"injury.{number}", injury_class=number)
                for number, rate in ((1, "0.005"), (2, "0.01"), (3, "0.02"))
            ),
        ],
        limits={"*": {"floor": "3000.00", "ceiling": "18000.00"}},
        averages=[{"id": "city", "amount": "6000.00", "source": "s"}],
        relief=[
            *(relief_of(name, SMALL, "2020-06", "1") for name in ("pension", "work_injury")),
            *(relief_of(name, ["large"], "2020-04", "0.5") for name in ("pension", "work_injury")),
            relief_of("medical", ["enterprise"], "2020-06", "0.5"),
        ],
        injury_floating=STEPS,
        categories=CATEGORIES,
        region="tianjin",
        in_force_from="2020-01-01",
        in_force_to="2020-12-31",
    )


CAST = {
    "worker": {},
    "site": {"category": "injury_only"},
    "old": {"category": "retiree"},
    "free": {"category": "flexible", "base_choice": "p60"},
}


async def enrol(
    office: Office,
    code: str,
    people: dict[str, dict[str, Any]],
    joined_on: str = "2019-06-01",
    **members: Any,
) -> httpx.Response:
    body = [
        {
            "identity_number": person["identity_number"],
            "name": "张三",
            "joined_on": joined_on,
            **(CAST[role] | members),
        }
        for role, person in people.items()
    ]
    return await office.post("district_clerk", f"/v1/units/{code}/enrolments", {"people": body})


async def a_staff(office: Office, **facts: Any) -> tuple[str, dict[str, dict[str, Any]]]:
    """Register a unit with one person of each category, each earning 5,000 yuan."""
    code = await office.unit(**({"injury_class": 2} | facts))
    people = {role: a_person("5000.00") for role in CAST}
    answer = await enrol(office, code, people)
    assert answer.status_code == 201, answer.text
    return code, people


async def declared(
    office: Office, code: str, people: dict[str, dict[str, Any]], period: str = MARCH
) -> dict[str, Any]:
    answer = await office.declare(code, list(people.values()), period=period)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def lines_of(paper: dict[str, Any]) -> dict[tuple[str, str], str]:
    return {(line["level"], line["rule"]): line["amount"] for line in paper["lines"]}


SMALL_UNIT = {
    # 16 % and 8 % of 5,000 and of 60 % of 6,000.
    ("people", "pension.unit"): "1376.00",
    ("people", "pension.personal"): "688.00",
    ("people", "medical.personal"): "100.00",
    ("people", "large_medical.unit"): "26.66",
    ("people", "injury.2"): "100.00",
    ("unit", "medical.unit"): "500.00",
    ("relief", "relief.pension.medium"): "-1376.00",
    ("relief", "relief.work_injury.medium"): "-100.00",
    ("relief", "relief.medical.enterprise"): "-250.00",
}


async def recast(
    office: Office, code: str, start: str, *people: tuple[dict[str, Any], str, str | None]
) -> httpx.Response:
    body = {
        "from": start,
        "reason": "变更",
        "people": [
            {"identity_number": person["identity_number"], "category": category}
            | ({"base_choice": choice} if choice else {})
            for person, category, choice in people
        ],
    }
    return await office.post("district_clerk", f"/v1/units/{code}/categories", body)


async def change(office: Office, code: str, day: str, **facts: Any) -> httpx.Response:
    body = {"facts": facts, "effective_on": day, "reason": "变更"}
    found = await office.post("district_clerk", f"/v1/units/{code}/changes", body)
    if found.status_code != 201:
        return found
    return await office.post("district_reviewer", f"/v1/changes/{found.json()['id']}/approvals")
