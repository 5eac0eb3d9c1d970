"""The feed of vouchers: every one once, in the order of its chain, also while others are posted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from sqlalchemy.event import listen, remove

from services.ledger.app import build
from services.ledger.posting.domain.voucher import Draft
from services.ledger.posting.flows.books import Books
from shared.roles import Role
from tests.ledger.conftest import Ledger
from tests.ledger.support.making import fresh, receipt, receipt_draft


async def read_all(ledger: Ledger, after: str = "", limit: int = 7) -> tuple[list[Any], str]:
    items: list[Any] = []
    while True:
        answer = await ledger.get("/v1/events", Role.SUPERVISOR, after_seq=after, limit=limit)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        items += body["items"]
        after = body["after_seq"]
        if not body["has_more"]:
            return items, after


async def test_every_voucher_comes_once_and_in_the_order_of_its_chain(ledger: Ledger) -> None:
    sent = [receipt(owner=f"U-{i}") for i in range(40)]
    for body in sent:
        assert (await ledger.post("/v1/vouchers", body)).status_code == 201
    items, after = await read_all(ledger)
    for slot in {one["slot"] for one in items}:
        seqs = [one["seq"] for one in items if one["slot"] == slot]
        assert seqs == list(range(1, len(seqs) + 1))
    assert {one["event_id"] for one in items} >= {body["event_id"] for body in sent}
    assert (await read_all(ledger, after)) == ([], after)
    one = items[0]
    voucher = (await ledger.get(f"/v1/vouchers/{one['id']}")).json()
    assert (voucher["hash"], voucher["event_id"]) == (one["hash"], one["event_id"])
    assert [e["amount"] for e in one["entries"]] == [e["amount"] for e in voucher["entries"]]


async def test_a_reader_misses_nothing_while_others_write(ledger: Ledger) -> None:
    _, after = await read_all(ledger)
    sent = [receipt(owner=fresh("W")) for _ in range(60)]

    async def write(bodies: list[dict[str, Any]]) -> None:
        for body in bodies:
            assert (await ledger.post("/v1/vouchers", body)).status_code == 201

    writing = asyncio.gather(*[write(sent[i::4]) for i in range(4)])
    seen: list[str] = []
    while not writing.done() or len(seen) < len(sent):
        items, after = await read_all(ledger, after, limit=3)
        seen += [one["event_id"] for one in items]
    await writing
    assert sorted(seen) == sorted(body["event_id"] for body in sent)


async def test_several_processes_write_and_a_reader_of_any_of_them_sees_no_gap(
    ledger: Ledger, settings_for: Callable[..., Any], client_of: Callable[..., Any]
) -> None:
    """Four writers in two processes share the slots' heads; two readers poll all the while."""
    _, start = await read_all(ledger, limit=500)
    other = build(settings_for())
    async with client_of(other) as client:
        second = Ledger(client, other, ledger.bearer, ledger.url)
        drafts = [receipt_draft(1, owner=f"UNIT-{i % 9}") for i in range(400)]

        async def write(books: Books, mine: list[Draft]) -> None:
            for i in range(0, len(mine), 7):
                await books.post(mine[i : i + 7])

        writing = asyncio.gather(
            *[write((ledger, second)[i % 2].books, drafts[i::4]) for i in range(4)]
        )

        async def follow(of: Ledger) -> list[tuple[int, int, str]]:
            seen: list[tuple[int, int, str]] = []
            after = start
            while not writing.done() or len(seen) < len(drafts):
                items, after = await read_all(of, after, limit=17)
                seen += [(one["slot"], one["seq"], one["event_id"]) for one in items]
            return seen

        first, its = await asyncio.gather(follow(ledger), follow(second))
        await writing
    places = dict(part.split(":") for part in start.split(","))
    for seen in (first, its):
        assert sorted(event for _, _, event in seen) == sorted(one.event_id for one in drafts)
        for slot in {slot for slot, _, _ in seen}:
            began = int(places[str(slot)])
            seqs = [seq for of, seq, _ in seen if of == slot]
            assert seqs == list(range(began + 1, began + 1 + len(seqs))), "no gap, ever"


async def test_a_reader_may_wait_for_the_next_voucher(ledger: Ledger) -> None:
    _, after = await read_all(ledger)
    waiting = asyncio.create_task(
        ledger.get("/v1/events", Role.SUPERVISOR, after_seq=after, wait=20)
    )
    await asyncio.sleep(0.1)
    body = receipt()
    await ledger.post("/v1/vouchers", body)
    items = (await asyncio.wait_for(waiting, 15)).json()["items"]
    assert [one["event_id"] for one in items] == [body["event_id"]]


async def test_many_readers_wait_at_the_price_of_one(ledger: Ledger) -> None:
    _, after = await read_all(ledger)
    readers, looked = 40, 0

    def count(*_: Any) -> None:
        nonlocal looked
        looked += 1

    engine = ledger.books.db.engine.sync_engine
    listen(engine, "before_cursor_execute", count)
    try:
        answers = await asyncio.gather(
            *(
                ledger.get("/v1/events", Role.SUPERVISOR, after_seq=after, wait=2)
                for _ in range(readers)
            )
        )
    finally:
        remove(engine, "before_cursor_execute", count)
    assert all(answer.json()["items"] == [] for answer in answers)
    # Each looks as it comes and as it goes; the eight looks in between serve all.
    assert looked <= 2 * readers + 12


async def test_places_that_these_chains_do_not_have_are_refused(ledger: Ledger) -> None:
    for after in ("x", "0:1,0:2", "9:0", "0:999999", "0:-1", "1:1:1"):
        answer = await ledger.get("/v1/events", after_seq=after)
        assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_FAILED"), after
