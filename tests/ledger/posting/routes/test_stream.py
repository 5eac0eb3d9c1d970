"""Vouchers as a stream of lines: outcomes in order, one at a time, whatever the line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.ledger.common.domain.refusal import OutcomeUnknown
from services.ledger.posting.flows import stream as stream_flow
from shared.guard.gate import Gate
from shared.roles import Role
from tests.ledger.conftest import Ledger
from tests.ledger.support.making import entry, fresh, receipt, receipt_draft

PATH = "/v1/voucher-streams"


async def send(ledger: Ledger, content: Any, role: Role = Role.COLLECTION_SERVICE) -> Any:
    headers = ledger.bearer(role) | {"Content-Type": "application/x-ndjson"}
    return await ledger.client.post(PATH, content=content, headers=headers)


async def play(ledger: Ledger, content: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    answer = await send(ledger, content)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    *results, end = [json.loads(line) for line in answer.text.splitlines()]
    assert end["type"] == "end"
    return results, end


def body(*vouchers: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in vouchers)


async def test_every_line_gets_its_outcome_in_order(ledger: Ledger) -> None:
    vouchers = [receipt("1.00", owner=f"UNIT-{i % 9}") for i in range(1_300)]
    results, end = await play(ledger, body(*vouchers))
    assert [one["line"] for one in results] == list(range(1, 1_301))
    assert [one["event_id"] for one in results] == [one["event_id"] for one in vouchers]
    assert {one["outcome"] for one in results} == {"posted"}
    assert (end["complete"], end["posted"], end["problem"]) == (True, 1_300, None)
    again, end = await play(ledger, body(*vouchers))
    assert [one["id"] for one in again] == [one["id"] for one in results]
    assert (end["posted"], end["replayed"]) == (0, 1_300)


async def test_a_bad_line_fails_alone_and_says_why(ledger: Ledger) -> None:
    lame = receipt(
        entries=[
            entry("pension", "income_deposit", "debit", "1.00"),
            entry("pension", "contribution_income.pooled", "credit", "2.00"),
        ]
    )
    lines = [
        json.dumps(receipt()).encode(),
        b"{nonsense",
        json.dumps(receipt() | {"owner": "", "event_id": "nameless"}).encode(),
        b"",
        json.dumps(lame).encode(),
        b'{"event_id": "' + b"x" * 300_000 + b'"}',
        b"[]",
        json.dumps(receipt()).encode(),
    ]
    results, end = await play(ledger, b"\n".join(lines))
    assert [(one["line"], one["outcome"]) for one in results] == [
        (1, "posted"),
        (2, "refused"),
        (3, "refused"),
        (5, "refused"),
        (6, "refused"),
        (7, "refused"),
        (8, "posted"),
    ]
    by_line = {one["line"]: one for one in results}
    assert by_line[3]["event_id"] == "nameless"
    assert by_line[3]["problem"]["errors"][0]["pointer"] == "/owner"
    assert by_line[5]["problem"]["code"] == "VOUCHER_UNBALANCED"
    assert by_line[6]["problem"]["errors"][0]["code"] == "LINE_TOO_LONG"
    assert (end["complete"], end["posted"], end["refused"]) == (True, 2, 5)


async def test_a_line_with_nul_fails_alone_and_names_the_place(ledger: Ledger) -> None:
    with_nul = receipt() | {"summary": "a\x00b"}
    results, end = await play(ledger, body(receipt(), with_nul, receipt()))
    faults = results[1]["problem"]["errors"]
    assert [(one["pointer"], one["code"]) for one in faults] == [("/summary", "NUL_IN_REQUEST")]
    assert (end["complete"], end["posted"], end["refused"]) == (True, 2, 1)


async def test_lines_may_be_cut_anywhere(ledger: Ledger) -> None:
    content = body(*[receipt() for _ in range(7)])

    async def crumbs() -> AsyncIterator[bytes]:
        for i in range(0, len(content), 37):
            yield content[i : i + 37]

    results, end = await play(ledger, crumbs())
    assert (len(results), end["posted"]) == (7, 7)
    assert (await play(ledger, b""))[1]["complete"]


async def test_a_stream_that_breaks_says_that_it_is_not_whole(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Gate, "_body_limit", lambda *_: 10_000)
    good = receipt()

    async def too_much() -> AsyncIterator[bytes]:
        yield body(good)
        yield b" " * 10_000

    results, end = await play(ledger, too_much())
    assert not end["complete"]
    assert end["problem"]["code"] == "BODY_TOO_LARGE"
    assert (await play(ledger, body(good)))[1]["posted"] == 1 - len(results)


async def test_who_may_not_stream(ledger: Ledger) -> None:
    assert (await send(ledger, body(receipt()), Role.DASHBOARD)).status_code == 403


# --- the flow: room, patience, ends ---------------------------------------------------------


class Slow:
    """Books that take what they are given, and remember how much lay ready meanwhile."""

    def __init__(self, failures: int = 0) -> None:
        self.sizes: list[int] = []
        self.failures = failures

    async def post(self, drafts: list[Any]) -> list[Any]:
        await asyncio.sleep(0.001)
        if self.failures:
            self.failures -= 1
            raise OutcomeUnknown
        self.sizes.append(len(drafts))
        return [OutcomeUnknown() for _ in drafts]


async def test_no_more_is_read_than_there_is_room_for() -> None:
    read = answered = ahead = 0
    draft = receipt_draft()

    async def lines() -> AsyncIterator[stream_flow.StreamLine]:
        nonlocal read, ahead
        for number in range(5_000):
            read += 1
            ahead = max(ahead, read - answered)
            yield stream_flow.StreamLine(number, fresh(), draft)

    slow: Any = Slow()
    async for answers in stream_flow.post_all(slow, lines()):
        answered += len(answers)
    assert answered == 5_000
    assert ahead <= 2 * stream_flow.CHUNK + 2
    assert max(slow.sizes) <= stream_flow.CHUNK


async def one_line() -> AsyncIterator[stream_flow.StreamLine]:
    yield stream_flow.StreamLine(1, "e", receipt_draft())


async def test_a_chunk_is_tried_again_while_the_books_are_away() -> None:
    patient: Any = Slow(failures=2)
    assert [len(one) async for one in stream_flow.post_all(patient, one_line(), (0.0, 0.0))] == [1]
    away: Any = Slow(failures=9)
    with pytest.raises(OutcomeUnknown):
        [one async for one in stream_flow.post_all(away, one_line(), (0.0, 0.0))]
