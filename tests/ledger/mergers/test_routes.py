"""Two records of one person become one account: exact, once, and with the year's interest."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import pytest
from httpx import Response

from shared.money import parse_yuan
from shared.roles import Role
from tests.ledger.conftest import Ledger
from tests.ledger.support.making import fresh
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

OLD, NEW, THIRD, LIKE = 11, 12, 13, 14


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


async def _merge(
    books: Ledger,
    old: int,
    new: int,
    paper: str | None = None,
    role: Role = Role.COLLECTION_SERVICE,
) -> Response:
    body = {
        "paper": paper or fresh("person_correction"),
        "person": person(old),
        "survivor": person(new),
    }
    return await books.post("/v1/personal-mergers", body, role)


async def _closing(books: Ledger, key: int) -> dict[str, str]:
    return {one["fund"]: one["closing"] for one in await statement(books, key, to_year=2021)}


async def test_an_account_ends_in_the_other_once_and_later_credits_follow(books: Ledger) -> None:
    first = bill([credit(OLD, "80.00"), credit(NEW, "60.00"), credit(OLD, "20.00", "medical")])
    await send(books, first)
    before = await control(books, deep=True)
    done = await _merge(books, OLD, NEW, "person_correction:1")
    assert done.status_code == 201, done.text
    assert (done.json()["outcome"], done.json()["items"]) == (
        "merged",
        [{"fund": "medical", "amount": "20.00"}, {"fund": "pension", "amount": "80.00"}],
    )
    again = await _merge(books, OLD, NEW, "person_correction:1")
    assert again.json() == done.json() | {"outcome": "replayed"}
    assert await _closing(books, OLD) == {}
    assert await _closing(books, NEW) == {"medical": "20.00", "pension": "140.00"}
    assert await control(books, deep=True) == before, "totals are as they were"

    taken = bill([credit(OLD, "-30.00"), credit(NEW, "1.00")], corrects=first["bill"])
    await send(books, taken)
    assert (await _closing(books, NEW))["pension"] == "111.00"
    assert (await send(books, first))["results"][0]["outcome"] == "replayed"
    path = f"/v1/personal-accounts/{person(OLD)}/statement"
    following = (await books.get(path, Role.SUPERVISOR)).json()
    assert following["merged_into"][:20] == person(NEW)[:20]


async def test_a_year_bears_the_interest_of_one_account(books: Ledger) -> None:
    """Two merged records end like one record with the same credits, before and after a closing."""
    for day, old, new in (("2019-03-10", "700.01", "33.33"), ("2020-05-10", "10.07", "400.00")):
        rows = [credit(OLD, old), credit(NEW, new), credit(LIKE, old)]
        await send(books, bill(rows, day), bill([credit(LIKE, new)], day))
        if day < "2020":
            assert (await close_year(books, 2019)).status_code == 200
    assert (await _merge(books, OLD, NEW)).status_code == 201
    run = (await close_year(books, 2020)).json()
    assert run["people"] == 2
    merged = await statement(books, NEW, to_year=2020)
    like = await statement(books, LIKE, to_year=2020)
    assert len(merged) == len(like) == 2
    # 2019 was rounded once a record; from 2020 on there is one account.
    apart = [
        abs(parse_yuan(one["closing"]) - parse_yuan(other["closing"]))
        for one, other in zip(merged, like, strict=True)
    ]
    assert apart[0] <= 1
    assert apart[1] <= 2
    assert merged[1]["opening"] == merged[0]["closing"]
    assert await statement(books, OLD, to_year=2020) == []
    assert (await control(books, deep=True))["tie"] is True


async def test_the_survivor_spends_what_both_have_and_is_injected_once(books: Ledger) -> None:
    await send(books, bill([credit(OLD, "80.00"), credit(NEW, "60.00")]))

    async def injected(*keys: int) -> dict[str, int]:
        people = [{"person": person(key), "born": "1950-01"} for key in keys]
        body = {"fund": "medical", "period": "2021-07", "day": "2021-07-10", "people": people}
        answer = await books.post("/v1/personal-injections", body, Role.PAYOUT_SERVICE)
        return {name: answer.json()[name] for name in ("credited", "replayed")}

    assert await injected(OLD) == {"credited": 1, "replayed": 0}
    assert (await _merge(books, OLD, NEW)).status_code == 201
    assert await injected(NEW) == {"credited": 0, "replayed": 1}
    assert await injected(OLD, NEW) == {"credited": 0, "replayed": 1}

    async def out(key: int, amount: str) -> Response:
        body = {
            "paper": fresh("out"),
            "person": person(key),
            "fund": "pension",
            "direction": "out",
            "amount": amount,
            "day": "2021-08-01",
        }
        return await books.post("/v1/personal-transfers", body, Role.PAYOUT_SERVICE)

    assert (await out(NEW, "140.01")).json()["code"] == "PERSONAL_BALANCE_TOO_SMALL"
    assert (await out(OLD, "100.00")).status_code == 201
    assert (await out(NEW, "40.01")).json()["code"] == "PERSONAL_BALANCE_TOO_SMALL"
    assert (await out(NEW, "40.00")).status_code == 201
    await send(books, bill([credit(NEW, "7.00"), credit(NEW + 1, "5.00")]))
    people = [person(key) for key in (OLD, NEW, NEW + 1, NEW + 2)]
    answer = await books.get("/v1/personal-balances", Role.PAYOUT_SERVICE, person=people)
    held = {
        (people.index(one["person"]), one["fund"]): (one["balance"], len(one["taken"]))
        for one in answer.json()["items"]
    }
    of_both = {"pension": ("7.00", 2), "medical": (held[1, "medical"][0], 0)}
    assert held == {(at, fund): of_both[fund] for at in (0, 1) for fund in of_both} | {
        (2, "pension"): ("5.00", 0)
    }


async def test_mergers_follow_each_other_and_never_in_a_circle(
    books: Ledger,
) -> None:
    await send(books, bill([credit(OLD, "80.00"), credit(NEW, "60.00"), credit(THIRD, "1.00")]))
    assert (await _merge(books, OLD, NEW)).status_code == 201
    assert (await _merge(books, NEW, OLD)).json()["code"] == "PERSONAL_MERGER_CIRCLE"
    assert (await _merge(books, THIRD, THIRD)).json()["code"] == "PERSONAL_MERGER_CIRCLE"
    assert (await _merge(books, OLD, THIRD)).json()["code"] == "PERSONAL_ACCOUNT_MERGED"
    last = await _merge(books, NEW, THIRD)
    assert last.json()["items"] == [{"fund": "pension", "amount": "140.00"}]
    assert await _closing(books, THIRD) == {"pension": "141.00"}
    assert await _closing(books, NEW) == await _closing(books, OLD) == {}
    assert (await _merge(books, THIRD, OLD)).json()["code"] == "PERSONAL_MERGER_CIRCLE"
    nobody = await _merge(books, 99, THIRD)
    assert (nobody.status_code, nobody.json()["items"]) == (201, [])
    for role in (Role.FUND_ACCOUNTANT, Role.PAYOUT_SERVICE):
        assert (await _merge(books, 98, THIRD, role=role)).status_code == 403


async def test_mergers_are_only_ever_added(ledger: Ledger, admin: asyncpg.Connection[Any]) -> None:
    assert (await _merge(ledger, 901, 902)).status_code == 201
    with pytest.raises(asyncpg.PostgresError):
        await admin.execute("UPDATE personal_merger SET survivor_id = 903")
