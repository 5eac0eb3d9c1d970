"""Refunds are settled under the orders of collection, once and exactly, over HTTP."""

import asyncio

from shared.roles import Role
from tests.ledger.conftest import Ledger
from tests.ledger.support.making import pair, receipt
from tests.ledger.support.reversing import reverse
from tests.ledger.support.settling import (
    approve,
    order,
    part,
    propose,
    refused,
    settled_orders,
)
from tests.ledger.support.year import RECEIPT, bill, collect, identify, suspend


async def test_without_an_order_nothing_is_refunded(books: Ledger) -> None:
    lost = await suspend(books, "50.00", "2021-07-03")
    for named in ({"voucher": lost["id"]}, {}, {"refund": f"rfd_{7:048x}"}):
        answer = await propose(
            books, "refund", amounts=[part("50.00")], deposit="income_deposit", **named
        )
        assert refused(answer) == (409, "REFUND_WITHOUT_REASON", "/refund")
        assert "POST /v1/refunds" in answer.json()["detail"]


async def test_a_refund_is_settled_once_and_collection_learns_of_it(books: Ledger) -> None:
    await suspend(books, "50.00", "2021-07-03")
    refund = await order(books, part("50.00"), receipt=RECEIPT)
    assert [one["refund"] for one in (await waiting(books))] == [refund]
    both = [await propose(books, "refund", refund=refund) for _ in range(2)]
    done = await approve(books, both[0])
    assert (done.status_code, done.json()["refund"]) == (200, refund)
    assert refused(await approve(books, both[1])) == (409, "REFUND_SETTLED", "/refund")
    assert refused(await propose(books, "refund", refund=refund))[1] == "REFUND_SETTLED"
    after = await books.balances(district="heping")
    assert (after["income_deposit"], after["suspense_receipts"]) == ("0.00", "0.00")
    voucher = (await books.get(f"/v1/vouchers/{done.json()['voucher']}")).json()
    assert voucher["references"] == {
        "receipt": RECEIPT,
        "refund": refund,
        "settlement": voucher["references"]["settlement"],
    }
    (settled,) = await settled_orders(books)
    assert settled["refund"] == refund
    assert (settled["status"], settled["settled_on"]) == ("settled", "2021-07-31")
    assert (settled["settlement"], settled["paid_from"]) == (done.json()["id"], "income_deposit")
    assert await settled_orders(books, settled["seq"]) == []
    assert await waiting(books) == []


async def waiting(books: Ledger) -> list[dict[str, object]]:
    return list((await books.get("/v1/refund-orders")).json()["items"])


async def test_an_order_arrives_once_and_only_from_collection(books: Ledger) -> None:
    refund = await order(books, part("50.00"), receipt=RECEIPT)
    sent = (await books.get(f"/v1/refund-orders/{refund}")).json()
    body = {
        name: sent[name]
        for name in (
            "refund",
            "source",
            "payee",
            "receipt",
            "deposit",
            "reason",
            "ordered_on",
            "amounts",
        )
    }
    again = await books.post("/v1/refund-orders", body)
    assert (again.status_code, again.json()) == (201, sent)
    other = await books.post("/v1/refund-orders", body | {"reason": "另一理由"})
    assert refused(other)[:2] == (409, "REFUND_ORDER_REUSED")
    for role in (Role.FUND_ACCOUNTANT, Role.DEPARTMENT_HEAD, Role.PAYOUT_SERVICE):
        assert (await books.post("/v1/refund-orders", body, role)).status_code == 403
    never = await books.post(
        "/v1/refund-orders",
        body | {"refund": f"rfd_{8:048x}", "deposit": "expenditure_deposit", "receipt": None},
    )
    faults = {fault["code"] for fault in never.json()["errors"]}
    assert (never.status_code, faults) == (422, {"DEPOSIT_UNSUITABLE", "RECEIPT_EXPECTED"})
    assert (
        await books.get("/v1/refund-orders", of="heping", role=Role.DISTRICT_CLERK)
    ).status_code == 403


async def test_a_settlement_equals_its_order(books: Ledger) -> None:
    await suspend(books, "50.00", "2021-07-03")
    refund = await order(books, part("50.00"), receipt=RECEIPT)
    for amounts in (
        [part("49.99")],
        [part("50.00", district="nankai")],
        [part("50.00", "contribution_income.pooled")],
    ):
        differs = await propose(books, "refund", refund=refund, amounts=amounts)
        assert refused(differs) == (409, "REFUND_DIFFERS", "/amounts")
    other = await propose(books, "refund", refund=refund, deposit="treasury_deposit")
    assert refused(other) == (409, "REFUND_DIFFERS", "/deposit")
    same = await propose(books, "refund", refund=refund, amounts=[part("50.00")])
    assert (await approve(books, same)).status_code == 200
    sweep = await propose(books, "sweep", refund=refund)
    assert refused(sweep)[2] == "/refund"


async def test_after_the_sweep_a_refund_is_paid_from_the_fiscal_account(books: Ledger) -> None:
    await suspend(books, "50.00", "2021-07-03")
    refund = await order(books, part("50.00"), receipt=RECEIPT)
    await books.settle("sweep")
    short = await propose(books, "refund", refund=refund)
    assert refused(short)[1] == "INSUFFICIENT_FUNDS"
    assert '"deposit": "fiscal_deposit"' in short.json()["errors"][0]["message"], "the next step"
    done = await approve(
        books, await propose(books, "refund", refund=refund, deposit="fiscal_deposit")
    )
    assert done.status_code == 200, done.text
    assert (await books.balances())["fiscal_deposit"] == "0.00"
    assert (await settled_orders(books))[0]["paid_from"] == "fiscal_deposit"


async def test_refunded_credits_are_booked_in_the_memo_book_too(books: Ledger) -> None:
    await bill(books, "pension", "100.00", "2021-07-01")
    await collect(books, "pension", "100.00", "2021-07-10")
    refund = await order(books, part("30.00", "contribution_income.pooled"), source="credits")
    done = await approve(books, await propose(books, "refund", refund=refund))
    assert done.status_code == 200, done.text
    after = await books.balances(district="heping")
    assert after["contribution_income.pooled"] == after["income_deposit"] == "70.00"
    assert (after["memo_collected"], after["memo_receivable"]) == ("70.00", "30.00")


async def test_an_order_holds_the_suspense_that_it_gives_back(books: Ledger) -> None:
    await suspend(books, "50.00", "2021-07-03")
    await bill(books, "pension", "100.00", "2021-07-01")
    await order(books, part("30.00"), receipt=RECEIPT)
    refused_match = await match(books, "20.01")
    assert refused_match == (409, "SUSPENSE_EXCEEDED")
    await identify(books, "20.00", "2021-07-05")
    assert await match(books, "0.01") == (409, "SUSPENSE_EXCEEDED")


async def match(books: Ledger, amount: str, kind: str = "match", **more: str) -> tuple[int, str]:
    entries = [
        *pair("pension", "suspense_receipts", "contribution_income.pooled", amount),
        *pair("pension", "memo_collected", "memo_receivable", amount, book="memo"),
    ]
    body = receipt(
        kind=kind, book_date="2021-07-06", entries=entries, references=more or {"receipt": RECEIPT}
    )
    answer = await books.post("/v1/vouchers", body)
    return answer.status_code, answer.json().get("code", "")


async def test_no_voucher_takes_more_out_of_suspense_than_is_there(books: Ledger) -> None:
    await suspend(books, "50.00", "2021-07-03")
    assert await match(books, "50.01") == (409, "SUSPENSE_EXCEEDED")
    assert await match(books, "50.01", "reallocation") == (409, "SUSPENSE_EXCEEDED")
    assert await match(books, "10.00", serial="S-1") == (422, "RECEIPT_EXPECTED")
    both = await asyncio.gather(match(books, "30.00"), match(books, "30.00", "reallocation"))
    assert sorted(both) == [(201, ""), (409, "SUSPENSE_EXCEEDED")]
    direct = receipt(
        kind="refund", entries=pair("pension", "suspense_receipts", "income_deposit", "20.00")
    )
    assert (await books.post("/v1/vouchers", direct)).json()["code"] == "SENDER_FORBIDDEN"


async def reversed_as(books: Ledger, voucher: str, day: str = "2021-07-31") -> tuple[int, str]:
    answer = await reverse(books, voucher, book_date=day)
    return answer.status_code, answer.json().get("code", "")


async def test_neither_a_refund_nor_the_suspense_it_took_is_reversed(books: Ledger) -> None:
    put = await suspend(books, "50.00", "2021-07-03")
    refund = await order(books, part("30.00"), receipt=RECEIPT)
    assert await reversed_as(books, put["id"]) == (409, "SUSPENSE_EXCEEDED"), "the order holds it"
    done = await approve(books, await propose(books, "refund", refund=refund))
    assert await reversed_as(books, put["id"]) == (409, "SUSPENSE_EXCEEDED"), "it is paid out"
    paid = done.json()["voucher"]
    assert await reversed_as(books, paid) == (409, "REFUND_NOT_REVERSIBLE")


async def test_suspense_that_nobody_took_is_reversed(books: Ledger) -> None:
    put = await suspend(books, "50.00", "2021-07-03")
    assert await reversed_as(books, put["id"]) == (200, "")
    assert (await books.get("/v1/suspense", as_of="2021-07-31")).json()["items"] == []


async def test_a_refund_with_nothing_behind_it_is_refused(books: Ledger) -> None:
    await suspend(books, "50.00", "2021-07-03")
    await suspend(books, "50.00", "2021-07-03", f"rcp_{2:048x}")
    refund = await order(books, part("50.01"), receipt=RECEIPT)
    assert refused(await propose(books, "refund", refund=refund))[1] == "SUSPENSE_EXCEEDED"


async def test_a_refund_is_not_settled_before_its_money_came(books: Ledger) -> None:
    await collect(books, "pension", "100.00", "2021-07-01", channel="income_deposit")
    await suspend(books, "50.00", "2021-07-03")
    refund = await order(books, part("50.00"), receipt=RECEIPT)
    early = await propose(books, "refund", "2021-07-02", refund=refund)
    assert refused(early) == (409, "SUSPENSE_EXCEEDED", "/day")
    done = await approve(books, await propose(books, "refund", "2021-07-03", refund=refund))
    assert done.status_code == 200, done.text


async def test_in_one_batch_a_match_finds_the_suspense_before_it(books: Ledger) -> None:
    """The two vouchers lie in different slots, which write at the same time."""
    entries = pair("pension", "income_deposit", "suspense_receipts", "50.00")
    named = {"receipt": RECEIPT}
    put = receipt(kind="suspense", entries=entries, owner="unidentified", references=named)
    taking = []
    for number in range(5):
        entries = pair("pension", "suspense_receipts", "contribution_income.pooled", "10.00")
        owner = f"9112010{number}MA06TEST0X"
        taking.append(receipt(kind="match", entries=entries, owner=owner, references=named))
    answer = await books.post("/v1/voucher-batches", {"vouchers": [*taking, put]})
    assert (answer.json()["posted"], answer.json()["refused"]) == (6, 0)
    assert (await books.get("/v1/suspense", as_of="2021-07-31")).json()["items"] == []
