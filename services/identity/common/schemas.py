"""Shapes of identity events."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from services.identity.common.store import Event
from shared.schema import Out


class EventOut(Out):
    """An event: `by` did `kind` to a principal. It is never changed or deleted."""

    id: UUID
    at: datetime
    kind: str
    principal: str | None
    by: str
    detail: dict[str, Any]

    @classmethod
    def of(cls, found: Event) -> EventOut:
        """Build one."""
        return cls(
            id=found.id,
            at=found.at,
            kind=found.kind,
            principal=found.principal,
            by=found.by,
            detail=dict(found.detail),
        )
