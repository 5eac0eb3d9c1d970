"""SQL of the search over the trails of all papers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.ids import Ref


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailSearch:
    """Conditions of a search; None means any. `first` is included, `last` is not."""

    person: str | None
    paper: Ref | None
    kind: str | None
    step: str | None
    district: str | None
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRow:
    """One step on a paper."""

    shard_key: int
    id: UUID
    paper: str
    paper_id: UUID
    step: str
    signs: bool
    round: int
    person: str
    role: str
    level: str
    district: str
    why: str | None
    detail: dict[str, Any]
    at: datetime


_OF_PAPER = "AND shard_key = :shard_key AND paper_id = :paper_id"
_OF_PERSON = "AND person = :person"


async def page(
    tx: AsyncConnection, search: TrailSearch, after: tuple[datetime, UUID], limit: int
) -> list[StepRow]:
    """Read the steps that match a search, oldest first, after (at, id)."""
    # The most selective conditions are part of the text, so that each search uses its own index.
    paper = _OF_PAPER if search.paper else ""
    person = _OF_PERSON if search.person else ""
    values: dict[str, Any] = {
        "first": search.first,
        "last": search.last,
        "kind": search.kind,
        "step": search.step,
        "district": search.district,
        "at": after[0],
        "id": after[1],
        "limit": limit,
    }
    if search.paper:
        values |= {"shard_key": search.paper.key, "paper_id": search.paper.id}
    if search.person:
        values["person"] = search.person
    rows = await tx.execute(
        text(f"""
            SELECT shard_key, id, paper, paper_id, step, signs, round, person, role, level,
                   district, why, detail, at
              FROM trail
             WHERE at >= :first AND at < :last AND (at, id) > (:at, :id)
                   {paper} {person}
               AND (CAST(:kind AS text) IS NULL OR paper = :kind)
               AND (CAST(:step AS text) IS NULL OR step = :step)
               AND (CAST(:district AS text) IS NULL OR district = :district)
             ORDER BY at, id
             LIMIT :limit
        """),
        values,
    )
    return [StepRow(**row._mapping) for row in rows]
