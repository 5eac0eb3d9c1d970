"""A closing and the postings of its day, in two processes at once: both never win."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from services.ledger.app import build
from services.ledger.common.domain.refusal import DayClosed
from services.ledger.posting.domain.batch import PostedVoucher
from services.ledger.posting.flows.books import Books
from shared.roles import Role
from tests.ledger.support.making import DAY, receipt, receipt_draft
from tests.ledger.support.year import approve, new_ledger, propose


async def test_whatever_is_booked_on_a_closed_day_was_there_when_it_closed(
    server_url: str,
    template: str,
    settings_for: Callable[..., Any],
    client_of: Callable[..., Any],
    bearer: Callable[..., dict[str, str]],
) -> None:
    async with new_ledger(server_url, template, settings_for, client_of, bearer) as ledger:
        other = build(settings_for(database_url=ledger.url))
        async with client_of(other):
            proposed = (await propose(ledger, "day", DAY.isoformat())).json()
            outcomes: list[Any] = []
            warm, closed = asyncio.Event(), asyncio.Event()

            async def post(books: Books, number: int) -> None:
                after = 0
                while after < 10:
                    after += closed.is_set()
                    outcomes.extend(await books.post([receipt_draft(100, owner=f"UNIT-{number}")]))
                    if len(outcomes) >= 200:
                        warm.set()

            books = (ledger.books, other.state.books)
            clients = [asyncio.create_task(post(books[i % 2], i)) for i in range(16)]
            await warm.wait()
            done = await approve(ledger, proposed["id"])
            closed.set()
            assert done.status_code == 200, done.text
            await asyncio.gather(*clients)
        booked = [one for one in outcomes if isinstance(one, PostedVoucher)]
        refused = [one for one in outcomes if isinstance(one, DayClosed)]
        assert len(booked) + len(refused) == len(outcomes)
        assert booked
        assert refused, "the clients stopped too early: this proves nothing"
        heads = {head["slot"]: head["seq"] for head in done.json()["heads"]}
        assert all(one.seq <= heads[one.slot] for one in booked)
        assert {one.slot for one in booked} == {1, 2, 3}
        now = (await ledger.get("/v1/chain")).json()["items"]
        assert {one["slot"]: one["seq"] for one in now} == heads
        pension = await ledger.balances(as_of=DAY.isoformat())
        assert pension["income_deposit"] == f"{len(booked)}.00"


async def test_a_fact_that_meets_a_closing_is_booked_before_it_or_after_its_day(
    server_url: str,
    template: str,
    settings_for: Callable[..., Any],
    client_of: Callable[..., Any],
    bearer: Callable[..., dict[str, str]],
) -> None:
    async with new_ledger(server_url, template, settings_for, client_of, bearer) as ledger:
        proposed = (await propose(ledger, "day", DAY.isoformat())).json()
        answers: list[dict[str, Any]] = []
        warm, closed = asyncio.Event(), asyncio.Event()

        async def send(number: int) -> None:
            after = 0
            while after < 5:
                after += closed.is_set()
                body = receipt("1.00", owner=f"UNIT-{number}", if_closed="first_open_day")
                answer = await ledger.post("/v1/vouchers", body)
                assert answer.status_code == 201, answer.text
                again = await ledger.post("/v1/vouchers", body)
                assert again.json()["book_date"] == answer.json()["book_date"]
                assert again.json()["outcome"] == "replayed", again.text
                answers.append(answer.json())
                if len(answers) >= 60:
                    warm.set()

        clients = [asyncio.create_task(send(i)) for i in range(8)]
        await warm.wait()
        done = await approve(ledger, proposed["id"])
        closed.set()
        assert done.status_code == 200, done.text
        await asyncio.gather(*clients)
        heads = {head["slot"]: head["seq"] for head in done.json()["heads"]}
        following = (DAY + timedelta(days=1)).isoformat()
        before = [one for one in answers if one["book_date"] == DAY.isoformat()]
        assert all(one["seq"] <= heads[one["slot"]] for one in before)
        assert {one["book_date"] for one in answers} == {DAY.isoformat(), following}
        pension = await ledger.balances(as_of=DAY.isoformat())
        assert pension["income_deposit"] == f"{len(before)}.00"
        later = await ledger.balances(as_of=following)
        assert later["income_deposit"] == f"{len(answers)}.00"


async def test_of_two_closings_at_once_one_wins(
    server_url: str,
    template: str,
    settings_for: Callable[..., Any],
    client_of: Callable[..., Any],
    bearer: Callable[..., dict[str, str]],
) -> None:
    async with new_ledger(server_url, template, settings_for, client_of, bearer) as ledger:
        papers = [(await propose(ledger, "month", "2021-07")).json()["id"] for _ in range(4)]
        answers = await asyncio.gather(
            *[approve(ledger, id, role=Role.CENTRE_LEADER) for id in papers]
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
        assert {a.json()["code"] for a in answers if a.status_code == 409} == {"ALREADY_CLOSED"}


async def test_a_year_approved_twice_at_once_carries_over_once(
    server_url: str,
    template: str,
    settings_for: Callable[..., Any],
    client_of: Callable[..., Any],
    bearer: Callable[..., dict[str, str]],
) -> None:
    async with new_ledger(server_url, template, settings_for, client_of, bearer) as ledger:
        await ledger.settle(
            "fiscal_subsidy", "2021-07-20", amounts=[{"fund": "pension", "amount": "5.00"}]
        )
        proposed = (await propose(ledger, "month", "2021-12")).json()["id"]
        assert (await approve(ledger, proposed)).status_code == 200
        papers = [(await propose(ledger, "year", "2021")).json()["id"] for _ in range(3)]
        answers = await asyncio.gather(*[approve(ledger, id) for id in papers + papers])
        # The same paper approved twice by the same person answers twice what was done once.
        assert sorted(answer.status_code for answer in answers) == [200, 200, 409, 409, 409, 409]
        pension = await ledger.balances(as_of="2021-12-31")
        assert (pension["general_surplus"], pension["fiscal_subsidy"]) == ("5.00", "0.00")
        found = await ledger.get(
            "/v1/vouchers", source="ledger", event_id="carry_over:2021:pension"
        )
        assert len(found.json()["items"]) == 1
