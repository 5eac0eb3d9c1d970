"""Shapes of reallocations (重新分账)."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from services.collection.reallocation.store.facts import ReallocationRow
from shared.ids import Ref
from shared.references import Reference
from shared.schema import Out


class ReallocationOut(Out):
    """A change of a unit's account after something became known out of order."""

    id: str = Field(examples=[Reference.REALLOCATION.example])
    cause: str = Field(examples=["receipt"], description="起因 (the fact that became known)")
    paper: str | None = Field(description="所依据的单据 (the paper of that fact)")
    on_day: date = Field(description="记账日 (the day of the books)")

    @classmethod
    def of(cls, row: ReallocationRow) -> ReallocationOut:
        """Build the shape of a reallocation."""
        return cls(
            id=Ref(row.unit_id, row.id).text(Reference.REALLOCATION),
            cause=row.cause,
            paper=row.paper,
            on_day=row.on_day,
        )
