"""Retirement in four steps by four people, from the records alone."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.ids import Ref
from shared.references import Reference
from tests.payout.support.merging import person_of
from tests.payout.support.office import Office
from tests.payout.support.retiring import (
    NAME,
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


async def test_a_person_unknown_to_collection_keeps_nobody_from_a_check(office: Office) -> None:
    lost, other = applicant(office, "hongqiao"), applicant(office, "hongqiao")
    papers = [(await filed(office, one, "hongqiao"))["id"] for one in (lost, other)]
    del office.peers.records[person_of(office.app.state.person_keys, lost).text(Reference.PERSON)]
    how = {"role": "district_clerk", "district": "hongqiao"}
    body = {"district": "hongqiao"}
    checked = await office.ask("POST", "/v1/qualification-checks", body, **how)
    assert checked.status_code == 201, checked.text
    reasons = {one["id"]: one["blocked_by"] for one in checked.json()["items"]}
    assert [reasons[paper] for paper in papers] == [["facts_wrong"], []]


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


async def _take_account(office: Office, number: str, path: str, **more: Any) -> httpx.Response:
    body = {
        "fund": "pension",
        "district": "heping",
        "identity_number": number,
        "bank_account": application(number)["bank_account"],
    } | more
    how = {"role": "district_clerk", "district": "heping"}
    return await office.ask("POST", path, body, **how)


async def _pay_account(office: Office, number: str) -> httpx.Response:
    return await _take_account(
        office,
        number,
        "/v1/account-payments",
        reason="not_qualified",
        payee_name=NAME,
        documents=["application"],
    )


def _holds(office: Office, number: str, amount_fen: int = 120_000_00) -> None:
    """Let the ledger hold an account, and collection know its person by the key alone too."""
    keys, peers = office.app.state.person_keys, office.peers
    peers.accounts[keys.key(number), "pension"] = amount_fen
    by_key = Ref(keys.key(number), UUID(int=0)).text(Reference.PERSON)
    peers.records[by_key] = peers.records[person_of(keys, number).text(Reference.PERSON)]


async def test_an_account_is_not_paid_once_its_pension_is_approved(office: Office) -> None:
    number = applicant(office)
    _holds(office, number)
    paper = await filed(office, number)
    await three_steps(office, [paper["id"]])
    assert (await meeting(office, [paper["id"]])).status_code == 201
    refused = await _pay_account(office, number)
    assert (refused.status_code, refused.json()["code"]) == (409, "ACCOUNT_PENSION_DRAWN")


async def test_no_pension_is_opened_from_an_account_that_a_claim_takes(office: Office) -> None:
    """Paid out or transferred, booked by the ledger or not yet: the months count elsewhere now."""
    number = applicant(office)
    _holds(office, number)
    paper = await filed(office, number)
    await three_steps(office, [paper["id"]])
    claim = await _pay_account(office, number)
    assert claim.status_code == 201, claim.text
    changed = await meeting(office, [paper["id"]])
    assert [fault["code"] for fault in changed.json()["errors"]] == ["QUALIFICATION_CHANGED"]
    how = {"role": "district_clerk", "district": "heping"}
    body = {"district": "heping", "qualifications": [paper["id"]]}
    checked = await office.ask("POST", "/v1/qualification-checks", body, **how)
    assert checked.json()["items"][0]["blocked_by"] == ["account_paid"]
    detail = await look(office, f"/v1/qualifications/{paper['id']}")
    assert [one["detail"] for one in detail["reasons"]] == [claim.json()["id"]]
    await office.sign(
        claim.json()["id"], "district_reviewer", "refuse", district="heping", note="撤回"
    )
    checked = await office.ask("POST", "/v1/qualification-checks", body, **how)
    assert checked.json()["items"][0]["blocked_by"] == []


async def test_months_that_went_to_another_city_open_no_pension_here(office: Office) -> None:
    number = applicant(office)
    _holds(office, number)
    sent = await _take_account(
        office,
        number,
        "/v1/outgoing-transfers",
        letter="LXH-310000-2026-00021",
        city="上海市",
        agency="上海市社保中心",
        documents=["contact_letter"],
    )
    assert sent.status_code == 201, sent.text
    paper = await filed(office, number)
    assert paper["blocked_by"] == ["account_paid"]


async def test_years_that_a_letter_states_again_block_the_application(office: Office) -> None:
    """A person who comes back: the letter of the other city lists the years that were paid here."""
    number = applicant(office)
    person = person_of(office.app.state.person_keys, number).text(Reference.PERSON)
    years = office.peers.records[person]["years"]
    office.peers.brought[person] = [
        {"fund": "pension", "year": one["year"], "months": 12, "base_total": "1.00"}
        for one in years[:8]
    ]
    paper = await filed(office, number)
    assert paper["blocked_by"] == ["double_cover"]
    detail = await look(office, f"/v1/qualifications/{paper['id']}")
    assert [one["detail"] for one in detail["reasons"]] == ["96 个月"]
