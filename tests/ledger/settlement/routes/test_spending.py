"""A month of the expenditure account: received by plan, paid, come back, beside the budget."""

from typing import Any

import asyncpg

from shared.references import Reference
from shared.roles import Role
from tests.ledger.conftest import Ledger
from tests.ledger.support.making import pair, receipt
from tests.ledger.support.settling import propose, refused
from tests.ledger.support.year import post

PLAN = Reference.FUNDING_PLAN.example
PENSION = "benefit.basic_pension"


async def month(ledger: Ledger, period: str = "2021-07") -> dict[str, Any]:
    """Read the pension fund's month."""
    answer = await ledger.get(f"/v1/spending/{period}", Role.DASHBOARD)
    assert answer.status_code == 200, answer.text
    [fund] = [one for one in answer.json()["funds"] if one["fund"] == "pension"]
    return dict(fund)


async def pay(ledger: Ledger, kind: str, amount: str, **more: Any) -> None:
    accounts = (PENSION, "expenditure_deposit")
    entries = pair(
        "pension", *(accounts if kind == "payment" else accounts[::-1]), amount, "centre"
    )
    body = receipt(owner="centre", kind=kind, entries=entries, book_date="2021-07-20", **more)
    await post(ledger, body, Role.PAYOUT_SERVICE)


async def test_a_month_ties_from_opening_to_closing(books: Ledger) -> None:
    wrong = await propose(books, "fiscal_subsidy", amounts=[], plan=PLAN)
    assert refused(wrong)[0] == 422
    named = {"fund": "pension", "amount": "300.00", "account": PENSION}
    money = [{"fund": "pension", "amount": "1000.00"}]
    await books.settle("fiscal_subsidy", "2021-07-01", amounts=money)
    paper = await books.settle("expenditure_funding", "2021-07-05", amounts=[named], plan=PLAN)
    assert paper["plan"] == PLAN
    await books.settle("expenditure_funding", amounts=[{"fund": "pension", "amount": "50.00"}])
    hold = await books.hold("200.00")
    await pay(books, "payment", "120.00", hold=hold)
    await pay(books, "payment_return", "20.00")
    shown = await month(books)
    names = ("opening", "received", "paid", "returned", "other", "closing", "held")
    assert [shown[name] for name in names] == [
        "0.00",
        "350.00",
        "120.00",
        "20.00",
        "0.00",
        "250.00",
        "80.00",
    ]
    by_account = {one["account"]: one for one in shown["accounts"]}
    assert by_account[None]["unplanned"] == by_account[None]["received"] == "50.00"
    pension = by_account[PENSION]
    assert [pension[name] for name in ("received", "unplanned", "budget")] == [
        "300.00",
        "0.00",
        None,
    ]
    assert pension["entries"].startswith(f"/v1/accounts/{PENSION}/entries?fund=pension")
    assert [one["plan"] for one in shown["fundings"]] == [PLAN, None]
    later = await month(books, "2021-08")
    assert (later["opening"], later["closing"], later["received"]) == ("250.00", "250.00", "0.00")


async def test_a_hold_of_the_month_is_named_when_it_is_closed(books: Ledger) -> None:
    await books.fund_expenditure("100.00")
    hold = await books.hold("60.00")
    body = {"level": "month", "period": "2021-07", "control": {"funds": {}}}
    first = await books.post("/v1/closings", body, Role.FUND_ACCOUNTANT)
    admin = await asyncpg.connect(books.url, server_settings={"search_path": "ledger"})
    await admin.execute("UPDATE hold SET recorded_at = '2021-07-31 20:00+08'")
    await admin.close()
    again = await books.post("/v1/closings", body, Role.FUND_ACCOUNTANT)
    named = [f for f in again.json()["errors"] if f["code"] == "HOLDS_UNRELEASED"]
    assert [f"pension: 60.00, since 2021-07-31: {hold}" in f["message"] for f in named] == [True]
    assert "HOLDS_UNRELEASED" not in first.text, "made later than the month"
