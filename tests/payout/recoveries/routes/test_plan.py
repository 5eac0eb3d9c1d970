"""Doors of plans: two people let runs keep back a part of later payments, within the rule."""

from itertools import count
from typing import Any

from shared.process.regions import districts_of
from tests.payout.support.office import Office
from tests.payout.support.papers import number, pensioner
from tests.payout.support.recovering import (
    case_of,
    confirmed,
    entries,
    paid_month,
    pay,
    planned,
    receipt,
    repaid,
)

DISTRICTS = iter(sorted(districts_of("tianjin", None) - {"centre"}))
SERIAL = count(3500)


async def owing(office: Office, here: str, amount: str = "3000.00") -> tuple[int, dict[str, Any]]:
    """Pay two months of a person in prison; the pension goes on from 2021-12."""
    serial = next(SERIAL)
    await office.register([pensioner(serial, amount, "2021-10")], here)
    for month in ("2021-10", "2021-11"):
        await paid_month(office, month, here)
    people = [{"identity_number": number(serial), "from": "2021-11"}]
    assert (await office.change("suspend", people, here, reason="prison")).status_code == 201
    people[0]["from"] = "2021-12"
    assert (await office.change("resume", people, here, reason="prison")).status_code == 201
    return serial, await confirmed(office, here)


async def test_runs_keep_back_a_part_until_the_debt_is_settled(office: Office) -> None:
    here = next(DISTRICTS)
    _, case = await owing(office, here)
    assert case["amount"] == "3000.00"
    assert (await planned(office, case, deduct_from="2021-12")).json()["status"] == "approved"
    run = (await office.run_pensions("2021-12", here)).json()
    assert run["total"] == "2400.00", "a fifth is kept back"
    assert (await case_of(office, case["id"]))["case"]["open"] == "2400.00"
    refused = await office.sign(
        run["id"], "district_reviewer", "refuse", district=here, note="金额有误"
    )
    assert refused.status_code == 201, refused.text
    assert (await case_of(office, case["id"]))["case"]["open"] == "3000.00", "nothing was kept"

    run = (await office.run_pensions("2021-12", here)).json()
    claim = await office.approve(run)
    await pay(office, claim, "2021-12-08")
    await repaid(office, case["id"], receipt("P-1", "2000.00", "2021-12-20"))
    january = (await office.run_pensions("2022-01", here)).json()
    assert january["total"] == "2600.00", "no more than is open"
    await office.approve(january)
    shown = await case_of(office, case["id"])
    assert (shown["case"]["status"], shown["case"]["recovered"]) == ("closed", "3000.00")
    assert (await office.run_pensions("2022-02", here)).json()["total"] == "3000.00"
    found = await office.ask("GET", f"/v1/recovery-cases/{case['id']}/entries", role="supervisor")
    assert [(one["way"], one["amount"], one["status"]) for one in found.json()["items"]] == [
        ("deduction", "600.00", "undone"),
        ("deduction", "600.00", "settled"),
        ("repayment", "2000.00", "settled"),
        ("deduction", "400.00", "settled"),
    ]
    path = f"/v1/recovery-entries/{found.json()['items'][0]['id']}/approvals"
    again = await office.ask("POST", path, {}, role="department_head")
    assert again.json()["code"] == "RECOVERY_ENTRY_STATE"
    await office.deliver()
    kept = [v for name, v in office.peers.vouchers.items() if name.startswith("deducted:")]
    assert len(kept) == 2, "booked when the run is approved"
    assert all(entries(voucher)[0][:2] == ("debit", "benefit.basic_pension") for voucher in kept)
    assert {entries(voucher)[1][1] for voucher in kept} == {"other_income"}, "approved later"


async def test_a_run_that_is_refused_after_the_rest_was_repaid_leaves_its_part_open(
    office: Office,
) -> None:
    here = next(DISTRICTS)
    _, case = await owing(office, here)
    await planned(office, case, deduct_from="2021-12")
    run = (await office.run_pensions("2021-12", here)).json()
    await repaid(office, case["id"], receipt("P-2", "2400.00", "2021-12-20"))
    how = {"district": here, "note": "金额有误"}
    await office.sign(run["id"], "district_reviewer", "refuse", **how)
    shown = (await case_of(office, case["id"]))["case"]
    assert (shown["status"], shown["open"]) == ("confirmed", "600.00")
    await repaid(office, case["id"], receipt("P-3", "600.00", "2021-12-21"))
    assert (await case_of(office, case["id"]))["case"]["status"] == "closed"


async def test_the_floor_and_the_plan_bound_what_is_kept_back(office: Office) -> None:
    here = next(DISTRICTS)
    _, case = await owing(office, here, "1100.00")
    await planned(office, case, deduct_from="2021-12", monthly="50.00")
    assert (await office.run_pensions("2021-12", here)).json()["total"] == "1050.00"
    assert (await planned(office, case, deduct_from="2022-01")).status_code == 201
    assert (await office.run_pensions("2022-01", here)).json()["total"] == "1000.00", "the floor"
    notice = await office.ask("GET", f"/v1/recovery-cases/{case['id']}/notice", role="supervisor")
    assert notice.json()["text"].startswith("张建国:经核查(津社险稽〔2021〕12号)")
    assert (
        f"合计 1100.00 元,尚待退还 950.00 元。请凭本通知书编号 {case['notice_no']}"
        in (notice.json()["text"])
    )
    plans = await office.ask("GET", f"/v1/recovery-cases/{case['id']}/plans", role="supervisor")
    assert [plan["status"] for plan in plans.json()["items"]] == ["replaced", "approved"]


async def test_every_fault_of_a_plan_is_named_and_a_refused_one_has_no_effect(
    office: Office,
) -> None:
    here = next(DISTRICTS)
    _, case = await owing(office, here)
    wrong = await planned(
        office,
        case,
        monthly="50.00",
        instalments=[
            {"due_on": "2022-01-31", "amount": "2000.00"},
            {"due_on": "2022-01-31", "amount": "2000.00"},
        ],
    )
    assert [fault["code"] for fault in wrong.json()["errors"]] == [
        "MEMBER_MISSING",
        "RECOVERY_TOO_LARGE",
        "DAYS_REVERSED",
    ]
    how = {"role": "district_clerk", "district": here}
    body = {"deduct_from": "2021-12"}
    path = f"/v1/recovery-cases/{case['id']}/plans"
    plan = (await office.ask("POST", path, body, **how)).json()["id"]
    waits = await office.ask("POST", path, body, **how)
    assert waits.json()["code"] == "RECOVERY_PLAN_STATE"
    how["role"] = "district_reviewer"
    refusal = f"/v1/recovery-plans/{plan}/refusals"
    assert (await office.ask("POST", refusal, {"note": "生活困难"}, **how)).status_code == 201
    assert (await office.run_pensions("2021-12", here)).json()["total"] == "3000.00"
