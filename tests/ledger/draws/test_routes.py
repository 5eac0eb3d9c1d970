"""Pensions paid out of accounts at the door: once, in any order, never more than there ever was."""

from collections.abc import AsyncIterator, Callable
from itertools import permutations
from typing import Any

import pytest

from shared.roles import Role
from tests.ledger.conftest import Ledger
from tests.ledger.support.making import fresh
from tests.ledger.support.persons import bill, close_year, control, credit, person, send, statement
from tests.ledger.support.year import new_ledger

Body = dict[str, Any]


@pytest.fixture
async def books(
    server_url: str,
    template: str,
    settings_for: Callable[..., Any],
    client_of: Callable[..., Any],
    bearer: Callable[..., dict[str, str]],
) -> AsyncIterator[Ledger]:
    """Books of their own."""
    async with new_ledger(server_url, template, settings_for, client_of, bearer) as ledger:
        yield ledger


async def draw(books: Ledger, asked: dict[int, str], day: str = "2021-08-10", **more: Any) -> Any:
    draws = [{"person": person(key), "amount": amount} for key, amount in asked.items()]
    body = {"paper": fresh("draw"), "fund": "pension", "day": day, "draws": draws} | more
    return await books.post("/v1/personal-draws", body, Role.PAYOUT_SERVICE)


async def held(books: Ledger, key: int) -> tuple[str, str]:
    answer = await books.get("/v1/personal-balances", Role.PAYOUT_SERVICE, person=[person(key)])
    [one] = answer.json()["items"]
    return one["balance"], one["pensions"]


async def test_an_account_gives_what_it_holds_and_a_return_puts_back_what_it_gave(
    books: Ledger,
) -> None:
    await send(books, bill([credit(1, "100.00"), credit(2, "500.00")]))
    first = await draw(books, {1: "60.00", 2: "60.00", 3: "60.00"}, paper="run-1")
    assert (first.status_code, first.json()["drawn"]) == (201, "120.00"), first.text
    again = await draw(books, {3: "60.00", 1: "60.00", 2: "60.00"}, paper="run-1")
    assert (again.json()["outcome"], again.json()["drawn"]) == ("replayed", "0.00")
    other = await draw(books, {1: "60.01"}, paper="run-1")
    assert other.json()["code"] == "STATE_CONFLICT"
    assert (await draw(books, {1: "60.00", 2: "60.00"})).json()["drawn"] == "100.00"
    assert await held(books, 1) == ("0.00", "100.00")
    # One of two months came back: the one that is left takes 60 of 100.
    assert (await draw(books, {1: "-60.00"})).json()["drawn"] == "-40.00"
    assert await held(books, 1) == ("40.00", "60.00")
    # A credit that comes late is drawn by the next paper, up to what was asked so far.
    await draw(books, {1: "60.00"})
    await send(books, bill([credit(1, "50.00")]))
    assert (await draw(books, {1: "10.00"})).json()["drawn"] == "30.00"
    assert await held(books, 1) == ("20.00", "130.00")
    [year] = await statement(books, 1, to_year=2021)
    assert (year["pension"], year["closing"]) == ("-130.00", "20.00")
    checked = await control(books, as_of="2021-12-31", deep=True)
    assert (checked["tie"], checked["pensions"], checked["holds"]) == (True, "250.00", False)


async def test_every_order_of_the_same_papers_leaves_the_same(books: Ledger) -> None:
    papers = ["70.00", "70.00", "-70.00", "40.00"]
    for key, order in enumerate(permutations(papers), start=10):
        await send(books, bill([credit(key, "100.00")]))
        for amount in order:
            assert (await draw(books, {key: amount})).status_code == 201
        assert await held(books, key) == ("0.00", "100.00"), order


async def test_a_draw_of_a_closed_year_is_of_its_first_open_day(books: Ledger) -> None:
    await send(books, bill([credit(1, "1200.00")], "2020-01-15"))
    await draw(books, {1: "600.00"}, "2020-06-10")
    closed = await close_year(books, 2020)
    assert (closed.json()["interest"], closed.json()["closing"]) == ("48.32", "648.32")
    assert (await draw(books, {1: "48.32"}, "2020-12-10")).status_code == 201
    [_, year] = await statement(books, 1, to_year=2021)
    assert (year["year"], year["pension"], year["closing"]) == (2021, "-48.32", "600.00")


async def test_faults_of_a_paper_are_named_at_once_and_only_services_draw(books: Ledger) -> None:
    twice = {"person": person(1), "amount": "1.00"}
    wrong = await draw(books, {}, draws=[twice, twice, {"person": person(2), "amount": "0.00"}])
    assert [one["code"] for one in wrong.json()["errors"]] == [
        "PERSON_TWICE",
        "PERSON_TWICE",
        "AMOUNT_ZERO",
    ]
    assert (await draw(books, {1: "1.00"}, "2099-01-01")).json()["code"] == "BOOK_DATE_IN_FUTURE"
    unknown = await draw(books, {1: "1.00"}, fund="none")
    assert [one["code"] for one in unknown.json()["errors"]] == ["FUND_UNKNOWN"]
    body = {"paper": "p", "fund": "pension", "day": "2021-08-10", "draws": [twice]}
    for role in (Role.FUND_ACCOUNTANT, Role.SUPERVISOR):
        assert (await books.post("/v1/personal-draws", body, role)).status_code == 403
