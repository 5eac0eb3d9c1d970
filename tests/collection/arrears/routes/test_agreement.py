"""Deferrals, repayment plans, dunning notices and certificates, at their doors."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.collection.app import build
from services.collection.reallocation.jobs import run_due
from shared.clock import today
from shared.db import Database
from tests.collection.support.debtors import DUE, PENSION, Debtors, after
from tests.collection.support.money import Owed, fetch, new_code, owe
from tests.conftest import Bearer, ClientOf, SettingsFor

MEDICAL = ("medical", "unit", "pooled", "medical", 2_000_00)
HEAD = "department_head"


@pytest.fixture(scope="module")
async def office(
    settings_for: SettingsFor, client_of: ClientOf, bearer: Bearer, database_url: str
) -> AsyncIterator[Debtors]:
    async with client_of(build(settings_for())) as api:
        yield Debtors(api, bearer, database_url)


def a_deferral(owed: Owed, **other: Any) -> dict[str, Any]:
    return {
        "credit_code": owed.credit_code,
        "kind": "deferral",
        "insurances": ["pension"],
        "period_from": "2021-07",
        "period_to": "2021-07",
        "from_day": DUE,
        "to_day": after(90),
        "reason": "生产经营困难",
    } | other


def a_plan(owed: Owed, *parts: tuple[int, str], **other: Any) -> dict[str, Any]:
    instalments = [{"due_on": after(days), "amount": amount} for days, amount in parts]
    body = a_deferral(owed, kind="repayment", instalments=instalments, from_day=after(1))
    del body["to_day"]
    return body | other


async def approved(office: Debtors, body: dict[str, Any]) -> dict[str, Any]:
    filed = await office.post("/v1/agreements", body)
    assert filed.status_code == 201, filed.text
    assert (filed.json()["status"], filed.json()["protects"]) == ("filed", None)
    answer = await office.post(f"/v1/agreements/{filed.json()['id']}/approvals", role=HEAD)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    assert found["status"] == "approved"
    return found


async def test_no_late_fee_runs_while_a_deferral_is_in_force(office: Debtors) -> None:
    owed = await office.owe(PENSION, MEDICAL)
    filed = await office.post("/v1/agreements", a_deferral(owed))
    before = await office.arrears(owed, after(30))
    assert (before["late_fee"], before["deferred"], before["overdue"]) == ("180.00", False, True)
    await office.post(f"/v1/agreements/{filed.json()['id']}/approvals", role=HEAD)
    found = await office.arrears(owed, after(30))
    assert (found["late_fee"], found["deferred"], found["overdue"]) == ("30.00", True, True)
    assert {
        (one["insurance"], one["late_fee"], one["deferred_open"], one["overdue_open"])
        for one in found["insurances"]
    } == {("pension", "0.00", "10000.00", "0.00"), ("medical", "30.00", "0.00", "2000.00")}
    # It runs again from the day after its last day.
    later = await office.arrears(owed, after(100))
    assert (later["late_fee"], later["deferred"]) == ("150.00", False)
    await office.pay(owed, 12_000_00, after(30))
    assert [(one["insurance"], one["amount"]) for one in await office.charges(owed)] == [
        ("medical", "30.00")
    ]


async def test_money_pays_what_is_due_before_what_is_deferred(
    office: Debtors, db: Database
) -> None:
    owed, late = await office.owe(PENSION, MEDICAL), await office.owe(PENSION, MEDICAL)
    await approved(office, a_deferral(owed, from_day="2021-08-12"))
    for one in (owed, late):
        await office.pay(one, 2_000_00, after(-5))
    found = await office.arrears(owed, after(30))
    assert (found["overdue"], found["late_fee"], found["total"]) == (False, "0.00", "10000.00")
    # So the instalments of a plan over one insurance reach it.
    kept = await office.owe(PENSION, MEDICAL)
    parts = ((30, "4000.00"), (60, "6000.00"))
    await approved(office, a_plan(kept, *parts, from_day="2021-08-12"))
    for fen, days in ((2_000_00, -5), (4_000_00, 30), (6_000_00, 60)):
        await office.pay(kept, fen, after(days))
    assert await office.charges(kept) == []
    # An agreement that became known after the money ends in the same account.
    await approved(office, a_deferral(late, from_day="2021-08-12"))
    await run_due(db, "tianjin")
    for one in (owed, late):
        found = await office.arrears(one, str(today()))
        assert {(part["insurance"], part["overdue_open"]) for part in found["insurances"]} == {
            ("pension", "10000.00")
        }


async def test_a_unit_whose_arrears_are_deferred_is_not_overdue(office: Debtors) -> None:
    owed = await office.owe()
    await approved(office, a_deferral(owed))
    found = await office.arrears(owed, after(30))
    assert (found["overdue"], found["open"][0]["deferred"]) == (False, True)
    assert (await office.arrears(owed, after(91)))["overdue"] is True


async def test_a_kept_plan_bears_no_fee_and_a_broken_one_does_from_that_day(
    office: Debtors,
) -> None:
    kept, broken = await office.owe(), await office.owe()
    for owed in (kept, broken):
        made = await approved(office, a_plan(owed, (30, "4000.00"), (60, "6000.00")))
        assert (made["to_day"], made["from_day"]) == (after(60), after(1))
    await office.pay(kept, 4_000_00, after(30))
    assert (await office.arrears(kept, after(50)))["late_fee"] == "0.00"
    await office.pay(kept, 6_000_00, after(60))
    assert await office.charges(kept) == []

    await office.pay(broken, 3_000_00, after(30))
    assert (await office.arrears(broken, after(30)))["late_fee"] == "0.00"
    assert (await office.arrears(broken, after(32)))["late_fee"] == "7.00", "two days on 7,000"
    await office.pay(broken, 7_000_00, after(40))
    (charge,) = await office.charges(broken)
    assert (charge["days"], charge["amount"]) == (10, "35.00")
    listed = await office.get("/v1/agreements", credit_code=broken.credit_code, as_of=after(40))
    (shown,) = listed["items"]
    assert (shown["broken_on"], shown["protects"]["last"]) == (after(31), after(30))
    assert shown["paid"] == "10000.00"
    earlier = await office.get(f"/v1/agreements/{shown['id']}", as_of=after(30))
    assert (earlier["broken_on"], earlier["paid"]) == (None, "3000.00")


async def test_a_plan_must_come_to_what_is_owed_and_every_fault_is_named(office: Debtors) -> None:
    owed = await office.owe()
    body = a_plan(owed, (30, "1.00"), (20, "2.00"), to_day=after(3), insurances=["weather"])
    answer = await office.post("/v1/agreements", body)
    assert answer.status_code == 422
    assert {(one["pointer"], one["code"]) for one in answer.json()["errors"]} == {
        ("/to_day", "TO_DAY_NOT_FOR_PLAN"),
        ("/insurances/0", "INSURANCE_UNKNOWN"),
        ("/instalments/1/due_on", "INSTALMENT_OUT_OF_ORDER"),
        ("/instalments", "PLAN_TOTAL_DIFFERS"),
    }
    missing = await office.post("/v1/agreements", a_deferral(owed, to_day=None))
    assert [one["code"] for one in missing.json()["errors"]] == ["TO_DAY_MISSING"]
    long = await office.post("/v1/agreements", a_deferral(owed, to_day="2022-02-25"))
    assert [one["code"] for one in long.json()["errors"]] == ["DEFERRAL_TOO_LONG"]


async def test_the_district_files_the_centre_approves_and_nobody_does_both(
    office: Debtors,
) -> None:
    owed = await office.owe()
    body = a_deferral(owed)
    assert (await office.post("/v1/agreements", body, HEAD)).status_code == 403
    assert (await office.post("/v1/agreements", body, district="nankai")).status_code == 403
    filed = (await office.post("/v1/agreements", body, subject="zhang")).json()
    path = f"/v1/agreements/{filed['id']}"
    assert (await office.post(f"{path}/approvals")).status_code == 403
    same = await office.post(f"{path}/approvals", role=HEAD, subject="zhang")
    assert (same.status_code, same.json()["code"]) == (409, "SAME_PERSON_TWICE")
    assert (await office.get(path))["status"] == "filed"
    done = await office.post(f"{path}/approvals", role=HEAD, subject="wang")
    assert done.json()["status"] == "approved"
    again = await office.post(f"{path}/approvals", role=HEAD, subject="li")
    assert again.status_code == 409
    steps = (await office.get(f"{path}/trail"))["items"]
    assert [(one["step"], one["person"]) for one in steps] == [
        ("file", "zhang"),
        ("approve", "wang"),
    ]
    for unknown in ("agr_" + "0" * 48, "agr_1", "x"):
        answer = await office.post(f"/v1/agreements/{unknown}/approvals", role=HEAD)
        assert answer.status_code == 404


async def test_a_refused_agreement_makes_room_and_an_overlapping_one_does_not(
    office: Debtors,
) -> None:
    owed = await office.owe()
    first = (await office.post("/v1/agreements", a_deferral(owed))).json()
    second = await office.post("/v1/agreements", a_deferral(owed))
    assert (second.status_code, second.json()["code"]) == (409, "AGREEMENT_OVERLAPS")
    assert first["id"] in second.json()["detail"]
    path = f"/v1/agreements/{first['id']}/refusals"
    refused = await office.post(path, {"why": "材料不全"}, HEAD)
    assert refused.json()["status"] == "refused"
    answers = await asyncio.gather(
        *(office.post("/v1/agreements", a_deferral(owed)) for _ in range(3))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]


async def test_an_ended_agreement_protects_until_its_day(office: Debtors) -> None:
    owed = await office.owe()
    made = await approved(office, a_deferral(owed))
    path = f"/v1/agreements/{made['id']}/endings"
    late = await office.post(path, {"why": "w", "ended_on": after(90)}, HEAD)
    assert (late.status_code, late.json()["code"]) == (409, "AGREEMENT_NOT_ENDABLE")
    future = await office.post(path, {"why": "w", "ended_on": "2099-01-01"}, HEAD)
    assert future.json()["code"] == "DAY_IN_FUTURE"
    ended = await office.post(path, {"why": "恢复生产", "ended_on": after(20)}, HEAD)
    assert (ended.json()["status"], ended.json()["protects"]["last"]) == ("ended", after(20))
    assert (await office.arrears(owed, after(30)))["late_fee"] == "50.00"
    again = await office.post(path, {"why": "w", "ended_on": after(10)}, HEAD)
    assert again.json()["code"] == "AGREEMENT_NOT_ENDABLE"


async def test_agreements_are_listed_per_district_in_pages(office: Debtors) -> None:
    for _ in range(3):
        owed = await office.owe(district="binhai")
        await office.post("/v1/agreements", a_deferral(owed), district="binhai")
    headers = office.bearer("district_clerk", "binhai")
    seen, cursor = [], None
    while True:
        params = {"limit": 2, "status": "filed"} | ({"cursor": cursor} if cursor else {})
        page = (await office.api.get("/v1/agreements", params=params, headers=headers)).json()
        seen += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len({one["id"] for one in seen}) == 3
    assert {one["district"] for one in seen} == {"binhai"}


# --- dunning -----------------------------------------------------------------------------------


async def dun(
    office: Debtors, day: str, role: str = "district_clerk", district: str = "nankai"
) -> Any:
    body = {"district": "nankai", "day": day}
    return await office.post("/v1/dunning-runs", body, role, district=district)


async def test_a_districts_debtors_are_reminded_once_a_day(
    office: Debtors, database_url: str
) -> None:
    debtors = await owe(database_url, count=3, district="nankai", due_on=DUE)
    deferred = await office.owe(district="nankai")
    body = a_deferral(deferred)
    filed = (await office.post("/v1/agreements", body, district="nankai")).json()
    await office.post(f"/v1/agreements/{filed['id']}/approvals", role=HEAD)
    planned = await office.owe(district="nankai")
    body = a_plan(planned, (30, "10000.00"))
    filed = (await office.post("/v1/agreements", body, district="nankai")).json()
    await office.post(f"/v1/agreements/{filed['id']}/approvals", role=HEAD)
    paid = await office.owe(district="nankai")
    await office.pay(paid, 10_000_00, DUE)

    assert (await dun(office, DUE)).json()["created"] == 0, "nothing is overdue on the due day"
    first = await dun(office, after(10))
    assert first.status_code == 201, first.text
    assert (first.json()["created"], first.json()["notices"]) == (3, 3)
    answers = await asyncio.gather(*(dun(office, after(10)) for _ in range(3)))
    for answer in answers:
        found = answer.json()
        assert (found["created"], found["replayed"], found["notices"]) == (0, 3, 3)
    page = await office.get("/v1/dunning-notices", district="nankai", day=after(10))
    numbers = sorted(one["number"] for one in page["items"])
    assert numbers == [f"CJ-nankai-20210904-{i:06d}" for i in (1, 2, 3)]
    by_code = sorted(page["items"], key=lambda one: one["credit_code"])
    assert [one["number"] for one in by_code] == numbers
    assert {one["credit_code"] for one in by_code} == {one.credit_code for one in debtors}

    whole = await office.get(f"/v1/dunning-notices/{by_code[0]['id']}")
    arrears = await office.arrears(debtors[0], after(10))
    assert (whole["open"], whole["late_fee"]) == (arrears["total"], arrears["late_fee"])
    assert [
        (one["insurance"], one["party"], one["open"], one["late_fee"]) for one in whole["lines"]
    ] == [
        (one["insurance"], one["party"], one["open"], one["late_fee"])
        for one in arrears["insurances"]
    ]
    # Who became a debtor meanwhile gets the next number of the same day.
    await office.owe(district="nankai")
    more = (await dun(office, after(10))).json()
    assert (more["created"], more["replayed"], more["notices"]) == (1, 3, 4)
    # After the missed instalment the plan no longer keeps its unit from being reminded.
    later = (await dun(office, after(40))).json()
    assert later["created"] == 5


async def test_twin_runs_of_one_day_make_one_notice_a_unit(
    office: Debtors, database_url: str
) -> None:
    await owe(database_url, count=20, district="nankai", period="2021-06", due_on="2021-07-26")
    answers = await asyncio.gather(*(dun(office, "2021-07-30") for _ in range(4)))
    created = [answer.json()["created"] for answer in answers]
    assert sorted(created)[:3] == [0, 0, 0]
    rows = await fetch(
        database_url,
        "SELECT count(*) AS notices, count(DISTINCT number) AS numbers FROM dunning_notice"
        " WHERE district = 'nankai' AND day = '2021-07-30'",
    )
    assert rows[0]["notices"] == rows[0]["numbers"] == sum(created) >= 20


async def test_who_may_remind_whom(office: Debtors) -> None:
    assert (await dun(office, after(10), "supervisor")).status_code == 403
    assert (await dun(office, after(10), district="heping")).status_code == 403
    assert (await dun(office, "2099-01-01")).json()["code"] == "DAY_IN_FUTURE"
    body = {"district": "atlantis", "day": after(10)}
    answer = await office.post("/v1/dunning-runs", body, "centre_auditor")
    assert [one["code"] for one in answer.json()["errors"]] == ["DISTRICT_UNKNOWN"]
    for unknown in ("dun_" + "0" * 48, "x"):
        headers = office.bearer("supervisor")
        path = f"/v1/dunning-notices/{unknown}"
        assert (await office.api.get(path, headers=headers)).status_code == 404


# --- certificates ------------------------------------------------------------------------------


async def certify(office: Debtors, code: str, as_of: str, **other: Any) -> Any:
    body = {"period_from": "2021-07", "period_to": "2021-07", "as_of": as_of} | other
    return await office.post(f"/v1/units/{code}/certificates", body)


async def test_a_certificate_is_refused_with_every_open_bill_named(office: Debtors) -> None:
    owed = await office.owe()
    await office.pay(owed, 4_000_00, after(10))
    answer = await certify(office, owed.credit_code, "2021-12-01")
    assert (answer.status_code, answer.json()["code"]) == (409, "UNIT_IN_ARREARS")
    bills = await office.bills(owed)
    assert {one["pointer"] for one in answer.json()["errors"]} == {
        f"/bills/{one['id']}" for one in bills
    }
    assert len(bills) == 2, "the charge on what was paid late is a bill too"
    assert any("6000.00" in one["message"] for one in answer.json()["errors"])
    listed = await office.get(f"/v1/units/{owed.credit_code}/certificates")
    assert listed["items"] == []


async def test_certificates_are_numbered_and_kept(office: Debtors) -> None:
    owed = await office.owe()
    await office.pay(owed, 10_000_00, DUE)
    answers = await asyncio.gather(*(certify(office, owed.credit_code, after(1)) for _ in range(3)))
    assert {answer.status_code for answer in answers} == {201}
    numbers = sorted(answer.json()["number"] for answer in answers)
    assert numbers == [f"ZM-{owed.credit_code}-2021-000{i}" for i in (1, 2, 3)]
    made = answers[0].json()
    assert (made["billed"], made["deferred"]) == ("10000.00", "0.00")
    assert await office.get(f"/v1/certificates/{made['id']}") == made
    path = f"/v1/units/{owed.credit_code}/certificates"
    assert len((await office.get(path))["items"]) == 3
    headers = office.bearer("district_clerk", "nankai")
    for hidden in (path, f"/v1/certificates/{made['id']}"):
        assert (await office.api.get(hidden, headers=headers)).status_code == 403


async def test_what_is_deferred_counts_as_paid(office: Debtors) -> None:
    owed = await office.owe()
    assert (await certify(office, owed.credit_code, after(1))).status_code == 409
    await approved(office, a_deferral(owed))
    made = await certify(office, owed.credit_code, after(1))
    assert made.status_code == 201, made.text
    assert (made.json()["billed"], made.json()["deferred"]) == ("10000.00", "10000.00")
    assert (await certify(office, owed.credit_code, after(91))).status_code == 409


async def test_a_repayment_plan_does_not_count_as_paid(office: Debtors) -> None:
    owed = await office.owe()
    await approved(office, a_plan(owed, (30, "10000.00")))
    assert (await certify(office, owed.credit_code, after(10))).status_code == 409


async def test_what_is_not_due_yet_is_no_reason_to_refuse(office: Debtors) -> None:
    owed = await office.owe()
    assert (await certify(office, owed.credit_code, DUE)).status_code == 201
    for other, code in (
        ({"period_from": "2021-08", "period_to": "2021-08"}, "NOTHING_BILLED"),
        ({"period_from": "2021-08"}, "VALIDATION_FAILED"),
        ({"as_of": "2099-01-01"}, "DAY_IN_FUTURE"),
    ):
        answer = await certify(office, owed.credit_code, other.pop("as_of", DUE), **other)
        assert answer.json()["code"] == code
    assert (await certify(office, new_code(), DUE)).status_code == 404
