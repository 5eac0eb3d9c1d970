"""Declarations: taken whole or not at all, explained to the fen, and what is abused of their doors."""

import asyncio
import json
from typing import Any

import pytest

from shared.ids import unit_key
from tests.collection.support.office import Office, a_code, a_declaration, a_person, codes_of


async def test_a_declaration_is_levied_when_it_is_submitted(office: Office) -> None:
    paper = await office.declared("3000.00", "10000.00", "26000.00")
    assert paper["status"] == "submitted"
    assert (paper["people"], paper["wages"]) == (3, "39000.00")
    assert paper["policy"] == "tianjin-2021"
    # The floor and ceiling cases of the published table, and one wage between them.
    assert paper["total"] == "11678.35"  # 1268.23 + 3770.00 + 6640.12
    assert paper["totals"]["total"] == paper["total"]
    assert sum_of(paper["totals"]["by_fund"].values()) == 1167835
    assert [line["insurance"] for line in paper["lines"]] == [
        "pension",
        "pension",
        "medical",
        "medical",
        "maternity",
        "unemployment",
        "unemployment",
        "work_injury",
    ]


def sum_of(amounts: Any) -> int:
    return sum(int(amount.replace(".", "")) for amount in amounts)


async def test_wages_may_differ_by_insurance(office: Office) -> None:
    code = await office.unit()
    people: list[dict[str, Any]] = [a_person(), a_person()]
    del people[0]["wage"]
    people[0]["wages"] = {"*": "5000.00", "medical": "8000.00"}
    await office.enrol(code, people)
    paper = (await office.declare(code, people)).json()
    path = f"/v1/declarations/{paper['id']}/lines"
    first, second = (await office.get("supervisor", path)).json()["items"]
    bases = {row["insurance"]: row["base"] for row in first["insurances"]}
    assert (bases["pension"], bases["medical"]) == ("5000.00", "8000.00")
    assert {row["base"] for row in second["insurances"]} == {"6500.00"}


async def test_a_unit_has_one_declaration_a_period(office: Office) -> None:
    code = await office.unit()
    people = [a_person()]
    await office.enrol(code, people)
    first = await office.declare(code, people)
    again = await office.declare(code, people)
    assert first.status_code == 201
    assert (again.status_code, again.json()["code"]) == (409, "DECLARATION_EXISTS")
    assert first.json()["id"] in again.json()["detail"]
    other = await office.declare(code, people, period="2021-08")
    assert other.status_code == 201


async def test_the_same_request_again_gets_the_first_answer(office: Office) -> None:
    code = await office.unit()
    people = [a_person()]
    await office.enrol(code, people)
    body = a_declaration(code, people)
    first = await office.post("employer_portal", "/v1/declarations", body, key="d-1")
    again = await office.post("employer_portal", "/v1/declarations", body, key="d-1")
    assert again.content == first.content
    assert again.headers["Idempotent-Replayed"] == "true"
    other = body | {"period": "2021-08"}
    refused = await office.post("employer_portal", "/v1/declarations", other, key="d-1")
    assert (refused.status_code, refused.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")


async def test_every_fault_of_a_declaration_is_named_and_nothing_is_stored(
    office: Office,
) -> None:
    code = await office.unit()
    enrolled, stranger = a_person(), a_person()
    await office.enrol(code, [enrolled])
    wrong = a_person()
    wrong["identity_number"] = wrong["identity_number"][:-1] + "Y"
    own = {
        "identity_number": a_person()["identity_number"],
        "wages": {"*": "1.00", "weather": "1.00"},
    }
    body = a_declaration(code, [enrolled, stranger, wrong, enrolled, own])
    body["control"] = {"people": 4, "wages": "1.00"}
    refused = await office.post("employer_portal", "/v1/declarations", body)
    assert refused.status_code == 422
    assert codes_of(refused) == {
        "/control/people": "CONTROL_TOTALS_DIFFER",
        "/control/wages": "CONTROL_TOTALS_DIFFER",
        "/people/1/identity_number": "PERSON_NOT_ENROLLED",
        "/people/2/identity_number": "IDENTITY_NUMBER_SHAPE",
        "/people/3/identity_number": "PERSON_REPEATED",
        "/people/4/wages/weather": "INSURANCE_NOT_LISTED",
        "/people/4/identity_number": "PERSON_NOT_ENROLLED",
    }
    assert stranger["identity_number"] not in refused.text
    unit_id = unit_key(code)
    assert await office.fetch("SELECT 1 FROM declaration WHERE unit_id = $1", unit_id) == []
    assert await office.fetch("SELECT 1 FROM declaration_person WHERE unit_id = $1", unit_id) == []


@pytest.mark.parametrize(
    ("change", "faults"),
    [
        ({"people": []}, {"/people": "TOO_SHORT"}),
        ({"period": "2021-7"}, {"/period": "PERIOD_MALFORMED"}),
        ({"credit_code": "x"}, {"/credit_code": "STRING_PATTERN_MISMATCH"}),
        ({"surprise": 1}, {"/surprise": "EXTRA_FORBIDDEN"}),
        (
            {"people": [{"identity_number": "1", "wage": 6500}]},
            {"/people/0/wage": "AMOUNT_MALFORMED"},
        ),
        (
            {"people": [{"identity_number": "1"}]},
            {"/people/0": "WAGE_OR_WAGES"},
        ),
        (
            {"people": [{"identity_number": "1" * 19, "wage": "1.00"}]},
            {"/people/0/identity_number": "STRING_TOO_LONG"},
        ),
    ],
)
async def test_a_malformed_declaration_is_refused(
    office: Office, change: dict[str, Any], faults: dict[str, str]
) -> None:
    body = a_declaration(a_code(), [a_person()]) | change
    refused = await office.post("employer_portal", "/v1/declarations", body)
    assert refused.status_code == 422
    assert codes_of(refused) == faults


async def test_an_unknown_unit_and_a_day_without_policy_are_refused(office: Office) -> None:
    missing = await office.declare(a_code(), [a_person()])
    assert (missing.status_code, missing.json()["code"]) == (404, "UNIT_UNKNOWN")
    code = await office.unit()
    people = [a_person()]
    refused = await office.declare(code, people, period="1999-01")
    assert (refused.status_code, refused.json()["code"]) == (422, "POLICY_NOT_IN_FORCE")


async def test_a_period_is_levied_by_the_policy_of_its_first_day(office: Office) -> None:
    code = await office.unit()
    people = [a_person("2000.00")]
    body = {
        "people": [
            {
                "identity_number": people[0]["identity_number"],
                "name": "张三",
                "joined_on": "2008-01-01",
            }
        ]
    }
    await office.post("district_clerk", f"/v1/units/{code}/enrolments", body)
    missing = await office.declare(code, people, period="2008-07")
    assert codes_of(missing) == {"/unit_wage_total": "UNIT_WAGE_TOTAL_MISSING"}
    paper = (await office.declare(code, people, period="2008-07", unit_wage_total="2000.00")).json()
    assert paper["policy"] == "tianjin-2008"
    assert paper["total"] == "886.00"
    levels = {(line["insurance"], line["party"]): line["level"] for line in paper["lines"]}
    assert levels["pension", "unit"] == "unit"
    assert levels["pension", "personal"] == "people"


async def test_every_amount_is_explained_and_people_are_masked(office: Office) -> None:
    paper = await office.declared("3000.00", "26000.00")
    path = f"/v1/declarations/{paper['id']}/lines"
    answer = await office.get("district_clerk", path, explain="true", limit=1)
    found = answer.json()
    (first,) = found["items"]
    assert first["name"] == "张*"
    assert "**********" in first["masked_identity_number"]
    injury = next(line for line in first["explain"] if line["rule"].startswith("work_injury"))
    assert (injury["asked"], injury["base"], injury["clamp"]) == ("3000.00", "3364.00", "floor")
    assert injury["product"] == "6.728"
    rest = await office.get(
        "district_clerk", path, explain="true", limit=1, cursor=found["next_cursor"]
    )
    (second,) = rest.json()["items"]
    assert {line["clamp"] for line in second["explain"]} == {"ceiling"}
    assert not rest.json()["has_more"]


async def test_what_is_levied_on_the_unit_is_explained_too(office: Office) -> None:
    code = await office.unit()
    people = [a_person("2000.00"), a_person("3000.00")]
    body = {
        "people": [
            {
                "identity_number": person["identity_number"],
                "name": "张三",
                "joined_on": "2008-01-01",
            }
            for person in people
        ]
    }
    await office.post("district_clerk", f"/v1/units/{code}/enrolments", body)
    paper = (await office.declare(code, people, period="2008-07", unit_wage_total="6000.00")).json()
    path = f"/v1/declarations/{paper['id']}/lines"
    found = (await office.get("supervisor", path, explain="true")).json()
    bases = {line["rule"]: line["base"] for line in found["unit_lines"]}
    assert bases["pension.unit"] == "5000.00"
    assert bases["unemployment.unit"] == "6000.00"


async def test_stored_rows_are_what_the_answer_says(office: Office) -> None:
    paper = await office.declared("3000.00", "26000.00")
    rows = await office.fetch(
        "SELECT wage_fen, base_fen, unit_fen, personal_fen FROM declaration_person"
        " WHERE unit_id = $1 ORDER BY line_no",
        unit_key(paper["credit_code"]),
    )
    assert [row["wage_fen"] for row in rows] == [3000_00, 26000_00]
    assert [row["base_fen"][0] for row in rows] == [3364_00, 17613_00]
    levied = sum(sum(row["unit_fen"]) + sum(row["personal_fen"]) for row in rows)
    assert levied == sum_of([paper["total"]])


@pytest.mark.parametrize("ref", ["dcl_nonsense", f"dcl_{'0' * 48}", f"bil_{'0' * 48}", "x"])
async def test_what_is_not_there_is_not_found(office: Office, ref: str) -> None:
    for path in (f"/v1/declarations/{ref}", f"/v1/declarations/{ref}/lines"):
        assert (await office.get("supervisor", path)).status_code == 404
    answer = await office.post("district_clerk", f"/v1/declarations/{ref}/acceptances")
    assert answer.status_code == 404


async def test_of_two_declarations_at_once_one_is_taken(office: Office) -> None:
    code = await office.unit()
    people = [a_person()]
    await office.enrol(code, people)
    answers = await asyncio.gather(*(office.declare(code, people) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    rows = await office.fetch("SELECT 1 FROM declaration_person WHERE unit_id = $1", unit_key(code))
    assert len(rows) == 1


async def test_a_wage_of_nothing_is_lifted_to_the_floor(
    office: Office,
) -> None:
    paper = await office.declared("0.00")
    assert {line["base"] for line in paper["lines"]} == {"3364.00"}
    assert paper["total"] == "1268.23"


@pytest.mark.parametrize("text", ["\ud800", "a\u0000b", "x" * 501, 5, {}])
async def test_a_hostile_note_is_refused(office: Office, text: Any) -> None:
    paper = await office.declared()
    content = json.dumps({"note": text}).encode()
    answer = await office.api.post(
        f"/v1/declarations/{paper['id']}/acceptances",
        content=content,
        headers=office.bearer("district_clerk", "heping") | {"content-type": "application/json"},
    )
    assert answer.status_code in {400, 422}


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 501},
        {"limit": "x"},
        {"cursor": "x"},
        {"cursor": "!" * 501},
        {"period": "2021-13"},
        {"status": "lost"},
        {"district": "../heping"},
    ],
)
async def test_a_hostile_query_is_refused(office: Office, query: dict[str, Any]) -> None:
    answer = await office.api.get(
        "/v1/declarations", params=query, headers=office.bearer("supervisor")
    )
    assert answer.status_code == 422
