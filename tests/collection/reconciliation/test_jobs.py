"""The job follows the books once, however often it is killed or doubled, and matches what is new."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from typing import Any, cast

import pytest

from services.collection.app import build
from services.collection.reconciliation.clients import Books
from services.collection.reconciliation.jobs import ReconciliationJob
from shared.db import Database
from tests.collection.reconciliation.reckoning import TREASURY, Desk
from tests.collection.support.money import fetch
from tests.conftest import Bearer, ClientOf, SettingsFor

DAY = "2021-07-20"


@pytest.fixture(scope="module")
async def desk(
    settings_for: SettingsFor, client_of: ClientOf, bearer: Bearer, database_url: str
) -> AsyncIterator[Desk]:
    async with client_of(build(settings_for())) as client:
        yield Desk(client, bearer, database_url)


class Feed:
    """A ledger's feed of one slot with sweeps of one yuan."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def get(self, path: str, *, after_seq: str, limit: int) -> dict[str, Any]:
        assert path == "/v1/events"
        self.asked.append(after_seq)
        done = int(after_seq.partition(":")[2] or 0)
        seqs = range(done + 1, min(done + 3, 6))
        return {
            "items": [self._voucher(seq) for seq in seqs],
            "after_seq": f"0:{max([done, *seqs])}",
            "has_more": bool(seqs) and seqs[-1] < 5,
        }

    def _voucher(self, seq: int) -> dict[str, Any]:
        sides = (("fiscal_deposit", "debit"), (TREASURY, "credit"))
        return {
            "slot": 0,
            "seq": seq,
            "id": f"vch_0_{seq}",
            "kind": "sweep",
            "event_id": f"e{seq}",
            "book_date": DAY,
            "value_date": None,
            "summary": "归集",
            "references": {"settlement": f"s{seq}"},
            "reverses": None,
            "entries": [
                {"book": "statutory", "account": account, "side": side, "amount": "1.00"}
                for account, side in sides
            ],
        }


async def test_the_feed_is_taken_once_and_matched(
    desk: Desk, db: Database, database_url: str
) -> None:
    feed = Feed()
    books = Books(cast(Any, feed))
    job, twin = (ReconciliationJob(db, books, "tianjin", rest=0) for _ in range(2))
    assert await job.step() == 0
    assert feed.asked == [], "nothing is followed before statements are expected of an account"
    await desk.expect(expected_from=DAY)
    await desk.upload([(DAY, -100, f"T{seq}") for seq in range(1, 5)], DAY)
    for _ in range(3):
        await job.step()
        await twin.step()
    rows = await fetch(
        database_url,
        "SELECT day, sum(amount_fen) AS fen, count(*) AS n FROM book_movement"
        " WHERE account = $1 GROUP BY day",
        TREASURY,
    )
    assert rows == [{"day": date(2021, 7, 20), "fen": -500, "n": 5}]
    assert list((await desk.kinds()).values()) == ["books_not_statement"]
    (item,) = await desk.items()
    assert (item["booked"], item["status"]) == ("-1.00", "in_transit")
