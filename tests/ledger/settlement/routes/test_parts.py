"""Plans against a budget, refunds by their route, interest, adjustment money, money in transit."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from httpx import Response

from shared.roles import Role
from tests.ledger.conftest import Ledger
from tests.ledger.support.making import pair, receipt
from tests.ledger.support.year import bill, collect, identify, new_ledger, post, suspend

Body = dict[str, Any]


@pytest.fixture
async def books(
    server_url: str,
    template: str,
    settings_for: Callable[..., Any],
    client_of: Callable[..., Any],
    bearer: Callable[..., dict[str, str]],
) -> AsyncIterator[Ledger]:
    """Books of their own for every test."""
    async with new_ledger(server_url, template, settings_for, client_of, bearer) as ledger:
        yield ledger


async def propose(ledger: Ledger, kind: str, day: str = "2021-07-31", **more: Any) -> Response:
    body = {"kind": kind, "day": day} | more
    return await ledger.post("/v1/settlements", body, Role.FUND_ACCOUNTANT)


async def approve(
    ledger: Ledger, proposed: Response, role: Role = Role.DEPARTMENT_HEAD
) -> Response:
    assert proposed.status_code == 201, proposed.text
    return await ledger.post(f"/v1/settlements/{proposed.json()['id']}/approvals", {}, role)


def refused(answer: Response) -> tuple[int, str, str]:
    """Status, code, and the first fault's pointer."""
    body = answer.json()
    return answer.status_code, body["code"], (body["errors"] or [{"pointer": ""}])[0]["pointer"]


# --- budget ---------------------------------------------------------------------------------


async def budget(ledger: Ledger, amount: str, account: str = "benefit.basic_pension") -> None:
    row = {"fund": "pension", "account": account, "year": 2021, "amount": amount}
    body = {"source": "津财社〔2021〕1号", "rows": [row]}
    answer = await ledger.post("/v1/budgets", body, Role.CENTRE_AUDITOR)
    assert answer.status_code == 201, answer.text


def plan(amount: str, account: str | None = "benefit.basic_pension") -> list[Body]:
    return [{"fund": "pension", "amount": amount} | ({"account": account} if account else {})]


async def test_a_plan_within_its_budget_is_funded_and_counted(books: Ledger) -> None:
    await books.settle("fiscal_subsidy", amounts=plan("1000.00", None))
    await budget(books, "500.00")
    await books.settle("expenditure_funding", amounts=plan("300.00"))
    [row] = (await books.get("/v1/budgets", year=2021)).json()["items"]
    assert (row["amount"], row["funded"], row["left"]) == ("500.00", "300.00", "200.00")
    assert (await books.balances())["expenditure_deposit"] == "300.00"


async def test_a_plan_beyond_its_budget_is_refused_unless_the_leader_approves_it_as_such(
    books: Ledger,
) -> None:
    await books.settle("fiscal_subsidy", amounts=plan("1000.00", None))
    await budget(books, "500.00")
    answer = await propose(books, "expenditure_funding", amounts=plan("500.01"))
    assert refused(answer) == (409, "OVER_BUDGET", "/amounts/0/amount")
    as_such = {"amounts": plan("500.01"), "over_budget": "春节提前发放"}
    proposed = await propose(books, "expenditure_funding", **as_such)
    assert proposed.json()["over_budget"] == "春节提前发放"
    assert refused(await approve(books, proposed))[1] == "OVER_BUDGET"
    done = await approve(books, proposed, Role.CENTRE_LEADER)
    assert (done.status_code, done.json()["status"]) == (200, "posted")


async def test_two_plans_that_fit_alone_do_not_fit_together(books: Ledger) -> None:
    """The budget is counted when a plan is approved, not when it is proposed."""
    await books.settle("fiscal_subsidy", amounts=plan("1000.00", None))
    await budget(books, "500.00")
    first, second = [
        await propose(books, "expenditure_funding", amounts=plan("300.00")) for _ in range(2)
    ]
    assert (await approve(books, first)).status_code == 200
    assert refused(await approve(books, second)) == (409, "OVER_BUDGET", "/amounts/0/amount")
    await budget(books, "600.00")  # a later document raises it
    assert (await approve(books, second)).status_code == 200


async def test_a_plan_of_a_budgeted_fund_must_name_its_accounts(books: Ledger) -> None:
    await budget(books, "500.00")
    nameless = await propose(books, "expenditure_funding", amounts=plan("1.00", None))
    assert refused(nameless) == (409, "OVER_BUDGET", "/amounts/0/account")
    excused = await propose(
        books, "expenditure_funding", amounts=plan("1.00", None), over_budget="无科目"
    )
    assert refused(excused)[1] == "OVER_BUDGET"
    unbudgeted = await propose(
        books, "expenditure_funding", amounts=plan("1.00", "benefit.funeral_grant")
    )
    assert refused(unbudgeted)[1] == "OVER_BUDGET"


async def test_only_who_may_records_a_budget_and_every_fault_is_named(books: Ledger) -> None:
    row = {"fund": "pension", "account": "benefit.hospital", "year": 2021, "amount": "1.00"}
    body = {"source": "x", "rows": [row, row | {"account": "income_deposit"}]}
    assert (await books.post("/v1/budgets", body, Role.FUND_ACCOUNTANT)).status_code == 403
    answer = await books.post("/v1/budgets", body, Role.CENTRE_AUDITOR)
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [
        "/rows/0/account",
        "/rows/1/account",
    ]


# --- refunds --------------------------------------------------------------------------------


def back(amount: str, account: str = "contribution_income.pooled", **more: str) -> Body:
    part = {"fund": "pension", "amount": amount, "account": account, "district": "heping"}
    return {"amounts": [part | more]}


async def test_a_refund_goes_back_by_the_account_it_came_by(books: Ledger) -> None:
    receipt = await collect(books, "pension", "100.00", "2021-07-10")
    asked = back("30.00") | {"voucher": receipt["id"], "deposit": "income_deposit"}
    done = await approve(books, await propose(books, "refund", **asked))
    assert done.json()["refunds"] == receipt["id"]
    after = await books.balances(district="heping")
    assert (after["income_deposit"], after["contribution_income.pooled"]) == ("70.00", "70.00")
    voucher = (await books.get(f"/v1/vouchers/{done.json()['voucher']}")).json()
    assert voucher["references"]["voucher"] == receipt["id"]


async def test_no_more_is_refunded_than_was_received_however_often_it_is_tried(
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


async def test_what_was_reversed_is_not_refunded_too(books: Ledger) -> None:
    receipt = await collect(books, "pension", "100.00", "2021-07-10")
    body = {"event_id": "rev-1", "book_date": "2021-07-11", "summary": "冲销"}
    reversed_ = await books.post(
        f"/v1/vouchers/{receipt['id']}/reversals", body, Role.FUND_ACCOUNTANT
    )
    assert reversed_.status_code == 201, reversed_.text
    asked = back("1.00") | {"voucher": receipt["id"], "deposit": "income_deposit"}
    assert refused(await propose(books, "refund", **asked))[1] == "NOT_REFUNDABLE"


async def test_after_the_sweep_a_refund_comes_from_the_fiscal_account(books: Ledger) -> None:
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


async def test_an_unknown_receipt_is_refunded_out_of_suspense_once_and_not_when_identified(
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
async def test_late_fees_and_interest_are_refunded_by_their_route_too(
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


async def test_only_what_payers_brought_can_be_refunded(books: Ledger) -> None:
    done = await books.settle("fiscal_subsidy", amounts=[{"fund": "pension", "amount": "10.00"}])
    for voucher in (done["voucher"], "vch_0_999", "vch_999_1"):
        asked = back("1.00", "fiscal_subsidy") | {"voucher": voucher, "deposit": "fiscal_deposit"}
        assert refused(await propose(books, "refund", **asked)) == (
            409,
            "NOT_REFUNDABLE",
            "/voucher",
        )


# --- interest and adjustment money ----------------------------------------------------------


@pytest.mark.parametrize(
    "deposit", ["income_deposit", "fiscal_deposit", "expenditure_deposit", "treasury_deposit"]
)
async def test_interest_comes_to_the_deposit_that_bore_it(books: Ledger, deposit: str) -> None:
    amounts = [{"fund": "pension", "amount": "3.21"}, {"fund": "medical", "amount": "1.00"}]
    done = await books.settle("interest_received", amounts=amounts, deposit=deposit)
    assert done["deposit"] == deposit
    after = await books.balances()
    assert (after[deposit], after["interest_income"]) == ("3.21", "3.21")


async def test_what_is_paid_up_is_capped_by_the_books(books: Ledger) -> None:
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


async def test_grants_are_capped_shrink_alike_and_stand_by_district(books: Ledger) -> None:
    paid_up = [
        {"fund": "medical", "amount": "60.00", "district": "heping"},
        {"fund": "medical", "amount": "30.00", "district": "nankai"},
    ]
    await books.settle("adjustment_received", amounts=paid_up)
    await books.settle("sweep")
    await books.settle("expenditure_funding", amounts=[{"fund": "medical", "amount": "90.00"}])
    asked = [
        request("heping", "200.00"),
        request("nankai", "400.00"),
        request("binhai", "900.00", met_targets=False),
    ]
    proposed = await propose(books, "adjustment_grant", requests=asked)
    told = {part["district"]: part["amount"] for part in proposed.json()["parts"]}
    # 30 % of the gaps are 60.00 and 120.00; 90.00 are there: half of each.
    assert told == {"heping": "30.00", "nankai": "60.00", "binhai": "0.00"}
    twin = await propose(books, "adjustment_grant", requests=asked)
    done = await approve(books, proposed)
    assert done.json()["amounts"] == [{"fund": "medical", "amount": "90.00"}]
    assert refused(await approve(books, twin))[1] == "ADJUSTMENT_CAPPED"
    nankai = await books.balances("medical", district="nankai")
    assert nankai["subordinate_subsidy"] == "60.00"


async def test_a_settlement_in_parts_is_posted_once_whoever_asks_again(books: Ledger) -> None:
    asked = {"amounts": [{"fund": "pension", "amount": "5.00"}], "deposit": "fiscal_deposit"}
    proposed = await propose(books, "interest_received", **asked)
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
                "kind": "refund",
                "deposit": "expenditure_deposit",
                "amounts": [{"fund": "pension", "amount": "1.00"}],
            },
            {"DEPOSIT_UNSUITABLE", "VOUCHER_EXPECTED", "ACCOUNT_EXPECTED", "DISTRICT_EXPECTED"},
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
async def test_every_part_that_does_not_belong_is_named(
    ledger: Ledger, body: Body, codes: set[str]
) -> None:
    answer = await ledger.post(
        "/v1/settlements", {"day": "2021-07-31"} | body, Role.FUND_ACCOUNTANT
    )
    assert answer.status_code == 422, answer.text
    assert {fault["code"] for fault in answer.json()["errors"]} == codes


# --- in transit -----------------------------------------------------------------------------


async def test_what_waits_for_the_sweep_is_told_with_its_days_and_what_comes_too_late(
    books: Ledger,
) -> None:
    await collect(books, "pension", "10.00", "2021-07-05")
    await books.settle("sweep", "2021-07-06")
    await collect(books, "pension", "20.00", "2021-07-20")
    await collect(books, "pension", "5.00", "2021-07-28", "nankai", channel="treasury_deposit")
    await collect(books, "pension", "7.00", "2021-08-02")
    told = (await books.get("/v1/in-transit", cut_off="2021-07-31")).json()
    assert told["total"] == "25.00"
    assert [
        (i["account"], i["district"], i["amount"], i["since"], i["days"], i["later"])
        for i in told["items"]
    ] == [
        ("income_deposit", "heping", "20.00", "2021-07-20", 11, "7.00"),
        ("treasury_deposit", "nankai", "5.00", "2021-07-28", 3, "0.00"),
    ]
    assert told["month_end"] == {
        "day": "2021-07-31",
        "is_zero": False,
        "left": {"pension": "20.00"},
    }
    await books.settle("sweep", "2021-07-31")
    await books.settle("treasury_remit", "2021-07-31")
    after = (await books.get("/v1/in-transit", cut_off="2021-07-31")).json()
    assert (after["total"], after["month_end"]["is_zero"]) == ("0.00", True)
    assert [(i["amount"], i["later"]) for i in after["items"]] == [("0.00", "7.00")]
    earlier = (await books.get("/v1/in-transit", cut_off="2021-07-10")).json()
    assert earlier["month_end"]["day"] == "2021-06-30"
