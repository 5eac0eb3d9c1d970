"""Ten years of interest against the rule in plain Python, for one person and for thousands."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from services.ledger.personal.domain import interest
from shared.money import format_yuan, parse_rate, parse_yuan
from shared.roles import Role
from tests.ledger.conftest import Ledger
from tests.ledger.support.persons import (
    bill,
    close_year,
    control,
    credit,
    person,
    send,
    statement,
)
from tests.ledger.support.year import new_ledger

Body = dict[str, Any]
FIRST, LAST_CLOSED, OPEN = 2016, 2024, 2025


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


@contextmanager
def counted(ledger: Ledger) -> Iterator[list[str]]:
    """The statements that the ledger sends meanwhile."""
    statements_run: list[str] = []
    engine = ledger.books.db.engine.sync_engine

    def note(_connection: Any, _cursor: Any, sql: str, *_: Any) -> None:
        statements_run.append(sql)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements_run
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def transfer(ledger: Ledger, key: int, fen: int, day: str) -> None:
    body = {
        "paper": f"{key}-{day}",
        "person": person(key),
        "fund": "pension",
        "day": day,
        "direction": "in" if fen > 0 else "out",
        "amount": format_yuan(abs(fen)),
    }
    answer = await ledger.post("/v1/personal-transfers", body, Role.PAYOUT_SERVICE)
    assert answer.status_code == 201, answer.text


async def test_ten_years_of_everything_are_what_the_rule_says(books: Ledger) -> None:
    """Contributions, corrections below zero, transfers in and out; nine years closed, one open."""
    draw = random.Random(11)
    moved: dict[int, dict[int, list[tuple[int, int]]]] = {}
    for year in range(FIRST, OPEN + 1):
        for key in range(1, 6):
            mine = moved.setdefault(key, {}).setdefault(year, [])
            for month in draw.sample(range(1, 13), 3):
                mine.append((month, draw.randrange(50_000, 400_000)))
            mine.append((12, -draw.randrange(1, 5_000)))
        for month in range(1, 13):
            credits = [
                credit(key, format_yuan(fen))
                for key, years in moved.items()
                for at, fen in years[year]
                if at == month and fen > 0
            ]
            if credits:
                await send(books, bill(credits, f"{year}-{month:02d}-15"))
        taken = [credit(key, format_yuan(years[year][-1][1])) for key, years in moved.items()]
        await send(books, bill(taken, f"{year}-12-20", corrects=f"paper-{year}"))
        for key, fen in ((1, 33_300), (2, -12_345)):
            await transfer(books, key, fen, f"{year}-05-06")
            moved[key][year].append((5, fen))
    rates = {
        one["year"]: parse_rate(one["rate"])
        for one in (await books.get("/v1/personal-rates")).json()["items"]
    }
    for year in range(FIRST, LAST_CLOSED + 1):
        run = await close_year(books, year)
        assert run.status_code == 200, run.text
    for key, years in moved.items():
        stated = await statement(books, key, to_year=OPEN)
        assert [one["year"] for one in stated] == list(range(FIRST, OPEN + 1))
        balance_fen = 0
        for one in stated:
            mine = years[one["year"]]
            closed = one["year"] <= LAST_CLOSED
            earned_fen = interest(balance_fen, mine, rates[one["year"]]) if closed else 0
            assert (one["opening"], one["is_closed"]) == (format_yuan(balance_fen), closed)
            assert parse_yuan(one["interest"]) == earned_fen
            balance_fen += sum(fen for _, fen in mine) + earned_fen
            assert one["closing"] == format_yuan(balance_fen)
    late = await statement(books, 1, from_year=2020, to_year=2021)
    assert [one["year"] for one in late] == [2020, 2021], "fewer years, the same balances"
    assert (await control(books, deep=True, as_of=f"{OPEN}-12-31"))["tie"] is True


async def test_the_work_for_thousands_is_as_many_statements_as_for_two(books: Ledger) -> None:
    async def statements(of: Any) -> int:
        with counted(books) as statements_run:
            await of()
        return len(statements_run)

    async def injected(first: int, count: int) -> None:
        people = [{"person": person(first + i), "born": "1950-01"} for i in range(count)]
        body = {"fund": "medical", "period": "2021-07", "day": "2021-07-10", "people": people}
        answer = await books.post("/v1/personal-injections", body, Role.PAYOUT_SERVICE)
        assert answer.json()["credited"] == count

    async def credited(first: int, count: int, day: str) -> None:
        answer = await send(books, bill([credit(first + i, "1.00") for i in range(count)], day))
        assert answer["credited"] == 1

    async def closed(year: int, people: int) -> None:
        assert (await close_year(books, year)).json()["people"] == people

    await credited(1, 1, "2020-01-15")  # the fund's row is made by the first of all
    await injected(10, 1)
    assert await statements(lambda: credited(2, 2, "2020-02-01")) == (
        await statements(lambda: credited(4, 5_000, "2020-02-01"))
    )
    assert await statements(lambda: injected(100, 2)) == (
        await statements(lambda: injected(1_000, 5_000))
    )
    few = await statements(lambda: closed(2020, 5_003))
    await credited(10_000, 2, "2021-02-01")
    assert await statements(lambda: closed(2021, 5_005)) <= few


async def test_balances_of_many_people_take_the_statements_of_one(books: Ledger) -> None:
    await send(books, bill([credit(key, f"{key}.00") for key in range(1, 31)]))

    async def statements_of(*keys: int) -> int:
        people = [person(key) for key in keys]
        with counted(books) as statements_run:
            answer = await books.get("/v1/personal-balances", Role.PAYOUT_SERVICE, person=people)
        held = {one["person"]: one["balance"] for one in answer.json()["items"]}
        assert held == {one: f"{key}.00" for one, key in zip(people, keys, strict=True)}
        return len(statements_run)

    assert await statements_of(*range(1, 31)) == await statements_of(1)
