"""A month without changes: carried on, levied by that month's rules, and never twice."""

from typing import Any

import httpx

from services.collection.operation.jobs import run as run_job
from services.collection.worker import OPERATIONS
from shared.ids import unit_key
from tests.collection.support.filing import tools_of
from tests.collection.support.office import Office, a_person

Paper = dict[str, Any]


async def roll(
    office: Office, district: str, period: str = "2021-08", *, role: str = "district_clerk"
) -> httpx.Response:
    body = {"district": district, "period": period}
    return await office.post(role, "/v1/declaration-rolls", body, district=district)


async def rolled(office: Office, district: str, period: str = "2021-08") -> dict[str, Any]:
    answer = await roll(office, district, period)
    assert answer.status_code == 202, answer.text
    await run_job.run_waiting(tools_of(office), OPERATIONS)
    found = await office.get("supervisor", f"/v1/operations/{answer.json()['id']}")
    body: dict[str, Any] = found.json()
    return body


async def august(office: Office, paper: Paper) -> list[Paper]:
    code = paper["credit_code"]
    listed = await office.get(
        "supervisor", "/v1/declarations", district=paper["district"], period="2021-08", limit=500
    )
    heads = [row for row in listed.json()["items"] if row["credit_code"] == code]
    return [
        (await office.get("supervisor", f"/v1/declarations/{head['id']}")).json() for head in heads
    ]


async def test_the_same_people_and_wages_are_declared_in_the_units_stead(office: Office) -> None:
    papers = [
        await office.reviewed("5000.00", "26000.00", district="xiqing"),
        await office.reviewed("3000.00", district="xiqing"),
    ]
    done = await rolled(office, "xiqing")
    assert done["status"] == "succeeded", done
    assert (done["result"]["declarations"], done["result"]["people"]) == (2, 3)
    for july in papers:
        (paper,) = await august(office, july)
        for name in ("people", "wages", "lines", "totals", "status", "round"):
            expected = {"status": "submitted"}.get(name, july[name])
            assert paper[name] == expected, name
        trail = await office.get("supervisor", f"/v1/declarations/{paper['id']}/trail")
        (step,) = trail.json()["items"]
        assert (step["step"], step["detail"]) == ("submit", {"carried_on_from": "2021-07"})
        people = await office.get(
            "supervisor", f"/v1/declarations/{paper['id']}/lines", explain=True
        )
        assert len(people.json()["items"]) == july["people"]


async def test_asked_again_on_the_same_day_it_carries_on_what_has_become_due(
    office: Office,
) -> None:
    await office.reviewed(district="jinnan")
    first = await roll(office, "jinnan")
    assert (await roll(office, "jinnan")).json()["id"] == first.json()["id"]
    assert (await rolled(office, "jinnan"))["result"]["declarations"] == 1
    nothing = await rolled(office, "jinnan")
    assert nothing["result"]["declarations"] == 0
    await office.reviewed(district="jinnan")
    later = await rolled(office, "jinnan")
    assert later["id"] not in {first.json()["id"], nothing["id"]}
    assert later["result"]["declarations"] == 1


async def test_who_left_is_gone_and_who_joined_has_to_be_declared(office: Office) -> None:
    left = await office.reviewed("5000.00", "6000.00", district="beichen")
    joined = await office.reviewed("5000.00", district="beichen")
    emptied = await office.reviewed("5000.00", district="beichen")
    await office.fetch(
        "UPDATE enrolment SET left_on = '2021-07-31' WHERE (unit_id, person_id) IN"
        " (SELECT unit_id, person_id FROM declaration_person WHERE (unit_id = $1 AND line_no = 1)"
        " OR unit_id = $2)",
        unit_key(left["credit_code"]),
        unit_key(emptied["credit_code"]),
    )
    await office.enrol(joined["credit_code"], [a_person()], district="beichen")
    done = await rolled(office, "beichen")
    assert done["result"]["declarations"] == 1
    assert done["result"]["left_out"] == {"PEOPLE_JOINED": 1, "NOBODY_LEFT": 1}
    (paper,) = await august(office, left)
    assert (paper["people"], paper["wages"]) == (1, "6000.00")
    report = await office.get("supervisor", f"/v1/operations/{done['id']}/faults")
    assert joined["credit_code"] in report.text
    assert emptied["credit_code"] in report.text
    assert not await august(office, joined)


async def test_what_was_declared_or_never_reviewed_is_left_alone(office: Office) -> None:
    people = [a_person("4000.00")]
    code = await office.unit(district="wuqing")
    await office.enrol(code, people, district="wuqing")
    for period, wage in (("2021-07", "4000.00"), ("2021-08", "4100.00")):
        declared = await office.declare(code, [people[0] | {"wage": wage}], period=period)
        assert declared.status_code == 201
    unreviewed = await office.declared(district="wuqing")
    done = await rolled(office, "wuqing")
    assert done["result"]["declarations"] == 0
    (paper,) = await august(office, declared.json())
    assert paper["wages"] == "4100.00"
    assert not await august(office, unreviewed)


async def test_wages_of_an_insurances_own_are_carried_on(office: Office) -> None:
    code = await office.unit(district="baodi")
    people = [a_person(), a_person("5000.00")]
    await office.enrol(code, people, district="baodi")
    wages = {"*": "11300.00", "medical": "1850.00"}
    declared = [{"identity_number": people[0]["identity_number"], "wages": wages}, people[1]]
    july = (await office.declare(code, declared)).json()
    for role, act in (("district_clerk", "acceptances"), ("district_reviewer", "reviews")):
        await office.post(role, f"/v1/declarations/{july['id']}/{act}", district="baodi")
    await rolled(office, "baodi")
    (paper,) = await august(office, july)
    assert paper["lines"] == july["lines"]
    answer = await office.fetch(
        "SELECT p.asked_fen FROM declaration_person AS p JOIN declaration AS d"
        " ON d.unit_id = p.unit_id AND d.id = p.declaration_id WHERE d.unit_id = $1"
        " ORDER BY d.period, p.line_no",
        unit_key(code),
    )
    assert [row["asked_fen"] for row in answer[:2]] == [row["asked_fen"] for row in answer[2:]]


async def test_a_year_begins_with_a_declaration_of_everything(office: Office) -> None:
    done = await rolled(office, "ninghe", "2022-01")
    assert done["status"] == "failed"
    assert done["error"]["code"] == "YEAR_BEGINS"


async def test_a_district_carries_on_its_own_only(office: Office) -> None:
    body = {"district": "jizhou", "period": "2021-08"}
    other = await office.post("district_clerk", "/v1/declaration-rolls", body, district="heping")
    assert other.status_code == 403
    reviewer = await roll(office, "jizhou", role="district_reviewer")
    assert reviewer.status_code == 403
