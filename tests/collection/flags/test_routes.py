"""Flags are set and lifted by two people; the rules say after what, and what they block."""

from datetime import timedelta
from typing import Any

from shared.clock import today
from shared.db import Database
from tests.collection.support.doors.inspecting import decided, step, understated
from tests.collection.support.office import Office
from tests.collection.support.restating import a_unit, bill, bill_of, declared, pay

CLERK, HEAD = "district_clerk", "department_head"


async def change(office: Office, action: str, **target: str) -> Any:
    body = {
        "action": action,
        "basis": "社会保险领域严重失信人名单管理暂行办法第五条",
        "document": "津社险稽〔2021〕8号",
        "reason": "拒不补缴",
    }
    return await office.post(CLERK, "/v1/credit-flag-changes", body | target)


async def decide(office: Office, filed: dict[str, Any], how: str = "approvals") -> Any:
    body = {"why": "依据不足"} if how == "refusals" else None
    return await office.post(HEAD, f"/v1/credit-flag-changes/{filed['id']}/{how}", body)


async def flags(office: Office, target: str) -> dict[str, Any]:
    found: dict[str, Any] = (await office.get(CLERK, "/v1/credit-flags", of=target)).json()
    return found


async def certificate(office: Office, code: str) -> Any:
    body = {"period_from": "2021-07", "period_to": "2021-07", "as_of": "2021-09-01"}
    return await office.post(CLERK, f"/v1/units/{code}/certificates", body)


async def rule(office: Office, how: str = "approvals", **rule: Any) -> Any:
    body = {"basis": "本地办法", "in_force_from": "2021-01-01", "reason": "按本地办法"} | rule
    filed = await office.post("fund_accountant", "/v1/inspection-rules", body)
    assert filed.status_code == 201, filed.text
    path = f"/v1/inspection-rule-changes/{filed.json()['id']}/{how}"
    answer = await office.post(HEAD, path, {"why": "未经会签"} if how == "refusals" else None)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_two_people_set_and_lift_a_flag_and_it_withholds_certificates(
    office: Office, db: Database
) -> None:
    unit = await a_unit(office, people=1)
    paper = await declared(office, unit, "6000.00")
    await bill(office, db, paper)
    await pay(office, unit, (await bill_of(office, paper))["total"], "2021-07", "2021-08-20")
    assert (await change(office, "lift", credit_code=unit.code)).json()["code"] == (
        "CREDIT_FLAG_NONE"
    )
    filed = (await change(office, "set", credit_code=unit.code)).json()
    assert not (await flags(office, unit.code))["flagged"], "one person sets nothing"
    alone = await office.post(
        HEAD, f"/v1/credit-flag-changes/{filed['id']}/approvals", subject="district_clerk.heping"
    )
    assert alone.json()["code"] == "SAME_PERSON_TWICE"
    assert (await decide(office, filed)).status_code == 201
    shown = await flags(office, unit.code)
    assert shown["flagged"]
    assert shown["items"][0]["since"] == today().isoformat()
    assert (await change(office, "set", credit_code=unit.code)).json()["code"] == (
        "CREDIT_FLAG_EXISTS"
    )
    withheld = await certificate(office, unit.code)
    assert (withheld.status_code, withheld.json()["code"]) == (409, "UNIT_FLAGGED")
    refused = (await change(office, "lift", credit_code=unit.code)).json()
    assert (await decide(office, refused, "refusals")).json()["status"] == "refused"
    lifted = (await change(office, "lift", credit_code=unit.code)).json()
    assert (await decide(office, lifted)).json()["status"] == "approved"
    assert not (await flags(office, unit.code))["flagged"]
    assert (await certificate(office, unit.code)).status_code == 201


async def test_a_person_is_flagged_by_reference(office: Office) -> None:
    unit = await a_unit(office, people=1)
    listed = await office.get(CLERK, f"/v1/units/{unit.code}/enrolments")
    person = listed.json()["items"][0]["person"]
    filed = (await change(office, "set", person=person)).json()
    assert (await decide(office, filed)).status_code == 201
    assert (await flags(office, person))["flagged"]


async def test_a_flag_that_is_lifted_later_can_be_lifted_sooner(office: Office) -> None:
    unit = await a_unit(office, people=1)
    await decide(office, (await change(office, "set", credit_code=unit.code)).json())
    later = (today() + timedelta(days=30)).isoformat()
    for day in (later, today().isoformat()):
        filed = (await change(office, "lift", credit_code=unit.code, since=day)).json()
        answer = await decide(office, filed)
        assert answer.status_code == 201, answer.text
    shown = await flags(office, unit.code)
    assert not shown["flagged"]
    assert shown["items"][0]["lifted_on"] == today().isoformat()
    again = await change(office, "lift", credit_code=unit.code, since=later)
    assert again.json()["code"] == "CREDIT_FLAG_NONE"


async def test_a_closed_case_files_the_flag_that_the_rules_demand(
    office: Office, db: Database
) -> None:
    unit = await a_unit(office, people=1)
    case = await decided(office, unit.code, understated(unit.people[0], "9000.00"))
    body = {"outcome": "uncollectable", "reason": "单位已无财产"}
    await step(office, HEAD, case, "closings", body)
    (waiting,) = (await flags(office, unit.code))["waiting"]
    assert (waiting["inspection"], waiting["action"]) == (case, "set")
    path = f"/v1/credit-flag-changes/{waiting['id']}/approvals"
    closer = await office.post(HEAD, path)
    assert closer.json()["code"] == "SAME_PERSON_TWICE", "who closed the case has filed the flag"
    assert (await office.post(HEAD, path, subject="another_head")).status_code == 201
    arrears = f"/v1/units/{unit.code}/arrears"
    assert (await office.get(CLERK, arrears)).json()["claims_blocked"] is None
    await rule(office, "refusals", topic="flag_blocks", code="claim", value=1)
    await rule(office, topic="flag_blocks", code="claim", value=1)
    assert (await office.get(CLERK, arrears)).json()["claims_blocked"] == waiting["basis"]
    listed = (await office.get(CLERK, "/v1/inspection-rules")).json()
    claims = [one for one in listed["items"] if one["code"] == "claim"]
    assert [(one["value"], one["in_force_to"]) for one in claims] == [(0, "2020-12-31"), (1, None)]
