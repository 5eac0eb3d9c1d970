"""Reversals in parts: several, linked, each once, together never beyond the original."""

from __future__ import annotations

import asyncio
from typing import Any

from shared.roles import Role
from tests.ledger.conftest import Ledger
from tests.ledger.support.making import fresh, pair, receipt


async def posted(ledger: Ledger, amount: str = "100.00", **changes: Any) -> str:
    answer = await ledger.post("/v1/vouchers", receipt(amount, **changes))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def reverse(ledger: Ledger, id: str, *parts: tuple[int, str], **changes: Any) -> Any:
    body = {"event_id": fresh("red"), "book_date": "2021-07-20", "summary": "退还"} | changes
    if parts:
        body["entries"] = [{"line": line, "amount": amount} for line, amount in parts]
    return await ledger.post(f"/v1/vouchers/{id}/reversals", body, Role.FUND_ACCOUNTANT)


def both(amount: str) -> tuple[tuple[int, str], ...]:
    return (1, amount), (2, amount)


async def test_parts_are_taken_back_until_nothing_remains(ledger: Ledger) -> None:
    await posted(ledger)
    before, id = await ledger.balances(), await posted(ledger, amount="100.00")
    first = await reverse(ledger, id, *both("30.00"))
    assert first.status_code == 201
    exceeded = await reverse(ledger, id, *both("70.01"))
    assert (exceeded.status_code, exceeded.json()["code"]) == (409, "REVERSAL_EXCEEDED")
    assert "remaining=70.00" in exceeded.json()["errors"][0]["message"]
    read = (await ledger.get(f"/v1/vouchers/{id}")).json()
    assert (read["reversals"], read["reversed_by"]) == ([first.json()["id"]], None)
    last = await reverse(ledger, id)
    red = (await ledger.get(f"/v1/vouchers/{last.json()['id']}")).json()
    assert [entry["amount"] for entry in red["entries"]] == ["-70.00", "-70.00"]
    read = (await ledger.get(f"/v1/vouchers/{id}")).json()
    assert read["reversals"] == [first.json()["id"], last.json()["id"]]
    assert read["reversed_by"] == last.json()["id"]
    assert await ledger.balances() == before
    for more in ((), both("0.01")):
        answer = await reverse(ledger, id, *more)
        assert (answer.status_code, answer.json()["code"]) == (409, "ALREADY_REVERSED")


async def test_a_repeat_gets_the_first_answer_even_when_less_remains(ledger: Ledger) -> None:
    id = await posted(ledger)
    part, rest = {"event_id": fresh("red")}, {"event_id": fresh("red")}
    done = [await reverse(ledger, id, *both("10.00"), **part), await reverse(ledger, id, **rest)]
    again = [await reverse(ledger, id, *both("10.00"), **part), await reverse(ledger, id, **rest)]
    assert [one.json()["id"] for one in again] == [one.json()["id"] for one in done]
    assert {one.json()["outcome"] for one in again} == {"replayed"}
    other = await reverse(ledger, id, *both("10.01"), **part)
    assert (other.status_code, other.json()["code"]) == (409, "EVENT_ID_REUSED")


async def test_a_part_balances_by_itself_and_speaks_of_lines_that_are_there(
    ledger: Ledger,
) -> None:
    id = await posted(ledger)
    lame = await reverse(ledger, id, (1, "10.00"), (2, "9.99"))
    assert (lame.status_code, lame.json()["code"]) == (422, "VOUCHER_UNBALANCED")
    strange = await reverse(ledger, id, (1, "1.00"), (1, "1.00"), (3, "1.00"))
    assert strange.status_code == 422
    assert [(fault["pointer"], fault["code"]) for fault in strange.json()["errors"]] == [
        ("/entries/1/line", "LINE_TWICE"),
        ("/entries/2/line", "LINE_UNKNOWN"),
    ]


async def test_one_fund_of_several_may_be_taken_back(ledger: Ledger) -> None:
    entries = [
        *pair("pension", "income_deposit", "contribution_income.pooled", "8.00"),
        *pair("medical", "income_deposit", "contribution_income.pooled", "5.00"),
    ]
    id = await posted(ledger, entries=entries)
    assert (await reverse(ledger, id, (3, "5.00"), (4, "5.00"))).status_code == 201
    exceeded = await reverse(ledger, id, (1, "8.00"), (2, "8.00"), (3, "0.01"), (4, "0.01"))
    assert [fault["pointer"] for fault in exceeded.json()["errors"]] == [
        "/entries/2/amount",
        "/entries/3/amount",
    ]
    rest = await reverse(ledger, id)
    red = (await ledger.get(f"/v1/vouchers/{rest.json()['id']}")).json()
    assert {(entry["fund"], entry["amount"]) for entry in red["entries"]} == {("pension", "-8.00")}


async def test_many_at_once_never_take_back_more_than_there_is(ledger: Ledger) -> None:
    before, id = await ledger.balances(), await posted(ledger, amount="10.00")
    answers = await asyncio.gather(*[reverse(ledger, id, *both("3.00")) for _ in range(8)])
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 5
    assert (await reverse(ledger, id)).status_code == 201
    assert await ledger.balances() == before
