"""Rows are cleaned after their time and not before; what makes a thing happen once stays."""

from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import idempotency, outbox
from shared.db import Database, raw
from shared.process import retention
from shared.webhooks import event as event_store
from shared.webhooks import flows as webhooks_flow
from shared.webhooks.event import EventsGone, EventType, NewEvent

OLD, YOUNG = 401, 399


@pytest.fixture(params=retention.SERVICES)
async def db(request: pytest.FixtureRequest, database_url: str) -> AsyncIterator[Database]:
    db = Database(database_url, request.param, pool_size=2)
    yield db
    await db.close()


async def age(url: str, service: str, table: str, days: int, where: str = "true") -> None:
    """Make rows older, as only their keeper's administrator can."""
    connection = await asyncpg.connect(url)
    columns = "created_at = created_at - $1::int * interval '1 day'"
    if table == "outbox":
        columns += ", sent_at = sent_at - $1::int * interval '1 day'"
    await connection.execute(f"UPDATE {service}.{table} SET {columns} WHERE {where}", days)
    await connection.close()


def claim(key: str) -> idempotency.Claim:
    return idempotency.Claim(7, "portal", key, b"d" * 32, b"secret")


async def answer(tx: AsyncConnection, key: str) -> idempotency.Stored | None:
    stored = await idempotency.claim(tx, claim(key))
    if stored is None:
        await idempotency.store(tx, claim(key), 201, b"first")
    return stored


async def test_an_answer_goes_after_its_time_and_its_key_never(
    db: Database, database_url: str
) -> None:
    for key in ("old", "young"):
        assert await db.run(lambda tx, key=key: answer(tx, key)) is None
    await age(database_url, db.service, "idempotency", OLD, "idem_key = 'old'")
    await age(database_url, db.service, "idempotency", YOUNG, "idem_key = 'young'")
    assert (await retention.clean(db, limit=1))["idempotency"] == 1
    assert (await retention.clean(db))["idempotency"] == 0
    stored = await db.run(lambda tx: answer(tx, "young"))
    assert stored is not None
    assert stored.body == b"first"
    with pytest.raises(idempotency.AnswerGone):
        await db.run(lambda tx: answer(tx, "old"))


@pytest.mark.parametrize("table", ["idempotency", "outbox"])
async def test_the_database_refuses_to_delete_a_row_before_its_time(
    db: Database, table: str
) -> None:
    if db.service == "ledger" and table == "outbox":
        return  # the ledger sends nothing

    async def delete(tx: AsyncConnection) -> None:
        if table == "outbox":
            await outbox.put(tx, 7, [{"kind": "test"}])
        else:
            await answer(tx, "kept")
        connection = await raw(tx)
        await connection.execute(f"DELETE FROM {table}")

    with pytest.raises(asyncpg.PostgresError, match="before its time"):
        await db.run(delete)


async def test_a_message_goes_only_once_it_was_acknowledged(database_url: str) -> None:
    db = Database(database_url, "payout", pool_size=2)
    async with db.transaction() as tx:
        await outbox.put(tx, 7, [{"message": name} for name in ("sent", "waiting", "refused")])
        messages = await outbox.waiting(tx)
        await outbox.mark(tx, [(messages[0], None), (messages[2], "no such account")])
    await age(database_url, "payout", "outbox", OLD)
    assert (await retention.clean(db))["outbox"] == 1
    async with db.transaction() as tx:
        assert await outbox.stats(tx) == {"waiting": 1, "refused": 1}
    await db.close()


async def test_events_go_in_their_order_and_what_was_not_delivered_stays(
    db: Database, database_url: str
) -> None:
    connection = await asyncpg.connect(
        database_url, server_settings={"search_path": f"{db.service},public"}
    )
    event = NewEvent(EventType.BILL_ISSUED, 7, "bil_1")
    last = (await db.run(event_store.number))[1]
    await db.run(lambda tx: event_store.record_events(tx, [event] * 4))
    await db.run(event_store.number)
    endpoint = uuid4()
    await connection.execute(
        "INSERT INTO webhook_endpoint (id, client, url, types, created_by)"
        " VALUES ($1, 'portal', 'https://a', '{bill.issued}', 'li')",
        endpoint,
    )
    # The first was delivered, the second never, the third has no address; the fourth is young.
    await connection.execute(
        "UPDATE event SET occurred_at = occurred_at - interval '401 days' WHERE seq < $1", last + 4
    )
    await connection.execute(
        "INSERT INTO webhook_delivery (endpoint_id, event_seq, event_key, event_id, delivered_at)"
        " SELECT $1, seq, shard_key, id,"
        "        CASE WHEN seq = $2 + 1 THEN now() - interval '401 days' END"
        "   FROM event WHERE seq IN ($2 + 1, $2 + 2)",
        *(endpoint, last),
    )
    await connection.execute(
        "INSERT INTO webhook_attempt (endpoint_id, event_seq, id, began_at, milliseconds)"
        " VALUES ($1, $2, $1, now() - interval '101 days', 5)",
        *(endpoint, last + 2),
    )
    await retention.clean(db)
    await retention.clean(db)
    left = await connection.fetch("SELECT seq FROM event ORDER BY seq")
    assert [row["seq"] for row in left] == [last + 2, last + 4]
    assert await connection.fetchval("SELECT count(*) FROM webhook_delivery") == 1
    assert await connection.fetchval("SELECT count(*) FROM webhook_attempt") == 0

    types = [EventType.BILL_ISSUED]
    with pytest.raises(EventsGone) as caught:
        await webhooks_flow.events(db, last, 10, 0, types)
    assert caught.value.facts == {"first_seq": last + 4, "after_seq": last + 3}
    found, reached, _ = await webhooks_flow.events(db, last + 3, 10, 0, types)
    assert ([one.seq for one in found], reached) == ([last + 4], last + 4)
    with pytest.raises(DBAPIError, match="before its time"):
        await db.run(lambda tx: tx.execute(text("DELETE FROM event")))
    await connection.close()


async def test_a_rule_is_a_dated_row_and_has_a_floor(database_url: str) -> None:
    db = Database(database_url, "payout", pool_size=1)
    connection = await asyncpg.connect(database_url)
    add = "INSERT INTO payout.retention (table_name, days, set_by, why) VALUES ($1, $2, 'li', 'w')"
    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute(add, "outbox", 5)
    await connection.execute(add, "outbox", 500)
    found = {rule.table_name: rule.days for rule in await db.run(retention.rules)}
    assert found["outbox"] == 500
    with pytest.raises(DBAPIError, match="permission denied"):
        await db.run(lambda tx: tx.execute(text("DELETE FROM retention")))
    await connection.close()
    await db.close()
