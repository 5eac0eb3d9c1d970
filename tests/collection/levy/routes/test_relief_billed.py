"""Relief on bills and corrections, and old months under later policies."""

from copy import deepcopy
from typing import Any

import pytest

from shared.db import Database
from shared.money import parse_yuan
from tests.collection.support.crew import (
    CAST,
    MARCH,
    a_staff,
    change,
    declared,
    lines_of,
    policy_of_2020,
    recast,
)
from tests.collection.support.office import Office, a_person, control_of
from tests.collection.support.policies import publish
from tests.collection.support.restating import bill


@pytest.fixture(scope="module", autouse=True)
async def policy(office: Office) -> None:
    await publish(office, policy_of_2020())


async def test_a_bill_nets_relief_and_says_so(office: Office, db: Database) -> None:
    code, people = await a_staff(office, size="large")
    paper = await declared(office, code, people, period="2020-04")
    await bill(office, db, paper, bill_date="2020-05-20")
    (head,) = (await office.get("supervisor", "/v1/bills", credit_code=code)).json()["items"]
    found = (await office.get("supervisor", f"/v1/bills/{head['id']}")).json()
    assert found["total"] == paper["total"]
    assert all(parse_yuan(line["amount"]) > 0 for line in found["lines"])
    pension = next(
        line for line in found["lines"] if (line["insurance"], line["party"]) == ("pension", "unit")
    )
    assert pension["amount"] == "688.00"
    answer = await office.get(
        "supervisor", f"/v1/bills/{head['id']}/lines/{pension['line']}/explanation"
    )
    explanation = answer.json()
    assert [(part["level"], part["amount"]) for part in explanation["parts"]] == [
        ("people", "1376.00"),
        ("relief", "-688.00"),
    ]
    assert [one["rule"] for one in explanation["unit_lines"]] == ["relief.pension.large"]
    assert {"relief", "categories"} <= set(explanation["sources"])


async def test_who_is_waived_everything_gets_a_bill_without_that_line(
    office: Office, db: Database
) -> None:
    code = await office.unit(district="hebei", injury_class=1, size="micro")
    person = a_person("5000.00")
    body = [
        {
            "identity_number": person["identity_number"],
            "name": "张三",
            "joined_on": "2019-06-01",
            "category": "injury_only",
        }
    ]
    path = f"/v1/units/{code}/enrolments"
    await office.post("district_clerk", path, {"people": body}, district="hebei")
    paper = await declared(office, code, {"site": person}, period="2020-05")
    assert (paper["total"], lines_of(paper)["relief", "relief.work_injury.medium"]) == (
        "0.00",
        "-25.00",
    )
    await bill(office, db, paper, bill_date="2020-06-20")
    for head in (await office.get("supervisor", "/v1/bills", credit_code=code)).json()["items"]:
        assert (head["status"], head["total"]) == ("settled", "0.00")


async def test_an_old_period_comes_out_the_same_after_three_policies_and_a_changed_register(
    office: Office,
) -> None:
    code, people = await a_staff(office, size="small")
    assert (await change(office, code, "2020-02-01", injury_step="up_150")).status_code == 201
    paper = await declared(office, code, people)
    quote = {
        "on": MARCH,
        "unit_kind": "enterprise",
        "injury_class": 2,
        "injury_step": "up_150",
        "unit_size": "small",
        "people": [
            {"ref": role, "wages": {"*": "5000.00"}} | facts for role, facts in CAST.items()
        ],
    }

    async def explanations() -> list[Any]:
        path = f"/v1/declarations/{paper['id']}"
        head = (await office.get("supervisor", path)).json()
        lines = (await office.get("supervisor", f"{path}/lines", explain=True)).json()
        quoted = (await office.post("district_clerk", "/v1/quotes", quote)).json()
        return [head, lines, quoted]

    before = await explanations()
    totals = {before[2]["totals"]["total"]}
    assert totals == {paper["total"]}
    for year, factor, insurances in ((2022, "1", []), (2023, "0.5", ["pension"]), (2024, "0", [])):
        later = deepcopy(policy_of_2020()) | {
            "pack": f"later-{year}",
            "in_force_from": f"{year}-01-01",
            "in_force_to": None,
        }
        for row in later["relief"]:
            row |= {"period_from": f"{year}-02", "period_to": f"{year}-06", "factor": factor}
        later["categories"][0]["insurances"] = ["work_injury", *insurances]
        later["categories"][2]["choices"][0]["average"]["factor"] = f"0.{year - 2015}"
        later["injury_floating"]["steps"][0]["factor"] = "1.2"
        later["rates"][1]["rate"] = "0.07"
        await publish(office, later)
        quoted = await office.post("district_clerk", "/v1/quotes", quote | {"on": f"{year}-03"})
        totals.add(quoted.json()["totals"]["total"])
    assert (await change(office, code, "2020-09-01", size="large", injury_step=None)).is_success
    assert (await recast(office, code, "2020-09", (people["site"], "retiree", None))).is_success
    assert await explanations() == before
    assert len(totals) == 4
    again, others = await a_staff(office, size="small")
    assert (await change(office, again, "2020-02-01", injury_step="up_150")).status_code == 201
    assert lines_of(await declared(office, again, others)) == lines_of(paper)


def net_of(*papers: dict[str, Any]) -> dict[tuple[str, str, str], int]:
    found: dict[tuple[str, str, str], int] = {}
    for paper in papers:
        for line in paper["lines"]:
            key = line["insurance"], line["party"], line["account"]
            found[key] = found.get(key, 0) + parse_yuan(line["amount"])
    return found


async def test_a_corrected_month_restates_its_relief_and_bills_only_the_difference(
    office: Office, db: Database
) -> None:
    code, people = await a_staff(office, size="large")
    first = await declared(office, code, people, period="2020-04")
    await bill(office, db, first, bill_date="2020-05-20")
    dearer = [person | {"wage": "6000.00"} for person in people.values()]

    async def corrected(paper: dict[str, Any]) -> dict[str, Any]:
        body = {"note": "更正", "control": control_of(dearer), "people": dearer}
        path = f"/v1/declarations/{paper['id']}/corrections"
        answer = await office.post("employer_portal", path, body)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    second = await corrected(first)
    await bill(office, db, second, bill_date="2020-06-10")
    (head,) = [
        row
        for row in (await office.get("supervisor", "/v1/bills", credit_code=code)).json()["items"]
        if row["kind"] == "adjustment"
    ]
    whole = (await office.get("supervisor", f"/v1/bills/{head['id']}")).json()
    (pension,) = [
        line for line in whole["lines"] if (line["insurance"], line["party"]) == ("pension", "unit")
    ]
    assert pension["amount"] == "80.00"  # 16 % of 1,000 more of one person, halved
    answer = await office.get(
        "supervisor", f"/v1/bills/{head['id']}/lines/{pension['line']}/explanation"
    )
    explanation = answer.json()
    assert sorted((part["level"], part["amount"]) for part in explanation["parts"]) == [
        ("corrected", "-1376.00"),
        ("corrected", "688.00"),
        ("people", "1536.00"),
        ("relief", "-768.00"),
    ]
    assert [one["rule"] for one in explanation["unit_lines"]] == ["relief.pension.large"]
    # It was a small unit after all: the correction goes by the register as it is now.
    changed = await change(office, code, "2020-04-01", size="small")
    assert changed.json()["levied_periods"] == ["2020-04"]
    third = await corrected(second)
    alike, others = await a_staff(office, size="small")
    fresh = await office.declare(
        alike,
        [person | {"wage": "6000.00"} for person in others.values()],
        period="2020-04",
    )
    wanted = {key: fen for key, fen in net_of(fresh.json()).items() if fen}
    assert {key: fen for key, fen in net_of(first, second, third).items() if fen} == wanted
