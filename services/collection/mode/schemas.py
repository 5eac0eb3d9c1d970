"""Shapes of changes of a region's collection mode."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import Field

from services.collection.common.schemas.common import Day
from services.collection.mode.domain import Mode, RegionMode
from services.collection.mode.flows import ModeProposal
from shared.references import Reference
from shared.schema import In, Out, ShortText


class CollectionModeIn(In):
    """A change of the region's mode from a day on, today or later."""

    mode: Mode
    valid_from: Day
    reason: ShortText = Field(examples=["社会保险费交由税务部门统一征收"])
    document: ShortText = Field(examples=["津人社发〔2026〕1号"])

    def proposal(self) -> ModeProposal:
        """Return the request as the flow takes it."""
        return ModeProposal(
            mode=self.mode,
            valid_from=self.valid_from,
            reason=self.reason,
            document=self.document,
        )


class CollectionModeOut(Out):
    """A change of a region's mode. Before the first approved one the agency collects."""

    id: str = Field(examples=[Reference.COLLECTION_MODE.example])
    region: str
    mode: str = Field(examples=["tax"], description="agency | tax")
    valid_from: date
    status: str = Field(examples=["approved"], description="proposed | approved | refused")
    reason: str
    document: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None

    @classmethod
    def of(cls, row: RegionMode) -> CollectionModeOut:
        """Build the answer from a stored change."""
        return cls(
            id=row.ref.text(Reference.COLLECTION_MODE),
            region=row.region,
            mode=row.mode.value,
            valid_from=row.valid_from,
            status=row.status.value,
            reason=row.reason,
            document=row.document,
            proposed_by=row.proposed_by,
            proposed_at=row.proposed_at,
            decided_by=row.decided_by,
            decided_at=row.decided_at,
        )


class CollectionModesOut(Out):
    """The history of a region's mode, and the mode of today."""

    today: str = Field(examples=["agency"])
    items: list[CollectionModeOut]
