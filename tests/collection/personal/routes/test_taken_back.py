"""People lose what they were credited when the bank takes the money back, and get it again."""

from __future__ import annotations

from itertools import count
from typing import Any

import httpx
import pytest

from services.collection.reallocation.jobs import run_due
from shared import clock
from shared.money import format_yuan
from tests.collection.support.city import DAY, City, billed, shares
from tests.collection.support.restating import Unit, bill, bill_of, corrected, pay

_numbers = count(1)


async def take_back(city: City, unit: Unit, day: str, amount: str | None = None) -> None:
    """Two people take the unit's first receipt back that still holds money."""
    rows = (await city.office.get("supervisor", "/v1/receipts", limit=500)).json()["items"]
    receipt = next(
        one for one in rows if one["credit_code"] == unit.code and one["status"] != "returned"
    )
    body: dict[str, Any] = {
        "amount": amount,
        "returned_on": day,
        "bank_serial": f"PTH-{next(_numbers)}",
        "reason": "退票",
        "document": "银行退票通知",
    }
    filed = await city.office.post("fund_accountant", f"/v1/receipts/{receipt['id']}/returns", body)
    assert filed.status_code == 201, filed.text
    path = f"/v1/receipt-returns/{filed.json()['id']}/approvals"
    approved = await city.office.post("department_head", path, {}, key=f"pth-{next(_numbers)}")
    assert approved.status_code == 201, approved.text


async def test_what_was_credited_is_taken_back_and_given_again(city: City) -> None:
    unit, paper, total_fen = await billed(city, "10000.00", "6000.00")
    await pay(city.office, unit, format_yuan(total_fen), "2021-07", DAY)
    await city.deliver()
    assert await city.total(unit) == shares(paper)
    await take_back(city, unit, "2021-08-22", amount="1.00")
    while await city.relay.step():
        pass
    assert await city.total(unit) == shares(paper), "the vouchers come before the persons"
    await city.control()
    await city.deliver()
    assert await city.total(unit) == {}, "a bill that is partly paid credits nobody"
    await city.control()
    await city.control(as_of="2021-08-21")
    await pay(city.office, unit, "1.00", "2021-07", "2021-08-24")
    await city.deliver()
    assert await city.total(unit) == shares(paper)
    await take_back(city, unit, "2021-08-26")
    await city.deliver()
    await city.deliver()
    assert await city.total(unit) == {}
    for day in ("2021-08-20", "2021-08-23", "2021-08-25", "2021-08-27"):
        await city.control(as_of=day)


async def test_returned_and_paid_again_before_anything_was_sent(city: City) -> None:
    unit, paper, total_fen = await billed(city, "9000.00")
    await pay(city.office, unit, format_yuan(total_fen), "2021-07", DAY)
    await city.deliver()
    await take_back(city, unit, "2021-08-22")
    await pay(city.office, unit, format_yuan(total_fen), "2021-07", "2021-08-23")
    await city.deliver()
    assert await city.total(unit) == shares(paper)


async def test_an_answer_that_is_lost_takes_nothing_back_twice(city: City) -> None:
    unit, _, total_fen = await billed(city, "8000.00")
    await pay(city.office, unit, format_yuan(total_fen), "2021-07", DAY)
    await city.deliver()
    await take_back(city, unit, "2021-08-22")
    city.way.lost = 1
    with pytest.raises(httpx.ReadError):
        await city.crediting.step()
    await city.deliver()
    assert await city.total(unit) == {}


async def test_a_restated_month_is_taken_back_before_the_month_that_it_restates(
    city: City,
) -> None:
    unit, paper, total_fen = await billed(city, "10000.00")
    await pay(city.office, unit, format_yuan(total_fen), "2021-07", DAY)
    lower = await corrected(city.office, paper, unit, "6000.00")
    await bill(city.office, city.db, lower, bill_date="2021-08-24")
    await run_due(city.db, "tianjin")
    await city.deliver()
    assert await city.total(unit) == shares(lower)
    await take_back(city, unit, "2021-08-26")
    await run_due(city.db, "tianjin")
    await city.deliver()
    assert await city.total(unit) == {}
    left = (await bill_of(city.office, paper))["open"]
    await pay(city.office, unit, left, "2021-07", "2021-08-28")
    await run_due(city.db, "tianjin")
    await city.deliver()
    assert await city.total(unit) == shares(lower)


async def test_a_closed_year_takes_back_on_the_day_it_is_sent_again(city: City) -> None:
    unit, paper, total_fen = await billed(city, "7000.00")
    await pay(city.office, unit, format_yuan(total_fen), "2021-07", DAY)
    await city.deliver()
    await take_back(city, unit, "2021-08-22")
    closed = "UPDATE ledger.personal_fund SET closed_year = $1 WHERE fund = 'pension'"
    await city.office.fetch(closed, 2021)
    await city.deliver()
    listed = await city.office.get("supervisor", "/v1/personal-deliveries/refused")
    assert [one["reason"] for one in listed.json()["items"]] == ["PERSONAL_YEAR_CLOSED"]
    assert await city.total(unit) == shares(paper)
    again = {"deliveries": "refused"}
    path = "/v1/personal-deliveries/replays"
    answer = await city.office.post("fund_accountant", path, again)
    assert answer.json() == {"replayed": 1}
    await city.deliver()
    await city.office.fetch(closed, None)
    rows = await city.office.fetch(
        "SELECT turn, sign, credited_on, refused FROM personal_credit WHERE unit_id = $1"
        " ORDER BY turn",
        unit.id,
    )
    assert [(row["turn"], row["sign"], row["refused"]) for row in rows] == [
        (1, 1, None),
        (2, -1, None),
    ]
    assert rows[1]["credited_on"] == clock.today()
