"""How long rows are kept that are no papers: days per kind as data, and a job that cleans up.

These rows go: stored answers of requests, messages that the receiver acknowledged, and events with
their deliveries (shared/webhooks/cleaning.py). What makes a thing happen once is kept for ever:
event ids, serial numbers and the Idempotency-Key itself, so that a request repeated after its
answer is gone is refused, not done twice. Triggers refuse to delete a row before its time, or a
message that was not acknowledged, whoever asks.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from prometheus_client import Counter
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db import Database
from shared.process import kept
from shared.process.log import logger
from shared.webhooks import cleaning

SET = 1000
"""Rows that one transaction deletes."""
PAUSE_SECONDS = 3600.0
LEAST_DAYS = 30
"""A backup may be some weeks old: what was sent since must still be there to be sent again."""
SERVICES: Final = ("collection", "ledger", "payout")
"""The services that keep answers or messages."""
ANSWERS: Final = "idempotency"
MESSAGES: Final = "outbox"

TABLE = f"""
CREATE TABLE retention (
    table_name text        NOT NULL,
    days       integer     NOT NULL CHECK (days >= {LEAST_DAYS}),
    set_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    set_by     text        NOT NULL,
    why        text        NOT NULL,
    PRIMARY KEY (table_name, set_at)
)
"""
_DAYS_FUNCTION = """
CREATE FUNCTION retention_days(wanted text) RETURNS integer
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    SELECT days FROM retention WHERE table_name = wanted ORDER BY set_at DESC LIMIT 1
$$
"""
_MAY_GO = {
    ANSWERS: "old.created_at < now() - make_interval(days => retention_days('idempotency'))",
    MESSAGES: "old.refused IS NULL"
    " AND old.sent_at < now() - make_interval(days => retention_days('outbox'))",
}
_SHIPPED = {
    ANSWERS: (400, "a year and a month: a yearly job that asks again gets its first answer"),
    MESSAGES: (400, "a year and a month: any restored ledger can be told again what it lost"),
}


def ddl(role: str, *tables: str) -> list[str]:
    """Return the statements of a migration that lets a service clean these tables."""
    statements = [TABLE, _DAYS_FUNCTION, f"GRANT SELECT ON retention TO {role}"]
    for table in tables:
        days, why = _SHIPPED[table]
        statements += [
            "INSERT INTO retention (table_name, days, set_by, why)"
            f" VALUES ('{table}', {days}, 'shipped', '{why}')",
            *kept.guard(table, _MAY_GO[table]),
            f"CREATE INDEX {table}_age ON {table} USING brin (created_at)",
            f"GRANT DELETE ON {table} TO {role}",
        ]
    return statements


def ddl_back(role: str, *tables: str) -> list[str]:
    """Return the statements that take `ddl` back."""
    statements = []
    for table in tables:
        statements += [
            f"REVOKE DELETE ON {table} FROM {role}",
            f"DROP INDEX {table}_age",
            *kept.guard_back(table),
        ]
    return [*statements, "DROP FUNCTION retention_days(text)", "DROP TABLE retention"]


CLEANED = Counter("wuxian_rows_cleaned", "Rows deleted after their time", ["service", "table"])


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """Days that rows of a table are kept, with who set them and why."""

    table_name: str
    days: int
    set_by: str
    why: str


async def rules(tx: AsyncConnection) -> list[RetentionRule]:
    """Read the rules in force."""
    rows = await tx.execute(
        text("""
            SELECT DISTINCT ON (table_name) table_name, days, set_by, why
              FROM retention
             ORDER BY table_name, set_at DESC
        """)
    )
    return [RetentionRule(*row) for row in rows]


async def clean_answers(tx: AsyncConnection, days: int, limit: int = SET) -> int:
    """Delete a bounded set of stored answers that are older than so many days; how many."""
    gone = await tx.execute(
        text("""
            DELETE FROM idempotency
             WHERE (shard_key, client, idem_key) IN (
                       SELECT shard_key, client, idem_key
                         FROM idempotency
                        WHERE created_at < now() - make_interval(days => :days)
                        LIMIT :limit
                   )
        """),
        {"days": days, "limit": limit},
    )
    return gone.rowcount


async def clean_messages(tx: AsyncConnection, days: int, limit: int = SET) -> int:
    """Delete a bounded set of messages acknowledged more than so many days ago; how many."""
    gone = await tx.execute(
        text("""
            DELETE FROM outbox
             WHERE (shard_key, id) IN (
                       SELECT shard_key, id
                         FROM outbox
                        WHERE created_at < now() - make_interval(days => :days)
                          AND sent_at < now() - make_interval(days => :days)
                          AND refused IS NULL
                        LIMIT :limit
                   )
        """),
        {"days": days, "limit": limit},
    )
    return gone.rowcount


_CLEAN = {
    ANSWERS: clean_answers,
    MESSAGES: clean_messages,
    cleaning.DELIVERIES: cleaning.clean_deliveries,
    cleaning.ATTEMPTS: cleaning.clean_attempts,
    cleaning.EVENTS: cleaning.clean_events,
}


async def clean(db: Database, limit: int = SET) -> dict[str, int]:
    """Delete all rows whose time is over, one bounded set a transaction; how many per table.

    It may be stopped anywhere: the next run goes on with what is left.
    """
    cleaned = {}
    for rule in await db.run(rules):
        total = gone = await _clean_set(db, rule, limit)
        while gone == limit:
            gone = await _clean_set(db, rule, limit)
            total += gone
        cleaned[rule.table_name] = total
        CLEANED.labels(db.service, rule.table_name).inc(total)
    return cleaned


async def _clean_set(db: Database, rule: RetentionRule, limit: int) -> int:
    async with db.transaction() as tx:
        return await _CLEAN[rule.table_name](tx, rule.days, limit)


async def keep_clean(db: Database) -> None:
    """Clean once an hour, until cancelled."""
    while True:
        try:
            await clean(db)
        except Exception as error:
            logger().warning("old rows not cleaned, will retry", error=repr(error)[:300])
        await asyncio.sleep(PAUSE_SECONDS)
