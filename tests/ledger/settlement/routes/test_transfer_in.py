"""Transfers from another city: one letter, two people, the books and the account in one commit."""

from typing import Any

from shared.roles import Role
from tests.ledger.conftest import Ledger
from tests.ledger.support.persons import person, statement
from tests.ledger.support.reversing import reverse

LETTER = {
    "person": person(77),
    "city": "上海市",
    "letter": "LXH-120000-2021-00009",
    "account": "800.00",
    "years": [{"year": 2019, "months": 6, "base": "30000.00"}],
    "without_receipt": "财政专户直接收款",
}


def amounts(amount: str, fund: str = "pension") -> list[dict[str, str]]:
    return [{"fund": fund, "amount": amount}]


async def propose(
    books: Ledger, amount: str = "2000.00", fund: str = "pension", **more: Any
) -> Any:
    body = {"kind": "transfer_in", "day": "2021-07-20", "amounts": amounts(amount, fund)}
    body |= {"transfer": LETTER | more}
    return await books.post("/v1/settlements", body, Role.FUND_ACCOUNTANT)


async def test_a_letter_books_the_money_and_credits_the_person_once(books: Ledger) -> None:
    twin = await propose(books)
    posted = await books.settle(
        "transfer_in", "2021-07-20", amounts=amounts("2000.00"), transfer=LETTER
    )
    assert (posted["letter"], posted["account"]) == (LETTER["letter"], "800.00")
    [year] = await statement(books, 77, to_year=2021)
    assert (year["transfer_in"], year["closing"]) == ("800.00", "800.00")
    shown = await books.get(f"/v1/personal-accounts/{person(77)}/statement", Role.SUPERVISOR)
    [months] = shown.json()["brought"]
    assert (months["year"], months["months"], months["base_total"]) == (2019, 6, "30000.00")
    funds = (await books.get("/v1/funds/balances")).json()["funds"]
    [row] = [one for one in funds if one["fund"] == "pension"]
    assert (row["accounts"]["transfer_income"], row["accounts"]["income_deposit"]) == (
        "2000.00",
        "2000.00",
    )
    again = await propose(books, letter=LETTER["letter"].lower())
    assert (again.status_code, again.json()["code"]) == (409, "TRANSFER_LETTER_USED")
    late = await books.post(
        f"/v1/settlements/{twin.json()['id']}/approvals", {}, Role.DEPARTMENT_HEAD
    )
    assert (late.status_code, late.json()["code"]) == (409, "TRANSFER_LETTER_USED")
    repeated = await propose(books, "5.00", supplement=1, account="5.00")
    assert (repeated.status_code, repeated.json()["code"]) == (409, "TRANSFER_YEARS_BROUGHT")
    assert "2019" in repeated.json()["detail"]
    later = LETTER | {"supplement": 1, "account": "5.00", "years": []}
    await books.settle("transfer_in", "2021-07-20", amounts=amounts("5.00"), transfer=later)
    [year] = await statement(books, 77, to_year=2021)
    assert year["closing"] == "805.00"
    control = (await books.get("/v1/personal-control", deep=True)).json()
    assert (control["totals_tie"], control["holds"]) == (True, True)


async def test_a_transfer_to_the_wrong_person_is_reversed_while_the_account_holds_it(
    books: Ledger,
) -> None:
    letter = LETTER | {"person": person(78), "letter": "LXH-120000-2021-00010"}
    wrong = await books.settle(
        "transfer_in", "2021-07-20", amounts=amounts("2000.00"), transfer=letter
    )
    red = await reverse(books, wrong["voucher"], book_date="2021-07-21")
    assert red.status_code == 200, red.text
    [year] = await statement(books, 78, to_year=2021)
    assert (year["transfer_in"], year["closing"]) == ("0.00", "0.00")
    shown = await books.get(f"/v1/personal-accounts/{person(78)}/statement", Role.SUPERVISOR)
    assert shown.json()["brought"] == []
    right = letter | {"person": person(79), "supplement": 1}
    booked = await books.settle(
        "transfer_in", "2021-07-20", amounts=amounts("2000.00"), transfer=right
    )
    [year] = await statement(books, 79, to_year=2021)
    assert year["closing"] == "800.00"
    control = (await books.get("/v1/personal-control", deep=True)).json()
    assert (control["totals_tie"], control["holds"]) == (True, True)
    out = {"paper": "ZC-79", "person": person(79), "fund": "pension", "direction": "out"}
    out |= {"amount": "0.01", "day": "2021-07-20"}
    spent = await books.post("/v1/personal-transfers", out, Role.PAYOUT_SERVICE)
    assert spent.status_code == 201, spent.text
    late = await reverse(books, booked["voucher"], book_date="2021-07-21")
    assert late.json()["code"] == "TRANSFER_NOT_REVERSIBLE", late.text


async def test_every_fault_of_a_letter_is_named(books: Ledger) -> None:
    year = {"year": 2019, "months": 6, "base": "1.00"}
    refused = await propose(books, "1.00", account="2.00", years=[year, year])
    assert [one["code"] for one in refused.json()["errors"]] == [
        "ACCOUNT_EXCEEDS_AMOUNT",
        "YEAR_TWICE",
    ]
    refused = await propose(books, "3.00", "medical", account="2.00")
    assert [one["code"] for one in refused.json()["errors"]] == ["ACCOUNT_NOT_WHOLE"]
    refused = await propose(books, "3.00", "work_injury", account="3.00")
    assert [one["code"] for one in refused.json()["errors"]] == ["FUND_WITHOUT_ACCOUNTS"]
    body = {"kind": "transfer_in", "day": "2021-07-20", "amounts": amounts("1.00")}
    missing = await books.post("/v1/settlements", body, Role.FUND_ACCOUNTANT)
    assert [one["code"] for one in missing.json()["errors"]] == ["TRANSFER_EXPECTED"]
