"""Balances as of a day, account entries, trial balances and the chart over HTTP."""

from typing import Any

import pytest

from shared import clock
from shared.roles import Role
from tests.ledger.conftest import Ledger
from tests.ledger.support.making import pair, receipt, shipped


@pytest.fixture(scope="module", autouse=True)
async def posted(ledger: Ledger) -> None:
    """Three receipts of two districts on three days, and what was billed before them."""
    bill = pair("pension", "memo_receivable", "memo_levied", "60.00", "heping", "memo")
    await ledger.post("/v1/vouchers", receipt(kind="bill", book_date="2021-07-01", entries=bill))
    for day, amount, district in [
        ("2021-07-10", "10.00", "heping"),
        ("2021-07-20", "20.00", "nankai"),
        ("2021-08-05", "30.00", "heping"),
    ]:
        entries = pair("pension", "income_deposit", "contribution_income.pooled", amount, district)
        entries += pair("pension", "memo_collected", "memo_receivable", amount, district, "memo")
        body = receipt(owner=f"UNIT-{district}", book_date=day, entries=entries)
        assert (await ledger.post("/v1/vouchers", body)).status_code == 201


@pytest.mark.parametrize(
    ("as_of", "district", "income", "receivable"),
    [
        ("2021-06-30", None, "0.00", "0.00"),
        ("2021-07-10", None, "10.00", "50.00"),
        ("2021-07-31", None, "30.00", "30.00"),
        ("2021-07-31", "heping", "10.00", "50.00"),
        ("2021-08-31", None, "60.00", "0.00"),
        ("2021-08-31", "nankai", "20.00", "-20.00"),
    ],
)
async def test_balances_as_of_a_day_and_of_a_district(
    ledger: Ledger, as_of: str, district: str | None, income: str, receivable: str
) -> None:
    narrowed: dict[str, Any] = {"as_of": as_of} | ({"district": district} if district else {})
    found = await ledger.balances(**narrowed)
    assert (found["income_deposit"], found["memo_receivable"]) == (income, receivable)
    assert {"fiscal_deposit", "expenditure_deposit", "treasury_deposit"} <= set(found)


async def test_a_dashboard_reads_every_fund_by_its_chinese_name(ledger: Ledger) -> None:
    answer = await ledger.get("/v1/funds/balances", Role.DASHBOARD)
    body = answer.json()
    assert (body["currency"], body["district"]) == ("CNY", None)
    names = {fund["fund"]: fund["name"] for fund in body["funds"]}
    assert names["pension"] == "企业职工基本养老保险基金"
    assert list(names)[:5] == ["pension", "medical", "unemployment", "work_injury", "maternity"]
    assert names == {fund.code: fund.name for fund in shipped().funds(clock.today())}


async def test_district_users_see_only_their_district(ledger: Ledger) -> None:
    mine = await ledger.get("/v1/funds/balances", Role.DISTRICT_CLERK, "nankai", as_of="2021-08-31")
    pension = next(fund for fund in mine.json()["funds"] if fund["fund"] == "pension")
    assert (mine.json()["district"], pension["accounts"]["income_deposit"]) == ("nankai", "20.00")
    query = {"district": "heping"}
    other = await ledger.get("/v1/funds/balances", Role.DISTRICT_CLERK, "nankai", **query)
    assert other.status_code == 403
    entries = await ledger.get("/v1/accounts/income_deposit/entries", Role.DISTRICT_CLERK, "nankai")
    assert {one["district"] for one in entries.json()["items"]} == {"nankai"}
    assert (await ledger.get("/v1/trial-balance", Role.DISTRICT_CLERK, "nankai")).status_code == 403
    voucher = (await ledger.get("/v1/accounts/income_deposit/entries", district="heping")).json()
    path = f"/v1/vouchers/{voucher['items'][0]['voucher']}"
    assert (await ledger.get(path, Role.DISTRICT_CLERK, "nankai")).status_code == 403
    assert (await ledger.get(path, Role.DISTRICT_CLERK, "heping")).status_code == 200


async def test_every_trial_balance_is_zero(ledger: Ledger) -> None:
    sheet = (await ledger.get("/v1/trial-balance", as_of="2021-08-31")).json()
    assert sheet["balanced"] is True
    books = {(fund["fund"], fund["book"]): fund for fund in sheet["funds"]}
    statutory = books["pension", "statutory"]
    assert (statutory["debit"], statutory["credit"], statutory["difference"]) == (
        "60.00",
        "60.00",
        "0.00",
    )
    assert [(line["code"], line["account"]) for line in statutory["accounts"]] == [
        ("1002", "income_deposit"),
        ("400101", "contribution_income.pooled"),
    ]
    only = (await ledger.get("/v1/trial-balance", as_of="2021-08-31", book="memo")).json()
    assert {fund["book"] for fund in only["funds"]} == {"memo"}


async def test_entries_of_an_account_page_over_all_slots_in_order(ledger: Ledger) -> None:
    for i in range(23):
        entries = pair("medical", "treasury_deposit", "contribution_income.pooled", f"{i + 1}.00")
        day = f"2021-07-{i % 3 + 1:02d}"
        await ledger.post("/v1/vouchers", receipt(owner=f"U-{i}", book_date=day, entries=entries))
    path = "/v1/accounts/treasury_deposit/entries"
    whole = (await ledger.get(path, limit=500)).json()
    assert (len(whole["items"]), whole["has_more"]) == (23, False)
    assert [one["book_date"] for one in whole["items"]] == sorted(
        one["book_date"] for one in whole["items"]
    )
    pages: list[dict[str, Any]] = []
    cursor: dict[str, Any] = {}
    while True:
        page = (await ledger.get(path, limit=4, **cursor)).json()
        pages += page["items"]
        if not page["has_more"]:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert pages == whole["items"]


async def test_entries_are_filtered_by_fund_book_and_days(ledger: Ledger) -> None:
    path = "/v1/accounts/income_deposit/entries"
    found = (
        await ledger.get(path, fund="pension", **{"from": "2021-07-11", "to": "2021-07-31"})
    ).json()
    assert [(one["amount"], one["side"], one["kind"]) for one in found["items"]] == [
        ("20.00", "debit", "receipt")
    ]
    assert (await ledger.get(path, book="memo")).json()["items"] == []


@pytest.mark.parametrize("cursor", ["x", "e30", "WzEsMl0", "A" * 400])
async def test_a_malformed_cursor_is_refused(ledger: Ledger, cursor: str) -> None:
    answer = await ledger.get("/v1/accounts/income_deposit/entries", cursor=cursor)
    assert (answer.status_code, answer.json()["code"]) == (422, "CURSOR_INVALID")


async def test_the_chart_shows_source_and_certainty_of_a_day(ledger: Ledger) -> None:
    chart = {row["key"]: row for row in (await ledger.get("/v1/accounts")).json()["items"]}
    assert chart["expenditure_deposit"]["code"] == "1004"
    assert chart["expenditure_deposit"]["certainty"] == "confirmed"
    assert chart["contribution_income.pooled"]["parent"] == "contribution_income"
    assert chart["memo_receivable"]["book"] == "memo"
    assert all(row["source"] for row in chart.values())
    of_old = (await ledger.get("/v1/accounts", as_of="2008-01-01")).json()["items"]
    assert next(row for row in of_old if row["key"] == "income_deposit")["code"] == ""
    assert (await ledger.get("/v1/accounts/no_such/entries")).status_code == 404


async def test_the_heads_of_the_chains_are_listed(ledger: Ledger) -> None:
    items = (await ledger.get("/v1/chain", Role.DASHBOARD)).json()["items"]
    assert [one["slot"] for one in items] == [0, 1, 2, 3]
    assert all(len(one["hash"]) == 64 for one in items)


async def test_readiness(ledger: Ledger) -> None:
    answer = await ledger.client.get("/readyz")
    checks = answer.json()["checks"]
    assert {"database", "schema", "books", "identity", "keys"} <= set(checks)
    assert set(checks.values()) == {"ok"}
