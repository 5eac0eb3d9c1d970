"""The days that the books take entries on (可记账之日), as a service knows them.

The ledger alone decides. Each service keeps a copy of one row, so that a door can tell a person at
once that a day is closed, and can book a fact of a closed day on the first open one.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.book_days.open_day import BookDays, FactDay
from shared.db import Database
from shared.process.background import keep_looking
from shared.web.client import Peer

PATH: Final = "/v1/book-days"
REFRESH_SECONDS: Final = 1.0

DDL: Final = """
    CREATE TABLE book_days (
        name         text        PRIMARY KEY CHECK (name = 'ledger'),
        closed_until date,
        chart_from   date        NOT NULL,
        read_at      timestamptz NOT NULL DEFAULT now()
    )
    """
GRANT: Final = "SELECT, INSERT, UPDATE"


async def read(tx: AsyncConnection) -> BookDays:
    """Read what this service last heard from the ledger; every day is open before that."""
    found = await tx.execute(
        text("SELECT closed_until, chart_from FROM book_days WHERE name = 'ledger'")
    )
    row = found.one_or_none()
    return BookDays() if row is None else BookDays(row.closed_until, row.chart_from)


async def fact_day(tx: AsyncConnection, day: date, pointer: str = "/") -> FactDay:
    """Return where a fact of a day is booked; see `BookDays.fact_day`."""
    return (await read(tx)).fact_day(day, pointer)


async def chosen_day(tx: AsyncConnection, day: date, pointer: str = "/") -> date:
    """Return a day that a person chose, if it is open; see `BookDays.chosen_day`."""
    return (await read(tx)).chosen_day(day, pointer)


async def write(tx: AsyncConnection, days: BookDays) -> None:
    """Keep what the ledger answered. Nothing is written when it is known already."""
    await tx.execute(
        text("""
            INSERT INTO book_days AS known (name, closed_until, chart_from)
            VALUES ('ledger', CAST(:closed_until AS date), :chart_from)
            ON CONFLICT (name) DO UPDATE
               SET closed_until = excluded.closed_until, chart_from = excluded.chart_from,
                   read_at = excluded.read_at
             WHERE (known.closed_until, known.chart_from)
                   IS DISTINCT FROM (excluded.closed_until, excluded.chart_from)
        """),
        {"closed_until": days.closed_until, "chart_from": days.chart_from},
    )


async def refresh(db: Database, ledger: Peer) -> BookDays:
    """Ask the ledger and keep its answer.

    Raises:
        PeerError, httpx.TransportError: the ledger cannot answer now.
    """
    answer = await ledger.get(PATH)
    closed_until = answer["closed_until"]
    days = BookDays(
        date.fromisoformat(closed_until) if closed_until else None,
        date.fromisoformat(answer["chart_from"]),
    )
    async with db.transaction() as tx:
        if await read(tx) != days:
            await write(tx, days)
    return days


async def keep_fresh(db: Database, ledger: Peer) -> None:
    """Refresh the copy every second or two, until cancelled."""

    async def look() -> int:
        await refresh(db, ledger)
        return 0

    failed = "book days not refreshed"
    await keep_looking(look, db.bell, seconds=REFRESH_SECONDS, failed=failed)
