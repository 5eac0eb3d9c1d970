"""A database of before: its tickets stay known, and money in suspense has its reason."""

from collections.abc import Awaitable, Callable
from datetime import date
from uuid import UUID, uuid4

import asyncpg

from services.migrate import migrate


async def receipt(db: asyncpg.Connection, serial: str, unit_id: int | None) -> UUID:
    found: UUID = await db.fetchval(
        "INSERT INTO receipt (receipt_key, id, source, serial, body_hash, channel, paper,"
        " credit_code, unit_id, district, period, amount_fen, paid_on, book_date)"
        " VALUES (7, $1, 'tax_bureau', $2, 'h', 'tax', 'p', 'c', $3, 'heping', '2021-07', 500, $4, $4)"
        " RETURNING id",
        uuid4(),
        serial,
        unit_id,
        date(2021, 8, 20),
    )
    return found


async def test_tickets_of_before_are_whole_ones_and_held_money_has_a_reason(
    empty_database_url: str, upgrade_to: Callable[[str], Awaitable[None]]
) -> None:
    await upgrade_to("collection_0029")
    db = await asyncpg.connect(empty_database_url, server_settings={"search_path": "collection"})
    try:
        await receipt(db, "PAID", 5)
        more = await receipt(db, "MORE", 5)
        nobody = await receipt(db, "NOBODY", None)
        for id, fen in ((more, 100), (nobody, 500)):
            await db.execute(
                "INSERT INTO suspense (receipt_key, receipt_id, account, fund, district, amount_fen)"
                " VALUES (7, $1, 'treasury_deposit', 'pension', 'heping', $2)",
                id,
                fen,
            )
        await migrate(empty_database_url, ["collection"])
        lines = await db.fetch(
            "SELECT ticket, line_no, amount_fen FROM tax_line WHERE line_key = 7 ORDER BY ticket"
        )
        assert [tuple(row) for row in lines] == [
            ("MORE", 0, 500),
            ("NOBODY", 0, 500),
            ("PAID", 0, 500),
        ]
        held = await db.fetch("SELECT reason FROM tax_hold ORDER BY reason")
        assert [row["reason"] for row in held] == ["more_than_open", "payer_unknown"]
    finally:
        await db.close()
