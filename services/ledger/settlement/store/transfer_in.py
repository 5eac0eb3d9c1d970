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
           AND NOT EXISTS (
               SELECT 1
                 FROM personal_brought_void AS void
                WHERE void.person_id = personal_brought.person_id
                  AND void.fund = personal_brought.fund AND void.paper = personal_brought.paper)
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
    paper = transfer.paper(fund)
    bill = Bill(
        id=paper,
        kind=CreditKind.TRANSFER_IN,
        key=transfer.key(fund),
        period=f"{day:%Y-%m}",
        credited_on=on,
        stated_on=day,
        credits=(Credit(transfer.person_id, fund, transfer.account_fen),),
    )
    if not await _claim(connection, bill, by):
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


async def take_back(
    connection: Connection, transfer: IncomingTransfer, fund: str, day: date, by: str
) -> bool:
    """Take a transfer's money back and void its years; False when the account cannot give it."""
    # Alone, so that nobody else takes the same money.
    closed = await connection.fetchval(
        "SELECT closed_year FROM personal_fund WHERE fund = $1 FOR UPDATE", fund
    )
    key, paper = transfer.key(fund), transfer.paper(fund)
    credited_on = await connection.fetchval(
        "SELECT credited_on FROM personal_batch"
        " WHERE batch_key = $1 AND kind = 'transfer_in' AND id = $2",
        key,
        paper,
    )
    if closed and closed >= credited_on.year:
        return False
    if await _held(connection, transfer.person_id, fund) < transfer.account_fen:
        return False
    bill = Bill(
        id=f"{paper}:back",
        kind=CreditKind.TRANSFER_IN,
        key=key,
        period=f"{day:%Y-%m}",
        credited_on=max(day, credited_on),
        stated_on=day,
        credits=(Credit(transfer.person_id, fund, -transfer.account_fen),),
        corrects=paper,
    )
    if not await _claim(connection, bill, by):
        return False
    if transfer.account_fen:
        await _add(connection, bill)
    await connection.execute(
        "INSERT INTO personal_brought_void (person_id, fund, paper) VALUES ($1, $2, $3)",
        transfer.person_id,
        fund,
        paper,
    )
    return True


async def _held(connection: Connection, person_id: int, fund: str) -> int:
    """Compute what the account of a person, or of the one it was merged into, holds."""
    holder = await connection.fetchval(
        "SELECT holder_id FROM personal_holder WHERE person_id = $1", person_id
    )
    merged = await connection.fetch(
        "SELECT person_id FROM personal_holder WHERE holder_id = $1", holder or person_id
    )
    held_fen = await connection.fetchval(
        """
        SELECT coalesce((SELECT sum(amount_fen) FROM personal_credit
                          WHERE person_id = ANY($1::bigint[]) AND fund = $2), 0)
             + coalesce((SELECT sum(interest_fen) FROM personal_year
                          WHERE person_id = ANY($1::bigint[]) AND fund = $2), 0)
        """,
        [holder or person_id, *(row["person_id"] for row in merged)],
        fund,
    )
    return int(held_fen)


async def _claim(connection: Connection, bill: Bill, by: str) -> bool:
    """Write the batch row of a paper; False when it is there."""
    made = await connection.fetchval(
        """
        INSERT INTO personal_batch (batch_key, kind, id, period, credited_on, body_hash, corrects,
                                    recorded_by)
        VALUES ($1, 'transfer_in', $2, $3, $4, $5, $6, $7)
        ON CONFLICT DO NOTHING
        RETURNING 1
        """,
        bill.key,
        bill.id,
        bill.period,
        bill.credited_on,
        bill.body_hash,
        bill.corrects,
        by,
    )
    return made is not None


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
