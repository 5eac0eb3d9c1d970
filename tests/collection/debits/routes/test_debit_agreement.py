"""A debit needs a live agreement that covers it; two people sign it, and two cancel it."""

from shared.money import format_yuan
from tests.collection.debits.routes.conftest import DebitDesk
from tests.collection.support.debtors import PENSION
from tests.collection.support.money import TOTAL_FEN, owe

MEDICAL = ("medical", "unit", "pooled", "medical", 2_000_00)

REFUSED = {"outcome": "refused", "bank_serial": "R-1", "amount": format_yuan(TOTAL_FEN)}


async def test_bills_without_a_live_agreement_are_left_out_and_listed(desk: DebitDesk) -> None:
    period = "2011-03"
    owed = await owe(desk.url, count=6, collector="bank_debit", period=period, bank=False)
    good, expired, later, low, none, other = [one.credit_code for one in owed]
    await desk.agree(good, limit=format_yuan(TOTAL_FEN))
    await desk.agree(expired, valid_to="2011-03-27")
    await desk.agree(later, valid_from="2011-03-29")
    await desk.agree(low, limit=format_yuan(TOTAL_FEN - 1))
    await desk.agree(other, bank="icbc")
    made = await desk.batch(period)
    assert (made["control"]["lines"], made["excluded"]) == (1, 4)
    assert await desk.exclusions(made["id"]) == {
        expired: "agreement_expired",
        later: "agreement_not_yet_valid",
        low: "above_limit",
        none: "no_agreement",
    }
    of_bank = await desk.batch(period, bank="icbc")
    assert (of_bank["bank"], of_bank["control"]["lines"], of_bank["excluded"]) == ("icbc", 1, 0)
    assert of_bank["file_no"] != made["file_no"]


async def test_what_is_deferred_is_not_debited(desk: DebitDesk) -> None:
    period = "2021-11"
    owed = await owe(
        desk.url,
        count=2,
        collector="bank_debit",
        period=period,
        due_on="2021-12-27",
        lines=(PENSION, MEDICAL),
    )
    part, whole = [one.credit_code for one in owed]
    for code, insurances in ((part, ["pension"]), (whole, ["pension", "medical"])):
        body = {"credit_code": code, "kind": "deferral", "insurances": insurances}
        body |= {"period_from": period, "period_to": period, "reason": "生产经营困难"}
        body |= {"from_day": "2021-11-20", "to_day": "2022-02-20"}
        filed = await desk.done("district_clerk", "/v1/agreements", body, district="heping")
        await desk.done("department_head", f"/v1/agreements/{filed['id']}/approvals")
    made = await desk.batch(period)
    assert made["control"] == {"lines": 1, "total": "2000.00"}
    assert await desk.exclusions(made["id"]) == {whole: "deferred"}
    result = {"line": 1, "outcome": "settled", "bank_serial": "DF-1", "amount": "2000.00"}
    body = {"batch": made["id"], "results": [result | {"value_date": "2021-11-28"}]}
    await desk.done("bank_gateway", "/v1/debit-results", body)
    found = await desk.get("supervisor", f"/v1/units/{part}/arrears", as_of="2022-01-31")
    assert (found["total"], found["overdue"], found["late_fee"]) == ("10000.00", False, "0.00")


async def test_one_person_does_not_sign_twice_and_a_paper_is_decided_once(desk: DebitDesk) -> None:
    (owed,) = await owe(desk.url, collector="bank_debit", period="2011-04", bank=False)
    body = {
        "number": "SF-2",
        "bank_account": {"bank": "某银行", "number": "6222020302001234567", "name": "某公司"},
        "valid_from": "2011-01-04",
        "signed_on": "2011-01-04",
    }
    path = f"/v1/units/{owed.credit_code}/debit-agreements"
    filed = await desk.done("district_clerk", path, body, district="heping")
    assert filed["account_number"] == "****4567"
    again = await desk.send("district_clerk", path, body, district="heping")
    assert (again.status_code, again.json()["code"]) == (409, "DEBIT_AGREEMENT_WAITS")
    decided = f"/v1/debit-agreements/{filed['id']}/refusals"
    refused = await desk.done("department_head", decided, {"why": "户名不符"})
    assert refused["status"] == "refused"
    again = await desk.send("department_head", f"/v1/debit-agreements/{filed['id']}/approvals", {})
    assert again.status_code == 409
    unknown = await desk.send("district_clerk", path, body | {"bank": "nobank"}, district="heping")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "BANK_PROFILE_UNKNOWN")
    wrong = await desk.send(
        "district_clerk", path, body | {"valid_to": "2010-01-01"}, district="heping"
    )
    assert (wrong.status_code, wrong.json()["code"]) == (422, "VALIDATION_FAILED")


async def test_a_cancellation_counts_after_ten_workdays(desk: DebitDesk) -> None:
    (owed,) = await owe(desk.url, collector="bank_debit", period="2011-05", bank=False)
    made = await desk.agree(owed.credit_code)
    path = f"/v1/debit-agreements/{made['id']}"
    filed = await desk.done(
        "district_clerk",
        f"{path}/cancellations",
        {"cancelled_on": "2011-05-09", "why": "换行"},
        district="heping",
    )
    assert (filed["status"], filed["ends_on"]) == ("cancelling", None)
    cancelled = await desk.done("department_head", f"{path}/cancellation-approvals", {})
    assert (cancelled["status"], cancelled["ends_on"]) == ("cancelled", "2011-05-23")
    assert (await desk.get("supervisor", path)) == cancelled
    body = {"period": "2011-05", "debit_date": "2011-05-23"}
    late = await desk.send("centre_cashier", "/v1/debit-batches", body)
    assert late.status_code == 409
    assert "agreement_ended=1" in late.json()["detail"]
    assert (await desk.batch("2011-05", day=20))["control"]["lines"] == 1


async def test_a_new_agreement_replaces_the_old_and_starts_the_retries_again(
    desk: DebitDesk,
) -> None:
    period = "2011-06"
    (owed,) = await owe(desk.url, collector="bank_debit", period=period, bank=False)
    old = await desk.agree(owed.credit_code)
    first = await desk.batch(period, day=20)
    result = REFUSED | {"line": 1, "value_date": f"{period}-21", "reason_code": "RJ02"}
    await desk.done(
        "bank_gateway", "/v1/debit-results", {"batch": first["id"], "results": [result]}
    )
    body = {"period": period, "debit_date": f"{period}-28"}
    refused = await desk.send("centre_cashier", "/v1/debit-batches", body)
    assert "retries_used=1" in refused.json()["detail"], "a wrong name is not tried again"
    await desk.agree(owed.credit_code, number="SF-9", valid_from=f"{period}-22")
    listed = await desk.get("supervisor", "/v1/debit-agreements", credit_code=owed.credit_code)
    assert {one["number"]: one["status"] for one in listed["items"]} == {
        "SF-1": "replaced",
        "SF-9": "approved",
    }
    ended = await desk.get("supervisor", f"/v1/debit-agreements/{old['id']}")
    assert ended["ends_on"] == f"{period}-22"
    assert (await desk.batch(period))["control"]["lines"] == 1
