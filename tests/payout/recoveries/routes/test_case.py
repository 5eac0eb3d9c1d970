"""Doors of recovery cases: two people take back what was paid beyond what is due, once."""

from itertools import count

import pytest

from shared.process.regions import districts_of
from tests.payout.support.office import Office
from tests.payout.support.papers import number, pensioner
from tests.payout.support.recovering import (
    came_back,
    case_of,
    confirm,
    confirmed,
    died,
    entries,
    look,
    opened,
    overpaid,
    paid_month,
    receipt,
    repaid,
    reported,
)

DISTRICTS = iter(sorted(districts_of("tianjin", None) - {"centre"}))
SERIAL = count(3000)


async def test_what_was_paid_after_a_death_comes_back_once(office: Office) -> None:
    here, dead, alive = next(DISTRICTS), next(SERIAL), next(SERIAL)
    people = [pensioner(dead, "1000.00", "2021-10"), pensioner(alive, "9.00", "2021-10")]
    await office.register(people, here)
    for month in ("2021-10", "2021-11", "2021-12"):
        await paid_month(office, month, here)
    await office.run_pensions("2022-01", here)  # filed, not paid yet
    assert (await opened(office, here)).json()["code"] == "NOTHING_OVERPAID"
    await died(office, dead, "2021-10-20", here)
    found = await overpaid(office, here)
    assert (found["total"], len(found["items"])) == ("2000.00", 1)
    assert [month["period"] for month in found["items"][0]["months"]] == ["2021-11", "2021-12"]
    (case,) = (await opened(office, here)).json()["items"]
    assert (case["amount"], case["status"], case["fund"]) == ("2000.00", "proposed", "pension")
    assert (await overpaid(office, here))["items"] == [], "covered by the case"
    same = await confirm(office, case["id"], here, subject=f"district_clerk.{here}")
    assert same.json()["code"] == "SAME_PERSON_TWICE"
    early = await repaid(office, case["id"], receipt("E-1", "1.00", "2021-12-20"))
    assert early.json()["code"] == "RECOVERY_CASE_STATE"
    assert (await confirm(office, case["id"], here)).json()["case"]["status"] == "confirmed"

    too_much = await repaid(office, case["id"], receipt("E-2", "2000.01", "2021-12-20"))
    assert too_much.json()["code"] == "RECOVERY_TOO_LARGE"
    first = await repaid(office, case["id"], receipt("E-3", "1500.00", "2021-12-20"))
    assert (first.json()["status"], first.json()["booked_on"]) == ("settled", "2021-12-20")
    credit = receipt("E-4", "500.00", "2022-02-01", remark=f"退款 {case['notice_no'].lower()} ")
    assert await reported(office, credit, receipt("E-5", "7.00", "2022-02-01")) == [
        "applied",
        "waiting",
    ]
    assert await reported(office, credit) == ["replayed"]
    shown = await case_of(office, case["id"])
    assert (shown["case"]["status"], shown["case"]["open"]) == ("closed", "0.00")
    assert number(dead) not in str(shown)
    waiting = await office.ask("GET", "/v1/recovery-receipts", role="supervisor")
    assert [one["bank_serial"] for one in waiting.json()["items"]] == ["E-5"]

    await office.deliver()
    vouchers = [v for v in office.peers.vouchers.values() if v["kind"] == "benefit_recovery"]
    assert [entries(voucher) for voucher in vouchers] == [
        [
            ("debit", "expenditure_deposit", "1500.00"),
            ("credit", "benefit.basic_pension", "1500.00"),
        ],
        [("debit", "expenditure_deposit", "500.00"), ("credit", "other_income", "500.00")],
    ]
    assert (await opened(office, here)).json()["code"] == "NOTHING_OVERPAID"


async def test_a_death_that_is_withdrawn_shrinks_the_case_and_the_month_is_paid_again(
    office: Office,
) -> None:
    here, serial = next(DISTRICTS), next(SERIAL)
    await office.register([pensioner(serial, "1000.00", "2021-05")], here)
    for month in ("2021-05", "2021-06", "2021-07"):
        await paid_month(office, month, here)
    await died(office, serial, "2021-05-20", here)
    case = await confirmed(office, here)
    assert case["amount"] == "2000.00"
    await repaid(office, case["id"], receipt("W-1", "1200.00", "2021-08-20"))
    await came_back(office, serial, "2021-06", here)
    late = await repaid(office, case["id"], receipt("W-2", "800.00", "2021-08-21"))
    assert late.json()["code"] == "RECOVERY_CASE_STATE", "nothing is overpaid any more"
    assert (await opened(office, here)).status_code == 201, "the case shrank, none is new"
    shown = (await case_of(office, case["id"]))["case"]
    assert (shown["status"], shown["amount"], shown["open"]) == ("closed", "1200.00", "0.00")
    run = (await office.run_pensions("2021-08", here)).json()
    assert run["total"] == "2200.00", "the month, and the 1,200 that came back"


async def test_a_later_fact_opens_a_case_for_the_rest_only(office: Office) -> None:
    here, serial = next(DISTRICTS), next(SERIAL)
    await office.register([pensioner(serial, "1000.00", "2021-05")], here)
    for month in ("2021-05", "2021-06", "2021-07"):
        await paid_month(office, month, here)
    people = [{"identity_number": number(serial), "from": "2021-07"}]
    await office.change("suspend", people, here, reason="prison")
    assert (await confirmed(office, here))["amount"] == "1000.00"
    await died(office, serial, "2021-05-02", here)
    assert (await confirmed(office, here))["amount"] == "1000.00", "June only"
    listed = await look(office, "/v1/recovery-cases", district=here, status="confirmed")
    assert [case["open"] for case in listed["items"]] == ["1000.00", "1000.00"]
    assert (await overpaid(office, here))["total"] == "0.00"


@pytest.mark.parametrize("moves", [False, True])
async def test_a_lower_amount_known_late_is_overpaid_not_refused(
    office: Office, moves: bool
) -> None:
    here, serial = next(DISTRICTS), next(SERIAL)
    payer = next(DISTRICTS) if moves else here
    await office.register([pensioner(serial, "1000.00", "2021-05")], here)
    for month in ("2021-05", "2021-06", "2021-07"):
        await paid_month(office, month, here)
    lower = pensioner(serial, "900.00", "2021-06")
    assert (await office.register([lower], payer)).json()["applied"] == 1
    case = await confirmed(office, payer)
    assert case["amount"] == "200.00", "June and July"
    await repaid(office, case["id"], receipt(f"L-{serial}", "200.00", "2021-08-20"))
    assert (await case_of(office, case["id"]))["case"]["status"] == "closed"
    assert (await opened(office, payer)).json()["code"] == "NOTHING_OVERPAID"
    run = (await office.run_pensions("2021-08", payer)).json()
    assert run["total"] == "900.00"


async def test_a_write_off_and_a_refusal_leave_the_case_right(office: Office) -> None:
    here, serial = next(DISTRICTS), next(SERIAL)
    await office.register([pensioner(serial, "1000.00", "2021-05")], here)
    for month in ("2021-05", "2021-06"):
        await paid_month(office, month, here)
    await died(office, serial, "2021-05-20", here)
    (proposed,) = (await opened(office, here)).json()["items"]
    how = {"role": "district_reviewer", "district": here}
    path = f"/v1/recovery-cases/{proposed['id']}/refusals"
    assert (await office.ask("POST", path, {"note": "死亡日期有误"}, **how)).status_code == 201
    assert (await overpaid(office, here))["total"] == "1000.00", "until the facts are corrected"
    case = await confirmed(office, here)
    path = f"/v1/recovery-cases/{case['id']}"
    body = {"amount": "400.00", "reason": "家庭确无偿还能力", "document": "津社险会〔2021〕3号"}
    off = (await office.ask("POST", f"{path}/write-offs", body, **how)).json()["id"]
    done = await office.ask(
        "POST", f"/v1/recovery-entries/{off}/approvals", {}, role="department_head"
    )
    assert done.json()["status"] == "settled"
    again = await office.ask(
        "POST", f"/v1/recovery-entries/{off}/approvals", {}, role="centre_leader"
    )
    assert again.status_code == 403
    money = receipt("O-1", "900.00", "2021-08-20", applied="600.00")
    entered = await office.ask("POST", f"{path}/repayments", money, role="centre_cashier")
    refusal = f"/v1/recovery-entries/{entered.json()['id']}/refusals"
    refused = await office.ask("POST", refusal, {"note": "非本人退款"}, role="department_head")
    assert refused.json()["status"] == "refused"
    assert (await repaid(office, case["id"], money)).json()["amount"] == "600.00"
    shown = (await case_of(office, case["id"]))["case"]
    assert (shown["status"], shown["recovered"], shown["written_off"]) == (
        "closed",
        "600.00",
        "400.00",
    )
    assert (await overpaid(office, here))["total"] == "0.00", "what is written off is covered"
    listed = await office.ask("GET", f"{path}/entries", role="supervisor")
    assert [(one["way"], one["status"]) for one in listed.json()["items"]] == [
        ("write_off", "settled"),
        ("repayment", "refused"),
        ("repayment", "settled"),
    ]
    left = await look(office, "/v1/recovery-receipts")
    assert [one["left"] for one in left["items"] if one["bank_serial"] == "O-1"] == ["300.00"]


async def test_the_banks_report_replaces_a_typing_error_and_takes_the_rest_of_its_file(
    office: Office,
) -> None:
    here, serial = next(DISTRICTS), next(SERIAL)
    await office.register([pensioner(serial, "1000.00", "2021-10")], here)
    await paid_month(office, "2021-10", here)
    await died(office, serial, "2021-09-20", here)
    case = await confirmed(office, here)
    path = f"/v1/recovery-cases/{case['id']}/repayments"
    typed = receipt("T-9", "100.00", "2021-11-20")
    entry = await office.ask("POST", path, typed, role="centre_cashier")
    right = receipt("T-9", "1000.00", "2021-11-20", remark=case["notice_no"])
    assert await reported(office, receipt("T-8", "5.00", "2021-11-20"), right) == [
        "waiting",
        "differs",
    ]
    refusal = f"/v1/recovery-entries/{entry.json()['id']}/refusals"
    refused = await office.ask("POST", refusal, {"note": "金额有误"}, role="department_head")
    assert refused.status_code == 201, refused.text
    assert await reported(office, right) == ["applied"]
    assert (await case_of(office, case["id"]))["case"]["status"] == "closed"
