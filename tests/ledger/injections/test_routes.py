"""Monthly runs of retirees' injections: previewed, posted once by another person, put right later."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from shared.ids import uuid7
from shared.roles import Role
from tests.ledger.conftest import Ledger
from tests.ledger.support.correcting import correct
from tests.ledger.support.persons import person, statement
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


async def learn(books: Ledger, version: str | None = None, **spans: tuple[str, str | None]) -> int:
    """Tell since and until when people are retired: `p1` is the person with key 1, born in 1950-03."""
    people = [
        {"person": person(int(name[1:])), "born": "1950-03", "since": since, "until": until}
        for name, (since, until) in spans.items()
    ]
    body = {"version": version or uuid7().hex, "people": people}
    answer = await books.post("/v1/retirees", body, Role.PAYOUT_SERVICE)
    assert answer.status_code == 200, answer.text
    return int(answer.json()["changed"])


async def propose(books: Ledger, period: str, **more: Any) -> Any:
    body = {"fund": "medical", "period": period, "day": f"{period}-20"} | more
    return await books.post("/v1/injection-runs", body, Role.FUND_ACCOUNTANT)


async def approve(books: Ledger, run: Body, **how: Any) -> Any:
    path = f"/v1/injection-runs/{run['id']}/approvals"
    return await books.post(path, {}, how.pop("role", Role.CENTRE_LEADER), **how)


async def post(books: Ledger, period: str) -> Body:
    """Propose and approve a month; return the proposal."""
    proposed = await propose(books, period)
    assert proposed.status_code == 201, proposed.text
    done = await approve(books, proposed.json())
    assert (done.status_code, done.json()["status"]) == (200, "posted"), done.text
    return dict(proposed.json())


def groups(run: Body) -> list[tuple[str, str, int]]:
    return [(one["period"], one["amount"], one["people"]) for one in run["groups"]]


async def injected(books: Ledger, key: int) -> str:
    items = await statement(books, key, to_year=2021)
    return "0.00" if not items else str(items[0]["injection"])


async def test_months_are_posted_once_and_put_right_when_more_is_known(books: Ledger) -> None:
    assert await learn(books, p1=("2020-01", None), p2=("2021-05", None)) == 2
    first = await post(books, "2021-05")
    assert groups(first) == [("2021-05", "50.00", 2)]
    assert (await propose(books, "2021-05")).json()["code"] == "INJECTION_RUN_EXISTS"
    assert (await propose(books, "2021-04")).json()["code"] == "INJECTION_RUN_MONTH"
    # The first one died in April, which becomes known now; a third one has been retired since May.
    await learn(books, p1=("2020-01", "2021-05"), p3=("2021-05", None))
    second = await post(books, "2021-06")
    assert groups(second) == [
        ("2021-05", "-50.00", 1),
        ("2021-05", "50.00", 1),
        ("2021-06", "50.00", 2),
    ]
    assert [await injected(books, key) for key in (1, 2, 3)] == ["0.00", "100.00", "100.00"]
    # The death was wrong after all.
    await learn(books, p1=("2020-01", None))
    assert groups(await post(books, "2021-07"))[:2] == [
        ("2021-05", "50.00", 1),
        ("2021-06", "50.00", 1),
    ]
    assert [await injected(books, key) for key in (1, 2, 3)] == ["150.00"] * 3
    listed = (await books.get("/v1/injection-runs", fund="medical")).json()
    assert [one["status"] for one in listed["items"]] == ["posted"] * 3


async def test_an_older_word_changes_nothing_and_a_month_by_hand_is_left_alone(
    books: Ledger,
) -> None:
    await learn(books, "b", p1=("2020-01", None), p2=("2020-01", None))
    assert await learn(books, "a", p1=("2020-01", "2020-02")) == 0
    by_hand = {"person": person(2), "born": "1925-03", "standing": "founding"}
    body = {"fund": "medical", "period": "2021-05", "day": "2021-05-10", "people": [by_hand]}
    await books.post("/v1/personal-injections", body, Role.PAYOUT_SERVICE)
    assert groups(await post(books, "2021-05")) == [("2021-05", "50.00", 1)]
    assert await injected(books, 2) == "60.00"


async def test_a_later_word_that_repeats_the_last_still_counts_as_later(books: Ledger) -> None:
    dead = ("2020-01", "2020-02")
    assert await learn(books, "b", p1=dead) == 1
    assert await learn(books, "d", p1=dead, p2=("2020-01", None)) == 1
    assert await learn(books, "c", p1=("2020-01", None)) == 0
    assert groups(await post(books, "2021-05")) == [("2021-05", "50.00", 1)]
    assert await injected(books, 1) == "0.00"


async def test_a_month_of_a_run_is_not_credited_again_by_hand(books: Ledger) -> None:
    await learn(books, p1=("2020-01", None), p2=("2020-01", None))
    await post(books, "2021-05")
    people = [
        {"person": person(1), "born": "1925-03", "standing": "founding"},
        {"person": person(2), "born": "1950-03"},
        {"person": person(3), "born": "1950-03"},
    ]
    body = {"fund": "medical", "period": "2021-05", "day": "2021-05-25", "people": people}
    for credited in (1, 0):
        answer = (await books.post("/v1/personal-injections", body, Role.PAYOUT_SERVICE)).json()
        counts = answer["credited"], answer["replayed"], answer["differing"]
        assert counts == (credited, 3 - credited, 1)
    assert [await injected(books, key) for key in (1, 2, 3)] == ["50.00"] * 3


async def test_rules_that_become_known_late_count_for_everybody(books: Ledger) -> None:
    await learn(books, p1=("2020-01", None), p2=("2020-01", None))
    for period in ("2021-05", "2021-06"):
        await post(books, period)
    await learn(books, p2=("2020-01", "2021-07"), p3=("2021-06", None))
    row = {"fund": "medical", "age_from": 70, "yearly": "960.00", "source": "门诊共济办法"}
    await correct(books, injection_rules=[row | {"in_force_from": "2021-06-01"}])
    assert groups(await post(books, "2021-07")) == [
        ("2021-06", "30.00", 2),
        ("2021-06", "80.00", 1),
        ("2021-07", "80.00", 2),
    ]
    assert [await injected(books, key) for key in (1, 2, 3)] == ["210.00", "130.00", "160.00"]
    assert groups(await post(books, "2021-08")) == [("2021-08", "80.00", 2)]


async def test_a_skipped_month_is_credited_by_the_next_run(books: Ledger) -> None:
    await learn(books, p1=("2020-01", None), p2=("2021-06", "2021-07"))
    await post(books, "2021-05")
    assert groups(await post(books, "2021-07")) == [
        ("2021-06", "50.00", 2),
        ("2021-07", "50.00", 1),
    ]
    assert (await propose(books, "2021-06")).json()["code"] == "INJECTION_RUN_MONTH"
    await learn(books, p2=("2021-07", None))
    assert groups(await post(books, "2021-08")) == [
        ("2021-06", "-50.00", 1),
        ("2021-07", "50.00", 1),
        ("2021-08", "50.00", 2),
    ]
    assert [await injected(books, key) for key in (1, 2)] == ["200.00", "100.00"]


async def test_another_person_approves_what_was_previewed_and_nothing_else(books: Ledger) -> None:
    assert (await propose(books, "2021-05")).json()["code"] == "NOTHING_TO_INJECT"
    none = await propose(books, "2021-05", fund="work_injury")
    assert none.json()["code"] == "INJECTION_RULE_MISSING"
    await learn(books, p1=("2020-01", None))
    run = (await propose(books, "2021-05")).json()
    same = await approve(books, run, subject=run["proposed_by"])
    assert same.json()["code"] == "SAME_PERSON_TWICE"
    assert (await approve(books, run, role=Role.FUND_ACCOUNTANT)).status_code == 403
    await learn(books, p2=("2020-01", None))
    changed = await approve(books, run)
    assert (changed.status_code, changed.json()["code"]) == (409, "INJECTION_RUN_CHANGED")
    assert await injected(books, 1) == "0.00"
    again = (await propose(books, "2021-05")).json()
    shown = (await books.get(f"/v1/injection-runs/{again['id']}")).json()
    assert (shown["people"], shown["total"], groups(shown)) == (
        2,
        "100.00",
        [("2021-05", "50.00", 2)],
    )
    assert (await approve(books, run)).json()["code"] == "STATE_CONFLICT"
    for _ in range(2):
        assert (await approve(books, again)).json()["status"] == "posted"
    assert await injected(books, 1) == "50.00"
