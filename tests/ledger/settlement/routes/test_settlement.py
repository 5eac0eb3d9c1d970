"""Sweeps, treasury remittances and funding over HTTP: two people, exactly once."""

from shared.roles import Role
from tests.ledger.conftest import Ledger
from tests.ledger.support.making import fresh, pair, receipt


async def propose(ledger: Ledger, kind: str, **more: object) -> str:
    body = {"kind": kind, "day": "2021-07-31"} | more
    answer = await ledger.post("/v1/settlements", body, Role.FUND_ACCOUNTANT)
    assert answer.status_code == 201, answer.text
    return f"/v1/settlements/{answer.json()['id']}"


async def collect(ledger: Ledger, fund: str, amount: str, district: str, **changes: str) -> None:
    entries = pair(fund, "income_deposit", "contribution_income.pooled", amount, district)
    unit = f"UNIT-{district}"
    answer = await ledger.post("/v1/vouchers", receipt(owner=unit, entries=entries, **changes))
    assert answer.status_code == 201, answer.text


async def test_a_sweep_takes_every_fund_and_district_to_zero(ledger: Ledger) -> None:
    for fund, amount, district in [
        ("pension", "100.00", "heping"),
        ("pension", "50.50", "nankai"),
        ("medical", "30.00", "heping"),
        ("pension", "7.00", "binhai"),
    ]:
        await collect(ledger, fund, amount, district)
    await collect(ledger, "pension", "9.00", "heping", book_date="2021-08-02")
    path = await propose(ledger, "sweep")
    done = (await ledger.post(f"{path}/approvals", {}, Role.DEPARTMENT_HEAD)).json()
    assert done["status"] == "posted"
    assert {one["fund"]: one["amount"] for one in done["amounts"]} == {
        "pension": "157.50",
        "medical": "30.00",
    }
    for district in ("heping", "nankai", "binhai"):
        swept = await ledger.balances(district=district, as_of="2021-07-31")
        assert swept["income_deposit"] == "0.00"
    assert (await ledger.balances(as_of="2021-07-31"))["fiscal_deposit"] == "157.50"
    # Later days stay where they are until their own sweep.
    assert (await ledger.balances(as_of="2021-08-31"))["income_deposit"] == "9.00"
    voucher = (await ledger.get(f"/v1/vouchers/{done['voucher']}")).json()
    assert (voucher["owner"], voucher["slot"], voucher["kind"]) == ("centre", 0, "sweep")
    for kind in ("sweep", "sweep_back"):
        body = {"kind": kind, "day": "2021-07-31"}
        again = await ledger.post("/v1/settlements", body, Role.FUND_ACCOUNTANT)
        assert (again.status_code, again.json()["code"]) == (409, "NOTHING_TO_MOVE")


async def test_the_proposer_may_not_approve_and_no_row_is_left(
    ledger: Ledger, admin: object
) -> None:
    await collect(ledger, "pension", "1.00", "heping")
    path = await propose(ledger, "sweep")
    answer = await ledger.post(
        f"{path}/approvals", {}, Role.DEPARTMENT_HEAD, subject="fund_accountant"
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "SAME_PERSON_TWICE")
    assert (await ledger.get(path)).json()["status"] == "proposed"
    signatures = await admin.fetchval(  # type: ignore[attr-defined]
        "SELECT COUNT(*) FROM trail WHERE signs AND paper_id = $1", path[-32:]
    )
    assert signatures == 1
    assert (await ledger.post(f"{path}/approvals", {}, Role.CENTRE_LEADER)).status_code == 200


async def test_a_second_approval_gets_the_first_result_or_a_conflict(ledger: Ledger) -> None:
    await collect(ledger, "work_injury", "3.00", "heping")
    path = await propose(ledger, "sweep")
    first = await ledger.post(f"{path}/approvals", {}, Role.DEPARTMENT_HEAD)
    again = await ledger.post(f"{path}/approvals", {}, Role.DEPARTMENT_HEAD)
    assert again.json() == first.json()
    assert again.status_code == 200
    other = await ledger.post(f"{path}/approvals", {}, Role.CENTRE_LEADER)
    assert (other.status_code, other.json()["code"]) == (409, "STATE_CONFLICT")


async def test_the_same_idempotency_key_replays_and_another_use_of_it_is_refused(
    ledger: Ledger,
) -> None:
    await collect(ledger, "pension", "1.00", "heping")
    key = fresh("key")
    body = {"kind": "sweep", "day": "2021-07-31"}
    first = await ledger.post("/v1/settlements", body, Role.FUND_ACCOUNTANT, key=key)
    again = await ledger.post("/v1/settlements", body, Role.FUND_ACCOUNTANT, key=key)
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    other = await ledger.post(
        "/v1/settlements", body | {"day": "2021-07-30"}, Role.FUND_ACCOUNTANT, key=key
    )
    assert other.json()["code"] == "IDEMPOTENCY_KEY_REUSED"


async def test_moving_money_needs_an_idempotency_key(ledger: Ledger) -> None:
    answer = await ledger.client.post(
        "/v1/settlements",
        json={"kind": "sweep", "day": "2021-07-31"},
        headers=ledger.bearer(Role.FUND_ACCOUNTANT),
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "IDEMPOTENCY_KEY_MISSING")


async def test_the_treasury_remits_to_the_fiscal_account(ledger: Ledger) -> None:
    before = await ledger.balances("unemployment")
    entries = pair("unemployment", "treasury_deposit", "contribution_income.pooled", "12.00")
    await ledger.post("/v1/vouchers", receipt(entries=entries))
    assert (await ledger.balances("unemployment"))["treasury_deposit"] == "12.00"
    await ledger.settle("treasury_remit")
    after = await ledger.balances("unemployment")
    assert (after["treasury_deposit"], after["fiscal_deposit"]) == ("0.00", "12.00")
    assert before["fiscal_deposit"] == "0.00"


async def test_funding_beyond_the_fiscal_account_is_refused_and_may_be_approved_later(
    ledger: Ledger,
) -> None:
    amounts = [{"fund": "maternity", "amount": "40.00"}]
    path = await propose(ledger, "expenditure_funding", amounts=amounts)
    refused = await ledger.post(f"{path}/approvals", {}, Role.DEPARTMENT_HEAD)
    assert (refused.status_code, refused.json()["code"]) == (409, "INSUFFICIENT_FUNDS")
    assert (await ledger.get(path)).json()["status"] == "proposed"
    await ledger.settle("fiscal_subsidy", amounts=amounts)
    approved = await ledger.post(f"{path}/approvals", {}, Role.DEPARTMENT_HEAD)
    assert approved.json()["status"] == "posted"
    after = await ledger.balances("maternity", district="centre")
    assert (after["expenditure_deposit"], after["fiscal_deposit"]) == ("40.00", "0.00")


async def test_amounts_are_required_or_refused_by_kind(ledger: Ledger) -> None:
    day = {"day": "2021-07-31"}
    amounts = [{"fund": "pension", "amount": "1.00"}]
    for body, code in [
        ({"kind": "sweep", "amounts": amounts}, "AMOUNTS_NOT_EXPECTED"),
        ({"kind": "treasury_remit", "amounts": amounts}, "AMOUNTS_NOT_EXPECTED"),
        ({"kind": "expenditure_funding"}, "AMOUNTS_EXPECTED"),
        ({"kind": "fiscal_subsidy", "amounts": amounts * 2}, "VALIDATION_FAILED"),
        (
            {"kind": "fiscal_subsidy", "amounts": [{"fund": "nope", "amount": "1.00"}]},
            "FUND_UNKNOWN",
        ),
        ({"kind": "sweep", "day": "2099-01-01"}, "BOOK_DATE_IN_FUTURE"),
        ({"kind": "confiscation"}, "VALIDATION_FAILED"),
    ]:
        answer = await ledger.post("/v1/settlements", day | body, Role.FUND_ACCOUNTANT)
        assert (answer.status_code, answer.json()["code"]) == (422, code), body


async def test_districts_and_machines_may_not_settle(ledger: Ledger) -> None:
    await collect(ledger, "pension", "1.00", "heping")
    path = await propose(ledger, "sweep")
    body = {"kind": "sweep", "day": "2021-07-31"}
    for role, district in [
        (Role.DISTRICT_CLERK, "heping"),
        (Role.DISTRICT_REVIEWER, "heping"),
        (Role.COLLECTION_SERVICE, "centre"),
        (Role.CENTRE_CASHIER, "centre"),
        (Role.DEPARTMENT_HEAD, "centre"),
    ]:
        assert (await ledger.post("/v1/settlements", body, role, district)).status_code == 403
    for role, district in [
        (Role.DISTRICT_CLERK, "heping"),
        (Role.FUND_ACCOUNTANT, "centre"),
        (Role.SUPERVISOR, "centre"),
    ]:
        assert (await ledger.post(f"{path}/approvals", {}, role, district)).status_code == 403
    assert (await ledger.get(path, Role.DISTRICT_CLERK, "heping")).status_code == 403


async def test_settlements_are_listed_newest_first_in_pages(ledger: Ledger) -> None:
    await collect(ledger, "pension", "1.00", "heping", book_date="2021-06-29")
    made = [(await propose(ledger, "sweep", day="2021-06-30"))[16:] for _ in range(3)]
    first = (await ledger.get("/v1/settlements", day="2021-06-30", limit=2)).json()
    assert [one["id"] for one in first["items"]] == made[:0:-1]
    second = (
        await ledger.get("/v1/settlements", day="2021-06-30", limit=2, cursor=first["next_cursor"])
    ).json()
    assert ([one["id"] for one in second["items"]], second["has_more"]) == (made[:1], False)


async def test_an_unknown_settlement_is_404(ledger: Ledger) -> None:
    for id in ("stl_" + "0" * 48, "stl_" + "1" * 48, "x", "hld_" + "0" * 48):
        assert (await ledger.get(f"/v1/settlements/{id}")).status_code == 404
        answer = await ledger.post(f"/v1/settlements/{id}/approvals", {}, Role.CENTRE_LEADER)
        assert answer.status_code == 404
