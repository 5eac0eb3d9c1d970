"""SQL of base reviews, their people, corrections of a base, and differences to billed months."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.bases.domain import Difference
from shared.db import raw
from shared.page import read_page

PERSON_COLUMNS = [
    "unit_id",
    "review_id",
    "line_no",
    "person_id",
    "masked_number",
    "standing",
    "wage_fen",
    "base_fen",
]
DIFFERENCE_COLUMNS = [
    "line_no",
    "rule",
    "insurance",
    "party",
    "account",
    "fund",
    "was_fen",
    "now_fen",
]
_COLUMNS = """unit_id, id, credit_code, district, year, version, reason, from_period, provisional,
       status, policy_id, unit_kind, people, counted_only, wage_total_fen, counted_only_fen,
       personal_sum_fen, unit_base_fen"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRow:
    """A review without its people; monthly amounts in fen."""

    unit_id: int
    id: UUID
    credit_code: str
    district: str
    year: int
    version: int
    reason: str
    from_period: str
    provisional: bool
    status: str
    policy_id: UUID
    unit_kind: str
    people: int
    counted_only: int
    wage_total_fen: int
    counted_only_fen: int
    personal_sum_fen: int
    unit_base_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BasePersonRow:
    """A person of a review; `base_fen` in the order of the policy's insurances, as corrected."""

    line_no: int
    person_id: int
    masked_number: str
    standing: str
    wage_fen: int
    base_fen: list[int]
    corrected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionRow:
    """A written request to correct a person's base."""

    unit_id: int
    id: UUID
    review_id: UUID
    line_no: int
    wage_fen: int
    base_fen: list[int]
    request_no: str
    requested_on: date
    status: str


async def of_year(tx: AsyncConnection, unit_id: int, year: int) -> list[ReviewRow]:
    """Lock and return a unit's reviews of a year, oldest first."""
    rows = await tx.execute(
        text(f"""
            SELECT {_COLUMNS}
              FROM base_review
             WHERE unit_id = :unit_id AND year = :year
             ORDER BY version
             LIMIT 1000
               FOR UPDATE
        """),
        {"unit_id": unit_id, "year": year},
    )
    return [ReviewRow(**row._mapping) for row in rows]


async def page(
    tx: AsyncConnection, unit_id: int, *, after: Sequence[int] | None, limit: int
) -> list[ReviewRow]:
    """Return a unit's reviews after a (year, version)."""
    return await read_page(
        tx,
        f"SELECT {_COLUMNS} FROM base_review",
        key=("year", "version"),
        after=after,
        limit=limit,
        row=ReviewRow,
        equal={"unit_id": unit_id},
    )


async def insert(tx: AsyncConnection, row: ReviewRow, file: dict[str, Any]) -> bool:
    """Store a review; return False when another one of that year came first."""
    inserted = await tx.execute(
        text("""
            INSERT INTO base_review (unit_id, id, credit_code, district, year, version, reason,
                                     from_period, provisional, status, policy_id, unit_kind,
                                     people, counted_only, wage_total_fen, counted_only_fen,
                                     personal_sum_fen, unit_base_fen, file)
            VALUES (:unit_id, :id, :credit_code, :district, :year, :version, :reason,
                    :from_period, :provisional, :status, :policy_id, :unit_kind, :people,
                    :counted_only, :wage_total_fen, :counted_only_fen, :personal_sum_fen,
                    :unit_base_fen, CAST(:file AS jsonb))
            ON CONFLICT (unit_id, year, version) DO NOTHING
            RETURNING id
        """),
        asdict(row) | {"file": orjson.dumps(file).decode()},
    )
    return inserted.first() is not None


async def copy_people(tx: AsyncConnection, records: Sequence[tuple[Any, ...]]) -> None:
    """Store a review's people by COPY, as tuples in the order of PERSON_COLUMNS."""
    connection = await raw(tx)
    await connection.copy_records_to_table("base_person", records=records, columns=PERSON_COLUMNS)


async def carry_people(tx: AsyncConnection, of: ReviewRow, from_: ReviewRow) -> None:
    """Copy the people and bases of an earlier review, as corrected, to a provisional one."""
    await tx.execute(
        text("""
            INSERT INTO base_person (unit_id, review_id, line_no, person_id, masked_number,
                                     standing, wage_fen, base_fen)
            SELECT person.unit_id, CAST(:review_id AS uuid), person.line_no, person.person_id,
                   person.masked_number, person.standing,
                   coalesce(fixed.wage_fen, person.wage_fen),
                   coalesce(fixed.base_fen, person.base_fen)
              FROM base_person AS person
              LEFT JOIN (
                   SELECT DISTINCT ON (line_no) line_no, wage_fen, base_fen
                     FROM base_correction
                    WHERE unit_id = :unit_id AND review_id = :from_id AND status = 'approved'
                    ORDER BY line_no, id DESC) AS fixed
                ON fixed.line_no = person.line_no
             WHERE person.unit_id = :unit_id AND person.review_id = :from_id
        """),
        {"unit_id": of.unit_id, "review_id": of.id, "from_id": from_.id},
    )


async def find(tx: AsyncConnection, unit_id: int, review_id: UUID) -> ReviewRow | None:
    """Return a review, or None."""
    row = (
        await tx.execute(
            text(f"SELECT {_COLUMNS} FROM base_review WHERE unit_id = :unit_id AND id = :id"),
            {"unit_id": unit_id, "id": review_id},
        )
    ).first()
    return None if row is None else ReviewRow(**row._mapping)


async def set_status(
    tx: AsyncConnection, unit_id: int, review_id: UUID, to: str
) -> ReviewRow | None:
    """Decide a submitted review; return None when it is no longer submitted."""
    row = (
        await tx.execute(
            text(f"""
                UPDATE base_review
                   SET status = :to
                 WHERE unit_id = :unit_id AND id = :id AND status = 'submitted'
                RETURNING {_COLUMNS}
            """),
            {"unit_id": unit_id, "id": review_id, "to": to},
        )
    ).first()
    return None if row is None else ReviewRow(**row._mapping)


async def people(
    tx: AsyncConnection, unit_id: int, review_id: UUID, after: int, limit: int
) -> list[BasePersonRow]:
    """Read a review's people after a line number, as corrected."""
    return await read_page(
        tx,
        """
            SELECT person.line_no, person.person_id, person.masked_number, person.standing,
                   coalesce(fixed.wage_fen, person.wage_fen) AS wage_fen,
                   coalesce(fixed.base_fen, person.base_fen) AS base_fen,
                   fixed.wage_fen IS NOT NULL AS corrected
              FROM base_person AS person
              LEFT JOIN (
                   SELECT DISTINCT ON (line_no) line_no, wage_fen, base_fen
                     FROM base_correction
                    WHERE unit_id = :unit AND review_id = :review AND status = 'approved'
                    ORDER BY line_no, id DESC) AS fixed
                ON fixed.line_no = person.line_no
        """,
        key=("person.line_no",),
        after=(after,),
        limit=limit,
        row=BasePersonRow,
        equal={"person.unit_id": unit_id, "person.review_id": review_id},
        parameters={"unit": unit_id, "review": review_id},
    )


async def line_of(tx: AsyncConnection, unit_id: int, review_id: UUID, person_id: int) -> int | None:
    """Return an insured person's line number in a review, or None."""
    line_no: int | None = await tx.scalar(
        text("""
            SELECT line_no
              FROM base_person
             WHERE unit_id = :unit_id AND review_id = :id AND person_id = :person_id
               AND standing = 'insured'
             LIMIT 1
        """),
        {"unit_id": unit_id, "id": review_id, "person_id": person_id},
    )
    return line_no


_CORRECTION = """unit_id, id, review_id, line_no, wage_fen, base_fen, request_no, requested_on,
       status"""


async def insert_correction(tx: AsyncConnection, row: CorrectionRow) -> bool:
    """Store a request; return False when another one of that person is open."""
    inserted = await tx.execute(
        text("""
            INSERT INTO base_correction (unit_id, id, review_id, line_no, wage_fen, base_fen,
                                         request_no, requested_on, status)
            VALUES (:unit_id, :id, :review_id, :line_no, :wage_fen, :base_fen, :request_no,
                    :requested_on, :status)
            ON CONFLICT (unit_id, review_id, line_no) WHERE status = 'requested' DO NOTHING
            RETURNING id
        """),
        asdict(row),
    )
    return inserted.first() is not None


async def corrections(
    tx: AsyncConnection, unit_id: int, review_id: UUID, *, after: UUID | None, limit: int
) -> list[CorrectionRow]:
    """Read a review's corrections after an id, oldest first."""
    return await read_page(
        tx,
        f"SELECT {_CORRECTION} FROM base_correction",
        key=("id",),
        after=None if after is None else (after,),
        limit=limit,
        row=CorrectionRow,
        equal={"unit_id": unit_id, "review_id": review_id},
    )


async def find_correction(
    tx: AsyncConnection, unit_id: int, correction_id: UUID
) -> CorrectionRow | None:
    """Return a correction, or None."""
    row = (
        await tx.execute(
            text(
                f"SELECT {_CORRECTION} FROM base_correction WHERE unit_id = :unit_id AND id = :id"
            ),
            {"unit_id": unit_id, "id": correction_id},
        )
    ).first()
    return None if row is None else CorrectionRow(**row._mapping)


async def decide_correction(
    tx: AsyncConnection, unit_id: int, correction_id: UUID, status: str
) -> CorrectionRow | None:
    """Approve or refuse a correction; return None when it is no longer requested."""
    row = (
        await tx.execute(
            text(f"""
                UPDATE base_correction
                   SET status = :status
                 WHERE unit_id = :unit_id AND id = :id AND status = 'requested'
                RETURNING {_CORRECTION}
            """),
            {"unit_id": unit_id, "id": correction_id, "status": status},
        )
    ).first()
    return None if row is None else CorrectionRow(**row._mapping)


async def insert_differences(
    tx: AsyncConnection,
    review: ReviewRow,
    run_id: UUID,
    declaration_id: UUID,
    period: str,
    rows: Sequence[Difference],
) -> None:
    """Store the differences of a run by COPY."""
    connection = await raw(tx)
    columns = ("unit_id", "declaration_id", "run_id", "review_id", "period", *DIFFERENCE_COLUMNS)
    run = (review.unit_id, declaration_id, run_id, review.id, period)
    records = [(*run, *(getattr(row, column) for column in DIFFERENCE_COLUMNS)) for row in rows]
    await connection.copy_records_to_table("base_difference", records=records, columns=columns)
