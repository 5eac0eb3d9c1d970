"""Dry runs on the same path, and balances told with the answer."""

from __future__ import annotations

from typing import Any

from shared.roles import Role
from tests.ledger.conftest import Ledger
from tests.ledger.support.making import fresh, pair, receipt

EARLY = "2021-06-30"
"""A day before any money came."""


def payment(
    amount: str, hold: str, fund: str = "pension", day: str = "2021-07-15"
) -> dict[str, Any]:
    account = {"pension": "benefit.basic_pension", "medical": "benefit.hospital"}[fund]
    entries = pair(fund, account, "expenditure_deposit", amount, "centre")
    return receipt(
        owner="centre",
        kind="payment",
        event_id=fresh("pay"),
        book_date=day,
        hold=hold,
        entries=entries,
    )


def returned(amount: str) -> dict[str, Any]:
    entries = pair("medical", "expenditure_deposit", "benefit.hospital", amount, "centre")
    return receipt(owner="centre", kind="payment_return", entries=entries)


async def post(ledger: Ledger, body: dict[str, Any], query: str = "") -> Any:
    many = "/v1/voucher-batches" if "vouchers" in body else "/v1/vouchers"
    return await ledger.post(f"{many}?{query}", body, Role.PAYOUT_SERVICE)


async def test_a_rehearsal_answers_like_the_real_thing_and_books_nothing(ledger: Ledger) -> None:
    await ledger.fund_expenditure("100.00")
    hold = await ledger.hold("100.00")
    heads = (await ledger.get("/v1/chain")).json()
    balances = await ledger.balances()
    good, dear = payment("50.00", hold), payment("50.00", hold, day=EARLY)
    answer = await post(ledger, good, "dry_run=true")
    assert (answer.status_code, answer.json()["outcome"]) == (200, "would_post")
    assert (answer.json()["id"], answer.json()["seq"], answer.json()["hash"]) == (None, None, None)
    refused = await post(ledger, dear, "dry_run=true")
    assert (refused.status_code, refused.json()["code"]) == (409, "INSUFFICIENT_FUNDS")
    assert (await ledger.get("/v1/chain")).json() == heads
    assert await ledger.balances() == balances
    await ledger.fund_expenditure("100.00", day=EARLY)
    assert (await post(ledger, dear)).status_code == 201, "a rehearsed refusal is not pinned"
    again = await post(ledger, dear, "dry_run=true")
    assert (again.status_code, again.json()["outcome"]) == (200, "replayed")


async def test_a_rehearsed_batch_sees_what_its_own_earlier_vouchers_would_do(
    ledger: Ledger,
) -> None:
    await ledger.fund_expenditure("10.00", "medical")
    hold = await ledger.hold("10.00", "medical")
    vouchers = [
        payment("6.00", hold, "medical"),
        returned("1.00"),
        payment("6.00", hold, "medical"),
        returned("2.00"),
    ]
    for _ in range(2):
        answer = (await post(ledger, {"vouchers": vouchers}, "dry_run=true")).json()
        outcomes = [one["outcome"] for one in answer["results"]]
        assert outcomes == ["would_post", "would_post", "refused", "would_post"]
        assert (answer["would_post"], answer["posted"], answer["refused"]) == (3, 0, 1)
    together = {"vouchers": [vouchers[0], vouchers[2]], "atomic": True}
    answer = (await post(ledger, together, "dry_run=true")).json()
    codes = [one["problem"]["code"] for one in answer["results"]]
    assert codes == ["ATOMIC_BATCH_REFUSED", "HOLD_EXCEEDED"]
    done = (await post(ledger, {"vouchers": vouchers})).json()
    assert (done["posted"], done["refused"], done["would_post"]) == (3, 1, 0)


async def test_the_answer_tells_balances_where_an_account_has_a_floor(ledger: Ledger) -> None:
    await ledger.fund_expenditure("20.00", "medical")
    now = await ledger.balances("medical")
    hold = await ledger.hold("9.00", "medical")
    body = payment("5.00", hold, "medical")
    answer = (await post(ledger, body, "balances=true")).json()
    after = await ledger.balances("medical")
    assert answer["floors"] == [
        {
            "fund": "medical",
            "account": "expenditure_deposit",
            "balance": after["expenditure_deposit"],
            "held": after["held"],
            "available": f"{float(after['expenditure_deposit']) - float(after['held']):.2f}",
        }
    ]
    assert now != after
    assert (await post(ledger, payment("1.00", hold, "medical"))).json()["floors"] is None
    answer = await ledger.post("/v1/vouchers?balances=true", receipt())
    assert answer.json()["floors"] is None
