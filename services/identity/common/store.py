"""Identity events, which are only ever added, and their SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.ids import uuid7
from shared.page import read_page


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An identity event; `seq` is its place in the chain."""

    seq: int
    id: UUID
    at: datetime
    kind: str
    principal: str | None
    by: str
    detail: Mapping[str, Any]


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


async def page(
    tx: AsyncConnection,
    *,
    principal: str | None,
    kind: str | None,
    after: Sequence[Any] | None,
    limit: int,
) -> list[Event]:
    """Read events, newest first."""
    return await read_page(
        tx,
        "SELECT seq, id, at, kind, principal, by, detail FROM event",
        key=("seq",),
        after=after,
        limit=limit,
        row=Event,
        equal={"principal": principal, "kind": kind},
        newest_first=True,
    )
