"""Events: thin notes of facts, written with the fact and numbered afterwards without gaps.

The transaction of the fact writes its events without a number, so that facts do not wait for each
other. One worker numbers what is committed, in one order; a reader that goes by the number never
misses an event and never sees one before an earlier one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db import row_ids
from shared.errors import Kind, Refusal
from shared.ids import Ref
from shared.references import Reference
from shared.roles import Caller, Right

NUMBERED_AT_ONCE: Final = 5000


class EventsGone(Refusal):
    """该序号之后的部分事件已按保留期清理 (events after this number are gone: their time is over)"""

    kind = Kind.GONE
    code = "EVENTS_GONE"


class EventType(StrEnum):
    """A kind of fact that outside systems are told of."""

    DEBIT_BATCH_READY = "debit_batch.ready"
    RECEIPT_MATCHED = "receipt.matched"
    RECEIPT_SUSPENDED = "receipt.suspended"
    BILL_ISSUED = "bill.issued"
    PERIOD_CLOSED = "period.closed"
    PAYMENT_BATCH_READY = "payment_batch.ready"


READERS: Final[dict[EventType, frozenset[Right]]] = {
    EventType.DEBIT_BATCH_READY: frozenset({Right.FETCH_DEBIT_BATCH, Right.READ_COLLECTION}),
    EventType.RECEIPT_MATCHED: frozenset({Right.PUSH_TAX, Right.READ_COLLECTION}),
    EventType.RECEIPT_SUSPENDED: frozenset({Right.PUSH_TAX, Right.READ_COLLECTION}),
    EventType.BILL_ISSUED: frozenset({Right.READ_BILLS, Right.READ_COLLECTION}),
    EventType.PERIOD_CLOSED: frozenset({Right.READ_BALANCES, Right.READ_LEDGER}),
    EventType.PAYMENT_BATCH_READY: frozenset({Right.FETCH_PAYMENT_BATCH, Right.READ_PAYOUT}),
}
"""The rights any of which admits to events of a type."""


def readable_by(caller: Caller, types: Collection[EventType]) -> list[EventType]:
    """Return the types that a caller may hear of."""
    return [one for one in types if any(caller.may(right) for right in READERS[one])]


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to write: its type, its thing, and a few facts that say where to look."""

    type: EventType
    key: int
    """Shard key of the thing."""
    id: str
    """Reference of the thing on the wire."""
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event with its number."""

    seq: int
    shard_key: int
    id: UUID
    type: str
    occurred_at: datetime
    data: dict[str, Any]

    @property
    def reference(self) -> str:
        """Return its reference, which is also the webhook-id of its deliveries."""
        return Ref(self.shard_key, self.id).text(Reference.EVENT)

    @property
    def body(self) -> bytes:
        """Write what a webhook carries; the same bytes at every attempt."""
        return orjson.dumps(
            {"type": self.type, "timestamp": self.occurred_at.isoformat(), "data": self.data}
        )


async def record_events(tx: AsyncConnection, events: Sequence[NewEvent]) -> None:
    """Write events in the transaction of their facts."""
    if not events:
        return
    await tx.execute(
        text("""
            INSERT INTO event (shard_key, id, type, data)
            SELECT shard_key, id, type, CAST(data AS jsonb)
              FROM unnest(CAST(:keys AS bigint[]), CAST(:ids AS uuid[]), CAST(:types AS text[]),
                          CAST(:data AS text[])) AS batch (shard_key, id, type, data)
        """),
        {
            "keys": [one.key for one in events],
            "ids": row_ids(len(events)),
            "types": [one.type.value for one in events],
            "data": [orjson.dumps({"id": one.id, **one.facts}).decode() for one in events],
        },
    )


async def number(tx: AsyncConnection, limit: int = NUMBERED_AT_ONCE) -> tuple[int, int]:
    """Number committed events; return the last number of before and the last one now."""
    seen = (
        await tx.execute(
            text("""
                SELECT seq, EXISTS (SELECT 1 FROM event WHERE seq IS NULL) AS has_more
                  FROM event_place
            """)
        )
    ).one()
    if not seen.has_more:  # nearly always: nothing is locked then
        return seen.seq, seen.seq
    last: int = (await tx.execute(text("SELECT seq FROM event_place FOR UPDATE"))).scalar_one()
    numbered = await tx.execute(
        text("""
            WITH waiting AS (
                SELECT shard_key, id, row_number() OVER (ORDER BY id) AS place
                  FROM (SELECT shard_key, id FROM event WHERE seq IS NULL ORDER BY id LIMIT :limit)
                    AS oldest
            )
            UPDATE event
               SET seq = :last + waiting.place
              FROM waiting
             WHERE event.shard_key = waiting.shard_key AND event.id = waiting.id
        """),
        {"last": last, "limit": limit},
    )
    if not numbered.rowcount:
        return last, last
    now = last + numbered.rowcount
    await tx.execute(text("UPDATE event_place SET seq = :seq"), {"seq": now})
    return last, now


async def last_number(tx: AsyncConnection) -> int:
    """Return the number of the newest event."""
    found: int = (await tx.execute(text("SELECT seq FROM event_place"))).scalar_one()
    return found


async def cleaned_to(tx: AsyncConnection) -> int:
    """Return the number up to which old events may be gone."""
    found: int = (await tx.execute(text("SELECT cleaned FROM event_place"))).scalar_one()
    return found


async def page(
    tx: AsyncConnection, after: int, limit: int, types: Collection[EventType]
) -> tuple[list[Event], int]:
    """Read events of some types after a number; return them and the number read up to."""
    last = await last_number(tx)
    rows = await tx.execute(
        text("""
            SELECT seq, shard_key, id, type, occurred_at, data
              FROM event
             WHERE seq > :after AND seq <= :last AND type = ANY(CAST(:types AS text[]))
             ORDER BY seq
             LIMIT :limit
        """),
        {"after": after, "last": last, "types": [one.value for one in types], "limit": limit},
    )
    found = [Event(**row._mapping) for row in rows]
    return found, found[-1].seq if len(found) == limit else max(after, last)
