"""Money that moves between funds, or back to the payer, after it was swept: the month still ends at zero."""

from typing import Any

from httpx import Response

from shared.roles import Role
from tests.ledger.conftest import Ledger
from tests.ledger.support.making import fresh, pair, receipt
from tests.ledger.support.settling import approve, propose
from tests.ledger.support.year import collect, post

FIRST, SWEPT, LATER, END = "2021-07-05", "2021-07-10", "2021-07-20", "2021-07-31"


async def settled(ledger: Ledger, kind: str, day: str = END) -> Response:
    return await approve(ledger, await propose(ledger, kind, day))


async def deposits(ledger: Ledger, fund: str, district: str | None = None) -> tuple[str, str]:
    narrow = {"district": district} if district else {}
    accounts = await ledger.balances(fund, as_of=END, **narrow)
    return accounts["income_deposit"], accounts["fiscal_deposit"]


async def reallocate(ledger: Ledger, amount: str, giver: str, taker: str) -> None:
    """Move money of a receipt between funds, as collection does when something becomes known late."""
    income = "contribution_income.pooled"
    entries = [
        *pair(giver, income, "income_deposit", amount),
        *pair(taker, "income_deposit", income, amount),
    ]
    await post(ledger, receipt(kind="reallocation", book_date=LATER, entries=entries))


async def returned(ledger: Ledger, fund: str, amount: str) -> None:
    entries = pair(fund, "contribution_income.pooled", "income_deposit", amount)
    await post(ledger, receipt(kind="receipt_return", book_date=LATER, entries=entries))


def amounts(answer: Response) -> dict[str, str]:
    return {one["fund"]: one["amount"] for one in answer.json()["amounts"]}


async def test_a_fund_below_zero_takes_back_from_its_fiscal_account(books: Ledger) -> None:
    await collect(books, "pension", "100.00", FIRST)
    await collect(books, "medical", "50.00", FIRST)
    await settled(books, "sweep", SWEPT)
    await reallocate(books, "30.00", "pension", "medical")
    await collect(books, "pension", "10.00", LATER, "nankai")
    assert (await books.get("/v1/in-transit", cut_off=END)).json()["total"] == "10.00"
    done = await settled(books, "sweep")
    assert amounts(done) == {"medical": "30.00", "pension": "-20.00"}
    assert await deposits(books, "pension") == ("0.00", "80.00")
    assert await deposits(books, "medical") == ("0.00", "80.00")
    for district in ("heping", "nankai"):
        assert (await deposits(books, "pension", district))[0] == "0.00"


async def test_funds_that_make_each_other_good_are_swept_though_the_bank_moves_nothing(
    books: Ledger,
) -> None:
    await collect(books, "pension", "100.00", FIRST)
    await settled(books, "sweep", SWEPT)
    await reallocate(books, "30.00", "pension", "medical")
    assert amounts(await settled(books, "sweep")) == {"medical": "30.00", "pension": "-30.00"}
    assert (await deposits(books, "pension"), await deposits(books, "medical")) == (
        ("0.00", "70.00"),
        ("0.00", "30.00"),
    )


async def test_money_that_the_bank_took_back_after_the_sweep_comes_from_the_fiscal_account(
    books: Ledger,
) -> None:
    await collect(books, "pension", "100.00", FIRST)
    await collect(books, "medical", "40.00", FIRST)
    await settled(books, "sweep", SWEPT)
    await returned(books, "pension", "60.00")
    await collect(books, "medical", "5.00", LATER)
    refused = await propose(books, "sweep", END)
    assert (refused.status_code, refused.json()["code"]) == (409, "SWEEP_BACK_NEEDED")
    early = await propose(books, "sweep_back", SWEPT)
    assert (early.status_code, early.json()["code"]) == (409, "NOTHING_TO_MOVE")
    back = await settled(books, "sweep_back")
    assert amounts(back) == {"medical": "5.00", "pension": "-60.00"}
    assert await deposits(books, "pension") == ("0.00", "40.00")
    assert await deposits(books, "medical") == ("0.00", "45.00")
    month_end = (await books.get("/v1/in-transit", cut_off=END)).json()["month_end"]
    assert month_end["is_zero"]


async def test_a_fiscal_account_gives_back_no_more_than_it_has_on_every_later_day(
    books: Ledger,
) -> None:
    await collect(books, "pension", "100.00", FIRST)
    await settled(books, "sweep", SWEPT)
    spent = {"amounts": [{"fund": "pension", "amount": "70.00"}]}
    await books.settle("expenditure_funding", END, **spent)
    await returned(books, "pension", "30.01")
    short = await settled(books, "sweep_back", LATER)
    assert (short.status_code, short.json()["code"]) == (409, "INSUFFICIENT_FUNDS")
    assert "fiscal_subsidy" in short.json()["errors"][0]["message"], "the next step"
    subsidy = {"amounts": [{"fund": "pension", "amount": "0.01"}]}
    await books.settle("fiscal_subsidy", LATER, **subsidy)
    assert amounts(await settled(books, "sweep_back", LATER)) == {"pension": "-30.01"}
    assert await deposits(books, "pension") == ("0.00", "0.00")


async def test_sweeping_back_needs_two_people_of_the_centre(books: Ledger) -> None:
    body: dict[str, Any] = {"kind": "sweep_back", "day": END}
    for role, district in ((Role.DISTRICT_CLERK, "heping"), (Role.DEPARTMENT_HEAD, "centre")):
        assert (await books.post("/v1/settlements", body, role, district)).status_code == 403
    await collect(books, "pension", "1.00", FIRST)
    await settled(books, "sweep", SWEPT)
    await returned(books, "pension", "1.00")
    proposed = await propose(books, "sweep_back", END)
    path = f"/v1/settlements/{proposed.json()['id']}/approvals"
    same = await books.post(path, {}, Role.DEPARTMENT_HEAD, subject="fund_accountant")
    assert same.json()["code"] == "SAME_PERSON_TWICE"
    assert (await books.post(path, {}, Role.CENTRE_LEADER, key=fresh("key"))).status_code == 200
