"""Year ends and reopenings over HTTP: carry-overs are posted once and reversed."""

from typing import Any

from shared.roles import Role
from tests.ledger.conftest import Ledger
from tests.ledger.support.making import pair, receipt
from tests.ledger.support.reversing import reverse
from tests.ledger.support.year import (
    close,
    collect,
    control,
    play,
    post,
    propose,
    reopen,
)


async def test_a_reopening_needs_a_reason_two_people_and_a_closed_day(ledger: Ledger) -> None:
    await close(ledger, "month", "2021-07")
    for body in ({"from_day": "2021-07-20"}, {"from_day": "2021-07-20", "reason": " "}):
        assert (await ledger.post("/v1/reopenings", body, Role.FUND_ACCOUNTANT)).status_code == 422
    ahead = {"from_day": "2021-08-01", "reason": "r"}
    answer = await ledger.post("/v1/reopenings", ahead, Role.FUND_ACCOUNTANT)
    assert (answer.status_code, answer.json()["code"]) == (409, "NOT_CLOSED")
    opened = await reopen(ledger, "2021-07-20", "银行补送回单")
    assert (opened["closed_until"], opened["reason"]) == ("2021-07-19", "银行补送回单")
    assert (await ledger.post("/v1/vouchers", receipt(book_date="2021-07-19"))).status_code == 409
    assert (await ledger.post("/v1/vouchers", receipt(book_date="2021-07-20"))).status_code == 201
    listed = (await ledger.get("/v1/closings")).json()["items"]
    assert [(one["action"], one["reopened_by"]) for one in listed] == [
        ("reopen", None),
        ("close", opened["id"]),
    ]


async def closed_year(ledger: Ledger) -> dict[str, Any]:
    await play(ledger)
    await close(ledger, "month", "2020-12")
    await close(ledger, "year", "2020")
    for month in range(1, 13):
        await close(ledger, "month", f"2021-{month:02d}")
    return await close(ledger, "year", "2021")


async def test_a_year_carries_over_exactly_once_per_fund(ledger: Ledger) -> None:
    done = await closed_year(ledger)
    assert [one["fund"] for one in done["carried"]] == ["medical", "pension"]
    of_pension = next(one for one in done["carried"] if one["fund"] == "pension")
    voucher = (await ledger.get(f"/v1/vouchers/{of_pension['voucher']}")).json()
    assert (voucher["event_id"], voucher["slot"], voucher["source"], voucher["book_date"]) == (
        "carry_over:2021:pension",
        0,
        "ledger",
        "2021-12-31",
    )
    assert [(e["account"], e["side"], e["amount"]) for e in voucher["entries"]] == [
        ("benefit.basic_pension", "credit", "12300.00"),
        ("contribution_income.personal_account", "debit", "300.50"),
        ("contribution_income.pooled", "debit", "1299.50"),
        ("fiscal_subsidy", "debit", "50000.00"),
        ("general_surplus", "credit", "51600.00"),
        ("general_surplus", "debit", "12300.00"),
    ]
    pension = await ledger.balances("pension", as_of="2021-12-31")
    assert pension["general_surplus"] == "39800.00"  # 500.00 of 2020, 39,300.00 of 2021
    for account in ("contribution_income.pooled", "fiscal_subsidy", "benefit.basic_pension"):
        assert pension[account] == "0.00"
    medical = await ledger.balances("medical", as_of="2021-12-31")
    assert medical["general_surplus"] == "1149.75"
    alone = await reverse(ledger, voucher["id"], book_date="2022-01-05")
    assert (alone.status_code, alone.json()["code"]) == (409, "CARRY_OVER_NOT_REVERSIBLE")
    again = await propose(ledger, "year", "2021")
    assert (again.status_code, again.json()["code"]) == (409, "ALREADY_CLOSED")


async def test_only_the_ledger_posts_carry_overs(ledger: Ledger) -> None:
    entries = pair("pension", "contribution_income.pooled", "general_surplus", "1.00", "centre")
    answer = await ledger.post(
        "/v1/vouchers", receipt(kind="carry_over", owner="centre", entries=entries)
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "FLOW_FORBIDDEN")


async def test_a_reopened_year_reverses_its_carry_over_and_closes_again(
    ledger: Ledger,
) -> None:
    first = await closed_year(ledger)
    opened = await reopen(ledger, "2021-12-15", "补记十二月收入")
    assert {one["fund"] for one in opened["carried"]} == {"medical", "pension"}
    pension = await ledger.balances("pension", as_of="2021-12-31")
    assert (pension["general_surplus"], pension["contribution_income.pooled"]) == (
        "500.00",
        "1299.50",
    )
    red = (await ledger.get(f"/v1/vouchers/{opened['carried'][0]['voucher']}")).json()
    assert red["reverses"] == first["carried"][0]["voucher"]
    await collect(ledger, "pension", "0.50", "2021-12-20")
    await ledger.settle("sweep", "2021-12-28")
    await close(ledger, "month", "2021-12")
    second = await close(ledger, "year", "2021")
    voucher = next(one for one in second["carried"] if one["fund"] == "pension")["voucher"]
    read = (await ledger.get(f"/v1/vouchers/{voucher}")).json()
    assert read["event_id"] == "carry_over:2021:pension:2"
    assert (await ledger.balances("pension", as_of="2021-12-31"))["general_surplus"] == "39800.50"
    assert (await ledger.get("/v1/closed-until")).json()["year"] == "2021"


async def test_the_chain_and_the_other_slots_stay_usable_after_closings(ledger: Ledger) -> None:
    await close(ledger, "day", "2021-07-15")
    for number in range(20):
        await post(ledger, receipt("1.00", owner=f"UNIT-{number}", book_date="2021-07-16"))
    await close(ledger, "day", "2021-07-16", control=await control(ledger, "2021-07-16"))
