"""Formula rows in the database: proposed by one person, put in force by another."""

from __future__ import annotations

import json
from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.formulas.domain.row import CHINA, FormulaRow
from services.payout.formulas.domain.rules import RULES
from services.payout.formulas.domain.version import RowStatus, RowVersion
from shared.page import read_page

_COLUMNS = """id, rule, place, in_force_from, in_force_to, value, source, certain, status,
       proposed_by, note"""


def _version(**columns: object) -> RowVersion:
    status, proposed_by, note = (columns.pop(name) for name in ("status", "proposed_by", "note"))
    known = RULES.get(str(columns["rule"]))
    row = FormulaRow(
        title=str(columns["rule"]) if known is None else known.title,
        **columns,  # type: ignore[arg-type]
    )
    return RowVersion(
        row=row,
        status=RowStatus(str(status)),
        proposed_by=str(proposed_by),
        note=None if note is None else str(note),
    )


async def in_force(tx: AsyncConnection, place: str) -> list[FormulaRow]:
    """Read every row in force of a place and of the whole country, of all days."""
    found = await tx.execute(
        text(f"""
            SELECT {_COLUMNS}
              FROM formula_row
             WHERE place = ANY (CAST(:places AS text[])) AND status = 'in_force'
             ORDER BY rule, place, in_force_from
        """),
        {"places": [place, CHINA]},
    )
    return [_version(**row._mapping).row for row in found]


async def of_rule(tx: AsyncConnection, rule: str, place: str) -> list[RowVersion]:
    """Read and lock the rows in force of a rule in a place."""
    found = await tx.execute(
        text(f"""
            SELECT {_COLUMNS}
              FROM formula_row
             WHERE rule = :rule AND place = :place AND status = 'in_force'
             ORDER BY in_force_from
               FOR UPDATE
        """),
        {"rule": rule, "place": place},
    )
    return [_version(**row._mapping) for row in found]


async def find(tx: AsyncConnection, row_id: UUID, *, lock: bool = False) -> RowVersion | None:
    """Find a row by its id."""
    found = await tx.execute(
        text(f"SELECT {_COLUMNS} FROM formula_row WHERE id = :id{' FOR UPDATE' if lock else ''}"),
        {"id": row_id},
    )
    row = found.first()
    return None if row is None else _version(**row._mapping)


async def insert(tx: AsyncConnection, version: RowVersion) -> None:
    """Store a proposed row."""
    row = version.row
    await tx.execute(
        text("""
            INSERT INTO formula_row (id, rule, place, in_force_from, in_force_to, value, source,
                                     certain, status, proposed_by, note)
            VALUES (:id, :rule, :place, :in_force_from, :in_force_to, CAST(:value AS jsonb),
                    :source, :certain, :status, :proposed_by, :note)
        """),
        {
            "id": row.id,
            "rule": row.rule,
            "place": row.place,
            "in_force_from": row.in_force_from,
            "in_force_to": row.in_force_to,
            "value": json.dumps(row.value, ensure_ascii=False),
            "source": row.source,
            "certain": row.certain,
            "status": version.status.value,
            "proposed_by": version.proposed_by,
            "note": version.note,
        },
    )


async def end(tx: AsyncConnection, row_id: UUID, last_day: date) -> None:
    """Let a row in force end on a day."""
    await tx.execute(
        text("UPDATE formula_row SET in_force_to = :last_day WHERE id = :id"),
        {"id": row_id, "last_day": last_day},
    )


async def replace(tx: AsyncConnection, row_ids: list[UUID]) -> None:
    """Take rows out of force that another one replaces."""
    await tx.execute(
        text("""
            UPDATE formula_row SET status = 'replaced'
             WHERE id = ANY (CAST(:ids AS uuid[])) AND status = 'in_force'
        """),
        {"ids": row_ids},
    )


async def decide(tx: AsyncConnection, row_id: UUID, status: RowStatus, by: str) -> None:
    """Put a proposed row in force, or refuse it."""
    await tx.execute(
        text("""
            UPDATE formula_row
               SET status = :status, approved_by = :by, approved_at = now()
             WHERE id = :id AND status = 'proposed'
        """),
        {"id": row_id, "status": status.value, "by": by},
    )


async def page(
    tx: AsyncConnection,
    *,
    rule: str | None,
    place: str | None,
    status: str | None,
    after: UUID | None,
    limit: int,
) -> list[RowVersion]:
    """Read rows in the order of their ids."""
    return await read_page(
        tx,
        f"SELECT {_COLUMNS} FROM formula_row",
        key=("id",),
        after=None if after is None else (after,),
        limit=limit,
        row=_version,
        equal={"rule": rule, "place": place, "status": status},
    )
