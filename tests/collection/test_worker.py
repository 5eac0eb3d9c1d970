"""Delivery to the ledger: batches, one outcome for each voucher, and no voucher blocked by
another."""

from collections.abc import Callable
from typing import Any

import httpx
import orjson
import pytest

from services.collection.delivery import Ledger, stands_alone
from shared.ids import uuid7
from shared.outbox import Message
from shared.web.client import Peer, PeerError
from shared.wire.voucher_delivery import LedgerBusy

Answer = Callable[[list[dict[str, Any]]], httpx.Response]


def messages(*names: str) -> list[Message]:
    return [Message(1, uuid7(), orjson.dumps({"event_id": name})) for name in names]


class Books:
    """A ledger that gives prepared answers and remembers the requests."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.batches: list[list[str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/oauth/token":
            return httpx.Response(200, json={"access_token": "t"})
        vouchers = orjson.loads(request.content)["vouchers"]
        self.batches.append([voucher["event_id"] for voucher in vouchers])
        return self.answer(vouchers)

    async def deliver(self, sent: list[Message]) -> list[str | None]:
        transport = httpx.MockTransport(self)
        peer = Peer(
            "http://ledger",
            "collection_service",
            "s",
            identity_url="http://identity",
            attempts=1,
            transport=transport,
        )
        async with peer:
            return await Ledger(peer).deliver(sent)


def problem(status: int, code: str) -> dict[str, Any]:
    return {"status": status, "code": code, "detail": "…"}


def outcomes(**by_event: dict[str, Any] | str) -> Answer:
    def answer(vouchers: list[dict[str, Any]]) -> httpx.Response:
        results = []
        for voucher in vouchers:
            outcome = by_event[voucher["event_id"]]
            results.append(
                {"outcome": outcome, "problem": None}
                if isinstance(outcome, str)
                else {"outcome": "refused", "problem": outcome}
            )
        return httpx.Response(200, json={"results": results})

    return answer


async def test_posted_and_replayed_are_acknowledged_and_a_refusal_has_its_reason() -> None:
    books = Books(outcomes(a="posted", b="replayed", c=problem(409, "EVENT_ID_REUSED")))
    assert await books.deliver(messages("a", "b", "c")) == [None, None, "EVENT_ID_REUSED: …"]


async def test_a_voucher_that_the_ledger_cannot_take_now_is_sent_again() -> None:
    books = Books(outcomes(a="posted", b=problem(503, "QUEUE_FULL")))
    with pytest.raises(LedgerBusy):
        await books.deliver(messages("a", "b"))


async def test_a_ledger_that_is_down_settles_nothing() -> None:
    books = Books(lambda _: httpx.Response(503, json=problem(503, "BUSY")))
    with pytest.raises(PeerError):
        await books.deliver(messages("a"))


async def test_one_unreadable_voucher_does_not_hold_up_its_neighbours() -> None:
    def answer(vouchers: list[dict[str, Any]]) -> httpx.Response:
        if any(voucher["event_id"] == "bad" for voucher in vouchers):
            return httpx.Response(422, json=problem(422, "VALIDATION_FAILED"))
        return httpx.Response(200, json={"results": [{"outcome": "posted"} for _ in vouchers]})

    books = Books(answer)
    verdicts = await books.deliver(messages("a", "b", "bad", "c", "d"))
    assert verdicts == [None, None, "VALIDATION_FAILED: …", None, None]


@pytest.mark.parametrize(("last", "parts"), [("bill", [100] * 4), ("receipt", [400])])
async def test_only_vouchers_of_new_bills_are_posted_side_by_side(
    last: str, parts: list[int]
) -> None:
    names = [f"v{number}" for number in range(400)]
    refused = problem(409, "EVENT_ID_REUSED")
    books = Books(outcomes(**dict.fromkeys(names, "posted") | {"v250": refused}))
    kinds = dict.fromkeys(names, "bill") | {"v399": last}
    sent = [
        Message(1, uuid7(), orjson.dumps({"event_id": name, "kind": kind}))
        for name, kind in kinds.items()
    ]
    verdicts = await books.deliver(sent)
    assert [len(batch) for batch in books.batches] == parts
    assert verdicts == [None] * 250 + ["EVENT_ID_REUSED: …"] + [None] * 149


def test_the_voucher_of_a_new_bill_stands_alone_and_one_that_only_speaks_of_it_does_not() -> None:
    def stands(**voucher: str) -> bool:
        return stands_alone(Message(1, uuid7(), orjson.dumps(voucher)))

    assert stands(event_id="bill:1", kind="bill")
    assert not stands(event_id="bill:1", kind="receipt", summary='"kind":"bill"')
