"""People leave a unit, move as a block, and are found by person."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx

from shared.clock import today
from tests.collection.support.office import Office, a_person, codes_of
from tests.collection.support.register import approve, numbers, people_of, staffed

# --- people leave --------------------------------------------------------------------------


async def test_people_leave_all_together_and_once(office: Office) -> None:
    code, people = await staffed(office, 2)
    path = f"/v1/units/{code}/departures"
    body = {
        "people": [
            {"identity_number": number, "left_on": "2021-06-30"} for number in numbers(people)
        ]
    }
    assert (await office.post("district_clerk", path, body)).json() == {"left": 2, "replayed": 0}
    assert (await office.post("district_clerk", path, body)).json() == {"left": 0, "replayed": 2}
    assert {row["left_on"] for row in await people_of(office, code)} == {"2021-06-30"}
    declared = await office.declare(code, people)
    assert set(codes_of(declared).values()) == {"PERSON_NOT_ENROLLED"}


async def test_every_fault_of_a_departure_is_named_and_nobody_leaves(office: Office) -> None:
    code, people = await staffed(office, 2)
    later = (today() + timedelta(1)).isoformat()
    first, second = numbers(people)

    async def faults(*leaving: tuple[str, str]) -> dict[str, str]:
        body = {"people": [{"identity_number": number, "left_on": day} for number, day in leaving]}
        return codes_of(await office.post("district_clerk", f"/v1/units/{code}/departures", body))

    assert await faults((first, later), (first, "2021-01-01")) == {
        "/people/0/left_on": "DAY_IN_FUTURE",
        "/people/1/identity_number": "PERSON_REPEATED",
    }
    stranger = a_person()["identity_number"]
    assert await faults(
        (first, "2019-12-31"), (stranger, "2021-01-01"), (second, "2021-01-01")
    ) == {
        "/people/0/left_on": "LEFT_BEFORE_JOINING",
        "/people/1/identity_number": "PERSON_NOT_ENROLLED",
    }
    assert {row["left_on"] for row in await people_of(office, code)} == {None}


# --- blocks --------------------------------------------------------------------------------


async def test_a_block_moves_as_one_paper_when_the_receiving_district_agrees(
    office: Office,
) -> None:
    giving, people = await staffed(office, 3)
    receiving = await office.unit(district="binhai")
    body = {
        "credit_code": giving,
        "to": receiving,
        "effective_on": "2021-07-01",
        "reason": "分立",
        "people": numbers(people[:2]),
    }
    found = (await office.post("district_clerk", "/v1/block-transfers", body)).json()
    assert (found["kind"], found["status"], found["people"]) == ("block_transfer", "proposed", 2)
    listed = await office.get("district_clerk", f"/v1/changes/{found['id']}/people")
    assert [row["name"] for row in listed.json()["items"]] == ["张*", "张*"]
    assert await people_of(office, receiving) == []
    assert (await approve(office, found, district="heping")).status_code == 403
    assert (await approve(office, found, district="binhai")).status_code == 201
    moved = await people_of(office, receiving)
    assert [(row["joined_on"], row["left_on"]) for row in moved] == [("2021-07-01", None)] * 2
    days = sorted(str(row["left_on"]) for row in await people_of(office, giving))
    assert days == ["2021-06-30", "2021-06-30", "None"]
    covers = (await office.get("supervisor", f"/v1/people/{moved[0]['person']}/covers")).json()
    assert [cover["credit_code"] for cover in covers["items"]] == [giving, receiving]
    assert not covers["overlapping"]
    assert (await office.declare(receiving, people[:2])).status_code == 201


async def test_everybody_moves_when_nobody_is_named(office: Office) -> None:
    giving, _ = await staffed(office, 3)
    receiving = await office.unit()
    body = {
        "credit_code": giving,
        "to": receiving,
        "effective_on": "2021-07-01",
        "reason": "合并",
    }
    found = (await office.post("district_clerk", "/v1/block-transfers", body)).json()
    assert found["people"] == 3
    assert (await approve(office, found)).status_code == 201
    assert len(await people_of(office, receiving)) == 3


async def test_a_block_is_refused_whole_when_one_of_them_has_left_meanwhile(
    office: Office,
) -> None:
    giving, people = await staffed(office, 2)
    receiving = await office.unit()
    body = {
        "credit_code": giving,
        "to": receiving,
        "effective_on": "2021-07-01",
        "reason": "合并",
    }
    found = (await office.post("district_clerk", "/v1/block-transfers", body)).json()
    leaving = {"people": [{"identity_number": numbers(people)[0], "left_on": "2021-05-31"}]}
    await office.post("district_clerk", f"/v1/units/{giving}/departures", leaving)
    refused = await approve(office, found)
    assert (refused.status_code, refused.json()["code"]) == (409, "REGISTER_MOVED")
    assert await people_of(office, receiving) == []
    shown = await office.get("supervisor", f"/v1/changes/{found['id']}")
    assert shown.json()["status"] == "proposed"


async def test_what_is_wrong_with_a_block_is_named(office: Office) -> None:
    giving, people = await staffed(office, 1)
    empty = await office.unit()
    stranger = a_person()["identity_number"]

    async def ask(code: str, to: str, **other: Any) -> httpx.Response:
        body = {
            "credit_code": code,
            "to": to,
            "effective_on": "2021-07-01",
            "reason": "合并",
        } | other
        return await office.post("district_clerk", "/v1/block-transfers", body)

    assert (await ask(giving, giving)).json()["code"] == "SAME_UNIT"
    assert (await ask(giving, "91120102MA9999999X")).json()["code"] == "UNIT_UNKNOWN"
    assert codes_of(await ask(empty, giving)) == {"/people": "PERSON_NOT_ENROLLED"}
    named = [*numbers(people), stranger, numbers(people)[0]]
    assert codes_of(await ask(giving, empty, people=named)) == {
        "/people/1": "PERSON_NOT_ENROLLED",
        "/people/2/identity_number": "PERSON_REPEATED",
    }
    too_early = await ask(giving, empty, effective_on="2020-01-01")
    assert codes_of(too_early) == {"/people": "PERSON_NOT_ENROLLED"}


async def test_two_approvals_at_once_move_a_block_once(office: Office) -> None:
    giving, _ = await staffed(office, 5)
    receiving = await office.unit()
    body = {
        "credit_code": giving,
        "to": receiving,
        "effective_on": "2021-07-01",
        "reason": "合并",
    }
    found = (await office.post("district_clerk", "/v1/block-transfers", body)).json()
    answers = await asyncio.gather(
        *(approve(office, found, subject=subject) for subject in ("wu", "zhao"))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert len(await people_of(office, receiving)) == 5


# --- covers --------------------------------------------------------------------------------


async def test_cover_at_two_units_is_warned_of_and_found_by_person(office: Office) -> None:
    first, people = await staffed(office, 1)
    second = await office.unit(district="nankai")
    free = a_person()
    joining = {
        "people": [
            {"identity_number": number, "name": "张三", "joined_on": "2021-03-01"}
            for number in [free["identity_number"], *numbers(people)]
        ]
    }
    path = f"/v1/units/{second}/enrolments"
    for _ in range(2):  # a repeat warns again
        answer = (await office.post("district_clerk", path, joining, district="nankai")).json()
        assert [(warning["pointer"], warning["code"]) for warning in answer["warnings"]] == [
            ("/people/1", "COVERED_ELSEWHERE")
        ]
        assert first in answer["warnings"][0]["message"]
    person = answer["people"][1]["person"]
    for district in ("heping", "nankai"):
        shown = await office.get("district_clerk", f"/v1/people/{person}/covers", district=district)
        covers = shown.json()
        assert covers["overlapping"]
        assert [cover["overlaps"] for cover in covers["items"]] == [True, True]
        assert covers["name"] == "张*"
    other = await office.get("district_clerk", f"/v1/people/{person}/covers", district="binhai")
    assert other.status_code == 403
    nobody = await office.get("supervisor", f"/v1/people/per_{'0' * 48}/covers")
    assert nobody.status_code == 404
