"""Postings of a meeting's people, objections, and rules that let a reason pass."""

from tests.payout.support.office import Office
from tests.payout.support.retiring import (
    OWING,
    applicant,
    filed,
    look,
    meeting,
    owes,
    signed,
    three_steps,
)


async def test_a_meeting_is_posted_and_objected_to(office: Office) -> None:
    papers = [(await filed(office, applicant(office, "hexi"), "hexi"))["id"] for _ in range(2)]
    await three_steps(office, papers, "hexi")
    held = (await meeting(office, papers, "hexi")).json()
    path = f"/v1/qualification-meetings/{held['id']}/posting"
    (listed,) = (await look(office, "/v1/qualification-meetings", district="hexi"))["items"]
    assert listed == held
    clerk = {"role": "district_clerk", "district": "hexi"}
    reviewer = {"role": "district_reviewer", "district": "hexi"}
    objection = {"received_on": "2026-11-30", "content": "档案出生日期有疑问"}
    early = objection | {"received_on": "2026-11-01"}
    paper = f"/v1/qualifications/{papers[0]}"
    refused = await office.ask("POST", f"{paper}/objections", early, **clerk)
    assert refused.json()["code"] == "OBJECTION_DAY_WRONG"
    made = await office.ask("POST", f"{paper}/objections", objection, **clerk)
    decision = {"decision": "dismissed", "note": "与身份证一致"}
    decide = f"/v1/qualification-objections/{made.json()['id']}/decisions"
    same = await office.ask(
        "POST", decide, decision, **(reviewer | {"subject": "district_clerk.hexi"})
    )
    assert same.json()["code"] == "SAME_PERSON_TWICE"
    decided = await office.ask("POST", decide, decision, **reviewer)
    assert (decided.json()["status"], decided.json()["note"]) == ("dismissed", "与身份证一致")
    late = await office.ask("POST", decide, decision, **reviewer)
    assert late.json()["code"] == "QUALIFICATION_OBJECTION_DECIDED"
    posting = await look(office, path)
    assert [(one["name"], one["objections"]) for one in posting["people"]] == [
        ("王**", 1),
        ("王**", 0),
    ]
    printed = await office.ask("GET", f"{path}/print", role="supervisor")
    assert "王**" in printed.text
    assert "王建国" not in printed.text
    notice = await office.ask("GET", f"{paper}/print", role="supervisor")
    assert "王建国" in notice.text
    (shown,) = (await look(office, paper))["objections"]
    assert shown == decided.json()


async def test_a_reason_passes_where_two_people_say_so(office: Office) -> None:
    number = applicant(office, "hedong")
    owes(office, number, OWING)
    paper = await filed(office, number, "hedong")
    rule = {
        "topic": "qualification",
        "code": "unit_arrears",
        "in_force_from": "2021-01-01",
        "source": "津人社局发〔2026〕9号",
        "qualification": {"waivable": True},
    }
    made = await office.ask("POST", "/v1/entitlement-rules", rule, role="centre_auditor")
    assert made.status_code == 201, made.text
    path = f"/v1/entitlement-rules/{made.json()['id']}/approvals"
    await office.ask("POST", path, {}, role="department_head")
    how = {"role": "district_clerk", "district": "hedong"}
    body = {"district": "hedong", "qualifications": [paper["id"]]}
    (checked,) = (await office.ask("POST", "/v1/qualification-checks", body, **how)).json()["items"]
    assert checked["blocked_by"] == []
    detail = await look(office, f"/v1/qualifications/{paper['id']}")
    assert [one["reason"] for one in detail["waived"]] == ["unit_arrears"]
    answer = await signed(office, "district_clerk", [paper["id"]], district="hedong")
    assert answer.status_code == 201, answer.text
