"""Read the confirmed base reviews of units, and their people."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.filing.domain.frozen_bases import UnitReview


async def reviews(
    tx: AsyncConnection, unit_ids: Sequence[int], year: int, period: str
) -> list[UnitReview]:
    """Read the last confirmed review of each unit that holds in the period."""
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
    return [UnitReview(**row._mapping) for row in rows]


async def people(tx: AsyncConnection, of: Sequence[UnitReview]) -> list[tuple[int, int, list[int]]]:
    """Read unit, person and bases of the insured people, with approved corrections. Bases are in the
    order of the policy of the review."""
    rows = await tx.execute(
        text("""
            SELECT person.unit_id, person.person_id,
                   coalesce(fixed.base_fen, person.base_fen) AS base_fen
              FROM unnest(CAST(:unit_ids AS bigint[]), CAST(:ids AS uuid[]))
                AS review (unit_id, id)
              JOIN base_person AS person
                ON person.unit_id = review.unit_id AND person.review_id = review.id
              LEFT JOIN (
                   SELECT DISTINCT ON (unit_id, review_id, line_no) unit_id, review_id, line_no,
                          base_fen
                     FROM base_correction
                    WHERE unit_id = ANY(CAST(:unit_ids AS bigint[]))
                      AND review_id = ANY(CAST(:ids AS uuid[])) AND status = 'approved'
                    ORDER BY unit_id, review_id, line_no, id DESC) AS fixed
                ON fixed.unit_id = person.unit_id AND fixed.review_id = person.review_id
               AND fixed.line_no = person.line_no
             WHERE person.standing = 'insured'
        """),
        {"unit_ids": [row.unit_id for row in of], "ids": [row.id for row in of]},
    )
    return [(row.unit_id, row.person_id, row.base_fen) for row in rows]
