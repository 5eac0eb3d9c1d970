"""Extensions in the database: the months of a declaration, and who may buy which."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.extension.domain import Extension, ExtensionMonths
from services.collection.filing.domain.records import DeclarationRow, PersonRow
from shared.db import lock_rows
from shared.page import read_page
from shared.period import Period

_EXTENSION: Final = """
    SELECT own.unit_id, own.declaration_id, own.person_id, own.person_uuid, own.first, own.last,
           own.base_fen, own.document, head.status, head.total_fen, bill.id AS bill_id
      FROM contribution_extension AS own
      JOIN declaration AS head
        ON head.unit_id = own.unit_id AND head.id = own.declaration_id
      LEFT JOIN bill
        ON bill.unit_id = own.unit_id AND bill.declaration_id = own.declaration_id
       AND bill.kind <> 'charge'
"""


def _extension(*, first: str, last: str, base_fen: int, **columns: Any) -> Extension:
    months = ExtensionMonths(first=Period.parse(first), last=Period.parse(last), base_fen=base_fen)
    return Extension(months=months, **columns)


async def is_enrolled(tx: AsyncConnection, unit_id: int, person_id: int) -> bool:
    """Tell whether a person is or was enrolled at a unit."""
    found = await tx.scalar(
        text("""
            SELECT count(*) > 0
              FROM enrolment
             WHERE unit_id = :unit_id AND person_id = :person_id
        """),
        {"unit_id": unit_id, "person_id": person_id},
    )
    return bool(found)


async def lock_units(tx: AsyncConnection, person_id: int) -> None:
    """Wait until declarations of a person's units that are under way are stored; let none begin."""
    units = await tx.scalars(
        text("""
            SELECT known.unit_id
              FROM person_unit AS known
              JOIN person
                ON person.person_id = known.person_id
             WHERE person.person_id = :person_id OR person.merged_into = :person_id
        """),
        {"person_id": person_id},
    )
    await lock_rows(
        tx,
        """
        SELECT 1
          FROM unit
         WHERE unit_id = ANY(CAST(:keys AS bigint[]))
         ORDER BY unit_id
           FOR UPDATE
        """,
        units,
    )


async def taken(tx: AsyncConnection, person_id: int) -> list[str]:
    """List the months of a person that a monthly declaration or another extension counts."""
    rows = await tx.scalars(
        text("""
            WITH record AS (
                SELECT person_id FROM person WHERE person_id = :person_id
                 UNION ALL
                SELECT person_id FROM person WHERE merged_into = :person_id
            ), known AS (
                SELECT DISTINCT unit_id
                  FROM person_unit
                 WHERE person_id IN (SELECT person_id FROM record)
            )
            SELECT head.period
              FROM known
              JOIN declaration AS head
                ON head.unit_id = known.unit_id AND head.kind NOT IN ('project', 'extension')
               AND NOT head.void
              JOIN declaration_person AS line
                ON line.unit_id = head.unit_id AND line.declaration_id = head.id
               AND line.round = head.round
               AND line.person_id IN (SELECT person_id FROM record)
             UNION
            SELECT to_char(month, 'YYYY-MM')
              FROM known
              JOIN contribution_extension AS own
                ON own.unit_id = known.unit_id
               AND own.person_id IN (SELECT person_id FROM record)
              JOIN declaration AS head
                ON head.unit_id = own.unit_id AND head.id = own.declaration_id
               AND NOT head.void
             CROSS JOIN LATERAL generate_series(to_date(own.first, 'YYYY-MM'),
                                                to_date(own.last, 'YYYY-MM'),
                                                interval '1 month') AS month
             LIMIT 5000
        """),
        {"person_id": person_id},
    )
    return list(rows)


async def insert(tx: AsyncConnection, extension: Extension) -> None:
    """Store the months of a declaration."""
    await tx.execute(
        text("""
            INSERT INTO contribution_extension (unit_id, declaration_id, person_id, person_uuid,
                                                first, last, base_fen, document)
            VALUES (:unit_id, :declaration_id, :person_id, :person_uuid, :first, :last, :base_fen,
                    :document)
        """),
        {
            "unit_id": extension.unit_id,
            "declaration_id": extension.declaration_id,
            "person_id": extension.person_id,
            "person_uuid": extension.person_uuid,
            "first": str(extension.months.first),
            "last": str(extension.months.last),
            "base_fen": extension.months.base_fen,
            "document": extension.document,
        },
    )


async def insert_person(tx: AsyncConnection, row: DeclarationRow, person: PersonRow) -> None:
    """Store the only person of a declaration."""
    await tx.execute(
        text("""
            INSERT INTO declaration_people (unit_id, declaration_id, round, first_line, insurances,
                                            person_id, wage_fen, base_fen, unit_fen, personal_fen)
            VALUES (:unit_id, :declaration_id, :round, :line_no, :insurances, :person_id, :wage_fen,
                    :base_fen, :unit_fen, :personal_fen)
        """),
        {
            "unit_id": row.unit_id,
            "declaration_id": row.id,
            "round": row.round,
            "line_no": person.line_no,
            "insurances": len(person.base_fen),
            "person_id": [person.person_id],
            "wage_fen": [person.wage_fen],
            "base_fen": person.base_fen,
            "unit_fen": person.unit_fen,
            "personal_fen": person.personal_fen,
        },
    )


async def find(tx: AsyncConnection, unit_id: int, declaration_id: UUID) -> Extension | None:
    """Read the extension of a declaration."""
    row = (
        await tx.execute(
            text(f"""
                {_EXTENSION}
                 WHERE own.unit_id = :unit_id AND own.declaration_id = :declaration_id
            """),
            {"unit_id": unit_id, "declaration_id": declaration_id},
        )
    ).first()
    return _extension(**row._mapping) if row else None


async def page(
    tx: AsyncConnection, unit_id: int, *, after: UUID | None, limit: int
) -> list[Extension]:
    """Read the extensions of a unit by declaration, after one."""
    return await read_page(
        tx,
        _EXTENSION,
        key=("own.declaration_id",),
        after=None if after is None else (after,),
        limit=limit,
        row=_extension,
        equal={"own.unit_id": unit_id},
    )
