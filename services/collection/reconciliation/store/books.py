"""SQL of the books' movements on our accounts, as the ledger's feed tells them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.reconciliation.domain.movement import BookMovement
from services.collection.reconciliation.domain.statement import account_key
from shared.db import raw

_COLUMNS = (
    "account_key",
    "account",
    "slot",
    "seq",
    "day",
    "value_day",
    "amount_fen",
    "mark",
    "paper",
    "of_receipt",
    "kind",
    "summary",
)


async def reached(tx: AsyncConnection) -> str:
    """Read how far the feed was read."""
    rows = await tx.execute(text("SELECT reached FROM book_feed WHERE name = 'ledger'"))
    return rows.scalar_one_or_none() or ""


async def take(
    tx: AsyncConnection, movements: Sequence[BookMovement], *, since: str, reached: str
) -> bool:
    """Write movements and how far the feed is read now; False when another reader was first."""
    moved = await tx.execute(
        text("""
            INSERT INTO book_feed AS known (name, reached) VALUES ('ledger', :reached)
            ON CONFLICT (name) DO UPDATE
               SET reached = excluded.reached, read_at = excluded.read_at
             WHERE known.reached = :since
            RETURNING 1
        """),
        {"reached": reached, "since": since},
    )
    if moved.first() is None:
        return False
    if movements:
        driver = await raw(tx)
        records = [(account_key(one.account), *astuple(one)) for one in movements]
        await driver.copy_records_to_table("book_movement", columns=_COLUMNS, records=records)
    return True


async def balance_fen(tx: AsyncConnection, account: str, as_of: date) -> int:
    """Sum up an account's movements to the end of a day: its balance in the books."""
    rows = await tx.execute(
        text("""
            SELECT CAST(coalesce(sum(amount_fen), 0) AS bigint) AS fen
              FROM book_movement
             WHERE account_key = :key AND day <= :as_of
        """),
        {"key": account_key(account), "as_of": as_of},
    )
    return int(rows.scalar_one())


async def last_day(tx: AsyncConnection, account: str) -> date | None:
    """Read the last day with a movement."""
    rows = await tx.execute(
        text("SELECT max(day) AS day FROM book_movement WHERE account_key = :key"),
        {"key": account_key(account)},
    )
    found: date | None = rows.scalar_one()
    return found
