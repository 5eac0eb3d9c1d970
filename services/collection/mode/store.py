"""SQL of collection modes: a few dated rows for each region."""

from __future__ import annotations

from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.mode.domain import Mode, ModeStatus, RegionMode

_COLUMNS: Final = """region, id, mode, valid_from, status, reason, document, proposed_by, proposed_at,
       decided_by, decided_at"""


def _row(**columns: Any) -> RegionMode:
    columns["mode"] = Mode(columns["mode"])
    columns["status"] = ModeStatus(columns["status"])
    return RegionMode(**columns)


async def rows(tx: AsyncConnection, region: str) -> list[RegionMode]:
    """Read all changes of a region's mode, oldest first."""
    found = await tx.execute(
        text(f"""
            SELECT {_COLUMNS}
              FROM collection_mode
             WHERE region = :region
             ORDER BY valid_from, id
             LIMIT 1000
        """),
        {"region": region},
    )
    return [_row(**row._mapping) for row in found]


async def find(tx: AsyncConnection, id: UUID) -> RegionMode | None:
    """Read one change."""
    row = (
        await tx.execute(text(f"SELECT {_COLUMNS} FROM collection_mode WHERE id = :id"), {"id": id})
    ).one_or_none()
    return None if row is None else _row(**row._mapping)


async def insert(tx: AsyncConnection, row: RegionMode) -> None:
    """Write a proposed change."""
    await tx.execute(
        text("""
            INSERT INTO collection_mode (region, id, mode, valid_from, status, reason, document,
                                         proposed_by, proposed_at)
            VALUES (:region, :id, :mode, :valid_from, :status, :reason, :document, :proposed_by,
                    :proposed_at)
        """),
        {
            "region": row.region,
            "id": row.id,
            "mode": row.mode.value,
            "valid_from": row.valid_from,
            "status": row.status.value,
            "reason": row.reason,
            "document": row.document,
            "proposed_by": row.proposed_by,
            "proposed_at": row.proposed_at,
        },
    )


async def decide(tx: AsyncConnection, id: UUID, to: ModeStatus, by: str) -> bool:
    """Decide a change; False when it was decided before."""
    made = await tx.execute(
        text("""
            UPDATE collection_mode
               SET status = :to, decided_by = :by, decided_at = now()
             WHERE id = :id AND status = 'proposed'
            RETURNING id
        """),
        {"id": id, "to": to.value, "by": by},
    )
    return made.first() is not None


async def bills_change_hands(tx: AsyncConnection, limit: int) -> int:
    """Give open bills that are paid by debit to the tax bureau; return how many.

    A bill that is with the bank stays until its debit has finished or returned. So does one whose
    debit has no answer yet: nothing is collected twice.
    """
    made = await tx.execute(
        text("""
            WITH chunk AS (
                 SELECT bill.unit_id, bill.id
                   FROM bill
                  WHERE bill.collector = 'bank_debit' AND bill.status IN ('open', 'part')
                    AND NOT EXISTS (SELECT 1
                                      FROM debit_line
                                     WHERE debit_line.unit_id = bill.unit_id
                                       AND debit_line.bill_id = bill.id
                                       AND debit_line.status IN ('waiting', 'unknown'))
                  LIMIT :limit)
            UPDATE bill
               SET collector = 'tax'
              FROM chunk
             WHERE bill.unit_id = chunk.unit_id AND bill.id = chunk.id
               AND bill.status IN ('open', 'part')
            RETURNING bill.id
        """),
        {"limit": limit},
    )
    return len(made.all())


async def in_agency_mode(tx: AsyncConnection, unit_ids: list[int]) -> set[int]:
    """Find the units among these that pay the agency by debit."""
    found = await tx.execute(
        text("""
            SELECT unit_id
              FROM unit
             WHERE unit_id = ANY(CAST(:unit_ids AS bigint[])) AND collector = 'bank_debit'
        """),
        {"unit_ids": unit_ids},
    )
    return {row.unit_id for row in found}


async def valid_on(tx: AsyncConnection, region: str, day: date) -> Mode:
    """Return a region's mode on a day."""
    mode = await tx.scalar(
        text("""
            SELECT mode
              FROM collection_mode
             WHERE region = :region AND status = 'approved' AND valid_from <= :day
             ORDER BY valid_from DESC
             LIMIT 1
        """),
        {"region": region, "day": day},
    )
    return Mode(mode or Mode.AGENCY)
