"""Shape of a change that two people sign."""

from __future__ import annotations

from typing import Self

from pydantic import Field

from services.collection.common.domain.signed_change import SignedChange
from shared.schema import Out


class SignedChangeOut(Out):
    """A change: one person files it, another approves. Its content stands in members beside these."""

    id: str
    reason: str
    status: str = Field(examples=["filed"], description="filed | approved | refused")
    filed_by: str
    decided_by: str | None

    @classmethod
    def of(cls, change: SignedChange) -> Self:
        """Build the answer from a change."""
        return cls(
            id=change.reference,
            reason=change.reason,
            status=change.status,
            filed_by=change.filed_by,
            decided_by=change.decided_by,
            **change.content,
        )
