"""SQL of changes of the register: facts of units, and block transfers between units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.register.domain.unit import Unit
from shared.page import read_page

_COLUMNS: Final = """unit_id, id, kind, credit_code, district, decided_in, status, effective_on, before,
       after, to_unit_id, to_credit_code, people, reason, proposed_at, decided_at"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRow:
    """A change of facts (`before`, `after`), or a transfer of `people` to `to_unit_id`."""

    unit_id: int
    id: UUID
    kind: str
    credit_code: str
    district: str
    decided_in: str
    status: str
    effective_on: date
    before: dict[str, Any]
    after: dict[str, Any]
    reason: str
    to_unit_id: int | None = None
    to_credit_code: str | None = None
    people: int = 0
    proposed_at: datetime | None = None
    decided_at: datetime | None = None


async def insert(tx: AsyncConnection, row: ChangeRow) -> bool:
    """Store a change; return False if one of its kind waits for the same unit."""
    made = await tx.execute(
        text("""
            INSERT INTO register_change (unit_id, id, kind, credit_code, district, decided_in,
                                         status, effective_on, before, after, to_unit_id,
                                         to_credit_code, people, reason, decided_at)
            VALUES (:unit_id, :id, :kind, :credit_code, :district, :decided_in, :status,
                    :effective_on, CAST(:before AS jsonb), CAST(:after AS jsonb), :to_unit_id,
                    :to_credit_code, :people, :reason,
                    CASE WHEN CAST(:status AS text) = 'proposed' THEN NULL ELSE now() END)
            ON CONFLICT (unit_id, kind) WHERE status = 'proposed' DO NOTHING
            RETURNING id
        """),
        {
            "unit_id": row.unit_id,
            "id": row.id,
            "kind": row.kind,
            "credit_code": row.credit_code,
            "district": row.district,
            "decided_in": row.decided_in,
            "status": row.status,
            "effective_on": row.effective_on,
            "before": orjson.dumps(row.before).decode(),
            "after": orjson.dumps(row.after).decode(),
            "to_unit_id": row.to_unit_id,
            "to_credit_code": row.to_credit_code,
            "people": row.people,
            "reason": row.reason,
        },
    )
    return made.first() is not None


async def find(tx: AsyncConnection, unit_id: int, change_id: UUID) -> ChangeRow | None:
    """Find a change."""
    row = (
        await tx.execute(
            text(f"""
                SELECT {_COLUMNS}
                  FROM register_change
                 WHERE unit_id = :unit_id AND id = :id
            """),
            {"unit_id": unit_id, "id": change_id},
        )
    ).first()
    return None if row is None else ChangeRow(**row._mapping)


async def decide(tx: AsyncConnection, unit_id: int, change_id: UUID, status: str) -> bool:
    """Put a proposed change in force or refuse it; return False if it is already decided."""
    made = await tx.execute(
        text("""
            UPDATE register_change
               SET status = :status, decided_at = now()
             WHERE unit_id = :unit_id AND id = :id AND status = 'proposed'
            RETURNING id
        """),
        {"unit_id": unit_id, "id": change_id, "status": status},
    )
    return made.first() is not None


async def page(
    tx: AsyncConnection, unit_id: int, after: UUID | None, limit: int
) -> list[ChangeRow]:
    """Read a unit's changes in the order in which they were requested."""
    return await read_page(
        tx,
        f"SELECT {_COLUMNS} FROM register_change",
        key=("id",),
        after=None if after is None else (after,),
        limit=limit,
        row=ChangeRow,
        equal={"unit_id": unit_id},
    )


async def latest(tx: AsyncConnection, unit_id: int, facts: Sequence[str]) -> date | None:
    """Return the day of the latest change of any of these facts that is in force."""
    row = (
        await tx.execute(
            text("""
                SELECT max(effective_on) AS effective_on
                  FROM register_change
                 WHERE unit_id = :unit_id AND kind = 'facts' AND status = 'in_force'
                   AND EXISTS (SELECT 1
                                 FROM jsonb_object_keys(after) AS fact (name)
                                WHERE fact.name = ANY(CAST(:facts AS text[])))
            """),
            {"unit_id": unit_id, "facts": list(facts)},
        )
    ).one()
    found: date | None = row.effective_on
    return found


async def earlier_facts(
    tx: AsyncConnection, unit_ids: Sequence[int], day: date
) -> dict[int, list[dict[str, Any]]]:
    """Read the old values of each change of facts after a day, by unit, latest change first."""
    rows = await tx.execute(
        text("""
            SELECT unit_id, before
              FROM register_change
             WHERE unit_id = ANY(CAST(:unit_ids AS bigint[])) AND kind = 'facts'
               AND status = 'in_force' AND effective_on > :day
             ORDER BY unit_id, effective_on DESC, decided_at DESC, id DESC
        """),
        {"unit_ids": list(unit_ids), "day": day},
    )
    found: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row.unit_id, []).append(row.before)
    return found


async def change_unit(tx: AsyncConnection, changed: Unit, before: dict[str, Any]) -> bool:
    """Update a unit; return False if the facts differ from those the change was based on."""
    same = await tx.execute(
        text("""
            SELECT 1
              FROM unit
             WHERE unit_id = :unit_id AND to_jsonb(unit) @> CAST(:before AS jsonb)
               FOR UPDATE
        """),
        {"unit_id": changed.id, "before": orjson.dumps(before).decode()},
    )
    if same.first() is None:
        return False
    await tx.execute(
        text("""
            UPDATE unit
               SET name = :name, kind = :kind, district = :district, injury_class = :injury_class,
                   collector = :collector, bank = CAST(:bank AS jsonb), status = :status,
                   size = :size, injury_step = :injury_step
             WHERE unit_id = :unit_id
        """),
        {
            "unit_id": changed.id,
            "name": changed.name,
            "kind": changed.kind,
            "district": changed.district,
            "injury_class": changed.injury_class,
            "collector": changed.collector,
            "bank": None if changed.bank is None else orjson.dumps(changed.bank).decode(),
            "status": changed.status,
            "size": changed.size,
            "injury_step": changed.injury_step,
        },
    )
    return True


async def levied_since(tx: AsyncConnection, unit_id: int, period: str) -> list[str]:
    """List the periods from one on that the unit has declared."""
    rows = await tx.execute(
        text("""
            SELECT DISTINCT period
              FROM declaration
             WHERE unit_id = :unit_id AND period >= :period AND kind NOT IN ('project', 'extension')
               AND status NOT IN ('returned', 'superseded', 'withdrawn')
             ORDER BY period
             LIMIT 120
        """),
        {"unit_id": unit_id, "period": period},
    )
    return [row.period for row in rows]
