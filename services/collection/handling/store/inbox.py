"""SQL of waiting papers by step and district, without papers that the person has signed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.page import read_page
from shared.security.person_name import folded_sql


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxRow:
    """A paper that waits for a step."""

    key: int
    id: UUID
    district: str
    period: str | None
    credit_code: str | None
    kind: str | None
    name: str | None
    people: int | None
    total_fen: int | None
    since: datetime


@dataclass(frozen=True, slots=True)
class WaitingCount:
    """Number of papers that wait for a step, and the time since when the oldest waits."""

    papers: int
    oldest_since: datetime | None


_MINE: Final = f"{folded_sql('trail.person')} = {folded_sql(':person')}"
_NOT_SIGNED = f"""
    AND NOT EXISTS (SELECT 1
                      FROM trail
                     WHERE trail.shard_key = paper.unit_id AND trail.paper_id = paper.id
                       AND trail.round = paper.round AND {_MINE} AND trail.signs)
"""


def _declarations(where: str) -> str:
    return f"""
        SELECT paper.unit_id AS key, paper.id, paper.district, paper.period, paper.credit_code,
               paper.kind, CAST(NULL AS text) AS name, paper.people, paper.total_fen,
               paper.stands_since AS since
          FROM declaration AS paper
         WHERE (CAST(:district AS text) IS NULL OR paper.district = :district)
           AND paper.summary_id IS NULL AND {where}
    """


_SUMMARIES: Final = f"""
    SELECT paper.district_key AS key, paper.id, paper.district, paper.period,
           CAST(NULL AS text) AS credit_code, CAST(NULL AS text) AS kind,
           CAST(NULL AS text) AS name, paper.people, paper.total_fen, paper.sent_at AS since
      FROM summary AS paper
     WHERE (CAST(:district AS text) IS NULL OR paper.district = :district)
       AND paper.status = 'sent'
       AND NOT EXISTS (SELECT 1
                         FROM trail
                        WHERE trail.shard_key = paper.district_key AND trail.paper_id = paper.id
                          AND {_MINE} AND trail.signs)
"""

# A distributed database has these papers at one server, and their trail with the units.
_CHANGES: Final = f"""
    WITH paper AS MATERIALIZED (
         SELECT unit_id, id, decided_in, credit_code, kind, people, proposed_at
           FROM register_change
          WHERE (CAST(:district AS text) IS NULL OR decided_in = :district)
            AND status = 'proposed'),
    signed AS MATERIALIZED (
         SELECT paper.unit_id, paper.id
           FROM paper
           JOIN trail
             ON trail.shard_key = paper.unit_id AND trail.paper_id = paper.id
            AND {_MINE} AND trail.signs)
    SELECT paper.unit_id AS key, paper.id, paper.decided_in AS district,
           CAST(NULL AS text) AS period, paper.credit_code, paper.kind, paper.kind AS name,
           paper.people, CAST(NULL AS bigint) AS total_fen, paper.proposed_at AS since
      FROM paper
     WHERE (paper.unit_id, paper.id) NOT IN (SELECT unit_id, id FROM signed)
"""

_PERSON_CORRECTIONS: Final = f"""
    WITH paper AS MATERIALIZED (
         SELECT person_id, id, district, masked_name, proposed_at
           FROM person_correction
          WHERE (CAST(:district AS text) IS NULL OR district = :district)
            AND status = 'proposed'),
    signed AS MATERIALIZED (
         SELECT paper.person_id, paper.id
           FROM paper
           JOIN trail
             ON trail.shard_key = paper.person_id AND trail.paper_id = paper.id
            AND {_MINE} AND trail.signs)
    SELECT paper.person_id AS key, paper.id, paper.district, CAST(NULL AS text) AS period,
           CAST(NULL AS text) AS credit_code, CAST(NULL AS text) AS kind,
           paper.masked_name AS name, 1 AS people, CAST(NULL AS bigint) AS total_fen,
           paper.proposed_at AS since
      FROM paper
     WHERE (paper.person_id, paper.id) NOT IN (SELECT person_id, id FROM signed)
"""

_BASE_REVIEWS: Final = f"""
    SELECT paper.unit_id AS key, paper.id, paper.district,
           CAST(NULL AS text) AS period, paper.credit_code, CAST(NULL AS text) AS kind,
           CAST(NULL AS text) AS name, paper.people, CAST(NULL AS bigint) AS total_fen,
           paper.submitted_at AS since
      FROM base_review AS paper
     WHERE (CAST(:district AS text) IS NULL OR paper.district = :district)
       AND paper.status = 'submitted'
       AND NOT EXISTS (SELECT 1
                         FROM trail
                        WHERE trail.shard_key = paper.unit_id AND trail.paper_id = paper.id
                          AND {_MINE} AND trail.signs)
"""

# One row for a review: its page is where the corrections of its people are signed.
_BASE_CORRECTIONS: Final = f"""
    SELECT review.unit_id AS key, review.id, review.district, CAST(NULL AS text) AS period,
           review.credit_code, CAST(NULL AS text) AS kind, CAST(NULL AS text) AS name,
           CAST(count(*) AS integer) AS people, CAST(NULL AS bigint) AS total_fen,
           CAST(min(paper.requested_on) AS timestamp) AT TIME ZONE 'Asia/Shanghai' AS since
      FROM base_correction AS paper
      JOIN base_review AS review
        ON review.unit_id = paper.unit_id AND review.id = paper.review_id
     WHERE (CAST(:district AS text) IS NULL OR review.district = :district)
       AND paper.status = 'requested'
       AND NOT EXISTS (SELECT 1
                         FROM trail
                        WHERE trail.shard_key = review.unit_id AND trail.paper_id = paper.id
                          AND {_MINE} AND trail.signs)
     GROUP BY review.unit_id, review.id
"""

WAITING: Final[dict[str, str]] = {
    "accept": _declarations(f"paper.status = 'submitted' {_NOT_SIGNED}"),
    "review": _declarations(f"paper.status = 'accepted' {_NOT_SIGNED}"),
    "send_summary": _declarations(
        "paper.status = 'reviewed' AND CAST(:person AS text) IS NOT NULL"
    ),
    "submit_again": _declarations(
        "paper.status = 'returned' AND CAST(:person AS text) IS NOT NULL"
    ),
    "approve_change": _CHANGES,
    "approve_person_correction": _PERSON_CORRECTIONS,
    "confirm_base_review": _BASE_REVIEWS,
    "approve_base_correction": _BASE_CORRECTIONS,
    "audit": _SUMMARIES,
}
"""Query of the papers that wait for a step, by the step's code."""


async def count(tx: AsyncConnection, step: str, district: str | None, person: str) -> WaitingCount:
    """Count the papers that wait for a step."""
    row = (
        await tx.execute(
            text(f"""
                SELECT count(*) AS papers, min(since) AS oldest_since
                  FROM ({WAITING[step]}) AS waiting
            """),
            {"district": district, "person": person},
        )
    ).one()
    return WaitingCount(row.papers, row.oldest_since)


async def page(
    tx: AsyncConnection,
    step: str,
    district: str | None,
    person: str,
    after: tuple[datetime, int, UUID],
    limit: int,
) -> list[InboxRow]:
    """Read the papers that wait for a step, oldest first, after a key."""
    return await read_page(
        tx,
        f"""
            SELECT key, id, district, period, credit_code, kind, name, people, total_fen, since
              FROM ({WAITING[step]}) AS waiting
        """,
        key=("since", "key", "id"),
        after=after,
        limit=limit,
        row=InboxRow,
        parameters={"district": district, "person": person},
    )
