"""Confirmed base reviews that hold for a period, of one unit or of the units of a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class Review:
    """What a review sets for its unit; amounts in fen a month."""

    unit_id: int
    id: UUID
    policy_id: UUID
    wage_total_fen: int
    base_fen: int


async def living(
    tx: AsyncConnection, unit_ids: Sequence[int], year: int, period: str
) -> list[Review]:
    """The last confirmed review of each unit that begins by the period."""
    rows = await tx.execute(
        text("""
            SELECT DISTINCT ON (unit_id)
                   unit_id, id, policy_id, wage_total_fen + counted_only_fen AS wage_total_fen,
                   unit_base_fen AS base_fen
              FROM base_review
             WHERE unit_id = ANY(CAST(:unit_ids AS bigint[])) AND year = :year
               AND status = 'confirmed' AND from_period <= :period
             ORDER BY unit_id, version DESC
        """),
        {"unit_ids": list(unit_ids), "year": year, "period": period},
    )
    return [Review(**row._mapping) for row in rows]


async def people(
    tx: AsyncConnection, reviews: Sequence[Review]
) -> list[tuple[int, int, list[int]]]:
    """(unit, person, bases in the order of the review's policy, as corrected) of the insured."""
    rows = await tx.execute(
        text("""
            SELECT person.unit_id, person.person_id,
                   coalesce(fixed.base_fen, person.base_fen) AS base_fen
              FROM unnest(CAST(:unit_ids AS bigint[]), CAST(:ids AS uuid[]))
                AS review (unit_id, id)
              JOIN base_person AS person
                ON person.unit_id = review.unit_id AND person.review_id = review.id
              LEFT JOIN LATERAL (
                   SELECT base_fen
                     FROM base_correction AS correction
                    WHERE correction.unit_id = person.unit_id
                      AND correction.review_id = person.review_id
                      AND correction.line_no = person.line_no
                      AND correction.status = 'approved'
                    ORDER BY correction.id DESC
                    LIMIT 1) AS fixed ON true
             WHERE person.standing = 'insured'
        """),
        {"unit_ids": [row.unit_id for row in reviews], "ids": [row.id for row in reviews]},
    )
    return [(row.unit_id, row.person_id, row.base_fen) for row in rows]
