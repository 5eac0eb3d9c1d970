"""SQL of inspection cases, their objections and the declarations that collect what was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.inspections.domain.case import (
    CaseMonth,
    Inspection,
    InspectionOutcome,
    InspectionReason,
    InspectionStatus,
    Objection,
)
from shared.ids import Ref
from shared.page import UnitFilter, read_page

_COLUMNS: Final = """unit_id, id, credit_code, district, reason, document, note, status, round,
       opened_by, opened_on, noticed_on, objections_until, proposed_by, decided_by, decided_on,
       outcome, outcome_reason, closed_by, closed_on"""
_MOVING: Final = frozenset(
    {
        "status",
        "round",
        "noticed_on",
        "objections_until",
        "proposed_by",
        "decided_by",
        "decided_on",
        "outcome",
        "outcome_reason",
        "closed_by",
        "closed_on",
    }
)


def _case(**columns: Any) -> Inspection:
    outcome = columns["outcome"]
    kinds = {
        "reason": InspectionReason(columns["reason"]),
        "status": InspectionStatus(columns["status"]),
        "outcome": None if outcome is None else InspectionOutcome(outcome),
    }
    return Inspection(**columns | kinds)


async def insert(tx: AsyncConnection, case: Inspection) -> None:
    """Write an opened case."""
    await tx.execute(
        text("""
            INSERT INTO inspection (unit_id, id, credit_code, district, reason, document, note,
                                    status, opened_by, opened_on)
            VALUES (:unit_id, :id, :credit_code, :district, :reason, :document, :note, :status,
                    :opened_by, :opened_on)
        """),
        {
            "unit_id": case.unit_id,
            "id": case.id,
            "credit_code": case.credit_code,
            "district": case.district,
            "reason": case.reason.value,
            "document": case.document,
            "note": case.note,
            "status": case.status.value,
            "opened_by": case.opened_by,
            "opened_on": case.opened_on,
        },
    )


async def find(tx: AsyncConnection, ref: Ref, *, lock: bool = False) -> Inspection | None:
    """Read a case, and lock it for a step."""
    rows = await tx.execute(
        text(f"""
            SELECT {_COLUMNS}
              FROM inspection
             WHERE unit_id = :unit_id AND id = :id{" FOR UPDATE" if lock else ""}
        """),
        {"unit_id": ref.key, "id": ref.id},
    )
    row = rows.one_or_none()
    return None if row is None else _case(**row._mapping)


async def save(tx: AsyncConnection, case: Inspection) -> None:
    """Write what a step has changed of a case."""
    changed = {name: value for name, value in asdict(case).items() if name in _MOVING}
    changed["status"] = case.status.value
    changed["outcome"] = None if case.outcome is None else case.outcome.value
    await tx.execute(
        text(f"""
            UPDATE inspection
               SET {", ".join(f"{name} = :{name}" for name in sorted(changed))}
             WHERE unit_id = :unit_id AND id = :id
        """),
        changed | {"unit_id": case.unit_id, "id": case.id},
    )


async def page(
    tx: AsyncConnection,
    *,
    unit_id: UnitFilter,
    filters: Mapping[str, Any],
    after: tuple[int, UUID],
    limit: int,
) -> list[Inspection]:
    """Read cases in the order of their keys."""
    return await read_page(
        tx,
        f"SELECT {_COLUMNS} FROM inspection",
        key=("unit_id", "id"),
        after=after,
        limit=limit,
        row=_case,
        equal=dict(filters) | {"unit_id": unit_id},
    )


async def insert_objection(tx: AsyncConnection, ref: Ref, objection: Objection) -> None:
    """Write an objection of a case."""
    await tx.execute(
        text("""
            INSERT INTO inspection_objection (unit_id, inspection_id, id, content, document,
                                              made_by, made_on)
            VALUES (:unit_id, :inspection_id, :id, :content, :document, :made_by, :made_on)
        """),
        {
            "unit_id": ref.key,
            "inspection_id": ref.id,
            "id": objection.id,
            "content": objection.content,
            "document": objection.document,
            "made_by": objection.made_by,
            "made_on": objection.made_on,
        },
    )


async def objections(tx: AsyncConnection, ref: Ref) -> list[Objection]:
    """Read the objections of a case, oldest first."""
    rows = await tx.execute(
        text("""
            SELECT id, content, document, made_by, made_on
              FROM inspection_objection
             WHERE unit_id = :unit_id AND inspection_id = :id
             ORDER BY id
             LIMIT 1000
        """),
        {"unit_id": ref.key, "id": ref.id},
    )
    return [Objection(**row._mapping) for row in rows]


async def decided_at(tx: AsyncConnection, case: Inspection) -> datetime:
    """Read the instant at which a case was decided."""
    instant: datetime = (
        await tx.execute(
            text("""
                SELECT max(at)
                  FROM trail
                 WHERE shard_key = :unit_id AND paper_id = :id AND step = 'decide'
            """),
            {"unit_id": case.unit_id, "id": case.id},
        )
    ).scalar_one()
    return instant


async def link(tx: AsyncConnection, ref: Ref, period: str, declaration: UUID) -> bool:
    """Let a declaration collect what a case has found; False when a case has it already."""
    made = await tx.execute(
        text("""
            INSERT INTO inspection_month (unit_id, declaration_id, inspection_id, period)
            VALUES (:unit_id, :declaration, :inspection_id, :period)
            ON CONFLICT (unit_id, declaration_id) DO NOTHING
            RETURNING declaration_id
        """),
        {
            "unit_id": ref.key,
            "declaration": declaration,
            "inspection_id": ref.id,
            "period": period,
        },
    )
    return made.first() is not None


async def owner_of(tx: AsyncConnection, unit_id: int, declaration: UUID) -> UUID | None:
    """Read the case whose findings a declaration collects."""
    found: UUID | None = await tx.scalar(
        text("""
            SELECT inspection_id
              FROM inspection_month
             WHERE unit_id = :unit_id AND declaration_id = :declaration
        """),
        {"unit_id": unit_id, "declaration": declaration},
    )
    return found


async def months(tx: AsyncConnection, ref: Ref) -> Sequence[CaseMonth]:
    """Read the declarations of a case: paid and open amounts of their bills and late charges."""
    rows = await tx.execute(
        text("""
            SELECT month.period, month.declaration_id AS declaration, paper.status,
                   CAST(coalesce(sum(owed.settled_fen), 0) AS bigint) AS collected_fen,
                   CAST(coalesce(sum(owed.total_fen - owed.settled_fen), 0) AS bigint) AS open_fen
              FROM inspection_month AS month
              JOIN declaration AS paper
                ON paper.unit_id = month.unit_id AND paper.id = month.declaration_id
              LEFT JOIN bill
                ON bill.unit_id = month.unit_id AND bill.declaration_id = month.declaration_id
               AND bill.kind <> 'charge'
              LEFT JOIN bill AS owed
                ON owed.unit_id = month.unit_id
               AND (owed.id = bill.id OR owed.of_bill = bill.id)
             WHERE month.unit_id = :unit_id AND month.inspection_id = :id
             GROUP BY month.period, month.declaration_id, paper.status
             ORDER BY month.period, month.declaration_id
             LIMIT 1000
        """),
        {"unit_id": ref.key, "id": ref.id},
    )
    return [CaseMonth(**row._mapping) for row in rows]
