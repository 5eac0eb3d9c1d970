"""SQL of deliveries: which event goes to which address, when next, and what became of each attempt."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.ids import uuid7s
from shared.page import read_page
from shared.webhooks.event import Event

RETRY_SECONDS: Final = (5, 30, 120, 600, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600)
"""Pauses after the first, second … failed attempt; after the last one the delivery is given up."""
JITTER: Final = 0.2
BATCH: Final = 20
PAUSE_SECONDS: Final = 5
"""Pause of an address after a failure, so that what waits for it does not fail one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """An event on its way to an address."""

    event: Event
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt of a delivery and what became of it."""

    event_seq: int
    attempts: int
    """The number of attempts, this one included."""
    began_at: datetime
    milliseconds: int
    status: int | None
    error: str | None

    @property
    def is_delivered(self) -> bool:
        """Return whether the receiver took it."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        """Return whether the receiver wants nothing more (410)."""
        return self.status == 410


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRow:
    """A delivery with its last attempt, for the log."""

    event_seq: int
    event_key: int
    event_id: UUID
    type: str
    attempts: int
    due_at: datetime | None
    delivered_at: datetime | None
    last_status: int | None
    last_error: str | None
    last_at: datetime | None


def pause_after(attempts: int) -> float | None:
    """Return the seconds until the next attempt, with jitter; None when there is none."""
    if attempts > len(RETRY_SECONDS):
        return None
    return RETRY_SECONDS[attempts - 1] * random.uniform(1 - JITTER, 1 + JITTER)


async def fan_out(tx: AsyncConnection, after: int, to: int) -> None:
    """Address numbered events to every active endpoint that wants their type."""
    await tx.execute(
        text("""
            INSERT INTO webhook_delivery (endpoint_id, event_seq, event_key, event_id, due_at)
            SELECT endpoint.id, event.seq, event.shard_key, event.id, now()
              FROM event
              JOIN webhook_endpoint AS endpoint
                ON endpoint.is_active AND event.type = ANY(endpoint.types)
             WHERE event.seq > :after AND event.seq <= :to
            ON CONFLICT (endpoint_id, event_seq) DO NOTHING
        """),
        {"after": after, "to": to},
    )


async def due_endpoints(
    tx: AsyncConnection, busy: Collection[UUID], limit: int
) -> list[tuple[UUID, str, str]]:
    """Return the addresses for which something is due, with URLs and clients, without the busy ones."""
    rows = await tx.execute(
        text("""
            SELECT id, url, client
              FROM webhook_endpoint
             WHERE is_active
               AND (paused_until IS NULL OR paused_until <= now())
               AND NOT id = ANY(CAST(:busy AS uuid[]))
               AND EXISTS (SELECT 1
                             FROM webhook_delivery
                            WHERE endpoint_id = webhook_endpoint.id AND due_at <= now())
             ORDER BY random()
             LIMIT :limit
        """),
        {"busy": list(busy), "limit": limit},
    )
    return [(row.id, row.url, row.client) for row in rows]


async def due(tx: AsyncConnection, endpoint_id: UUID, limit: int = BATCH) -> list[Delivery]:
    """Load what is due for an address, oldest event first."""
    rows = await tx.execute(
        text("""
            SELECT d.attempts, e.seq, e.shard_key, e.id, e.type, e.occurred_at, e.data
              FROM webhook_delivery AS d
              JOIN event AS e
                ON e.shard_key = d.event_key AND e.id = d.event_id
             WHERE d.endpoint_id = :endpoint_id AND d.due_at <= now()
             ORDER BY d.event_seq
             LIMIT :limit
        """),
        {"endpoint_id": endpoint_id, "limit": limit},
    )
    found = []
    for row in rows:
        values: dict[str, Any] = dict(row._mapping)
        attempts = values.pop("attempts")
        found.append(Delivery(event=Event(**values), attempts=attempts))
    return found


async def save(tx: AsyncConnection, endpoint_id: UUID, attempts: Sequence[Attempt]) -> None:
    """Write attempts into the log, and when each delivery is due next."""
    await tx.execute(
        text("""
            INSERT INTO webhook_attempt (endpoint_id, event_seq, id, began_at, milliseconds, status,
                                         error)
            SELECT :endpoint_id, made.*
              FROM unnest(CAST(:seqs AS bigint[]), CAST(:ids AS uuid[]),
                          CAST(:began AS timestamptz[]), CAST(:milliseconds AS integer[]),
                          CAST(:statuses AS integer[]), CAST(:errors AS text[])) AS made
        """),
        {
            "endpoint_id": endpoint_id,
            "seqs": [one.event_seq for one in attempts],
            "ids": uuid7s(len(attempts)),
            "began": [one.began_at for one in attempts],
            "milliseconds": [one.milliseconds for one in attempts],
            "statuses": [one.status for one in attempts],
            "errors": [one.error for one in attempts],
        },
    )
    pauses = [None if one.is_delivered else pause_after(one.attempts) for one in attempts]
    await tx.execute(
        text("""
            UPDATE webhook_delivery
               SET attempts = made.attempts, due_at = made.due_at,
                   delivered_at = made.delivered_at
              FROM (SELECT event_seq, attempts, now() + make_interval(secs => pause) AS due_at,
                           now() + make_interval(secs => CASE WHEN is_delivered THEN 0 END)
                               AS delivered_at
                      FROM unnest(CAST(:seqs AS bigint[]), CAST(:attempts AS integer[]),
                                  CAST(:pauses AS float8[]), CAST(:delivered AS boolean[]))
                        AS attempt (event_seq, attempts, pause, is_delivered)) AS made
             WHERE webhook_delivery.endpoint_id = :endpoint_id
               AND webhook_delivery.event_seq = made.event_seq
        """),
        {
            "endpoint_id": endpoint_id,
            "seqs": [one.event_seq for one in attempts],
            "attempts": [one.attempts for one in attempts],
            "pauses": pauses,
            "delivered": [one.is_delivered for one in attempts],
        },
    )
    if not all(one.is_delivered for one in attempts):
        await _pause(tx, endpoint_id)


async def _pause(tx: AsyncConnection, endpoint_id: UUID) -> None:
    await tx.execute(
        text("""
            UPDATE webhook_endpoint
               SET paused_until = now() + make_interval(secs => :seconds)
             WHERE id = :id
        """),
        {"id": endpoint_id, "seconds": PAUSE_SECONDS * random.uniform(1 - JITTER, 1 + JITTER)},
    )


async def redeliver(
    tx: AsyncConnection, endpoint_id: UUID, *, event: UUID | None, after_seq: int | None
) -> int:
    """Make deliveries due again: one event's, or all undelivered ones after a number; how many."""
    made = await tx.execute(
        text("""
            UPDATE webhook_delivery
               SET due_at = now(), attempts = 0
             WHERE endpoint_id = :endpoint_id
               AND (event_id = :event
                    OR (delivered_at IS NULL AND event_seq > CAST(:after_seq AS bigint)))
        """),
        {"endpoint_id": endpoint_id, "event": event, "after_seq": after_seq},
    )
    return made.rowcount


async def page(
    tx: AsyncConnection, endpoint_id: UUID, *, after: int | None, limit: int
) -> list[DeliveryRow]:
    """Read the deliveries of an address, newest first."""
    return await read_page(
        tx,
        """
        SELECT d.event_seq, d.event_key, d.event_id, e.type, d.attempts, d.due_at, d.delivered_at,
               last.status AS last_status, last.error AS last_error, last.began_at AS last_at
          FROM webhook_delivery AS d
          JOIN event AS e
            ON e.shard_key = d.event_key AND e.id = d.event_id
          LEFT JOIN LATERAL (
               SELECT status, error, began_at
                 FROM webhook_attempt
                WHERE endpoint_id = d.endpoint_id AND event_seq = d.event_seq
                ORDER BY id DESC
                LIMIT 1) AS last ON true
        """,
        key=("d.event_seq",),
        after=None if after is None else [after],
        limit=limit,
        row=DeliveryRow,
        equal={"d.endpoint_id": endpoint_id},
        newest_first=True,
    )
