"""Doors of benefit kinds: rows with their source, corrections by two people."""

from typing import Any

from tests.payout.support.office import Office
from tests.payout.support.papers import hospital_claim, number

TRAINING: dict[str, Any] = {
    "name": "职业技能鉴定补贴",
    "fund": "unemployment",
    "account": "benefit.training_subsidy",
    "in_force_from": "2021-01-01",
    "source": "津人社局发〔2021〕1号",
    "payee": "person",
    "once": "none",
    "needs_person": True,
    "documents": ["skill_certificate"],
    "line_limit": "1500.00",
    "year_limit": "2000.00",
    "signatures": 2,
    "reason": "新增待遇",
}


async def correct(office: Office, kind: str, body: dict[str, Any]) -> Any:
    path = f"/v1/benefit-kinds/{kind}/corrections"
    return await office.ask("POST", path, body, role="fund_accountant")


async def decide(office: Office, correction: str, word: str, body: dict[str, Any]) -> Any:
    path = f"/v1/benefit-kind-corrections/{correction}/{word}"
    return await office.ask("POST", path, body, role="department_head")


def training(amount: str, serial: int, **changes: Any) -> dict[str, Any]:
    claim = hospital_claim(amount, filed_on="2021-08-02") | {
        "kind": "appraisal_subsidy",
        "documents": ["skill_certificate"],
    }
    claim["lines"][0]["identity_number"] = number(serial)
    return claim | changes


async def test_benefit_kinds_are_shown_with_their_source(office: Office) -> None:
    answer = await office.ask("GET", "/v1/benefit-kinds", role="supervisor")
    rows = {(row["kind"], row["fund"]) for row in answer.json()["items"]}
    assert ("maternity_allowance", "maternity") in rows
    assert ("maternity_allowance", "medical") in rows
    assert all(row["source"] for row in answer.json()["items"])


async def test_a_new_kind_is_claimed_once_two_people_have_written_its_row(office: Office) -> None:
    unknown = await office.file(training("1000.00", 71))
    assert unknown.json()["code"] == "BENEFIT_KIND_NOT_IN_FORCE"
    filed = await correct(office, "appraisal_subsidy", TRAINING)
    assert filed.status_code == 201, filed.text
    waits = await correct(office, "appraisal_subsidy", TRAINING)
    assert waits.json()["code"] == "BENEFIT_KIND_CORRECTION_WAITS"
    listed = await office.ask(
        "GET", "/v1/benefit-kind-corrections", role="supervisor", status="filed"
    )
    assert [one["id"] for one in listed.json()["items"]] == [filed.json()["id"]]
    approved = await decide(office, filed.json()["id"], "approvals", {})
    assert approved.json()["status"] == "approved", approved.text

    paper = await office.file(training("1600.00", 71, documents=[]))
    assert {(one["pointer"], one["code"]) for one in paper.json()["errors"]} == {
        ("/documents", "DOCUMENT_MISSING"),
        ("/lines/0/amount", "LINE_LIMIT_EXCEEDED"),
    }
    first = (await office.file(training("1200.00", 71))).json()
    assert (first["account"], first["signatures"]) == ("benefit.training_subsidy", 2)
    assert first["filed_on"] == "2021-08-02"
    for period in ("2021-07", "2020-07"):  # the month of a claim is free, its year is not
        over = await office.file(training("801.00", 71, period=period))
        assert [one["code"] for one in over.json()["errors"]] == ["YEAR_LIMIT_EXCEEDED"]
    for role, district in (("district_reviewer", "heping"), ("department_head", "centre")):
        signed = await office.sign(first["id"], role, district=district)
    assert signed.json()["status"] == "approved"
    second = (await office.file(training("800.00", 71))).json()
    await office.sign(second["id"], "district_reviewer", "refuse", district="heping", note="n")
    third = await office.file(training("800.00", 71))
    assert third.status_code == 201, "a refused claim counts no more"


async def test_a_row_that_does_not_fit_is_refused_with_every_fault(office: Office) -> None:
    body = TRAINING | {"needs_person": False, "in_force_to": "2020-01-01"}
    answer = await correct(office, "other_subsidy", body)
    assert [one["code"] for one in answer.json()["errors"]] == ["DAYS_REVERSED", "PERSON_NEEDED"]
    filed = (await correct(office, "other_subsidy", TRAINING)).json()
    refused = await decide(office, filed["id"], "refusals", {"why": "依据不足"})
    assert refused.json()["status"] == "refused"
    again = await decide(office, filed["id"], "approvals", {})
    assert again.status_code == 409


async def test_a_pension_run_is_no_claim_by_hand(office: Office) -> None:
    answer = await office.file(hospital_claim("1.00") | {"kind": "pension_run"})
    assert (answer.status_code, answer.json()["code"]) == (422, "BENEFIT_KIND_NOT_FILED")
