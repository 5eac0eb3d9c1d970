"""SQL of identity events, which are only ever added."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.ids import uuid7


async def record(
    tx: AsyncConnection, kind: str, principal: str | None, by: str, **detail: Any
) -> None:
    """Write an event: `by` did `kind` to a principal."""
    await tx.execute(
        text("""
            INSERT INTO event (id, kind, principal, by, detail)
            VALUES (:id, :kind, :principal, :by, CAST(:detail AS jsonb))
        """),
        {
            "id": uuid7(),
            "kind": kind,
            "principal": principal,
            "by": by,
            "detail": orjson.dumps(detail).decode(),
        },
    )
