"""Changes of a unit's facts: dated; a second person approves those that touch money."""

from datetime import timedelta
from typing import Any

import pytest

from shared.clock import today
from shared.ids import unit_key
from tests.collection.support.office import Office, a_person, codes_of
from tests.collection.support.register import approve, change, staffed, unit


async def test_a_name_changes_at_once_and_what_touches_money_waits_for_another_person(
    office: Office,
) -> None:
    code = await office.unit()
    named = await change(office, code, name="天津新和顺机械有限公司")
    assert (named.status_code, named.json()["status"]) == (201, "in_force")
    assert (await unit(office, code))["name"] == "天津新和顺机械有限公司"
    classed = (await change(office, code, injury_class=3)).json()
    assert (classed["status"], classed["before"], classed["after"]) == (
        "proposed",
        {"injury_class": 1},
        {"injury_class": 3},
    )
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
            {
                "identity_number": a_person()["identity_number"],
                "name": "张三",
                "joined_on": "2020-01-01",
            }
        ]
    }
    refused = await office.post("district_clerk", f"/v1/units/{code}/enrolments", joining)
    assert codes_of(refused) == {"/": "UNIT_CLOSED"}
    renamed = await change(office, code, name="别名")
    assert codes_of(renamed) == {"/facts": "UNIT_CLOSED"}
    assert (await change(office, code, status="active")).json()["status"] == "in_force"


async def test_a_name_in_another_case_width_or_with_blanks_is_the_same_person(
    office: Office,
) -> None:
    code = await office.unit()
    body = {"facts": {"kind": "organ"}, "effective_on": "2021-07-01", "reason": "转制"}
    path = f"/v1/units/{code}/changes"
    found = (await office.post("district_clerk", path, body, subject="Li Na")).json()
    for other in ("li na", "LINA", "Ｌｉ　Ｎａ", " li  na "):
        refused = await approve(office, found, subject=other)
        assert (refused.status_code, refused.json()["code"]) == (409, "SAME_PERSON_TWICE"), other
        waiting = await office.get("district_reviewer", "/v1/inbox", step="approve_change")
        assert waiting.status_code == 200
    assert (await approve(office, found, subject="Li Nan")).status_code == 201
