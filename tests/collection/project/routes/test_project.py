"""Construction projects: quote, registration, one declaration of the contract sum, return, move."""

import asyncio

import pytest

from tests.collection.support.building import a_project, declare, publish_rules, registered
from tests.collection.support.office import Office


@pytest.fixture(scope="module", autouse=True)
async def policies(office: Office) -> None:
    await publish_rules(office)


async def test_a_quote_takes_the_tier_of_the_whole_sum_and_says_why(office: Office) -> None:
    for day, contract, amount, rule in (
        ("2022-03-15", "12345678.90", "12345.68", "construction.flat"),
        ("2023-03-15", "999999999.99", "1200000.00", "construction.small"),
        ("2023-03-15", "1000000000.00", "1000000.00", "construction.middle"),
        ("2023-03-15", "5000000000.00", "4000000.00", "construction.large"),
    ):
        body = {"starts_on": day, "contract_sum": contract}
        answer = await office.post("employer_portal", "/v1/project-quotes", body)
        assert answer.status_code == 200, answer.text
        (line,) = answer.json()["lines"]
        assert (line["amount"], line["explain"]["rule"]) == (amount, rule)
        assert (line["insurance"], line["party"], line["base"]) == ("work_injury", "unit", contract)
        assert answer.json()["sources"][line["explain"]["source"]]["text"].startswith("宜昌")


async def test_a_policy_that_says_nothing_of_projects_levies_none(office: Office) -> None:
    body = {"starts_on": "2021-07-01", "contract_sum": "1.00"}
    answer = await office.post("employer_portal", "/v1/project-quotes", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "PROJECTS_NOT_LEVIED")
    project = await registered(office, starts_on="2021-07-01")
    assert (await declare(office, project)).json()["code"] == "PROJECTS_NOT_LEVIED"


async def test_a_project_is_registered_once_under_its_number(office: Office) -> None:
    code = await office.unit()
    body = a_project(code)
    first = await office.post("district_clerk", "/v1/projects", body)
    again = await office.post("district_clerk", "/v1/projects", body)
    assert (again.status_code, again.json()) == (201, first.json())
    other = await office.post("district_clerk", "/v1/projects", body | {"name": "另一项目"})
    assert (other.status_code, other.json()["code"]) == (409, "PROJECT_EXISTS")
    another = await office.post("district_clerk", "/v1/projects", body, district="nankai")
    assert another.status_code == 403
    faulty = body | {"ends_on": "2022-03-14", "signed_on": "2100-01-01"}
    answer = await office.post("district_clerk", "/v1/projects", faulty)
    assert {fault["code"] for fault in answer.json()["errors"]} == {
        "ENDS_BEFORE_START",
        "DAY_IN_FUTURE",
    }
    listed = await office.get("district_clerk", "/v1/projects", credit_code=code)
    assert [row["id"] for row in listed.json()["items"]] == [first.json()["id"]]


async def test_a_project_is_declared_once_however_many_ask(office: Office) -> None:
    project = await registered(office)
    answers = await asyncio.gather(*(declare(office, project) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    (made,) = [answer.json() for answer in answers if answer.status_code == 201]
    assert (made["period"], made["people"], made["total"]) == ("2022-03", 0, "12345.68")
    found = (await office.get("district_clerk", f"/v1/projects/{project['id']}")).json()
    assert [paper["declaration"] for paper in found["papers"]] == [made["id"]]


async def test_the_same_key_gets_the_same_answer(office: Office) -> None:
    project = await registered(office)
    answers = [await declare(office, project, key="project-1") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()


async def test_a_project_is_declared_apart_from_the_months_own_declaration(office: Office) -> None:
    paper = await office.declared("6500.00", period="2022-03")
    body = a_project(paper["credit_code"])
    project = (await office.post("district_clerk", "/v1/projects", body)).json()
    assert (await declare(office, project)).status_code == 201
    other = (
        await office.post("district_clerk", "/v1/projects", a_project(paper["credit_code"]))
    ).json()
    assert (await declare(office, other)).status_code == 201


async def test_a_returned_declaration_is_submitted_again_on_the_sum_then_in_force(
    office: Office,
) -> None:
    project = await registered(office)
    paper = (await declare(office, project)).json()
    sent_back = {"codes": ["FIGURES_DO_NOT_TIE"], "note": "造价有误"}
    path = f"/v1/declarations/{paper['id']}/returns"
    assert (await office.post("district_clerk", path, sent_back)).status_code == 201
    change = {"contract_sum": "20000000.00", "signed_on": "2022-03-01", "source_paper": "补充协议"}
    path = f"/v1/projects/{project['id']}/contracts"
    assert (await office.post("district_clerk", path, change)).status_code == 201
    again = (await declare(office, project)).json()
    assert (again["id"], again["round"], again["total"]) == (paper["id"], 2, "20000.00")


async def test_a_changed_fact_of_the_builder_leaves_no_project_to_adjust(office: Office) -> None:
    """Check that the kind of the unit does not change a project's levy."""
    project = await registered(office)
    assert (await declare(office, project)).status_code == 201
    body = {"facts": {"injury_class": 8}, "effective_on": "2022-01-01", "reason": "变更"}
    path = f"/v1/units/{project['credit_code']}/changes"
    proposed = (await office.post("district_clerk", path, body)).json()
    approval = f"/v1/changes/{proposed['id']}/approvals"
    approved = await office.post("district_reviewer", approval)
    assert approved.status_code == 201, approved.text
    assert approved.json()["levied_periods"] == []


async def test_a_builder_that_moves_takes_its_projects_along(office: Office) -> None:
    project = await registered(office, "heping")
    body = {"facts": {"district": "nankai"}, "effective_on": "2022-01-01", "reason": "迁址"}
    path = f"/v1/units/{project['credit_code']}/changes"
    proposed = (await office.post("district_clerk", path, body)).json()
    approval = f"/v1/changes/{proposed['id']}/approvals"
    await office.post("district_reviewer", approval, district="nankai")
    path = f"/v1/projects/{project['id']}"
    assert (await office.get("district_clerk", path, district="heping")).status_code == 403
    seen = await office.get("district_clerk", path, district="nankai")
    assert seen.json()["district"] == "nankai"
    for district, times in (("heping", 0), ("nankai", 1)):
        listed = await office.get("district_clerk", "/v1/projects", district=district, limit=500)
        ids = [row["id"] for row in listed.json()["items"]]
        assert ids.count(project["id"]) == times
    declared = await office.post("district_clerk", f"{path}/declarations", district="nankai")
    assert (declared.status_code, declared.json()["district"]) == (201, "nankai")
