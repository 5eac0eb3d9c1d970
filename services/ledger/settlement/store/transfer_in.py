"""Personal accounts that receive a transfer, in the transaction of the centre's writer."""

from __future__ import annotations

from datetime import date
from typing import Any, TypeAlias

import asyncpg

from services.ledger.personal.domain import Bill, Credit, CreditKind
from services.ledger.settlement.domain.transfer_in import IncomingTransfer

Connection: TypeAlias = "asyncpg.Connection[Any]"


async def is_used(connection: Connection, transfer: IncomingTransfer, fund: str) -> bool:
    """Tell whether a letter has brought its money already."""
    found = await connection.fetchval(
        "SELECT 1 FROM personal_batch WHERE batch_key = $1 AND kind = 'transfer_in' AND id = $2",
        transfer.key(fund),
        transfer.paper(fund),
    )
    return found is not None


async def years_brought(connection: Connection, transfer: IncomingTransfer, fund: str) -> list[int]:
    """Find the years of a transfer that a part of its letter has brought already."""
    rows = await connection.fetch(
        """
        SELECT DISTINCT year
          FROM personal_brought
         WHERE person_id = $1 AND fund = $2 AND starts_with(paper, $3)
           AND year = ANY($4::integer[])
         ORDER BY year
        """,
        transfer.person_id,
        fund,
        transfer.letter_name(fund),
        [one.year for one in transfer.years],
    )
    return [row["year"] for row in rows]


async def first_open(connection: Connection, fund: str, day: date) -> date:
    """Lock a fund's personal accounts against the closing of a year; the day itself, or a later one."""
    await connection.execute(
        "INSERT INTO personal_fund (fund) VALUES ($1) ON CONFLICT (fund) DO NOTHING", fund
    )
    closed = await connection.fetchval(
        "SELECT closed_year FROM personal_fund WHERE fund = $1 FOR SHARE", fund
    )
    return day if not closed or closed < day.year else date(closed + 1, 1, 1)


async def credit(
    connection: Connection, transfer: IncomingTransfer, fund: str, day: date, by: str
) -> bool:
    """Credit the account's part and keep the years; False when the letter was used before."""
    on = await first_open(connection, fund, day)
    key, paper = transfer.key(fund), transfer.paper(fund)
    bill = Bill(
        id=paper,
        kind=CreditKind.TRANSFER_IN,
        key=key,
        period=f"{day:%Y-%m}",
        credited_on=on,
        stated_on=day,
        credits=(Credit(transfer.person_id, fund, transfer.account_fen),),
    )
    made = await connection.fetchval(
        """
        INSERT INTO personal_batch (batch_key, kind, id, period, credited_on, body_hash, recorded_by)
        VALUES ($1, 'transfer_in', $2, $3, $4, $5, $6)
        ON CONFLICT DO NOTHING
        RETURNING 1
        """,
        key,
        paper,
        bill.period,
        on,
        bill.body_hash,
        by,
    )
    if made is None:
        return False
    if transfer.account_fen:
        await _add(connection, bill)
    await connection.executemany(
        """
        INSERT INTO personal_brought (person_id, fund, paper, year, months, base_fen)
        VALUES ($1, $2, $3, $4, $5, $6)
        """,
        [
            (transfer.person_id, fund, paper, one.year, one.months, one.base_fen)
            for one in transfer.years
        ],
    )
    return True


async def _add(connection: Connection, bill: Bill) -> None:
    [(person_id, fund, amount_fen)] = bill.credits
    await connection.execute(
        """
        INSERT INTO personal_batch_fund (batch_key, kind, id, fund, credited_on, people, total_fen)
        VALUES ($1, 'transfer_in', $2, $3, $4, 1, $5)
        """,
        bill.key,
        bill.id,
        fund,
        bill.credited_on,
        amount_fen,
    )
    await connection.execute(
        """
        INSERT INTO personal_credit (person_id, fund, kind, period, source, amount_fen, credited_on)
        VALUES ($1, $2, 'transfer_in', $3, $4, $5, $6)
        """,
        person_id,
        fund,
        bill.period,
        bill.id,
        amount_fen,
        bill.credited_on,
    )
