"""Shapes of the search over all trails (办理轨迹查询)."""

from __future__ import annotations

from pydantic import Field

from services.collection.common.schemas.common import PAPERS, StepOut
from services.collection.oversight.store.trail import StepRow
from shared.ids import Ref
from shared.references import Reference


class TrailStepOut(StepOut):
    """A step, and the paper on which it was taken."""

    paper: str = Field(examples=["declaration"])
    id: str | None = Field(
        examples=[Reference.DECLARATION.example], description="单据标识;部分单据没有对外标识"
    )

    @classmethod
    def of(cls, row: StepRow) -> TrailStepOut:
        """Build the list item."""
        kind = PAPERS.get(row.paper)
        return cls(
            paper=row.paper,
            id=Ref(row.shard_key, row.paper_id).text(kind) if kind else None,
            step=row.step,
            signs=row.signs,
            round=row.round,
            person=row.person,
            role=row.role,
            level=row.level,
            district=row.district,
            why=row.why,
            detail=row.detail,
            at=row.at,
        )
