"""The feed of vouchers: every one once, in the order of its chain, also while others are posted."""

import asyncio
from typing import Any

from shared.roles import Role
from tests.ledger.conftest import Ledger
from tests.ledger.making import fresh, receipt


async def read_all(ledger: Ledger, after: str = "", limit: int = 7) -> tuple[list[Any], str]:
    items: list[Any] = []
    while True:
        answer = await ledger.get("/v1/events", Role.DASHBOARD, after_seq=after, limit=limit)
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


async def test_a_reader_beside_writers_misses_nothing(ledger: Ledger) -> None:
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


async def test_a_reader_may_wait_for_the_next_voucher(ledger: Ledger) -> None:
    _, after = await read_all(ledger)
    waiting = asyncio.create_task(
        ledger.get("/v1/events", Role.DASHBOARD, after_seq=after, wait=20)
    )
    await asyncio.sleep(0.1)
    body = receipt()
    await ledger.post("/v1/vouchers", body)
    items = (await asyncio.wait_for(waiting, 5)).json()["items"]
    assert [one["event_id"] for one in items] == [body["event_id"]]


async def test_places_that_these_chains_do_not_have_are_refused(ledger: Ledger) -> None:
    for after in ("x", "0:1,0:2", "9:0", "0:999999", "0:-1", "1:1:1"):
        answer = await ledger.get("/v1/events", after_seq=after)
        assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_FAILED"), after
