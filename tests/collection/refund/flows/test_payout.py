"""A receipt becomes the money of a transfer from another city, and is in suspense again if reversed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import count
from typing import Any

import httpx
import pytest

from shared.money import format_yuan, parse_yuan
from shared.references import Reference
from tests.collection.support.city import City, city_of
from tests.collection.support.refunds import (
    approved,
    paid_twice,
    report_return,
    request,
    requested,
    suspended,
)
from tests.conftest import Bearer, ClientOf, SettingsFor
from tests.issuer import Issuer

_numbers = count(1)
DECIDED, BOOKED, REVERSED, LATER = "2021-11-25", "2021-11-26", "2021-11-29", "2021-12-20"
REASON = "外地转入款"


@pytest.fixture(scope="module")
async def city(
    settings_for: SettingsFor,
    client_of: ClientOf,
    bearer: Bearer,
    issuer: Issuer,
    database_url: str,
) -> AsyncIterator[City]:
    async with city_of(settings_for, client_of, bearer, issuer, database_url) as made:
        yield made
        await made.deliver()
        await made.control()


def letter() -> dict[str, str]:
    return {"fund": "pension", "city": "上海市", "letter": f"LXH-{next(_numbers)}"}


async def propose(city: City, named: dict[str, str], amount: str) -> str:
    """Propose the paper of a letter in the ledger; its settlement."""
    transfer = {"person": Reference.PERSON.example, "account": "100.00"}
    transfer |= {"city": named["city"], "letter": named["letter"]}
    body = {"kind": "transfer_in", "day": BOOKED, "transfer": transfer}
    body |= {"amounts": [{"fund": named["fund"], "amount": amount}]}
    key = f"transfer-{next(_numbers)}"
    answer = await city.post("fund_accountant", "/v1/settlements", body, key)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def post(city: City, paper: str) -> httpx.Response:
    path = f"/v1/settlements/{paper}/approvals"
    return await city.post("department_head", path, {}, f"transfer-{next(_numbers)}")


async def reverse(city: City, paper: str) -> None:
    voucher = (await city.ask(f"/v1/settlements/{paper}"))["voucher"]
    red = {"book_date": REVERSED, "summary": "认错到账"}
    path, key = f"/v1/vouchers/{voucher}/reversals", f"red-{paper[-12:]}"
    proposed = await city.post("fund_accountant", path, red, key)
    assert proposed.status_code == 201, proposed.text
    path = f"/v1/reversals/{proposed.json()['id']}/approvals"
    answer = await city.post("department_head", path, {}, f"{key}-approved")
    assert answer.status_code == 200, answer.text


async def learn(city: City) -> None:
    """Let collection read what the ledger did, more often than needed."""
    for _ in range(2):
        await city.refunds.step()


async def of(city: City, refund: str) -> dict[str, Any]:
    found: dict[str, Any] = (await city.office.get("supervisor", f"/v1/refunds/{refund}")).json()
    return found


async def parts(city: City, as_of: str) -> dict[str, int]:
    """Return the parts of all receipts at the end of a day, after proving them."""
    proof = (await city.office.get("supervisor", "/v1/receipt-parts", as_of=as_of)).json()
    assert proof["ties"], proof
    (tax,) = proof["channels"]
    return {name: parse_yuan(tax[name]) for name in ("suspense", "refunded", "transferred")}


async def test_a_receipt_leaves_suspense_once_for_the_letter_that_waited_for_it(
    city: City,
) -> None:
    _, receipt, fen = await paid_twice(city.office, city.db)
    named, amount = letter(), format_yuan(fen - 100)
    paper = await propose(city, named, amount)
    early = await post(city, paper)
    assert (early.status_code, early.json()["code"]) == (409, "TRANSFER_MONEY_EXPECTED")
    asked = await requested(
        city.office, {"receipt": receipt}, amount=amount, reason=REASON, transfer=named
    )
    assert (asked["source"], asked["transfer"]) == ("transfer", named | {"supplement": 0})
    await approved(city.office, asked["id"])
    await city.deliver()
    done = await post(city, paper)
    assert done.status_code == 200, done.text
    await learn(city)
    assert (await of(city, asked["id"]))["settlement"] == paper
    assert await suspended(city.office, receipt) == "1.00", "the difference stays in suspense"
    before, after = await parts(city, DECIDED), await parts(city, BOOKED)
    assert after["transferred"] - before["transferred"] == fen - 100
    assert (after["refunded"], before["refunded"]) == (0, 0)
    for day in (DECIDED, BOOKED, LATER):
        await city.control(day)
    back = await report_return(city.office, asked["id"])
    assert (back.status_code, back.json()["code"]) == (409, "REVERSED_BY_LEDGER")


@pytest.mark.parametrize("learns_between", [True, False])
async def test_a_reversed_transfer_is_in_suspense_again(city: City, learns_between: bool) -> None:
    _, receipt, fen = await paid_twice(city.office, city.db)
    named = letter()
    asked = await requested(city.office, {"receipt": receipt}, reason=REASON, transfer=named)
    await approved(city.office, asked["id"])
    await city.deliver()
    paper = await propose(city, named, format_yuan(fen))
    assert (await post(city, paper)).status_code == 200
    if learns_between:
        await learn(city)
        assert (await of(city, asked["id"]))["status"] == "paid"
    await reverse(city, paper)
    await learn(city)
    found = await of(city, asked["id"])
    assert (found["status"], found["returned_on"]) == ("returned", REVERSED)
    assert await suspended(city.office, receipt) == format_yuan(fen)
    for day in (BOOKED, REVERSED, LATER):
        await city.control(day)
        await parts(city, day)
    trail = (await city.office.get("supervisor", f"/v1/refunds/{asked['id']}/trail")).json()
    assert [one["step"] for one in trail["items"]] == ["request", "approve", "paid", "reversed"]
    again = await requested(
        city.office, {"receipt": receipt}, reason=REASON, transfer=named | {"supplement": 1}
    )
    assert parse_yuan(again["amount"]) == fen


async def test_a_letter_needs_a_receipt_and_a_fund_with_accounts(city: City) -> None:
    _, receipt, _ = await paid_twice(city.office, city.db)
    for source, more in (
        ({"credits_of": "91120101MA05K0TH1H"}, {}),
        ({"receipt": receipt}, {"deposit": "fiscal_deposit"}),
        ({"receipt": receipt}, {"transfer": letter() | {"fund": "work_injury"}}),
    ):
        answer = await request(city.office, source, **({"transfer": letter()} | more))
        assert answer.status_code == 422, answer.text
