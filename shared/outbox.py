"""The outbox: messages written in the sender's transaction and delivered in batches until accepted.

The receiver makes the effect exactly once (a unique event id in its own transaction); this side
only promises at least once. One relay per service holds a lease row; a message that the receiver
refuses for good is set aside with the reason and holds up nobody.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import orjson
from prometheus_client import Counter, Gauge
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db import Database, row_ids
from shared.process import tracing
from shared.process.background import keep_looking
from shared.process.log import logger

BATCH = 1000
BATCHES = 5
"""Batches that are read at once. One is delivered while the outcome of the last is written down."""
AT_ONCE = 2
"""Batches that are under way at once while their messages stand alone."""
LEASE = "relay"
IDLE_SECONDS = 0.1
LEASE_SECONDS = 15
REFUSED_SECONDS = 5.0
"""Time between two counts of what was set aside, while nothing is delivered."""
DAY_CLOSED = "DAY_CLOSED:"
"""Beginning of the reason of a message whose day is closed."""

DDL = (
    """
    CREATE TABLE outbox (
        shard_key  bigint      NOT NULL,
        id         uuid        NOT NULL,
        payload    bytea       NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        sent_at    timestamptz,
        refused    text,
        PRIMARY KEY (shard_key, id)
    )
    """,
    "CREATE INDEX outbox_waiting ON outbox (id) WHERE sent_at IS NULL AND refused IS NULL",
    "CREATE INDEX outbox_refused ON outbox (id) WHERE refused IS NOT NULL",
    """
    CREATE TABLE lease (
        name   text        PRIMARY KEY,
        holder text        NOT NULL,
        until  timestamptz NOT NULL
    )
    """,
)

BOOKED_DDL = (
    "ALTER TABLE outbox ADD COLUMN booked_on date",
    "CREATE INDEX outbox_moved ON outbox (booked_on) WHERE booked_on IS NOT NULL",
)
"""The day on which the receiver booked a message, where it is not the message's own day."""

TRACE_DDL = ("ALTER TABLE outbox ADD COLUMN traceparent text",)
"""The trace (W3C) that a message belongs to, where an operator has traces written."""

WAITING = Gauge(
    "wuxian_outbox_waiting",
    "Messages not yet acknowledged",
    ["service"],
    multiprocess_mode="mostrecent",  # the worker with the lease looked last
)
REFUSED = Counter("wuxian_outbox_refused", "Messages set aside", ["service"])
STILL_REFUSED = Gauge(
    "wuxian_refused_messages",
    "Messages set aside and not sent again",
    ["service"],
    multiprocess_mode="mostrecent",
)
OLDEST = Gauge(
    "wuxian_outbox_oldest_seconds",
    "Age of the oldest message not yet acknowledged",
    ["service"],
    multiprocess_mode="mostrecent",
)


@dataclass(frozen=True, slots=True)
class Message:
    """One message in the outbox; the payload is JSON."""

    shard_key: int
    id: UUID
    payload: bytes
    traceparent: str | None = None


Verdict = str | date | None
"""The receiver's answer to a message: None (acknowledged), the day on which it was booked instead of
its own (acknowledged too), or the reason of a final refusal."""
Deliver = Callable[[Sequence[Message]], Awaitable[Sequence[Verdict]]]
"""Delivers a batch and returns a verdict for each message. Raises when nothing is known: the batch is
then tried again."""


async def put(tx: AsyncConnection, shard_key: int, payloads: Sequence[dict[str, Any]]) -> None:
    """Write messages in the caller's transaction."""
    if not payloads:
        return
    await tx.execute(
        text("""
            INSERT INTO outbox (shard_key, id, payload, traceparent)
            SELECT CAST(:shard_key AS bigint), id, payload, CAST(:traceparent AS text)
              FROM unnest(CAST(:ids AS uuid[]), CAST(:payloads AS bytea[])) AS batch (id, payload)
        """),
        {
            "shard_key": shard_key,
            "ids": row_ids(len(payloads)),
            "payloads": [orjson.dumps(payload) for payload in payloads],
            "traceparent": tracing.current(),
        },
    )


async def put_many(
    tx: AsyncConnection,
    messages: Sequence[tuple[int, dict[str, Any]]],
    traceparents: Sequence[str | None] | None = None,
) -> None:
    """Write the messages of a bulk job, each (shard key, payload) under its business row's key.

    `traceparents` are the traces that the messages belong to, where it is not the one at work.
    """
    if not messages:
        return
    at_work = tracing.current()
    await tx.execute(
        text("""
            INSERT INTO outbox (shard_key, id, payload, traceparent)
            SELECT shard_key, id, payload, traceparent
              FROM unnest(CAST(:keys AS bigint[]), CAST(:ids AS uuid[]), CAST(:payloads AS bytea[]),
                          CAST(:traceparents AS text[]))
                AS batch (shard_key, id, payload, traceparent)
        """),
        {
            "keys": [shard_key for shard_key, _ in messages],
            "ids": row_ids(len(messages)),
            "payloads": [orjson.dumps(payload) for _, payload in messages],
            "traceparents": [
                at_work if traceparents is None else traceparents[number]
                for number in range(len(messages))
            ],
        },
    )


async def waiting(tx: AsyncConnection, limit: int = BATCH) -> list[Message]:
    """Return the oldest messages not yet acknowledged."""
    rows = await tx.execute(
        text("""
            SELECT shard_key, id, payload, traceparent
              FROM outbox
             WHERE sent_at IS NULL AND refused IS NULL
             ORDER BY id
             LIMIT :limit
        """),
        {"limit": limit},
    )
    return [Message(row.shard_key, row.id, bytes(row.payload), row.traceparent) for row in rows]


async def mark(tx: AsyncConnection, verdicts: Sequence[tuple[Message, Verdict]]) -> None:
    """Write down what became of messages, and the days on which those that moved were booked."""
    await tx.execute(
        text("""
            WITH verdict AS MATERIALIZED (
                 SELECT shard_key, id, refused, booked_on, now() AS at
                   FROM unnest(CAST(:keys AS bigint[]), CAST(:ids AS uuid[]),
                               CAST(:refused AS text[]), CAST(:days AS date[]))
                     AS answered (shard_key, id, refused, booked_on))
            UPDATE outbox
               SET sent_at = CASE WHEN verdict.refused IS NULL THEN verdict.at END,
                   refused = verdict.refused, booked_on = verdict.booked_on
              FROM verdict
             WHERE outbox.shard_key = verdict.shard_key AND outbox.id = verdict.id
        """),
        {
            "keys": [message.shard_key for message, _ in verdicts],
            "ids": [message.id for message, _ in verdicts],
            "refused": [one if isinstance(one, str) else None for _, one in verdicts],
            "days": [one if isinstance(one, date) else None for _, one in verdicts],
        },
    )


async def moved_beyond(tx: AsyncConnection, day: date) -> list[bytes]:
    """Return the payloads of messages that were booked after a day instead of on their own day.

    They are few: a day was closed between the sender's door and the posting.
    """
    rows = await tx.execute(
        text("SELECT payload FROM outbox WHERE booked_on > :day ORDER BY booked_on, id"),
        {"day": day},
    )
    return [bytes(row.payload) for row in rows]


async def stats(tx: AsyncConnection) -> dict[str, int]:
    """Count the messages that wait and those that were set aside."""
    await _by_index(tx)
    row = (
        await tx.execute(
            text("""
            SELECT (SELECT count(*) FROM outbox WHERE sent_at IS NULL AND refused IS NULL)
                AS waiting,
                   (SELECT count(*) FROM outbox WHERE refused IS NOT NULL)
                AS refused
        """)
        )
    ).one()
    return {"waiting": row.waiting, "refused": row.refused}


async def count_refused(tx: AsyncConnection) -> int:
    """Count the messages that were set aside. It does not read those that wait, which may be many."""
    await _by_index(tx)
    found = await tx.scalar(text("SELECT count(*) FROM outbox WHERE refused IS NOT NULL"))
    return int(found or 0)


async def _by_index(tx: AsyncConnection) -> None:
    """Let this transaction find the few messages that it counts by their index. Until the database
    has analysed the table, it expects that nearly all were set aside, and has three processes read
    the table whole."""
    await tx.execute(
        text("""
            SELECT set_config('enable_seqscan', 'off', true),
                   set_config('max_parallel_workers_per_gather', '0', true)
        """)
    )


async def send_again(tx: AsyncConnection, *, refused: bool) -> int:
    """Make messages wait again, those set aside or those acknowledged; how many.

    A bulk act of an operator over all keys. The receiver answers what it knows with "replayed".
    """
    which = "refused IS NOT NULL" if refused else "sent_at IS NOT NULL"
    made = await tx.execute(
        text(f"""
            UPDATE outbox
               SET sent_at = NULL, refused = NULL
             WHERE {which}
        """)
    )
    return made.rowcount


async def hold_lease(tx: AsyncConnection, name: str, holder: str) -> bool:
    """Take or keep the lease on a kind of work for some seconds; False while another holds it."""
    held = await tx.execute(
        text("""
            INSERT INTO lease (name, holder, until)
            VALUES (:name, :holder, now() + make_interval(secs => :seconds))
            ON CONFLICT (name) DO UPDATE
               SET holder = excluded.holder, until = excluded.until
             WHERE lease.holder = excluded.holder OR lease.until < now()
            RETURNING 1
        """),
        {"name": name, "holder": holder, "seconds": LEASE_SECONDS},
    )
    return held.first() is not None


class Relay:
    """The delivery of a service's outbox; it runs until it is stopped."""

    def __init__(
        self,
        db: Database,
        deliver: Deliver,
        day_closed: Callable[[], Awaitable[object]] | None = None,
        stands_alone: Callable[[Message], bool] | None = None,
    ) -> None:
        """Prepare a delivery.

        Args:
            day_closed: called when an answer shows that a day was closed which was open here.
            stands_alone: tells whether a message takes nothing that an earlier one brought, and
                brings nothing that a later one takes. Without it none does.
        """
        self.db = db
        self.deliver = deliver
        self._day_closed = day_closed
        self._stands_alone = stands_alone or _never
        self.holder = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._refused_due = 0.0

    async def run(self) -> None:
        """Deliver until it is cancelled. Nothing is lost by stopping anywhere."""
        failed = "outbox delivery failed"
        await keep_looking(self.step, self.db.bell, seconds=IDLE_SECONDS, failed=failed)

    async def step(self) -> int:
        """Deliver a few batches, if this process holds the lease; return how many messages it settled.

        The outcome of a batch is written down while the receiver works on the next one.
        """
        async with self.db.transaction() as tx:
            if not await hold_lease(tx, LEASE, self.holder):
                return 0
            messages = await waiting(tx, BATCH * BATCHES)
            if not messages and time.monotonic() > self._refused_due:
                await self._note_refused(tx)
        WAITING.labels(self.db.service).set(len(messages))
        OLDEST.labels(self.db.service).set(age_seconds(messages[0].id) if messages else 0)
        settled, marking = 0, None
        try:
            async with aclosing(self._answers(messages)) as answers:
                async for verdicts in answers:
                    is_held = marking is None or await marking
                    marking = asyncio.create_task(self._mark(verdicts))
                    settled += len(verdicts)
                    if not is_held:
                        break
        finally:
            if marking is not None:
                await marking
        return settled

    async def _answers(
        self, messages: Sequence[Message]
    ) -> AsyncGenerator[list[tuple[Message, Verdict]]]:
        """Deliver batches in their order and yield the answers. While one is answered, the next is
        under way already if all messages of both stand alone."""
        under_way: deque[asyncio.Task[list[tuple[Message, Verdict]]]] = deque()
        try:
            for begin in range(0, len(messages), BATCH):
                batch = messages[begin : begin + BATCH]
                room = AT_ONCE if all(map(self._stands_alone, batch)) else 1
                while len(under_way) >= room:
                    yield await under_way.popleft()
                under_way.append(asyncio.create_task(self._deliver(batch)))
                if room == 1:
                    yield await under_way.popleft()
            while under_way:
                yield await under_way.popleft()
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    async def _deliver(self, messages: Sequence[Message]) -> list[tuple[Message, Verdict]]:
        traces = [message.traceparent for message in messages]
        with tracing.continued("outbox delivery", traces, wuxian_service=self.db.service):
            return list(zip(messages, await self.deliver(messages), strict=True))

    async def _mark(self, verdicts: Sequence[tuple[Message, Verdict]]) -> bool:
        """Write down what became of a batch; return whether this process still holds the lease."""
        async with self.db.transaction() as tx:
            is_held = await hold_lease(tx, LEASE, self.holder)
            await mark(tx, verdicts)
            if any(isinstance(verdict, str) for _, verdict in verdicts):
                await self._note_refused(tx)
        for message, verdict in verdicts:
            if isinstance(verdict, str):
                REFUSED.labels(self.db.service).inc()
                logger().error("message refused and set aside", id=str(message.id), reason=verdict)
        if self._day_closed and any(shows_closed_day(verdict) for _, verdict in verdicts):
            await self._day_closed()
        return is_held

    async def _note_refused(self, tx: AsyncConnection) -> None:
        """Count what was set aside: when it has changed, and now and then."""
        self._refused_due = time.monotonic() + REFUSED_SECONDS
        STILL_REFUSED.labels(self.db.service).set(await count_refused(tx))


def _never(message: Message) -> bool:
    return False


def age_seconds(message_id: UUID) -> float:
    """Read the age of a message from its id, which begins with the milliseconds of its birth."""
    return max(0.0, time.time() - (message_id.int >> 80) / 1000)


def shows_closed_day(verdict: Verdict) -> bool:
    """Tell whether an answer shows that its message's day is closed."""
    return isinstance(verdict, date) or (verdict or "").startswith(DAY_CLOSED)
