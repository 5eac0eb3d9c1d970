"""SQL of one step on many declarations at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.ids import Ref
from shared.process import tracing
from shared.security.person_name import folded_sql


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclarationStatus:
    """A declaration's status, and whether a person has signed it in this round."""

    unit_id: int
    id: UUID
    district: str
    round: int
    status: str
    summary_id: UUID | None
    signed: bool


def _keys(refs: Sequence[Ref]) -> dict[str, object]:
    return {"unit_ids": [ref.key for ref in refs], "ids": [ref.id for ref in refs]}


async def statuses(
    tx: AsyncConnection, refs: Sequence[Ref], person: str
) -> dict[Ref, DeclarationStatus]:
    """Read the statuses of declarations; those that do not exist are left out."""
    rows = await tx.execute(
        text(f"""
            SELECT paper.unit_id, paper.id, paper.district, paper.round, paper.status,
                   paper.summary_id,
                   EXISTS (SELECT 1
                             FROM trail
                            WHERE trail.shard_key = paper.unit_id AND trail.paper_id = paper.id
                              AND trail.round = paper.round AND trail.signs
                              AND {folded_sql("trail.person")} = {folded_sql(":person")}) AS signed
              FROM unnest(CAST(:unit_ids AS bigint[]), CAST(:ids AS uuid[])) AS asked (unit_id, id)
              JOIN declaration AS paper
                ON paper.unit_id = asked.unit_id AND paper.id = asked.id
        """),
        _keys(refs) | {"person": person},
    )
    found = [DeclarationStatus(**row._mapping) for row in rows]
    return {Ref(row.unit_id, row.id): row for row in found}


async def move_all(
    tx: AsyncConnection, papers: Sequence[DeclarationStatus], to: str
) -> list[tuple[int, UUID, int]]:
    """Move declarations whose status has not changed; return (unit, declaration, round) of each."""
    rows = await tx.execute(
        text("""
            UPDATE declaration
               SET status = :to, stands_since = now(),
                   traceparent = coalesce(declaration.traceparent, :traceparent)
              FROM unnest(CAST(:unit_ids AS bigint[]), CAST(:ids AS uuid[]),
                          CAST(:rounds AS integer[]), CAST(:statuses AS text[]))
                AS asked (unit_id, id, round, status)
             WHERE declaration.unit_id = asked.unit_id AND declaration.id = asked.id
               AND declaration.round = asked.round AND declaration.status = asked.status
               AND declaration.summary_id IS NULL
            RETURNING declaration.unit_id, declaration.id, declaration.round
        """),
        {
            "to": to,
            "traceparent": tracing.current(),
            "unit_ids": [paper.unit_id for paper in papers],
            "ids": [paper.id for paper in papers],
            "rounds": [paper.round for paper in papers],
            "statuses": [paper.status for paper in papers],
        },
    )
    return [(row.unit_id, row.id, row.round) for row in rows]
