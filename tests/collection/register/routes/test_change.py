"""Changes of the register: dated, four eyes where they touch money; blocks, departures, covers."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from shared.clock import today
from shared.ids import unit_key
from tests.collection.support.office import Office, a_person, codes_of


async def change(
    office: Office, code: str, effective_on: str = "2021-07-01", *, district: str = "heping",
    **facts: Any,
) -> httpx.Response:  # fmt: skip
    body = {"facts": facts, "effective_on": effective_on, "reason": "变更"}
    return await office.post("district_clerk", f"/v1/units/{code}/changes", body, district=district)


async def approve(office: Office, found: dict[str, Any], **who: Any) -> httpx.Response:
    return await office.post("district_reviewer", f"/v1/changes/{found['id']}/approvals", **who)


async def unit(office: Office, code: str) -> dict[str, Any]:
    found: dict[str, Any] = (await office.get("supervisor", f"/v1/units/{code}")).json()
    return found


async def people_of(office: Office, code: str) -> list[dict[str, Any]]:
    answer = await office.get("supervisor", f"/v1/units/{code}/enrolments", limit=500)
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def staffed(office: Office, count: int, **how: Any) -> tuple[str, list[dict[str, str]]]:
    code = await office.unit(**how)
    people = [a_person() for _ in range(count)]
    await office.enrol(code, people, district=how.get("district", "heping"))
    return code, people


def numbers(people: list[dict[str, str]]) -> list[str]:
    return [person["identity_number"] for person in people]


# --- facts of units ------------------------------------------------------------------------


async def test_a_name_changes_at_once_and_what_touches_money_waits_for_another_person(
    office: Office,
) -> None:
    code = await office.unit()
    named = await change(office, code, name="天津新和顺机械有限公司")
    assert (named.status_code, named.json()["status"]) == (201, "in_force")
    assert (await unit(office, code))["name"] == "天津新和顺机械有限公司"
    classed = (await change(office, code, injury_class=3)).json()
    assert (classed["status"], classed["before"], classed["after"]) == (
        "proposed", {"injury_class": 1}, {"injury_class": 3},
    )  # fmt: skip
    assert (await unit(office, code))["injury_class"] == 1
    waiting = await office.get("district_reviewer", "/v1/inbox", step="approve_change")
    assert classed["id"] in {item["id"] for item in waiting.json()["items"]}
    assert (await approve(office, classed)).json()["status"] == "in_force"
    assert (await unit(office, code))["injury_class"] == 3
    history = (await office.get("supervisor", f"/v1/units/{code}/changes")).json()["items"]
    assert [list(item["after"]) for item in history] == [["name"], ["injury_class"]]


async def test_who_proposed_a_change_does_not_approve_it(office: Office) -> None:
    code = await office.unit()
    body = {"facts": {"kind": "organ"}, "effective_on": "2021-07-01", "reason": "转制"}
    path = f"/v1/units/{code}/changes"
    found = (await office.post("district_clerk", path, body, subject="li")).json()
    refused = await approve(office, found, subject="li")
    assert (refused.status_code, refused.json()["code"]) == (409, "SAME_PERSON_TWICE")
    clerk = await office.post("district_clerk", f"/v1/changes/{found['id']}/approvals")
    assert clerk.status_code == 403
    assert (await unit(office, code))["kind"] == "enterprise"
    assert (await approve(office, found, subject="wu")).status_code == 201
    again = await approve(office, found, subject="zhao")
    assert (again.status_code, again.json()["code"]) == (409, "STATE_CONFLICT")


async def test_a_unit_moves_district_when_the_receiving_one_agrees(office: Office) -> None:
    code = await office.unit(district="heping")
    body = {"facts": {"district": "nankai"}, "effective_on": "2021-07-01", "reason": "迁址"}
    answer = await office.post("district_clerk", f"/v1/units/{code}/changes", body)
    found = answer.json()
    assert found["decided_in"] == "nankai"
    assert (await approve(office, found, district="heping")).status_code == 403
    seen = await office.get("district_clerk", f"/v1/changes/{found['id']}", district="nankai")
    assert seen.status_code == 200
    foreign = await office.get("district_clerk", f"/v1/changes/{found['id']}", district="binhai")
    assert foreign.status_code == 403
    assert (await approve(office, found, district="nankai")).status_code == 201
    assert (await unit(office, code))["district"] == "nankai"


async def test_a_levy_goes_by_the_facts_of_its_periods_first_day(office: Office) -> None:
    code, people = await staffed(office, 1)
    found = (await change(office, code, "2021-08-01", injury_class=8)).json()
    assert (await approve(office, found)).status_code == 201
    rates = {}
    for period in ("2021-07", "2021-08"):
        paper = (await office.declare(code, people, period=period)).json()
        (line,) = [line for line in paper["lines"] if line["insurance"] == "work_injury"]
        rates[period] = line["rule"]
    (july,) = await office.fetch(
        "SELECT injury_class FROM declaration WHERE unit_id = $1 AND period = '2021-07'",
        unit_key(code),
    )
    assert july["injury_class"] == 1
    assert rates["2021-07"] != rates["2021-08"]


async def test_a_back_dated_change_names_the_periods_it_leaves_as_they_are(
    office: Office,
) -> None:
    code, people = await staffed(office, 1)
    for period in ("2021-06", "2021-07"):
        assert (await office.declare(code, people, period=period)).status_code == 201
    found = (await change(office, code, "2021-06-15", injury_class=2)).json()
    assert found["levied_periods"] == ["2021-07"]


async def test_changes_of_a_fact_are_in_order_and_one_waits_at_a_time(office: Office) -> None:
    code = await office.unit()
    first = (await change(office, code, "2021-07-01", injury_class=2)).json()
    waits = await change(office, code, "2021-08-01", injury_class=3)
    assert (waits.status_code, waits.json()["code"]) == (409, "CHANGE_WAITS")
    await approve(office, first)
    early = await change(office, code, "2021-05-01", injury_class=4)
    assert (early.status_code, early.json()["code"]) == (409, "CHANGE_OUT_OF_ORDER")
    same = await change(office, code, injury_class=2)
    assert (same.status_code, same.json()["code"]) == (422, "NOTHING_CHANGES")
    later = (today() + timedelta(1)).isoformat()
    ahead = await change(office, code, later, injury_class=4)
    assert (ahead.status_code, ahead.json()["code"]) == (422, "DAY_IN_FUTURE")


async def test_a_change_is_refused_with_codes(office: Office) -> None:
    code = await office.unit()
    found = (await change(office, code, injury_class=2)).json()
    path = f"/v1/changes/{found['id']}/refusals"
    unknown = await office.post("district_reviewer", path, {"codes": ["NOT_POSTED"]})
    assert codes_of(unknown) == {"/codes/0": "RETURN_CODE_UNKNOWN"}
    refused = await office.post("district_reviewer", path, {"codes": ["DOCUMENT_MISSING"]})
    assert refused.json()["status"] == "refused"
    assert (await unit(office, code))["injury_class"] == 1
    steps = (await office.get("supervisor", f"/v1/changes/{found['id']}/trail")).json()["items"]
    assert [(step["step"], step["signs"]) for step in steps] == [
        ("propose", True),
        ("refuse", True),
    ]
    assert (await change(office, code, injury_class=2)).status_code == 201


@pytest.mark.parametrize(
    ("facts", "faults"),
    [
        ({"district": "atlantis"}, {"/facts/district": "DISTRICT_UNKNOWN"}),
        ({"bank_account": None}, {"/facts/bank_account": "BANK_ACCOUNT_MISSING"}),
        ({"status": "closed"}, {"/facts/status": "UNIT_HAS_PEOPLE"}),
    ],
)
async def test_what_would_be_wrong_is_named(
    office: Office, facts: dict[str, Any], faults: dict[str, str]
) -> None:
    code, _ = await staffed(office, 1)
    body = {"facts": facts, "effective_on": "2021-07-01", "reason": "变更"}
    refused = await office.post("district_clerk", f"/v1/units/{code}/changes", body)
    assert refused.status_code == 422
    assert codes_of(refused) == faults


async def test_facts_are_named_and_not_emptied(office: Office) -> None:
    code = await office.unit()
    for facts in ({}, {"name": None}, {"credit_code": code}, {"status": "gone"}):
        body = {"facts": facts, "effective_on": "2021-07-01", "reason": "变更"}
        answer = await office.post("district_clerk", f"/v1/units/{code}/changes", body)
        assert answer.status_code == 422, facts


async def test_an_account_is_changed_by_two_people_and_shown_masked(office: Office) -> None:
    code = await office.unit()
    account = {"bank": "建行", "number": "6227000000001234", "name": "和顺"}
    found = (await change(office, code, bank_account=account)).json()
    assert found["status"] == "proposed"
    assert found["after"]["bank_account"]["number"] == "************1234"
    assert found["before"]["bank_account"]["number"].startswith("***")
    await approve(office, found)
    assert (await unit(office, code))["bank_account"]["bank"] == "建行"


async def test_nobody_joins_a_closed_unit(office: Office) -> None:
    code = await office.unit()
    assert (await change(office, code, status="closed")).json()["status"] == "in_force"
    joining = {
        "people": [
            {"identity_number": a_person()["identity_number"], "name": "张三",
             "joined_on": "2020-01-01"}
        ]
    }  # fmt: skip
    refused = await office.post("district_clerk", f"/v1/units/{code}/enrolments", joining)
    assert codes_of(refused) == {"/": "UNIT_CLOSED"}
    renamed = await change(office, code, name="别名")
    assert codes_of(renamed) == {"/facts": "UNIT_CLOSED"}
    assert (await change(office, code, status="active")).json()["status"] == "in_force"


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
        "credit_code": giving, "to": receiving, "effective_on": "2021-07-01", "reason": "分立",
        "people": numbers(people[:2]),
    }  # fmt: skip
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
        "credit_code": giving, "to": receiving, "effective_on": "2021-07-01", "reason": "合并",
    }  # fmt: skip
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
        "credit_code": giving, "to": receiving, "effective_on": "2021-07-01", "reason": "合并",
    }  # fmt: skip
    found = (await office.post("district_clerk", "/v1/block-transfers", body)).json()
    gone = {"people": [{"identity_number": numbers(people)[0], "left_on": "2021-05-31"}]}
    await office.post("district_clerk", f"/v1/units/{giving}/departures", gone)
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
            "credit_code": code, "to": to, "effective_on": "2021-07-01", "reason": "合并",
        } | other  # fmt: skip
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
        "credit_code": giving, "to": receiving, "effective_on": "2021-07-01", "reason": "合并",
    }  # fmt: skip
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
