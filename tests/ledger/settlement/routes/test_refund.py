"""Refunds by the original route over HTTP."""

import pytest

from shared.roles import Role
from tests.ledger.conftest import Ledger
from tests.ledger.support.making import pair, receipt
from tests.ledger.support.settling import Body, approve, propose, refused
from tests.ledger.support.year import bill, collect, identify, post, suspend


def back(amount: str, account: str = "contribution_income.pooled", **more: str) -> Body:
    part = {"fund": "pension", "amount": amount, "account": account, "district": "heping"}
    return {"amounts": [part | more]}


async def test_a_refund_is_paid_from_the_receiving_account(books: Ledger) -> None:
    receipt = await collect(books, "pension", "100.00", "2021-07-10")
    asked = back("30.00") | {"voucher": receipt["id"], "deposit": "income_deposit"}
    done = await approve(books, await propose(books, "refund", **asked))
    assert done.json()["refunds"] == receipt["id"]
    after = await books.balances(district="heping")
    assert (after["income_deposit"], after["contribution_income.pooled"]) == ("70.00", "70.00")
    voucher = (await books.get(f"/v1/vouchers/{done.json()['voucher']}")).json()
    assert voucher["references"]["voucher"] == receipt["id"]


async def test_refunds_never_exceed_the_receipt(
    books: Ledger,
) -> None:
    receipt = await collect(books, "pension", "100.00", "2021-07-10")
    await collect(books, "pension", "500.00", "2021-07-10")
    named = {"voucher": receipt["id"], "deposit": "income_deposit"}
    both = [await propose(books, "refund", **back("60.00"), **named) for _ in range(2)]
    assert (await approve(books, both[0])).status_code == 200
    assert refused(await approve(books, both[1])) == (409, "NOT_REFUNDABLE", "/amounts/0/amount")
    assert (await propose(books, "refund", **back("40.00"), **named)).status_code == 201
    for wrong in (
        back("1.00", district="nankai"),
        back("1.00", fund="medical"),
        back("1.00", account="contribution_income.personal_account"),
    ):
        assert refused(await propose(books, "refund", **wrong, **named))[1] == "NOT_REFUNDABLE"


async def test_a_reversed_receipt_is_not_refunded(books: Ledger) -> None:
    receipt = await collect(books, "pension", "100.00", "2021-07-10")
    body = {"event_id": "rev-1", "book_date": "2021-07-11", "summary": "冲销"}
    reversed_ = await books.post(
        f"/v1/vouchers/{receipt['id']}/reversals", body, Role.FUND_ACCOUNTANT
    )
    assert reversed_.status_code == 201, reversed_.text
    asked = back("1.00") | {"voucher": receipt["id"], "deposit": "income_deposit"}
    assert refused(await propose(books, "refund", **asked))[1] == "NOT_REFUNDABLE"


async def test_after_the_sweep_a_refund_is_paid_from_the_fiscal_account(books: Ledger) -> None:
    receipt = await collect(books, "pension", "100.00", "2021-07-10")
    await books.settle("sweep")
    named = back("30.00") | {"voucher": receipt["id"]}
    empty = await propose(books, "refund", **named, deposit="income_deposit")
    assert refused(empty)[1] == "INSUFFICIENT_FUNDS"
    other = await propose(books, "refund", **named, deposit="treasury_deposit")
    assert refused(other) == (409, "NOT_REFUNDABLE", "/deposit")
    done = await approve(books, await propose(books, "refund", **named, deposit="fiscal_deposit"))
    assert done.status_code == 200, done.text
    assert (await books.balances())["fiscal_deposit"] == "70.00"


async def test_suspense_is_refunded_once_and_not_after_it_is_identified(
    books: Ledger,
) -> None:
    lost = await suspend(books, "50.00", "2021-07-03", "rcp_1")
    found = await suspend(books, "20.00", "2021-07-03", "rcp_2")
    await bill(books, "pension", "20.00", "2021-07-01")
    await identify(books, "20.00", "2021-07-05", "rcp_2")
    named = {"deposit": "income_deposit"}
    identified = await propose(
        books, "refund", **back("20.00", "suspense_receipts"), voucher=found["id"], **named
    )
    assert refused(identified)[1] == "NOT_REFUNDABLE"
    asked = back("50.00", "suspense_receipts") | {"voucher": lost["id"]} | named
    done = await approve(books, await propose(books, "refund", **asked))
    assert done.status_code == 200, done.text
    assert refused(await propose(books, "refund", **asked))[1] == "NOT_REFUNDABLE"
    assert (await books.get("/v1/suspense", as_of="2021-07-31")).json()["items"] == []


@pytest.mark.parametrize(
    ("kind", "account"), [("late_fee", "other_income"), ("interest", "interest_income")]
)
async def test_late_fees_and_interest_are_refunded_by_their_route(
    books: Ledger, kind: str, account: str
) -> None:
    entries = pair("pension", "income_deposit", account, "8.00")
    paid = await post(books, receipt(kind=kind, book_date="2021-07-10", entries=entries))
    named = {"voucher": paid["id"], "deposit": "income_deposit"}
    assert (
        refused(await propose(books, "refund", **back("8.01", account), **named))[1]
        == "NOT_REFUNDABLE"
    )
    done = await approve(books, await propose(books, "refund", **back("3.00", account), **named))
    assert done.status_code == 200, done.text
    await books.settle("sweep")
    rest = named | {"deposit": "fiscal_deposit"}
    done = await approve(books, await propose(books, "refund", **back("5.00", account), **rest))
    assert done.status_code == 200, done.text
    after = await books.balances()
    assert (after[account], after["fiscal_deposit"], after["income_deposit"]) == ("0.00",) * 3


async def test_only_payers_money_can_be_refunded(books: Ledger) -> None:
    done = await books.settle("fiscal_subsidy", amounts=[{"fund": "pension", "amount": "10.00"}])
    for voucher in (done["voucher"], "vch_0_999", "vch_999_1"):
        asked = back("1.00", "fiscal_subsidy") | {"voucher": voucher, "deposit": "fiscal_deposit"}
        assert refused(await propose(books, "refund", **asked)) == (
            409,
            "NOT_REFUNDABLE",
            "/voucher",
        )
