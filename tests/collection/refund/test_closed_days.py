"""The days that people choose for refunds must be open; the bank's day may be closed."""

from __future__ import annotations

from datetime import date

import orjson

from shared import book_days
from shared.book_days.open_day import BookDays
from shared.db import Database
from tests.collection.support.office import Office
from tests.collection.support.refunds import (
    approved,
    decide,
    paid_twice,
    report_return,
    requested,
    settle,
)


async def close(db: Database, until: str | None) -> None:
    """Let collection know that the books are closed until a day."""
    day = date.fromisoformat(until) if until else None
    await db.run(lambda tx: book_days.write(tx, BookDays(day, date(1999, 7, 1))))


async def test_an_approval_needs_an_open_day(office: Office, db: Database) -> None:
    await close(db, None)
    _, receipt, _ = await paid_twice(office, db)
    refund = await requested(office, {"receipt": receipt})
    await close(db, "2021-11-25")
    refused = await decide(office, refund["id"])
    assert (refused.status_code, refused.json()["code"]) == (409, "DAY_CLOSED")
    [fault] = refused.json()["errors"]
    assert (fault["pointer"], "2021-11-26" in fault["message"]) == ("/decided_on", True)
    assert (await approved(office, refund["id"], decided_on="2021-11-26"))["status"] == "approved"


async def test_a_return_of_a_closed_day_is_booked_on_an_open_one(
    office: Office, db: Database
) -> None:
    await close(db, None)
    _, receipt, _ = await paid_twice(office, db)
    refund = await requested(office, {"receipt": receipt})
    await approved(office, refund["id"])
    await settle(db, refund["id"])
    await close(db, "2021-12-05")
    reported = await report_return(office, refund["id"])
    assert reported.status_code == 201, "the bank's day is a fact"
    refused = await decide(office, refund["id"], "returns/approvals", decided_on="2021-12-05")
    assert (refused.status_code, refused.json()["code"]) == (409, "DAY_CLOSED")
    assert "2021-12-06" in refused.json()["detail"]
    back = await approved(office, refund["id"], "returns/approvals", decided_on="2021-12-06")
    assert back["status"] == "returned"
    rows = await office.fetch("SELECT payload FROM outbox ORDER BY id DESC LIMIT 1")
    voucher = orjson.loads(rows[0]["payload"])
    assert (voucher["book_date"], voucher["value_date"]) == ("2021-12-06", "2021-12-01")
