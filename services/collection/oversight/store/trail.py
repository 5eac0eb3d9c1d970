"""SQL of the search over the trails of all papers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.ids import Ref
from shared.page import read_page


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


async def page(
    tx: AsyncConnection, search: TrailSearch, after: tuple[datetime, UUID], limit: int
) -> list[StepRow]:
    """Read the steps that match a search, oldest first, after (at, id)."""
    paper = search.paper
    return await read_page(
        tx,
        """SELECT shard_key, id, paper, paper_id, step, signs, round, person, role, level,
                  district, why, detail, at
             FROM trail""",
        key=("at", "id"),
        after=after,
        limit=limit,
        row=StepRow,
        equal={
            "shard_key": paper and paper.key,
            "paper_id": paper and paper.id,
            "person": search.person,
            "paper": search.kind,
            "step": search.step,
            "district": search.district,
        },
        where={"at >= :first AND at < :last": {"first": search.first, "last": search.last}},
    )
