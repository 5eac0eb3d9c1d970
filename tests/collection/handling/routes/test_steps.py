"""Steps of a declaration in its district: two people, one role per step, return and resubmission."""

import asyncio
from typing import Any

import asyncpg
import pytest

from shared.ids import unit_key
from tests.collection.support.office import PERIOD, Office, a_person


async def act(office: Office, paper: dict[str, Any], role: str, what: str, **how: Any) -> Any:
    return await office.post(role, f"/v1/declarations/{paper['id']}/{what}", **how)


async def steps(office: Office, paper: dict[str, Any]) -> list[tuple[str, str, int]]:
    answer = await office.get("supervisor", f"/v1/declarations/{paper['id']}/trail")
    return [(step["step"], step["person"], step["round"]) for step in answer.json()["items"]]


async def test_the_way_through_the_district(office: Office) -> None:
    paper = await office.declared()
    accepted = await act(office, paper, "district_clerk", "acceptances")
    assert (accepted.status_code, accepted.json()["status"]) == (201, "accepted")
    reviewed = await act(office, paper, "district_reviewer", "reviews", body={"note": "相符"})
    assert (reviewed.status_code, reviewed.json()["status"]) == (201, "reviewed")
    assert await steps(office, paper) == [
        ("submit", "employer_portal", 1),
        ("accept", "district_clerk.heping", 1),
        ("review", "district_reviewer.heping", 1),
    ]


async def test_the_same_person_cannot_accept_and_review_and_the_row_is_not_there(
    office: Office,
) -> None:
    paper = await office.declared()
    await act(office, paper, "district_clerk", "acceptances", subject="wang")
    refused = await act(office, paper, "district_reviewer", "reviews", subject="wang")
    assert (refused.status_code, refused.json()["code"]) == (409, "SAME_PERSON_TWICE")
    assert await steps(office, paper) == [("submit", "employer_portal", 1), ("accept", "wang", 1)]
    shown = await office.get("supervisor", f"/v1/declarations/{paper['id']}")
    assert shown.json()["status"] == "accepted"


async def test_the_database_holds_four_eyes_by_itself(office: Office, database_url: str) -> None:
    paper = await office.declared()
    await act(office, paper, "district_clerk", "acceptances", subject="wang")
    insert = """
        INSERT INTO trail (shard_key, id, paper, paper_id, round, step, signs, person, role, level,
                           district)
        SELECT shard_key, gen_random_uuid(), paper, paper_id, round, 'review', true, person,
               'district_reviewer', level, district
          FROM trail
         WHERE person = 'wang' AND step = 'accept' AND shard_key = $1
    """
    with pytest.raises(asyncpg.UniqueViolationError):
        await office.fetch(insert, unit_key(paper["credit_code"]))


@pytest.mark.parametrize(
    ("role", "what"),
    [
        ("district_reviewer", "acceptances"),
        ("district_clerk", "reviews"),
        ("centre_auditor", "acceptances"),
        ("centre_auditor", "reviews"),
        ("employer_portal", "acceptances"),
        ("supervisor", "reviews"),
    ],
)
async def test_each_step_belongs_to_one_role(office: Office, role: str, what: str) -> None:
    paper = await office.declared()
    refused = await act(office, paper, role, what)
    assert (refused.status_code, refused.json()["code"]) == (403, "FORBIDDEN")


async def test_a_step_out_of_order_is_refused(office: Office) -> None:
    paper = await office.declared()
    early = await act(office, paper, "district_reviewer", "reviews")
    assert (early.status_code, early.json()["code"]) == (409, "STATE_CONFLICT")
    await act(office, paper, "district_clerk", "acceptances")
    twice = await act(office, paper, "district_clerk", "acceptances", subject="another")
    assert (twice.status_code, twice.json()["code"]) == (409, "STATE_CONFLICT")


async def test_another_districts_declarations_are_forbidden_even_to_read(office: Office) -> None:
    paper = await office.declared(district="nankai")
    base = f"/v1/declarations/{paper['id']}"
    for answer in (
        await office.get("district_clerk", base),
        await office.get("district_reviewer", f"{base}/lines"),
        await office.get("district_clerk", f"{base}/trail"),
        await office.post("district_clerk", f"{base}/acceptances"),
        await office.api.get(
            "/v1/declarations",
            params={"district": "nankai"},
            headers=office.bearer("district_clerk", "heping"),
        ),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
    listed = await office.get("district_clerk", "/v1/declarations", period=PERIOD, limit=500)
    assert {row["district"] for row in listed.json()["items"]} == {"heping"}


async def test_a_returned_declaration_is_submitted_again_as_its_next_round(office: Office) -> None:
    code = await office.unit()
    people = [a_person("5000.00")]
    await office.enrol(code, people)
    paper = (await office.declare(code, people)).json()
    await act(office, paper, "district_clerk", "acceptances", subject="wang")
    returned = await act(
        office,
        paper,
        "district_reviewer",
        "returns",
        subject="li",
        body={"codes": ["NOT_SIGNED_BY_STAFF", "NO_UNDERTAKING"], "note": "补签"},
    )
    assert returned.json()["status"] == "returned"
    corrected = [people[0] | {"wage": "6000.00"}]
    again = (await office.declare(code, corrected)).json()
    assert (again["id"], again["round"], again["status"]) == (paper["id"], 2, "submitted")
    assert again["wages"] == "6000.00"
    # In the new round the same two people may sign, each once.
    assert (
        await act(office, paper, "district_clerk", "acceptances", subject="wang")
    ).status_code == 201
    assert (
        await act(office, paper, "district_reviewer", "reviews", subject="li")
    ).status_code == 201
    shown = await office.get("supervisor", f"/v1/declarations/{paper['id']}/trail")
    why = next(step for step in shown.json()["items"] if step["step"] == "return")
    assert why["detail"] == {"codes": ["NOT_SIGNED_BY_STAFF", "NO_UNDERTAKING"]}
    assert why["why"] == "补签"
    rounds = await office.fetch(
        "SELECT round, wage_fen FROM declaration_person WHERE unit_id = $1 ORDER BY round",
        unit_key(code),
    )
    assert [tuple(row) for row in rounds] == [(1, 5000_00), (2, 6000_00)]


async def test_the_clerk_returns_before_acceptance_and_the_reviewer_after_it(
    office: Office,
) -> None:
    body = {"codes": ["FILE_INCOMPLETE"]}
    paper = await office.declared()
    early = await act(office, paper, "district_reviewer", "returns", body=body)
    assert early.status_code == 403
    await act(office, paper, "district_clerk", "acceptances")
    late = await act(office, paper, "district_clerk", "returns", body=body)
    assert late.status_code == 403
    assert (await act(office, paper, "district_reviewer", "returns", body=body)).status_code == 201


@pytest.mark.parametrize("body", [{"codes": []}, {"codes": ["WHIM"]}, {}])
async def test_a_return_says_why_by_code(office: Office, body: dict[str, Any]) -> None:
    paper = await office.declared()
    refused = await act(office, paper, "district_clerk", "returns", body=body)
    assert refused.status_code == 422


async def test_of_two_clerks_at_once_one_accepts(office: Office) -> None:
    paper = await office.declared()
    answers = await asyncio.gather(
        *(act(office, paper, "district_clerk", "acceptances", subject=who) for who in ("a", "b"))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert [step for step, _, _ in await steps(office, paper)] == ["submit", "accept"]
