"""Corrections of the rules: the papers, the changes they wrote, and the rules as plain rows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.rules.domain.faults import BookedDays
from services.ledger.rules.domain.row import (
    Change,
    Correction,
    CorrectionStatus,
    Row,
    Table,
    WrittenChange,
)
from shared.page import read_page

PAPER = "correction"


async def rows(tx: AsyncConnection, tables: Iterable[Table]) -> dict[Table, list[Row]]:
    """Load every row of some tables of rules, as JSON."""
    found: dict[Table, list[Row]] = {}
    for table in tables:
        # The table's name is one of a closed list, never a caller's word.
        result = await tx.execute(
            text(f"SELECT CAST(to_jsonb(r) AS text) AS row FROM {table.value} AS r LIMIT 100000")
        )
        found[table] = [orjson.loads(one.row) for one in result]
    return found


async def booked(tx: AsyncConnection) -> BookedDays:
    """Load the first and last book date of every account and fund with entries, over all slots."""
    result = await tx.execute(
        text("""
            SELECT fund, account, MIN(day) AS first, MAX(day) AS last
              FROM bucket
             GROUP BY fund, account
             LIMIT 100000
        """)
    )
    accounts: dict[str, tuple[date, date]] = {}
    funds: dict[str, tuple[date, date]] = {}
    for row in result:
        for spans, code in ((accounts, row.account), (funds, row.fund)):
            first, last = spans.get(code, (row.first, row.last))
            spans[code] = min(first, row.first), max(last, row.last)
    return BookedDays(accounts, funds)


async def insert(tx: AsyncConnection, paper: Correction) -> None:
    """Keep a proposed correction."""
    changes = [
        {"table": one.table.value, "name": one.name, "before": one.before, "after": one.after}
        for one in paper.changes
    ]
    await tx.execute(
        text("""
            INSERT INTO correction (slot, id, why, changes, status, proposed_by)
            VALUES (:slot, :id, :why, CAST(:changes AS jsonb), :status, :proposed_by)
        """),
        {
            "slot": CENTRE_SLOT,
            "id": paper.id,
            "why": paper.why,
            "changes": orjson.dumps(changes).decode(),
            "status": paper.status.value,
            "proposed_by": paper.proposed_by,
        },
    )


async def lock(tx: AsyncConnection) -> None:
    """Let no other correction be approved until the transaction ends."""
    await tx.execute(
        text("""
            SELECT id
              FROM correction
             WHERE slot = :slot AND status = 'proposed'
             ORDER BY id
               FOR UPDATE
        """),
        {"slot": CENTRE_SLOT},
    )


async def load(tx: AsyncConnection, id: UUID) -> Correction | None:
    """Load a correction, or None."""
    result = await tx.execute(
        text("""
            SELECT id, why, CAST(changes AS text) AS changes, status, proposed_by, approved_by,
                   done_at
              FROM correction
             WHERE slot = :slot AND id = :id
        """),
        {"slot": CENTRE_SLOT, "id": id},
    )
    row = result.mappings().first()
    return _correction(row) if row else None


async def page(
    tx: AsyncConnection, *, status: str | None, before: UUID | None, limit: int
) -> list[Correction]:
    """List corrections, newest first."""
    return await read_page(
        tx,
        """SELECT id, why, CAST(changes AS text) AS changes, status, proposed_by, approved_by,
                  done_at
             FROM correction""",
        key=("id",),
        after=None if before is None else (before,),
        limit=limit,
        row=lambda **columns: _correction(columns),
        equal={"slot": CENTRE_SLOT, "status": status},
        newest_first=True,
    )


async def write(tx: AsyncConnection, id: UUID, approved_by: str) -> None:
    """Write what a correction says. The database does so only for a paper that two people signed."""
    await tx.execute(
        text("""
            UPDATE correction
               SET status = 'done', approved_by = :approved_by
             WHERE slot = :slot AND id = :id AND status = 'proposed'
        """),
        {"slot": CENTRE_SLOT, "id": id, "approved_by": approved_by},
    )
    await tx.execute(text("SELECT apply_correction(:id)"), {"id": id})


async def made(tx: AsyncConnection, since: datetime | None = None) -> list[WrittenChange]:
    """Load the changes that corrections wrote, oldest first; only those after an instant if it is
    given."""
    result = await tx.execute(
        text("""
            SELECT table_name, row_key, CAST(before AS text) AS before, CAST(after AS text) AS after,
                   why, corrected_by, at
              FROM rule_correction
             WHERE CAST(:since AS timestamptz) IS NULL OR at > :since
             ORDER BY at, id
             LIMIT 100000
        """),
        {"since": since},
    )
    return [
        WrittenChange(
            Table(row.table_name),
            row.row_key,
            orjson.loads(row.before) if row.before is not None else None,
            orjson.loads(row.after),
            row.why,
            row.corrected_by,
            row.at,
        )
        for row in result
    ]


def _correction(row: Any) -> Correction:
    return Correction(
        id=UUID(int=row["id"].int),
        why=row["why"],
        changes=tuple(
            Change(Table(one["table"]), one["before"], one["after"])
            for one in orjson.loads(row["changes"])
        ),
        status=CorrectionStatus(row["status"]),
        proposed_by=row["proposed_by"],
        approved_by=row["approved_by"],
        done_at=row["done_at"],
    )
