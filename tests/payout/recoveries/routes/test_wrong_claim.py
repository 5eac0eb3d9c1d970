"""Doors of cases about paid claims, and the totals of recovered money."""

from tests.payout.support.office import Office
from tests.payout.support.papers import hospital_claim, result
from tests.payout.support.recovering import confirm, entries, look, receipt, repaid

SEED = "1890000.00"
"""False claims that the Tianjin centre recovered by 2006: 189 万."""


async def test_false_claims_of_the_seed_come_back_and_the_totals_say_so(office: Office) -> None:
    claim = await office.approved(hospital_claim("1000000.00", "900000.00", "5.00"))
    batch = (await office.batch([claim])).json()["id"]
    await office.fund()
    lines = await office.lines(batch)
    await office.report(batch, [*(result(one) for one in lines[:2]), result(lines[2], "refused")])
    path, how = (
        f"/v1/claims/{claim}/recovery-cases",
        {"role": "district_clerk", "district": "heping"},
    )
    body = {"reason": "虚假住院,稽核查实", "document": "津社险稽〔2021〕15号"}
    wrong = [(1, "1000000.01"), (3, "5.00"), (9, "1.00"), (1, "1.00")]
    listed = [{"line": line, "amount": amount} for line, amount in wrong]
    faulty = await office.ask("POST", path, body | {"lines": listed}, **how)
    assert [fault["code"] for fault in faulty.json()["errors"]] == [
        "RECOVERY_TOO_LARGE",
        "LINE_NOT_PAID",
        "LINE_UNKNOWN",
        "LINE_REPEATED",
    ]
    listed = [{"line": 1, "amount": "1000000.00"}, {"line": 2, "amount": "890000.00"}]
    opened = await office.ask("POST", path, body | {"lines": listed}, **how)
    (case,) = opened.json()["items"]
    assert (case["amount"], case["fund"], case["masked_identity_number"]) == (SEED, "medical", None)
    twice = await office.ask("POST", path, body | {"lines": listed}, **how)
    assert {fault["code"] for fault in twice.json()["errors"]} == {"RECOVERY_TOO_LARGE"}
    assert (await confirm(office, case["id"], "heping")).status_code == 201
    assert (await look(office, "/v1/recovery-totals", district="heping"))["open"] == SEED

    await repaid(office, case["id"], receipt("S-1", "1000000.00", "2021-09-01"))
    await repaid(office, case["id"], receipt("S-2", "890000.00", "2022-03-01"))
    totals = await look(office, "/v1/recovery-totals", district="heping")
    assert (totals["recovered"], totals["open"]) == (SEED, "0.00")
    assert [(one["year"], one["total"]) for one in totals["by_year"]] == [
        (2021, "1000000.00"),
        (2022, "890000.00"),
    ]
    path = "/v1/recovery-totals"
    shown = await office.ask("GET", path, role="dashboard", district="centre")
    assert (shown.status_code, shown.json()["recovered"]) == (200, SEED)
    cases = await office.ask("GET", "/v1/recovery-cases", role="dashboard")
    assert cases.status_code == 403, "sums only"
    await office.deliver()
    vouchers = [v for v in office.peers.vouchers.values() if v["kind"] == "benefit_recovery"]
    assert [entries(voucher)[1] for voucher in vouchers] == [
        ("credit", "benefit.hospital", "1000000.00"),
        ("credit", "other_income", "890000.00"),
    ]
    control = await look(office, "/v1/closing-control", as_of="2022-12-31")
    item = control["funds"]["medical"]["items"]["benefits"]
    assert (item["business"], item["statistics"]) == ("900000.00", "900000.00")


async def test_months_of_pensions_and_unknown_claims_are_refused(office: Office) -> None:
    how = {"role": "district_clerk", "district": "heping"}
    body = {"reason": "有误", "document": "文", "lines": [{"line": 1, "amount": "1.00"}]}
    nobody = "clm_2b7e151628aed2a6017b8f3a5c007e1a9c3d5e6f708192a3"
    unknown = await office.ask("POST", f"/v1/claims/{nobody}/recovery-cases", body, **how)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "CLAIM_UNKNOWN")


async def test_a_false_claim_that_the_bank_returns_is_settled_and_not_paid_again(
    office: Office,
) -> None:
    claim = await office.approved(hospital_claim("1000.00", "7.00"))
    batch = (await office.batch([claim])).json()["id"]
    await office.fund()
    lines = await office.lines(batch)
    await office.report(batch, [result(line) for line in lines])
    how = {"role": "district_clerk", "district": "heping"}
    wrong = {
        "reason": "虚假住院",
        "document": "文",
        "lines": [{"line": 1, "amount": "1000.00"}, {"line": 2, "amount": "3.00"}],
    }
    opened = await office.ask("POST", f"/v1/claims/{claim}/recovery-cases", wrong, **how)
    (case,) = opened.json()["items"]
    await confirm(office, case["id"], "heping")
    returned = await office.report(batch, [result(line, "returned") for line in lines])
    assert returned.status_code == 200, returned.text
    await repaid(office, case["id"], receipt("S-3", "3.00", "2021-09-01"))
    answer = await office.ask("GET", f"/v1/recovery-cases/{case['id']}", role="supervisor")
    shown = answer.json()["case"]
    assert (shown["status"], shown["amount"]) == ("closed", "3.00"), "the rest came back"
    await office.batch([claim], pay_date="2021-09-10")
    failed = await office.ask("GET", "/v1/failed-payments", role="supervisor")
    assert [one["line"] for one in failed.json()["items"] if one["claim"] == claim] == [1]
