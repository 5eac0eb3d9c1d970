"""Vouchers that the ledger cannot read, or answers unreadably, block no other."""

from datetime import date
from typing import Any

import httpx
import orjson

from shared.web.client import Peer
from shared.wire.voucher_delivery import (
    ANSWER_UNREADABLE,
    post_vouchers,
    read_payload,
    verdict_of,
)


def ledger(request: httpx.Request) -> httpx.Response:
    """Answer batches with a bad voucher by 422, with an odd one by something that is not JSON."""
    if request.url.path == "/v1/oauth/token":
        return httpx.Response(200, json={"access_token": "t"})
    vouchers: list[dict[str, Any]] = orjson.loads(request.content)["vouchers"]
    if any(one["event_id"] == "odd" for one in vouchers):
        return httpx.Response(200, content=b"<html>")
    if any(one["event_id"] == "bad" for one in vouchers):
        return httpx.Response(422, json={"code": "VALIDATION_FAILED", "detail": "bad"})
    return httpx.Response(200, json={"results": [{"outcome": "posted"} for _ in vouchers]})


async def test_a_batch_is_halved_until_the_faulty_voucher_is_found() -> None:
    transport = httpx.MockTransport(ledger)
    async with Peer(
        "http://ledger",
        "me",
        "secret",
        identity_url="http://identity",
        attempts=1,
        transport=transport,
    ) as peer:
        names = ["a", "bad", "b", "odd", "c", "d", "e"]
        verdicts = await post_vouchers(peer, [{"event_id": name} for name in names])
    assert verdicts == [
        None,
        "VALIDATION_FAILED: bad",
        None,
        ANSWER_UNREADABLE,
        None,
        None,
        None,
    ]


def test_the_verdict_names_the_day_of_a_voucher_that_moved() -> None:
    voucher = {"book_date": "2021-07-31"}
    for outcome in ("posted", "replayed"):
        moved = verdict_of(voucher, {"outcome": outcome, "book_date": "2021-08-01"})
        assert moved == date(2021, 8, 1)
        assert verdict_of(voucher, {"outcome": outcome, "book_date": "2021-07-31"}) is None


def test_a_payload_that_is_no_object_is_unreadable() -> None:
    assert [read_payload(one) for one in (b"", b"\xff", b"[]", b"1", b"{}")] == [
        None,
        None,
        None,
        None,
        {},
    ]
