"""Cleaning of events, deliveries and attempts after their time; for the job of retention.

The feed ends at a place: events up to it may be gone, and a reader behind it is told so. Behind the
place nothing is missing. A delivery that was never delivered stays, and so does its event.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.process import kept

EVENTS: Final = "event"
DELIVERIES: Final = "webhook_delivery"
ATTEMPTS: Final = "webhook_attempt"
_SHIPPED: Final = {
    EVENTS: (400, "a year and a month: a yearly reader still finds its place"),
    DELIVERIES: (400, "a year and a month, as the events"),
    ATTEMPTS: (100, "a quarter: who misses an event asks within weeks"),
}
_MAY_GO: Final = {
    EVENTS: "old.seq <= (SELECT cleaned FROM event_place)"
    " AND old.occurred_at < now() - make_interval(days => retention_days('event'))"
    " AND NOT EXISTS (SELECT 1 FROM webhook_delivery WHERE event_seq = old.seq)",
    DELIVERIES: "old.delivered_at < now() - make_interval(days =>"
    " retention_days('webhook_delivery'))",
    ATTEMPTS: "old.began_at < now() - make_interval(days => retention_days('webhook_attempt'))",
}


def ddl(role: str) -> list[str]:
    """Return the statements of a migration that lets a service clean its events and deliveries."""
    statements = [
        "ALTER TABLE event_place ADD COLUMN cleaned bigint NOT NULL DEFAULT 0,"
        " ADD CONSTRAINT event_place_cleaned CHECK (cleaned <= seq)",
        f"GRANT UPDATE (cleaned) ON event_place TO {role}",
        "CREATE INDEX webhook_delivery_event ON webhook_delivery (event_seq)",
        "CREATE INDEX webhook_delivery_age ON webhook_delivery USING brin (delivered_at)",
        "CREATE INDEX webhook_attempt_age ON webhook_attempt USING brin (began_at)",
    ]
    for table, (days, why) in _SHIPPED.items():
        statements += [
            "INSERT INTO retention (table_name, days, set_by, why)"
            f" VALUES ('{table}', {days}, 'shipped', '{why}')",
            *kept.guard(table, _MAY_GO[table]),
            f"GRANT DELETE ON {table} TO {role}",
        ]
    return statements


def ddl_back(role: str) -> list[str]:
    """Return the statements that take `ddl` back."""
    statements = []
    for table in _SHIPPED:
        statements += [
            f"REVOKE DELETE ON {table} FROM {role}",
            *kept.guard_back(table),
            f"DELETE FROM retention WHERE table_name = '{table}'",
        ]
    return [
        *statements,
        "DROP INDEX webhook_attempt_age",
        "DROP INDEX webhook_delivery_age",
        "DROP INDEX webhook_delivery_event",
        "ALTER TABLE event_place DROP COLUMN cleaned",
    ]


async def clean_events(tx: AsyncConnection, days: int, limit: int) -> int:
    """Move the end of the feed past old events, and delete a bounded set of them; how many."""
    place = (await tx.execute(text("SELECT cleaned, seq FROM event_place"))).one()
    young = await tx.scalar(
        text("""
            SELECT seq
              FROM event
             WHERE seq > :cleaned AND occurred_at >= now() - make_interval(days => :days)
             ORDER BY seq
             LIMIT 1
        """),
        {"cleaned": place.cleaned, "days": days},
    )
    await tx.execute(
        text("""
            UPDATE event_place
               SET cleaned = :until
             WHERE cleaned < :until AND :until <= seq
        """),
        {"until": place.seq if young is None else young - 1},
    )
    gone = await tx.execute(
        text("""
            DELETE FROM event
             WHERE (shard_key, id) IN (
                       SELECT shard_key, id
                         FROM event AS old
                        WHERE seq <= (SELECT cleaned FROM event_place)
                          AND occurred_at < now() - make_interval(days => :days)
                          AND NOT EXISTS (SELECT 1 FROM webhook_delivery
                                           WHERE event_seq = old.seq)
                        ORDER BY seq
                        LIMIT :limit
                   )
        """),
        {"days": days, "limit": limit},
    )
    return gone.rowcount


async def clean_deliveries(tx: AsyncConnection, days: int, limit: int) -> int:
    """Delete a bounded set of deliveries that arrived more than so many days ago; how many."""
    gone = await tx.execute(
        text("""
            DELETE FROM webhook_delivery
             WHERE (endpoint_id, event_seq) IN (
                       SELECT endpoint_id, event_seq
                         FROM webhook_delivery
                        WHERE delivered_at < now() - make_interval(days => :days)
                          AND due_at IS NULL
                        LIMIT :limit
                   )
        """),
        {"days": days, "limit": limit},
    )
    return gone.rowcount


async def clean_attempts(tx: AsyncConnection, days: int, limit: int) -> int:
    """Delete a bounded set of attempts that are older than so many days; how many."""
    gone = await tx.execute(
        text("""
            DELETE FROM webhook_attempt
             WHERE (endpoint_id, event_seq, id) IN (
                       SELECT endpoint_id, event_seq, id
                         FROM webhook_attempt
                        WHERE began_at < now() - make_interval(days => :days)
                        LIMIT :limit
                   )
        """),
        {"days": days, "limit": limit},
    )
    return gone.rowcount
