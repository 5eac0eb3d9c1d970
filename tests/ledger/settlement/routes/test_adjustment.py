"""Interest and adjustment money over HTTP, and faults of parts."""

from typing import Any

import pytest
from httpx import Response

from shared.roles import Role
from tests.ledger.conftest import Ledger
from tests.ledger.support.settling import Body, approve, propose, refused
from tests.ledger.support.year import collect


@pytest.mark.parametrize(
    "deposit", ["income_deposit", "fiscal_deposit", "expenditure_deposit", "treasury_deposit"]
)
async def test_interest_is_received_on_its_deposit(books: Ledger, deposit: str) -> None:
    amounts = [{"fund": "pension", "amount": "3.21"}, {"fund": "medical", "amount": "1.00"}]
    done = await books.settle("interest_received", amounts=amounts, deposit=deposit)
    assert done["deposit"] == deposit
    after = await books.balances()
    assert (after[deposit], after["interest_income"]) == ("3.21", "3.21")


async def test_payments_to_the_level_above_are_capped(books: Ledger) -> None:
    await collect(books, "medical", "1000.00", "2020-07-10")
    await collect(books, "medical", "800.00", "2021-07-10")
    await books.settle("sweep", "2021-07-20")
    fund = [{"fund": "medical", "amount": "500.00"}]
    await books.settle("expenditure_funding", "2021-07-20", amounts=fund)

    async def remit(amount: str) -> Response:
        return await propose(
            books, "adjustment_remit", amounts=[{"fund": "medical", "amount": amount}]
        )

    # A tenth of 1,000.00 is 100.00; 15 % of 800.00 would allow 120.00.
    assert refused(await remit("100.01")) == (409, "ADJUSTMENT_CAPPED", "/amounts/0/amount")
    both = [await remit("70.00") for _ in range(2)]
    assert (await approve(books, both[0])).status_code == 200
    assert refused(await approve(books, both[1]))[1] == "ADJUSTMENT_CAPPED"
    assert (await approve(books, await remit("30.00"))).status_code == 200
    after = await books.balances("medical")
    assert (after["superior_remittance"], after["expenditure_deposit"]) == ("100.00", "400.00")
    await books.settle("superior_grant", amounts=[{"fund": "medical", "amount": "25.00"}])
    assert (await books.balances("medical"))["superior_subsidy"] == "25.00"
    without = await propose(
        books, "adjustment_remit", amounts=[{"fund": "large_medical", "amount": "1.00"}]
    )
    assert refused(without)[1] == "ADJUSTMENT_RULE_MISSING"


def request(district: str, gap: str, **changes: Any) -> Body:
    values = {
        "fund": "medical",
        "district": district,
        "gap": gap,
        "own_surplus": "0.00",
        "follows_policy": True,
        "paid_up_in_full": True,
        "met_targets": True,
    }
    return values | changes


async def test_grants_are_capped_and_booked_by_district(books: Ledger) -> None:
    paid_up = [
        {"fund": "medical", "amount": "60.00", "district": "heping"},
        {"fund": "medical", "amount": "30.00", "district": "nankai"},
    ]
    await books.settle("adjustment_received", amounts=paid_up)
    await books.settle("sweep")
    await books.settle("expenditure_funding", amounts=[{"fund": "medical", "amount": "90.00"}])
    requests = [
        request("heping", "200.00"),
        request("nankai", "400.00"),
        request("binhai", "900.00", met_targets=False),
    ]
    proposed = await propose(books, "adjustment_grant", requests=requests)
    amounts = {part["district"]: part["amount"] for part in proposed.json()["parts"]}
    # 30 % of the gaps are 60.00 and 120.00; 90.00 are there: half of each.
    assert amounts == {"heping": "30.00", "nankai": "60.00", "binhai": "0.00"}
    twin = await propose(books, "adjustment_grant", requests=requests)
    done = await approve(books, proposed)
    assert done.json()["amounts"] == [{"fund": "medical", "amount": "90.00"}]
    assert refused(await approve(books, twin))[1] == "ADJUSTMENT_CAPPED"
    nankai = await books.balances("medical", district="nankai")
    assert nankai["subordinate_subsidy"] == "60.00"


async def test_a_settlement_in_parts_is_posted_once(books: Ledger) -> None:
    body = {"amounts": [{"fund": "pension", "amount": "5.00"}], "deposit": "fiscal_deposit"}
    proposed = await propose(books, "interest_received", **body)
    path = f"/v1/settlements/{proposed.json()['id']}/approvals"
    own = await books.post(path, {}, Role.DEPARTMENT_HEAD, subject="fund_accountant")
    assert own.json()["code"] == "SAME_PERSON_TWICE"
    first, again = [await approve(books, proposed) for _ in range(2)]
    assert first.json() == again.json()
    assert (await books.balances())["interest_income"] == "5.00"


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        (
            {"kind": "interest_received", "amounts": [{"fund": "pension", "amount": "1.00"}]},
            {"DEPOSIT_EXPECTED"},
        ),
        (
            {
                "kind": "interest_received",
                "deposit": "cash",
                "amounts": [{"fund": "pension", "amount": "1.00", "district": "heping"}],
            },
            {"DEPOSIT_UNSUITABLE", "DISTRICT_NOT_EXPECTED"},
        ),
        (
            {
                "kind": "expenditure_funding",
                "refund": f"rfd_{1:048x}",
                "voucher": "vch_0_1",
                "amounts": [{"fund": "pension", "amount": "1.00"}],
            },
            {"REFUND_NOT_EXPECTED", "VOUCHER_NOT_EXPECTED"},
        ),
        (
            {
                "kind": "expenditure_funding",
                "over_budget": "x",
                "amounts": [
                    {"fund": "pension", "amount": "1.00", "account": "income_deposit"},
                    {"fund": "pension", "amount": "1.00", "account": "benefit.hospital"},
                ],
            },
            {"ACCOUNT_NOT_AN_EXPENSE", "ACCOUNT_NOT_IN_FUND"},
        ),
        (
            {"kind": "sweep", "over_budget": "x", "deposit": "fiscal_deposit"},
            {"OVER_BUDGET_NOT_EXPECTED", "DEPOSIT_NOT_EXPECTED"},
        ),
        ({"kind": "adjustment_grant"}, {"REQUESTS_AMISS"}),
        ({"kind": "sweep", "requests": [request("heping", "1.00")]}, {"REQUESTS_AMISS"}),
    ],
)
async def test_every_unexpected_part_is_named(ledger: Ledger, body: Body, codes: set[str]) -> None:
    answer = await ledger.post(
        "/v1/settlements", {"day": "2021-07-31"} | body, Role.FUND_ACCOUNTANT
    )
    assert answer.status_code == 422, answer.text
    assert {fault["code"] for fault in answer.json()["errors"]} == codes
