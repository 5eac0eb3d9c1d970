"""Findings are collected by ordinary corrections, and a case closes when they are paid."""

from shared.db import Database
from shared.money import format_yuan, parse_yuan
from tests.collection.support.doors.inspecting import decided, step, try_step, understated
from tests.collection.support.office import Office
from tests.collection.support.restating import a_unit, bill, bill_of, corrected, declared, pay

CLOSING = {"outcome": "collected"}


async def test_findings_are_collected_once_and_the_case_closes_when_paid(
    office: Office, db: Database
) -> None:
    unit = await a_unit(office, people=3)
    paper = await declared(office, unit, "6000.00", "6000.00", "6000.00")
    first, second, _ = unit.people
    case = await decided(
        office,
        unit.code,
        understated(first, "9000.00"),
        understated(second, "8000.00"),
        dropped=[{"finding": 2, "reason": "当月实发六千"}],
    )
    month = {"period": "2021-07"}
    early = await try_step(office, "district_clerk", case, "corrections", month)
    assert early.json()["code"] == "NOT_BILLED_YET"
    await bill(office, db, paper)
    other = await try_step(office, "district_clerk", case, "corrections", {"period": "2021-08"})
    assert other.json()["errors"][0]["code"] == "NOTHING_TO_COLLECT"
    correction = await step(office, "district_clerk", case, "corrections", month)
    assert (correction["kind"], correction["reason_code"]) == ("adjustment", "INSPECTION")
    assert (correction["people"], correction["wages"]) == (3, "21000.00")
    twice = await try_step(office, "district_clerk", case, "corrections", month)
    assert twice.json()["code"] == "CORRECTION_PENDING"

    open_still = await try_step(office, "department_head", case, "closings", CLOSING)
    assert open_still.json()["errors"][0]["code"] == "MONTH_NOT_PAID"
    await bill(office, db, correction, bill_date="2021-10-12")
    owed = await bill_of(office, correction)
    assert parse_yuan(owed["total"]) == parse_yuan(correction["total"]) > 0
    await pay(office, unit, (await bill_of(office, paper))["total"], "2021-07", "2021-08-20")
    await pay(office, unit, owed["total"], "2021-07", "2021-11-01")
    charge = await try_step(office, "department_head", case, "closings", CLOSING)
    assert charge.json()["errors"][0]["code"] == "CHARGE_NOT_PAID"
    shown = await office.get("supervisor", f"/v1/inspections/{case}")
    late_fee = shown.json()["months"][0]["open"]
    assert late_fee == "8.16", "it was due on 15 October and paid on 1 November"
    await pay(office, unit, late_fee, "2021-07", "2021-11-02")
    closed = await step(office, "department_head", case, "closings", CLOSING)
    assert closed["case"]["outcome"] == "collected"
    (month_paid,) = closed["months"]
    assert (month_paid["status"], month_paid["open"]) == ("settled", "0.00")
    totals = (await office.get("district_clerk", "/v1/inspection-totals", year=2021)).json()
    assert (totals["contributions"], totals["charges"]) == (owed["total"], late_fee)
    headers = office.bearer("supervisor", "centre", None)
    path = "/v1/inspection-totals"
    elsewhere = await office.api.get(path, params={"district": "nankai"}, headers=headers)
    assert elsewhere.json()["items"] == []


async def test_a_person_who_was_not_enrolled_is_enrolled_first(
    office: Office, db: Database
) -> None:
    unit = await a_unit(office, people=1)
    paper = await declared(office, unit, "6000.00")
    await bill(office, db, paper)
    absent = (await a_unit(office, people=1)).people[0]
    finding = understated(absent, "7000.00") | {"kind": "not_enrolled"}
    case = await decided(office, unit.code, finding)
    month = {"period": "2021-07"}
    refused = await try_step(office, "district_clerk", case, "corrections", month)
    assert refused.json()["errors"][0]["code"] == "PERSON_NOT_ENROLLED"
    await office.enrol(unit.code, [absent])
    correction = await step(office, "district_clerk", case, "corrections", month)
    assert (correction["people"], correction["wages"]) == (2, format_yuan(1_300_000))


async def test_the_unit_may_correct_the_month_itself(office: Office, db: Database) -> None:
    unit = await a_unit(office, people=1)
    paper = await declared(office, unit, "6000.00")
    await bill(office, db, paper)
    case = await decided(office, unit.code, understated(unit.people[0], "9000.00"))
    other = await decided(office, unit.code, understated(unit.people[0], "9000.00"))
    before = {"declaration": paper["id"]}
    refused = await try_step(office, "district_clerk", case, "declarations", before)
    assert refused.json()["errors"][0]["code"] == "DECLARED_BEFORE_DECISION"
    own = await corrected(office, paper, unit, "10000.00", reason_code="INSPECTION")
    link = {"declaration": own["id"]}
    linked = await step(office, "district_clerk", case, "declarations", link)
    assert [one["declaration"] for one in linked["months"]] == [own["id"]]
    taken = await try_step(office, "district_clerk", other, "declarations", link)
    assert taken.json()["errors"][0]["code"] == "DECLARATION_OF_ANOTHER_CASE"
    await bill(office, db, own)
    higher = await step(office, "district_clerk", case, "corrections", {"period": "2021-07"})
    assert (higher["wages"], higher["total"]) == ("10000.00", "0.00"), "nothing is lowered"
