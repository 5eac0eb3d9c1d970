"""Search of trails by person, paper and day, for supervisors and auditors."""

from datetime import timedelta

import pytest

from shared.clock import today
from tests.collection.support.desks import bulk
from tests.collection.support.office import Office


async def test_a_supervisor_finds_what_a_person_did(office: Office) -> None:
    papers = [(await office.declared(district="binhai"))["id"] for _ in range(2)]
    await bulk(office, "district_clerk", "accept", papers, "binhai", subject="wang.wu")
    found = (await office.get("supervisor", "/v1/trail", person="wang.wu")).json()["items"]
    assert [(step["step"], step["paper"], step["district"]) for step in found] == [
        ("accept", "declaration", "binhai"),
        ("accept", "declaration", "binhai"),
    ]
    assert {step["id"] for step in found} == set(papers)
    page = (await office.get("supervisor", "/v1/trail", person="wang.wu", limit=1)).json()
    rest = await office.get(
        "supervisor", "/v1/trail", person="wang.wu", limit=1, cursor=page["next_cursor"]
    )
    assert page["items"] + rest.json()["items"] == found
    assert not rest.json()["has_more"]


async def test_a_trail_is_searched_by_paper_and_by_day(office: Office) -> None:
    paper = (await office.declared(district="binhai"))["id"]
    whole = (await office.get("supervisor", "/v1/trail", paper=paper)).json()["items"]
    assert [step["step"] for step in whole] == ["submit"]
    day = today()
    for first, last, count in (
        (day, day, 1),
        (day + timedelta(1), day + timedelta(1), 0),
        (day - timedelta(9), day - timedelta(1), 0),
    ):
        answer = await office.get(
            "centre_auditor", "/v1/trail", paper=paper, **{"from": str(first), "to": str(last)}
        )
        assert len(answer.json()["items"]) == count
    assert (await office.get("supervisor", "/v1/trail", paper="xyz_1")).status_code == 404


@pytest.mark.parametrize("role", ["district_clerk", "district_reviewer", "centre_cashier"])
async def test_only_supervisors_and_auditors_search_trails(office: Office, role: str) -> None:
    assert (await office.get(role, "/v1/trail")).status_code == 403
