"""The money of a transfer in is a receipt in suspense: letter and receipt meet in any order, once."""

from typing import Any

from httpx import Response

from shared.roles import Role
from tests.ledger.conftest import Ledger
from tests.ledger.support.persons import person, statement
from tests.ledger.support.reversing import reverse
from tests.ledger.support.settling import approve, order, part, propose, refused, settled_orders
from tests.ledger.support.year import suspend

DAY = "2021-07-20"


def receipt_of(number: int) -> str:
    return f"rcp_{number:048x}"


def letter(number: int, **more: Any) -> dict[str, Any]:
    facts = {"person": person(number), "city": "上海市", "letter": f"LXH-{number}"}
    return facts | {"account": "800.00"} | more


async def proposed(
    books: Ledger, transfer: dict[str, Any], amount: str = "2000.00", day: str = DAY
) -> Response:
    amounts = [{"fund": "pension", "amount": amount}]
    return await propose(books, "transfer_in", day, amounts=amounts, transfer=transfer)


async def matched(books: Ledger, number: int, amount: str = "2000.00", **more: Any) -> str:
    """Money in suspense that collection has matched with a letter; the refund of its order."""
    await suspend(books, amount, "2021-07-03", receipt_of(number))
    named = {"fund": "pension", "city": "上海", "letter": f"lxh-{number}"} | more
    return await order(
        books, part(amount), source="transfer", receipt=receipt_of(number), transfer=named
    )


async def balances(books: Ledger, fund: str = "pension") -> dict[str, str]:
    rows = (await books.get("/v1/funds/balances")).json()["funds"]
    found: dict[str, str] = next(one["accounts"] for one in rows if one["fund"] == fund)
    return {name: amount for name, amount in found.items() if amount != "0.00"}


async def test_a_letter_waits_for_its_receipt_and_takes_it_out_of_suspense(books: Ledger) -> None:
    paper = await proposed(books, letter(501))
    early = await approve(books, paper)
    assert refused(early)[:2] == (409, "TRANSFER_MONEY_EXPECTED")
    refund = await matched(books, 501)
    done = await approve(books, paper)
    assert done.status_code == 200, done.text
    assert (await approve(books, paper)).json() == done.json(), "a repeat"
    assert await balances(books) == {"income_deposit": "2000.00", "transfer_income": "2000.00"}
    [year] = await statement(books, 501, to_year=2021)
    assert year["transfer_in"] == "800.00"
    voucher = (await books.get(f"/v1/vouchers/{done.json()['voucher']}")).json()
    named = voucher["references"]
    assert (named["receipt"], named["refund"]) == (receipt_of(501), refund)
    (settled,) = await settled_orders(books)
    assert (settled["refund"], settled["settlement"]) == (refund, done.json()["id"])
    assert settled["transfer"]["letter"] == "lxh-501"


async def test_the_receipt_first_gives_the_same_books(books: Ledger) -> None:
    await matched(books, 502)
    without = await proposed(books, letter(502, without_receipt="无到账"))
    assert refused(without)[:2] == (409, "TRANSFER_MONEY_MATCHED")
    early = await approve(books, await proposed(books, letter(502), day="2021-07-02"))
    assert refused(early) == (409, "SUSPENSE_EXCEEDED", "/day")
    less = await approve(books, await proposed(books, letter(502), "1999.99"))
    assert refused(less) == (409, "TRANSFER_MONEY_DIFFERS", "/amounts")
    assert (await approve(books, await proposed(books, letter(502)))).status_code == 200
    assert await balances(books) == {"income_deposit": "2000.00", "transfer_income": "2000.00"}


async def test_suspense_of_another_fund_passes_through_the_deposit(books: Ledger) -> None:
    await matched(books, 503, fund="medical")
    amounts = [{"fund": "medical", "amount": "2000.00"}]
    transfer = letter(503, account="2000.00")
    paper = await propose(books, "transfer_in", DAY, amounts=amounts, transfer=transfer)
    assert (await approve(books, paper)).status_code == 200
    assert await balances(books) == {}
    assert await balances(books, "medical") == {
        "income_deposit": "2000.00",
        "transfer_income": "2000.00",
    }


async def test_a_reversal_puts_the_money_back_into_suspense_and_says_so(books: Ledger) -> None:
    refund = await matched(books, 504)
    done = (await approve(books, await proposed(books, letter(504)))).json()
    (settled,) = await settled_orders(books)
    assert (await reverse(books, done["voucher"], book_date="2021-07-22")).status_code == 200
    assert await balances(books) == {"income_deposit": "2000.00", "suspense_receipts": "2000.00"}
    (told,) = await settled_orders(books, settled["seq"])
    assert (told["refund"], told["status"]) == (refund, "reversed")
    assert told["reversed_on"] == "2021-07-22"
    again = {"fund": "pension", "city": "上海", "letter": "LXH-504", "supplement": 1}
    await order(books, part("2000.00"), source="transfer", receipt=receipt_of(504), transfer=again)
    early = await approve(books, await proposed(books, letter(504, supplement=1)))
    assert refused(early) == (409, "SUSPENSE_EXCEEDED", "/day"), "it was not there from day to day"
    paper = await proposed(books, letter(504, supplement=1), day="2021-07-22")
    assert (await approve(books, paper)).status_code == 200
    assert await balances(books) == {"income_deposit": "2000.00", "transfer_income": "2000.00"}


async def test_an_order_of_a_letter_is_no_refund(books: Ledger) -> None:
    refund = await matched(books, 505)
    paid = await propose(books, "refund", refund=refund)
    assert refused(paid) == (409, "REFUND_DIFFERS", "/kind")
    body = {"refund": f"rfd_{505:048x}", "source": "transfer", "payee": "x", "reason": "转列"}
    body |= {"deposit": "fiscal_deposit", "ordered_on": DAY}
    wrong = await books.post(
        "/v1/refund-orders",
        body | {"amounts": [part("1.00", "other_income")]},
        Role.COLLECTION_SERVICE,
    )
    faults = {fault["code"] for fault in wrong.json()["errors"]}
    assert faults >= {"TRANSFER_EXPECTED", "DEPOSIT_UNSUITABLE", "SUSPENSE_EXPECTED"}
