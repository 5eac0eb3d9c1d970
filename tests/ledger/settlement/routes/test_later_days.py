"""Movements over HTTP are judged by every day from their own on: nothing is moved twice."""

from typing import Any

import pytest

from shared.roles import Role
from tests.ledger.conftest import Ledger
from tests.ledger.support.making import pair, receipt
from tests.ledger.support.reversing import reverse
from tests.ledger.support.settling import approve, order, propose
from tests.ledger.support.year import collect, post

EARLY, BETWEEN, LATE = "2021-07-05", "2021-07-15", "2021-07-25"


async def balance(ledger: Ledger, account: str, day: str) -> str:
    return (await ledger.balances(as_of=day))[account]


async def settled(ledger: Ledger, kind: str, day: str, **more: Any) -> Any:
    """Propose and approve a settlement; the approval may be refused."""
    return await approve(ledger, await propose(ledger, kind, day, **more))


def of_pension(amount: str, **more: str) -> dict[str, Any]:
    return {"amounts": [{"fund": "pension", "amount": amount} | more]}


@pytest.mark.parametrize(
    ("kind", "channel"), [("sweep", "income_deposit"), ("treasury_remit", "treasury_deposit")]
)
async def test_a_settlement_before_a_later_one_does_not_move_the_same_money_again(
    books: Ledger, kind: str, channel: str
) -> None:
    await collect(books, "pension", "100.00", EARLY, channel=channel)
    first = await settled(books, kind, LATE)
    assert first.json()["amounts"] == [{"fund": "pension", "amount": "100.00"}]
    waiting = (await books.get("/v1/in-transit", cut_off=BETWEEN)).json()
    assert (waiting["total"], [one["balance"] for one in waiting["items"]]) == ("0.00", ["100.00"])
    again = await propose(books, kind, BETWEEN)
    assert (again.status_code, again.json()["code"]) == (409, "NOTHING_TO_MOVE")
    for day, left, fiscal in ((BETWEEN, "100.00", "0.00"), (LATE, "0.00", "100.00")):
        assert await balance(books, channel, day) == left
        assert await balance(books, "fiscal_deposit", day) == fiscal


async def test_an_earlier_sweep_moves_what_later_days_leave(books: Ledger) -> None:
    await collect(books, "pension", "100.00", EARLY)
    await collect(books, "pension", "30.00", EARLY, "nankai")
    paid_out = receipt(
        book_date=LATE,
        kind="receipt",
        entries=pair("pension", "contribution_income.pooled", "income_deposit", "40.00"),
    )
    refused = await books.post("/v1/vouchers", paid_out)
    assert refused.status_code == 422, "only reversals and refunds take money from this account"
    first = await collect(books, "pension", "40.00", EARLY)
    await reverse(books, first["id"], book_date=LATE)
    swept = await settled(books, "sweep", BETWEEN)
    assert swept.json()["amounts"] == [{"fund": "pension", "amount": "130.00"}]
    assert await balance(books, "income_deposit", BETWEEN) == "40.00"
    assert await balance(books, "income_deposit", LATE) == "0.00"


@pytest.mark.parametrize("deposit", ["income_deposit", "treasury_deposit", "fiscal_deposit"])
async def test_a_refund_takes_no_money_that_a_later_settlement_moved(
    books: Ledger, deposit: str
) -> None:
    channel = "treasury_deposit" if deposit == "treasury_deposit" else "income_deposit"
    kind = "treasury_remit" if deposit == "treasury_deposit" else "sweep"
    await collect(books, "pension", "100.00", EARLY, channel=channel)
    await books.settle(kind, LATE)
    part = of_pension("100.00", account="contribution_income.pooled", district="heping")
    refund = await order(books, *part["amounts"], source="credits", deposit=deposit)
    terms = {"refund": refund}
    proposed = await propose(books, "refund", BETWEEN, **terms)
    if proposed.status_code == 201:
        proposed = await approve(books, proposed)
    assert (proposed.status_code, proposed.json()["code"]) == (409, "INSUFFICIENT_FUNDS")
    if deposit == "fiscal_deposit":
        done = await settled(books, "refund", LATE, **terms)
        assert done.json()["status"] == "posted"


async def test_funding_takes_no_money_that_is_spent_on_a_later_day(books: Ledger) -> None:
    await books.settle("fiscal_subsidy", EARLY, **of_pension("100.00"))
    await books.settle("expenditure_funding", LATE, **of_pension("70.00"))
    too_much = await settled(books, "expenditure_funding", BETWEEN, **of_pension("30.01"))
    assert (too_much.status_code, too_much.json()["code"]) == (409, "INSUFFICIENT_FUNDS")
    fits = await settled(books, "expenditure_funding", BETWEEN, **of_pension("30.00"))
    assert fits.json()["status"] == "posted"
    early = await settled(books, "expenditure_funding", "2021-07-04", **of_pension("1.00"))
    assert early.json()["code"] == "INSUFFICIENT_FUNDS", "the subsidy had not come"


def payment(amount: str, day: str, hold: str) -> dict[str, Any]:
    entries = pair("pension", "benefit.basic_pension", "expenditure_deposit", amount, "centre")
    return receipt(owner="centre", kind="payment", book_date=day, hold=hold, entries=entries)


async def test_payments_and_holds_leave_every_later_day_its_money(books: Ledger) -> None:
    await books.settle("fiscal_subsidy", EARLY, **of_pension("100.00"))
    await books.settle("expenditure_funding", BETWEEN, **of_pension("100.00"))
    first, second = await books.hold("60.00"), await books.hold("40.00")
    for day, amount, hold, status in (
        (EARLY, "1.00", first, 409),
        (BETWEEN, "40.01", second, 409),
        (LATE, "40.00", second, 201),
        (EARLY, "60.00", first, 409),
        (BETWEEN, "60.00", first, 201),
    ):
        answer = await books.post("/v1/vouchers", payment(amount, day, hold), Role.PAYOUT_SERVICE)
        assert answer.status_code == status, answer.text
    assert await balance(books, "expenditure_deposit", BETWEEN) == "40.00"
    assert await balance(books, "expenditure_deposit", LATE) == "0.00"


async def test_a_reversal_on_a_floored_account_leaves_every_later_day_its_money(
    books: Ledger,
) -> None:
    await books.fund_expenditure("100.00")
    hold = await books.hold("100.00")
    paid = await post(books, payment("100.00", EARLY, hold), Role.PAYOUT_SERVICE)
    back = pair("pension", "expenditure_deposit", "benefit.basic_pension", "100.00", "centre")
    returned = await post(
        books,
        receipt(owner="centre", kind="payment_return", book_date=BETWEEN, entries=back),
        Role.PAYOUT_SERVICE,
    )
    hold = await books.hold("100.00")
    await post(books, payment("100.00", LATE, hold), Role.PAYOUT_SERVICE)
    answer = await reverse(books, returned["id"], book_date=BETWEEN)
    assert (answer.status_code, answer.json()["code"]) == (409, "INSUFFICIENT_FUNDS")
    assert paid["id"] != returned["id"]
