"""Retirement in four steps by four people, from the records alone."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.payout.support.office import Office
from tests.payout.support.retiring import (
    OWING,
    applicant,
    application,
    filed,
    look,
    meeting,
    owes,
    signed,
    three_steps,
)


async def test_four_people_open_a_pension_that_nobody_typed(office: Office) -> None:
    number = applicant(office)
    paper = await filed(office, number)
    assert (paper["status"], paper["step"], paper["blocked_by"]) == ("open", "initial", [])
    assert (paper["retirement_month"], paper["from"]) == ("2025-02", "2025-03")
    assert (paper["paid_months"], paper["name"]) == (180, "王**")
    detail = await look(office, f"/v1/qualifications/{paper['id']}")
    assert {part["id"] for part in detail["parts"]} >= {"basic", "account"}
    early = await meeting(office, [paper["id"]])
    assert early.json()["errors"][0]["code"] == "QUALIFICATION_OUT_OF_TURN"
    await three_steps(office, [paper["id"]])
    for subject in ("district_clerk.heping", "department_head"):
        same = await meeting(office, [paper["id"]], subject=subject)
        assert same.json()["code"] == "SAME_PERSON_TWICE", same.text
    held = await meeting(office, [paper["id"]])
    assert held.status_code == 201, held.text
    assert (held.json()["people"], held.json()["posted_until"]) == (1, "2026-12-07")
    detail = await look(office, f"/v1/qualifications/{paper['id']}")
    assert detail["qualification"]["status"] == "approved"
    change = await look(office, f"/v1/entitlement-changes/{detail['entitlement_change']}")
    assert (change["proposed_by"], change["decided_by"]) == (
        "district_clerk.heping",
        "centre_leader",
    )
    rows = await look(office, "/v1/entitlements", district="heping")
    (row,) = [one for one in rows["items"] if one["change"] == detail["entitlement_change"]]
    assert (row["monthly_amount"], row["from"]) == (paper["monthly_amount"], "2025-03")
    (facts,) = (await look(office, "/v1/pension-fact-lists", district="heping"))["items"]
    assert (facts["status"], facts["people"]) == ("approved", 1), "raises know the person"
    again = await filed(office, number)
    assert again["blocked_by"] == ["pension_drawn"]


async def test_arrears_block_until_they_are_paid(office: Office) -> None:
    people = [applicant(office, "nankai") for _ in range(3)]
    for number in people:
        owes(office, number, OWING)
    papers = [(await filed(office, number, "nankai"))["id"] for number in people]
    how = {"role": "district_clerk", "district": "nankai"}
    report = await office.ask("GET", "/v1/qualification-blocks", **how)
    assert [(one["reason"], one["people"]) for one in report.json()["items"]] == [
        ("unit_arrears", 3)
    ]
    blocked = await signed(office, "district_clerk", papers, district="nankai")
    assert [fault["code"] for fault in blocked.json()["errors"]] == ["QUALIFICATION_BLOCKED"] * 3
    for number in people[:2]:
        owes(office, number)
    body = {"district": "nankai"}
    checked = await office.ask("POST", "/v1/qualification-checks", body, **how)
    assert sorted(len(one["blocked_by"]) for one in checked.json()["items"]) == [0, 0, 1]
    listed = await office.ask("GET", "/v1/qualifications", reason="unit_arrears", **how)
    assert [one["id"] for one in listed.json()["items"]] == papers[2:]
    owes(office, people[2])
    await office.ask(
        "POST", "/v1/qualification-checks", body | {"qualifications": papers[2:]}, **how
    )
    report = await office.ask("GET", "/v1/qualification-blocks", **how)
    assert report.json()["items"] == []
    await three_steps(office, papers, "nankai")
    owes(office, people[1], OWING)
    changed = await meeting(office, papers, "nankai")
    (fault,) = changed.json()["errors"]
    assert (fault["pointer"], fault["code"]) == ("/qualifications/1", "QUALIFICATION_CHANGED")
    await office.ask("POST", "/v1/qualification-checks", body, **how)
    lapsed = await look(office, f"/v1/qualifications/{papers[1]}")
    assert (lapsed["qualification"]["round"], lapsed["qualification"]["step"]) == (2, "initial")
    (reason,) = lapsed["reasons"]
    assert OWING["credit_code"] in reason["detail"]
    held = await meeting(office, [papers[0], papers[2]], "nankai")
    assert held.json()["people"] == 2


async def test_a_returned_application_begins_anew(office: Office) -> None:
    number = applicant(office)
    paper = await filed(office, number)
    twice = await office.ask(
        "POST",
        "/v1/qualifications",
        application(number),
        role="district_clerk",
        district="heping",
    )
    assert (twice.status_code, twice.json()["code"]) == (409, "QUALIFICATION_EXISTS")
    await signed(office, "district_clerk", [paper["id"]])
    silent = await signed(office, "district_reviewer", [paper["id"]], "return")
    assert silent.json()["errors"][0]["code"] == "NOTE_MISSING"
    back = await signed(office, "district_reviewer", [paper["id"]], "return", note="账户有误")
    assert back.json()["items"][0]["status"] == "returned"
    body = application(number, deemed_months=24)
    del body["identity_number"], body["district"]
    path = f"/v1/qualifications/{paper['id']}"
    how = {"role": "district_clerk", "district": "heping"}
    wrong = body | {"bank_account": body["bank_account"] | {"name": "李四"}}
    other = await office.ask("POST", f"{path}/resubmissions", wrong, **how)
    assert other.json()["errors"][0]["code"] == "HOLDER_DIFFERS"
    again = await office.ask("POST", f"{path}/resubmissions", body, **how)
    assert (again.json()["round"], again.json()["paid_months"]) == (2, 204)
    await three_steps(office, [paper["id"]])
    refused = await signed(office, "centre_leader", [paper["id"]], "refuse", note="档案不符")
    assert refused.json()["items"][0]["status"] == "refused"
    trail = await look(office, f"{path}/trail")
    assert [one["step"] for one in trail["items"] if one["signs"]] == [
        "initial_approved",
        "section_returned",
        "initial_approved",
        "section_approved",
        "leader_approved",
        "meeting_refused",
    ]
    notice = await office.ask("GET", f"{path}/print", role="supervisor")
    assert "档案不符" in notice.text
    account = await look(office, f"{path}/account", "supervisor")
    assert account["number"] == "6222020302064599901"


async def test_too_few_years_and_an_unknown_person(office: Office) -> None:
    short = await filed(office, applicant(office, months=120))
    assert short["blocked_by"] == ["years_too_few"]
    body = application("120101196501100014")
    how = {"role": "district_clerk", "district": "heping"}
    unknown = await office.ask("POST", "/v1/qualifications", body, **how)
    assert [fault["pointer"] for fault in unknown.json()["errors"]] == ["/identity_number"]
    other = await office.ask(
        "POST",
        "/v1/qualifications",
        application(applicant(office)),
        role="district_clerk",
        district="hebei",
    )
    assert other.status_code == 403


async def test_the_database_approves_nothing_without_four_people(office: Office) -> None:
    paper = await filed(office, applicant(office))
    await signed(office, "district_clerk", [paper["id"]])
    key, id = int(paper["id"][4:20], 16), paper["id"][20:]
    how = {"key": key, "id": id}
    with pytest.raises(DBAPIError, match="four steps of four people"):
        async with office.app.state.db.transaction() as tx:
            await tx.execute(
                text("""
                    UPDATE qualification
                       SET status = 'approved', step = NULL, decided_at = now(),
                           meeting_id = id, change_key = 1, change_id = id
                     WHERE qualification_key = :key AND id = CAST(:id AS uuid)
                """),
                how,
            )
