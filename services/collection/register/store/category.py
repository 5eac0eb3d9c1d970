"""SQL of categories of enrolled people. Ordinary employees have no rows.

In a period the enrolment that covers it counts, and of its rows the latest that has begun.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.policy.domain.category import EMPLOYEE
from services.collection.register.store.person import Enrolment
from shared.db import raw
from shared.page import read_page
from shared.period import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryRow:
    """A person's category from a month on; `joining` if the enrolment itself stated it."""

    unit_id: int
    person_id: int
    joined_on: date
    from_period: str
    id: UUID
    category: str
    base_choice: str | None
    joining: bool
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryRecord:
    """A recorded category as lists show it: masked."""

    person_id: int
    person_uuid: UUID
    masked_number: str
    masked_name: str
    joined_on: date
    from_period: str
    id: UUID
    category: str
    base_choice: str | None
    reason: str | None
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class CurrentCategory:
    """A person's current enrolment and category; `latest` is the month it was recorded from."""

    joined_on: date
    latest: str | None
    category: str
    base_choice: str | None


CategoryChoice = tuple[str, str | None]
"""A category and its base choice."""


_INSERT: Final = """
    INSERT INTO enrolment_category (unit_id, person_id, joined_on, from_period, id, category,
                                    base_choice, joining, reason)
    SELECT {unit_id}, person_id, joined_on, from_period, id, category, base_choice, joining, reason
      FROM unnest(CAST(:unit_ids AS bigint[]), CAST(:person_ids AS bigint[]),
                  CAST(:joined AS date[]), CAST(:periods AS text[]), CAST(:ids AS uuid[]),
                  CAST(:categories AS text[]), CAST(:choices AS text[]),
                  CAST(:joinings AS boolean[]), CAST(:reasons AS text[]))
        AS batch (unit_id, person_id, joined_on, from_period, id, category, base_choice, joining,
                  reason)
"""


def _columns(rows: Sequence[CategoryRow]) -> dict[str, list[Any]]:
    return {
        "unit_ids": [row.unit_id for row in rows],
        "person_ids": [row.person_id for row in rows],
        "joined": [row.joined_on for row in rows],
        "periods": [row.from_period for row in rows],
        "ids": [row.id for row in rows],
        "categories": [row.category for row in rows],
        "choices": [row.base_choice for row in rows],
        "joinings": [row.joining for row in rows],
        "reasons": [row.reason for row in rows],
    }


async def insert(tx: AsyncConnection, unit_id: int, rows: Sequence[CategoryRow]) -> None:
    """Write categories of people of one unit in one statement."""
    if rows:
        sql = _INSERT.format(unit_id="CAST(:unit_id AS bigint)")
        await tx.execute(text(sql), _columns(rows) | {"unit_id": unit_id})


async def insert_many(tx: AsyncConnection, rows: Sequence[CategoryRow]) -> None:
    """Write categories of people of many units in one statement."""
    if rows:
        await tx.execute(text(_INSERT.format(unit_id="unit_id")), _columns(rows))


_AT_JOINING: Final = """
    SELECT said.unit_id, said.person_id, said.category, said.base_choice
      FROM unnest(CAST(:unit_ids AS bigint[]), CAST(:ids AS bigint[]), CAST(:days AS date[]))
        AS wanted (unit_id, person_id, joined_on)
      JOIN enrolment_category AS said
        ON said.unit_id = {unit_id} AND said.person_id = wanted.person_id
       AND said.joined_on = wanted.joined_on AND said.joining
"""


async def at_joining(
    tx: AsyncConnection, unit_id: int, enrolments: Sequence[Enrolment]
) -> dict[tuple[int, int], CategoryChoice]:
    """Read the categories that enrolments at a unit stated, by (unit, person), but employees."""
    rows = await tx.execute(
        text(_AT_JOINING.format(unit_id=":unit_id")),
        _joinings([(unit_id, row) for row in enrolments]) | {"unit_id": unit_id},
    )
    return {(row.unit_id, row.person_id): (row.category, row.base_choice) for row in rows}


async def at_joining_of(
    tx: AsyncConnection, enrolments: Sequence[tuple[int, Enrolment]]
) -> dict[tuple[int, int], CategoryChoice]:
    """Read the categories that enrolments at many units stated, by (unit, person), but employees."""
    rows = await tx.execute(
        text(_AT_JOINING.format(unit_id="wanted.unit_id")), _joinings(enrolments)
    )
    return {(row.unit_id, row.person_id): (row.category, row.base_choice) for row in rows}


def _joinings(enrolments: Sequence[tuple[int, Enrolment]]) -> dict[str, list[Any]]:
    return {
        "unit_ids": [unit_id for unit_id, _ in enrolments],
        "ids": [row.person_id for _, row in enrolments],
        "days": [row.joined_on for _, row in enrolments],
    }


async def lock_current(
    tx: AsyncConnection, unit_id: int, person_ids: Sequence[int]
) -> dict[int, CurrentCategory]:
    """Read the current categories of people enrolled at a unit, and lock their enrolments."""
    rows = await tx.execute(
        text("""
            SELECT held.person_id, held.joined_on, latest.from_period AS latest,
                   coalesce(latest.category, :employee) AS category, latest.base_choice
              FROM enrolment AS held
              LEFT JOIN LATERAL (
                   SELECT from_period, category, base_choice
                     FROM enrolment_category
                    WHERE enrolment_category.unit_id = :unit_id
                      AND enrolment_category.person_id = held.person_id
                      AND enrolment_category.joined_on = held.joined_on
                    ORDER BY from_period DESC, id DESC
                    LIMIT 1) AS latest ON true
             WHERE held.unit_id = :unit_id AND held.person_id = ANY(CAST(:ids AS bigint[]))
               AND held.left_on IS NULL
             ORDER BY held.person_id
               FOR UPDATE OF held
        """),
        {"unit_id": unit_id, "ids": list(person_ids), "employee": EMPLOYEE},
    )
    return {
        row.person_id: CurrentCategory(row.joined_on, row.latest, row.category, row.base_choice)
        for row in rows
    }


_IN_PERIOD: Final = """
    SELECT DISTINCT ON (held.unit_id, held.person_id)
           held.unit_id, held.person_id, said.category, said.base_choice
      FROM enrolment AS held
      JOIN enrolment_category AS said
        ON said.unit_id = held.unit_id AND said.person_id = held.person_id
       AND said.joined_on = held.joined_on
     WHERE {units} AND {mine}
       AND said.from_period <= {period} AND held.joined_on <= {last}
       AND (held.left_on IS NULL OR held.left_on >= {first})
       -- After leaving and returning within the month, the later enrolment counts.
       AND NOT EXISTS (SELECT 1
                         FROM enrolment AS later
                        WHERE later.unit_id = held.unit_id AND later.person_id = held.person_id
                          AND later.joined_on > held.joined_on AND later.joined_on <= {last})
     ORDER BY held.unit_id, held.person_id, said.from_period DESC, said.id DESC
"""


async def of_people(
    tx: AsyncConnection, unit_id: int, person_ids: Sequence[int], period: Period
) -> dict[int, CategoryChoice]:
    """Read the categories of a unit's people in a period; employees are left out."""
    sql = _IN_PERIOD.format(
        units="held.unit_id = :unit_id AND said.unit_id = :unit_id",
        mine="held.person_id = ANY(CAST(:ids AS bigint[]))",
        period=":period",
        first=":first",
        last=":last",
    )
    rows = await tx.execute(
        text(sql),
        {
            "unit_id": unit_id,
            "ids": list(person_ids),
            "period": str(period),
            "first": period.first_day,
            "last": period.last_day,
        },
    )
    return {
        row.person_id: (row.category, row.base_choice) for row in rows if row.category != EMPLOYEE
    }


async def of_units(
    tx: AsyncConnection, unit_ids: Sequence[int], period: Period
) -> dict[tuple[int, int], CategoryChoice]:
    """Read the categories of people of many units in a period; employees are left out."""
    sql = _IN_PERIOD.format(
        units="said.unit_id = ANY($1)", mine="true", period="$2", first="$3", last="$4"
    )
    connection = await raw(tx)
    rows = await connection.fetch(
        sql, list(unit_ids), str(period), period.first_day, period.last_day
    )
    return {
        (unit_id, person_id): (category, choice)
        for unit_id, person_id, category, choice in rows
        if category != EMPLOYEE
    }


async def page(
    tx: AsyncConnection, unit_id: int, after: tuple[int, UUID] | None, limit: int
) -> list[CategoryRecord]:
    """Read the recorded categories of a unit's people, person by person, after a (person, id)."""
    return await read_page(
        tx,
        """
            SELECT said.person_id, held.person_uuid, held.masked_number, held.masked_name,
                   said.joined_on, said.from_period, said.id, said.category, said.base_choice,
                   said.reason, said.recorded_at
              FROM enrolment_category AS said
              JOIN enrolment AS held
                ON held.unit_id = said.unit_id AND held.person_id = said.person_id
               AND held.joined_on = said.joined_on
        """,
        key=("said.person_id", "said.id"),
        after=after,
        limit=limit,
        row=CategoryRecord,
        equal={"said.unit_id": unit_id},
    )


async def names(tx: AsyncConnection, region: str) -> dict[str, frozenset[str]]:
    """List the categories of a region's policies in force, each with its base choices."""
    rows = await tx.execute(
        text("""
            SELECT said.category ->> 'category' AS category, choice.said ->> 'choice' AS choice
              FROM policy
             CROSS JOIN LATERAL jsonb_array_elements(
                   coalesce(policy.content -> 'categories', CAST('[]' AS jsonb)))
                AS said (category)
              LEFT JOIN LATERAL jsonb_array_elements(said.category -> 'choices')
                AS choice (said) ON true
             WHERE policy.region = :region AND policy.status = 'in_force'
             LIMIT 10000
        """),
        {"region": region},
    )
    found: dict[str, set[str]] = {EMPLOYEE: set()}
    for row in rows:
        found.setdefault(row.category, set()).update([row.choice] if row.choice else [])
    return {name: frozenset(choices) for name, choices in found.items()}
