"""Nil declarations: only where nobody is enrolled, with a reason; billed over nothing."""

from typing import Any

import httpx

from shared.ids import unit_key
from tests.collection.support.late import AUGUST, billed, done, handled, net, papers, summed_up
from tests.collection.support.office import PERIOD, Office, a_person, codes_of


async def nil(office: Office, code: str, period: str = PERIOD, **other: Any) -> httpx.Response:
    body = {
        "credit_code": code,
        "period": period,
        "nil": True,
        "nil_reason": "全部人员已停保",
        "control": {"people": 0, "wages": "0.00"},
        "people": [],
    } | other
    return await office.post("employer_portal", "/v1/declarations", body)


async def test_it_walks_both_levels_and_its_bill_is_settled(office: Office) -> None:
    code = await office.unit(district="xiqing")
    answer = await nil(office, code)
    assert answer.status_code == 201, answer.text
    paper = answer.json()
    assert (paper["people"], paper["total"], paper["lines"]) == (0, "0.00", [])
    assert (paper["kind"], paper["reason_code"], paper["note"]) == (
        "monthly",
        "nil",
        "全部人员已停保",
    )
    lines = await office.get("supervisor", f"/v1/declarations/{paper['id']}/lines", explain=True)
    assert (lines.json()["items"], lines.json()["unit_lines"]) == ([], [])
    trail = await office.get("supervisor", f"/v1/declarations/{paper['id']}/trail")
    assert trail.json()["items"][0]["why"] == "全部人员已停保"
    await handled(office, paper)
    summary = await summed_up(office, "xiqing", PERIOD)
    assert summary["control"] == {"declarations": 1, "people": 0, "total": "0.00", "funds": {}}
    await billed(office, summary)
    (paper,) = await papers(office, code, PERIOD)
    assert paper["status"] in {"billed", "settled"}
    bills = (await office.get("supervisor", "/v1/bills", credit_code=code)).json()["items"]
    assert [bill["status"] for bill in bills] in ([], ["settled"])
    twice = await nil(office, code)
    assert (twice.status_code, twice.json()["code"]) == (409, "DECLARATION_EXISTS")


async def test_nobody_may_be_enrolled_and_totals_are_nil(office: Office) -> None:
    code = await office.unit()
    await office.enrol(code, [a_person(), a_person()])
    wrong = {"control": {"people": 1, "wages": "1.00"}, "unit_wage_total": "1.00"}
    refused = await nil(office, code, **wrong)
    assert codes_of(refused) == {
        "/nil": "PEOPLE_ENROLLED",
        "/control/people": "CONTROL_TOTALS_DIFFER",
        "/control/wages": "CONTROL_TOTALS_DIFFER",
        "/unit_wage_total": "CONTROL_TOTALS_DIFFER",
    }
    assert "2" in refused.json()["errors"][0]["message"]
    assert await papers(office, code, PERIOD) == []


async def test_it_needs_a_reason(office: Office) -> None:
    code = await office.unit()
    assert (await nil(office, code, nil_reason=None)).status_code == 422
    assert (await nil(office, code, people=[a_person()])).status_code == 422


async def test_a_returned_one_is_submitted_again_with_people_or_without(office: Office) -> None:
    code = await office.unit()
    paper = (await nil(office, code)).json()
    path = f"/v1/declarations/{paper['id']}/returns"
    await office.post("district_clerk", path, {"codes": ["FILE_INCOMPLETE"]})
    again = await nil(office, code, nil_reason="已全员解除劳动合同")
    assert (again.status_code, again.json()["round"]) == (201, 2)
    assert again.json()["note"] == "已全员解除劳动合同"
    await office.post("district_clerk", path, {"codes": ["FILE_INCOMPLETE"]})
    people = [a_person()]
    await office.enrol(code, people)
    full = await office.declare(code, people)
    assert (full.status_code, full.json()["round"], full.json()["people"]) == (201, 3, 1)
    assert (full.json()["reason_code"], full.json()["note"]) == (None, None)


async def test_a_late_nil_one_takes_a_billed_default_back(office: Office) -> None:
    code = await office.unit(district="jinnan")
    people = [a_person("5000.00")]
    await office.enrol(code, people, district="jinnan")
    await handled(office, (await office.declare(code, people)).json())
    await done(office, "jinnan")
    (default,) = await papers(office, code)
    await handled(office, default)
    await billed(office, await summed_up(office, "jinnan"))
    await office.fetch(
        "UPDATE enrolment SET left_on = '2021-07-31' WHERE unit_id = $1", unit_key(code)
    )
    answer = await nil(office, code, AUGUST)
    assert answer.status_code == 201, answer.text
    both = await papers(office, code)
    assert both[1]["corrects"] == both[0]["id"]
    assert both[1]["total"] == f"-{both[0]['total']}"
    assert net(both) == {}
    await handled(office, both[1])
    await billed(office, await summed_up(office, "jinnan"))
    rows = await office.fetch(
        "SELECT CAST((SELECT coalesce(sum(amount_fen - used_fen), 0) FROM credit"
        "              WHERE credit_code = $1 AND period = $2) AS bigint) AS credits,"
        " CAST((SELECT coalesce(sum(total_fen), 0) FROM bill"
        "        WHERE credit_code = $1 AND period = $2) AS bigint) AS bills",
        code,
        AUGUST,
    )
    assert rows[0]["bills"] == rows[0]["credits"]
