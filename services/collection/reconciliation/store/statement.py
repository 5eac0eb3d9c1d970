"""SQL of statements and of the accounts that they are expected of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.reconciliation.domain.statement import (
    StatementDay,
    StatementHead,
    account_key,
)
from services.collection.reconciliation.store.match import PATIENCE_SECONDS
from shared.db import patient, raw
from shared.page import read_page

_LINE_COLUMNS = (
    "account_key",
    "day",
    "line_no",
    "serial",
    "reference",
    "amount_fen",
    "counter_account",
    "counter_mark",
    "counter_name",
    "bank_code",
    "summary",
)


async def mark(tx: AsyncConnection, account: str, day: date) -> None:
    """Note that something came in to a day of an account; take turns with others at it."""
    await tx.execute(
        text("""
            INSERT INTO reconciliation_state AS known (account, dirty_from)
            VALUES (:account, :day)
            ON CONFLICT (account) DO UPDATE
               SET dirty_from = least(known.dirty_from, excluded.dirty_from)
        """),
        {"account": account, "day": day},
    )


async def days_of(
    tx: AsyncConnection, account: str, first: date, last: date
) -> list[tuple[StatementDay, bytes]]:
    """Read the days of a span that have a statement, each with the hash of its file."""
    rows = await tx.execute(
        text("""
            SELECT day, opening_fen, closing_fen, lines, file_hash
              FROM bank_statement
             WHERE account_key = :key AND day BETWEEN :first AND :last
             ORDER BY day
        """),
        {"key": account_key(account), "first": first, "last": last},
    )
    return [
        (
            StatementDay(
                day=row.day,
                opening_fen=row.opening_fen,
                closing_fen=row.closing_fen,
                lines=row.lines,
            ),
            bytes(row.file_hash),
        )
        for row in rows
    ]


async def be_patient(tx: AsyncConnection) -> None:
    """Let a transaction take as long as a month of a large city needs: a million lines."""
    await patient(tx, PATIENCE_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementFile:
    """One file as it was taken: its days, the number of its entries, and its hash."""

    first: date
    last: date
    lines: int
    file_hash: bytes


async def file_of(tx: AsyncConnection, account: str, day: date) -> StatementFile | None:
    """Read the file that a day's statement came with. Its days were written in one transaction."""
    rows = await tx.execute(
        text("""
            SELECT min(day) AS first, max(day) AS last, CAST(sum(lines) AS bigint) AS lines,
                   file_hash
              FROM bank_statement
             WHERE account_key = :key
               AND (file_hash, taken_at) = (SELECT file_hash, taken_at
                                              FROM bank_statement
                                             WHERE account_key = :key AND day = :day)
             GROUP BY file_hash
        """),
        {"key": account_key(account), "day": day},
    )
    row = rows.one_or_none()
    return StatementFile(**row._mapping) if row else None


async def nearest(
    tx: AsyncConnection, account: str, *, before: date | None = None, after: date | None = None
) -> StatementDay | None:
    """Read the nearest day with a statement before or after a day."""
    condition, order = ("day < :day", "DESC") if before is not None else ("day > :day", "ASC")
    rows = await tx.execute(
        text(f"""
            SELECT day, opening_fen, closing_fen, lines
              FROM bank_statement
             WHERE account_key = :key AND {condition}
             ORDER BY day {order}
             LIMIT 1
        """),
        {"key": account_key(account), "day": before if before is not None else after},
    )
    row = rows.one_or_none()
    return StatementDay(**row._mapping) if row else None


async def insert_days(
    tx: AsyncConnection,
    head: StatementHead,
    days: Sequence[StatementDay],
    *,
    file_hash: bytes,
    by: str,
) -> None:
    """Write the days of a file."""
    driver = await raw(tx)
    columns = ("account_key", "account", "day", "opening_fen", "closing_fen", "lines")
    await driver.copy_records_to_table(
        "bank_statement",
        columns=(*columns, "file_hash", "taken_by"),
        records=[
            (
                *(head.key, head.account, one.day, one.opening_fen, one.closing_fen, one.lines),
                *(file_hash, by),
            )
            for one in days
        ],
    )


async def insert_lines(tx: AsyncConnection, records: Iterable[tuple[Any, ...]]) -> None:
    """Write entries by COPY, each in the order of the table's columns."""
    driver = await raw(tx)
    await driver.copy_records_to_table(
        "bank_statement_line", columns=_LINE_COLUMNS, records=records
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementRow:
    """An account's day with its statement."""

    account: str
    day: date
    opening_fen: int
    closing_fen: int
    lines: int
    taken_by: str


async def page(
    tx: AsyncConnection,
    *,
    account: str,
    first: date | None,
    last: date | None,
    after: date | None,
    limit: int,
) -> list[StatementRow]:
    """Read an account's days with statements, in their order."""
    where: dict[str, dict[str, Any]] = {}
    if first is not None:
        where["day >= :first"] = {"first": first}
    if last is not None:
        where["day <= :last"] = {"last": last}
    return await read_page(
        tx,
        "SELECT account, day, opening_fen, closing_fen, lines, taken_by FROM bank_statement",
        key=("day",),
        after=None if after is None else (after,),
        limit=limit,
        row=StatementRow,
        equal={"account_key": account_key(account)},
        where=where,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementAccount:
    """A dated setting: statements of an account are expected from a day until another."""

    account: str
    expected_from: date
    expected_to: date | None
    arrives_within: int
    note: str
    set_by: str


async def accounts(tx: AsyncConnection) -> list[StatementAccount]:
    """Read all settings."""
    rows = await tx.execute(
        text("""
            SELECT account, expected_from, expected_to, arrives_within, note, set_by
              FROM statement_account
             ORDER BY account, expected_from
             LIMIT 1000
        """)
    )
    return [StatementAccount(**row._mapping) for row in rows]


async def dirty_accounts(tx: AsyncConnection) -> dict[str, date]:
    """Read the accounts to which something came in since they were last reconciled, from which day on."""
    rows = await tx.execute(
        text("""
            SELECT account, dirty_from
              FROM reconciliation_state
             WHERE dirty_from IS NOT NULL
             ORDER BY account
             LIMIT 100
        """)
    )
    return {row.account: row.dirty_from for row in rows}


async def begin_run(tx: AsyncConnection, account: str) -> date | None:
    """Lock an account for a run, and read from which day on something came in.

    What comes in meanwhile waits, and marks the account again afterwards.
    """
    rows = await tx.execute(
        text("SELECT dirty_from FROM reconciliation_state WHERE account = :account FOR UPDATE"),
        {"account": account},
    )
    dirty_from: date | None = rows.scalar_one_or_none()
    await tx.execute(
        text("""
            UPDATE reconciliation_state
               SET dirty_from = NULL, reconciled_at = now()
             WHERE account = :account
        """),
        {"account": account},
    )
    return dirty_from
