"""The shell on a real database: one request one transaction, replays, four eyes, the outbox."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import date
from typing import Annotated, Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import Response
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import db as shared_db
from shared import outbox, trail
from shared.db import Database, raw
from shared.door import Door, door
from shared.errors import SamePersonTwice, StateConflict
from shared.ids import uuid7
from shared.outbox import Message, Relay
from shared.process.settings import Settings
from shared.roles import Caller, Right, Role
from shared.schema import In, Out, PositiveYuan, YuanOut
from shared.security.identity import Identity
from shared.web.app import create_app
from shared.web.door_router import DoorRouter
from shared.web.trust_feed import trust_of
from tests.issuer import Issuer

Bearer = Callable[..., dict[str, str]]


class PayIn(In):
    amount: PositiveYuan
    fail: bool = False


class PayOut(Out):
    amount: YuanOut
    said: int


@pytest.fixture(scope="module")
async def db(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url, "collection", pool_size=8)
    yield database
    await database.close()


async def test_a_connection_that_breaks_in_the_middle_says_so_itself(db: Database) -> None:
    """A backend that dies during COPY: the driver's error comes out, not that of the roll-back."""
    sleeping: list[asyncio.Task[Any]] = []

    async def breaks(tx: AsyncConnection) -> None:
        await tx.execute(text("SELECT 1"))
        driver = await raw(tx)
        sleeping.append(asyncio.create_task(driver.fetch("SELECT pg_sleep(30)")))
        await asyncio.sleep(0.05)
        raise asyncpg.InternalClientError("another operation is in progress")

    with pytest.raises(asyncpg.InternalClientError):
        await db.run(breaks)
    assert await db.run(lambda tx: tx.scalar(text("SELECT 2"))) == 2
    await asyncio.gather(*sleeping, return_exceptions=True)


@pytest.mark.parametrize("trusted_seconds", [60.0, 0.0])
async def test_connections_that_the_server_has_closed_are_replaced(
    db: Database, database_url: str, trusted_seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_db, "TRUSTED_SECONDS", trusted_seconds)
    assert await db.run(lambda tx: tx.scalar(text("SELECT 1"))) == 1
    administrator = await asyncpg.connect(database_url)
    closed = await administrator.fetchval(
        "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity"
        " WHERE application_name = $1 AND datname = current_database()",
        f"wuxian-{db.service}",
    )
    await administrator.close()
    assert closed
    assert await db.run(lambda tx: tx.scalar(text("SELECT 2"))) == 2


async def test_a_raw_statement_that_met_a_deadlock_is_tried_again(db: Database) -> None:
    """SQLAlchemy does not wrap the driver's own errors; they are repeated like the others."""
    attempts: list[int] = []

    async def deadlocks_once(tx: AsyncConnection) -> int:
        await tx.execute(text("SELECT 1"))
        attempts.append(len(attempts))
        driver = await raw(tx)
        if len(attempts) == 1:
            await driver.execute("DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$")
        return int(await driver.fetchval("SELECT 7"))

    assert await db.run(deadlocks_once) == 7
    assert attempts == [0, 1]


@pytest.fixture
async def client(
    db: Database, identity: Identity, issuer: Issuer
) -> AsyncIterator[httpx.AsyncClient]:
    """A service with one door, which writes one outbox message a request."""
    router = DoorRouter()

    @router.post("/v1/payments", operation_id="pay", summary="付 · Pay")
    async def pay(
        body: PayIn,
        door: Annotated[Door, door(Right.CREATE_DEBIT_BATCH, money=True)],
        dry_run: bool = False,
    ) -> Response:
        async def work(tx: AsyncConnection) -> PayOut:
            await outbox.put(tx, 7, [{"amount": body.amount}])
            if body.fail:
                raise StateConflict(why="asked to fail")
            return PayOut(amount=body.amount, said=body.amount)

        return await door.write(work, key=7, status=201, dry_run=dry_run)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield

    app = create_app(
        service="t",
        title="t",
        description="t",
        version="0",
        routers=[router],
        lifespan=lifespan,
        trust=trust_of(Settings(trusted_keys_path=issuer.trusted_keys_path), "t"),
        checks=[],
        body_limit_bytes=10_000,
    )
    app.state.db, app.state.identity = db, identity
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://t") as client:
        yield client


@pytest.fixture(autouse=True)
async def clean(db: Database) -> AsyncIterator[None]:
    yield
    async with db.transaction() as tx:  # the role may not delete, so what waits is settled
        await outbox.mark(tx, [(message, None) for message in await outbox.waiting(tx)])


async def messages(db: Database) -> int:
    async with db.transaction() as tx:
        return len(await outbox.waiting(tx))


async def test_a_repeat_gets_the_first_answer_and_changes_nothing(
    client: httpx.AsyncClient, db: Database, bearer: Bearer
) -> None:
    headers = bearer(Role.CENTRE_CASHIER) | {"Idempotency-Key": "k1"}
    rung = db.bell.count
    first = await client.post("/v1/payments", json={"amount": "1.50"}, headers=headers)
    again = await client.post(
        "/v1/payments",
        content='{"fail": false, "amount": "1.50"}',
        headers=headers | {"content-type": "application/json"},
    )
    assert first.status_code == 201
    assert db.bell.count == rung + 1, "the background work is woken"
    assert first.json() == {"amount": "1.50", "said": 150}
    assert again.status_code in (201, 422)  # spelled with a default member: another body
    same = await client.post("/v1/payments", json={"amount": "1.50"}, headers=headers)
    assert (same.status_code, same.content) == (201, first.content)
    assert same.headers["idempotent-replayed"] == "true"
    assert await messages(db) == 1


async def test_a_key_belongs_to_one_request(client: httpx.AsyncClient, bearer: Bearer) -> None:
    headers = bearer(Role.CENTRE_CASHIER) | {"Idempotency-Key": "k2"}
    await client.post("/v1/payments", json={"amount": "1.50"}, headers=headers)
    other = await client.post("/v1/payments", json={"amount": "1.51"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")


async def test_twins_in_flight_have_one_effect(
    client: httpx.AsyncClient, db: Database, bearer: Bearer
) -> None:
    headers = bearer(Role.CENTRE_CASHIER) | {"Idempotency-Key": "k3"}
    answers = await asyncio.gather(
        *(client.post("/v1/payments", json={"amount": "2.00"}, headers=headers) for _ in range(8))
    )
    assert {answer.content for answer in answers} == {b'{"amount":"2.00","said":200}'}
    assert await messages(db) == 1


async def test_a_refused_request_writes_nothing_and_frees_its_key(
    client: httpx.AsyncClient, db: Database, bearer: Bearer
) -> None:
    headers = bearer(Role.CENTRE_CASHIER) | {"Idempotency-Key": "k4"}
    refused = await client.post(
        "/v1/payments", json={"amount": "2.00", "fail": True}, headers=headers
    )
    assert refused.status_code == 409
    assert await messages(db) == 0
    assert (await client.post("/v1/payments", json={"amount": "2.00"}, headers=headers)).is_success


async def test_a_dry_run_answers_and_writes_nothing(
    client: httpx.AsyncClient, db: Database, bearer: Bearer
) -> None:
    headers = bearer(Role.CENTRE_CASHIER) | {"Idempotency-Key": "k5"}
    rung = db.bell.count
    dry = await client.post("/v1/payments?dry_run=true", json={"amount": "3.00"}, headers=headers)
    assert (dry.status_code, dry.json()["amount"]) == (200, "3.00")
    assert (await messages(db), db.bell.count) == (0, rung)


async def test_moving_money_needs_a_key_and_the_right(
    client: httpx.AsyncClient, bearer: Bearer
) -> None:
    body = {"amount": "1.00"}
    no_key = await client.post("/v1/payments", json=body, headers=bearer(Role.CENTRE_CASHIER))
    assert (no_key.status_code, no_key.json()["code"]) == (400, "IDEMPOTENCY_KEY_MISSING")
    clerk = await client.post(
        "/v1/payments", json=body, headers=bearer(Role.DISTRICT_CLERK, "heping")
    )
    assert (clerk.status_code, clerk.json()["code"]) == (403, "FORBIDDEN")


async def test_one_person_signs_a_paper_once_in_a_round(db: Database) -> None:
    paper = uuid7()
    li = Caller(subject="li", role=Role.DISTRICT_CLERK, district="heping")

    def step(name: str, round: int = 1) -> trail.Step:
        return trail.Step(
            shard_key=7, paper="declaration", paper_id=paper, step=name, signs=True, round=round
        )

    await db.run(lambda tx: trail.record(tx, step("accept"), li))
    with pytest.raises(SamePersonTwice):
        await db.run(lambda tx: trail.record(tx, step("review"), li))
    await db.run(lambda tx: trail.record(tx, step("accept", round=2), li))
    steps = await db.run(lambda tx: trail.of_paper(tx, 7, paper))
    assert [(row["step"], row["round"]) for row in steps] == [("accept", 1), ("accept", 2)]


async def test_the_trail_cannot_be_rewritten(db: Database) -> None:
    for statement in ("UPDATE trail SET person = 'x'", "DELETE FROM trail", "TRUNCATE trail"):
        with pytest.raises(Exception, match="permission denied"):
            async with db.transaction() as tx:
                await tx.execute(text(statement))


class Receiver:
    """A peer that dedupes by message id, and may die before its answer is written down."""

    def __init__(self) -> None:
        self.effects: set[Any] = set()
        self.deliveries = 0
        self.die_after_effect = False

    async def deliver(self, batch: Sequence[Message]) -> list[str | None]:
        self.deliveries += 1
        self.effects |= {message.id for message in batch}
        if self.die_after_effect:
            self.die_after_effect = False
            raise ConnectionError("the answer was lost")
        return [None if b"poison" not in message.payload else "POISON" for message in batch]


async def put(db: Database, *payloads: dict[str, Any]) -> None:
    await db.run(lambda tx: outbox.put(tx, 7, payloads))


async def test_a_message_without_an_answer_is_sent_again(db: Database) -> None:
    await free_lease(db)
    receiver = Receiver()
    receiver.die_after_effect = True
    relay = Relay(db, receiver.deliver)
    await put(db, {"n": 1}, {"n": 2})
    with pytest.raises(ConnectionError):
        await relay.step()
    assert await relay.step() == 2
    assert await relay.step() == 0
    assert (receiver.deliveries, len(receiver.effects)) == (2, 2)


async def test_a_poisoned_message_is_set_aside_and_holds_up_nobody(db: Database) -> None:
    await free_lease(db)
    relay = Relay(db, Receiver().deliver)
    before = await db.run(outbox.stats)
    await put(db, {"n": 1}, {"poison": 1}, {"n": 2})
    assert await relay.step() == 3
    assert await relay.step() == 0
    after = await db.run(outbox.stats)
    assert after["waiting"] == 0
    assert after["refused"] == before["refused"] + 1


async def test_only_batches_that_stand_alone_are_under_way_together(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await free_lease(db)
    monkeypatch.setattr(outbox, "BATCH", 1)
    under_way: list[bytes] = []
    seen: list[int] = []
    two = asyncio.Event()

    async def deliver(batch: Sequence[Message]) -> list[str | None]:
        under_way.append(batch[0].payload)
        if len(under_way) == 2:
            two.set()
        if b"1" in batch[0].payload:
            await asyncio.wait_for(two.wait(), 30)
        else:
            await asyncio.sleep(0.01)
        seen.append(len(under_way))
        under_way.remove(batch[0].payload)
        return [None]

    relay = Relay(db, deliver, stands_alone=lambda message: b"alone" in message.payload)
    for message in ({"alone": 1}, {"alone": 2}, {"n": 3}, {"alone": 4}):
        await put(db, message)  # one at a time: those put together have no order
    assert await relay.step() == 4
    assert sorted(seen[:2]) == [1, 2]
    assert seen[2:] == [1, 1]
    assert (await db.run(outbox.stats))["waiting"] == 0


async def test_a_message_keeps_the_day_it_was_booked_on_instead_of_its_own(db: Database) -> None:
    await free_lease(db)
    day, asked = date(2098, 8, 1), []

    async def deliver(batch: Sequence[Message]) -> list[outbox.Verdict]:
        return [day if b"moved" in message.payload else None for message in batch]

    async def day_closed() -> None:
        asked.append(1)

    relay = Relay(db, deliver, day_closed)
    await put(db, {"n": 1})
    assert (await relay.step(), asked) == (1, [])
    await put(db, {"moved": 1}, {"n": 2})
    assert (await relay.step(), asked) == (2, [1]), "the closed day is asked for again"
    before = await db.run(lambda tx: outbox.moved_beyond(tx, date(2098, 7, 31)))
    assert before == [b'{"moved":1}']
    assert await db.run(lambda tx: outbox.moved_beyond(tx, day)) == []


async def test_only_the_holder_of_the_lease_delivers(db: Database) -> None:
    await free_lease(db)
    first, second = Relay(db, Receiver().deliver), Relay(db, Receiver().deliver)
    await put(db, {"n": 1})
    assert await first.step() == 1
    await put(db, {"n": 2})
    assert await second.step() == 0
    assert await first.step() == 1


async def free_lease(db: Database) -> None:
    async with db.transaction() as tx:
        await tx.execute(text("UPDATE lease SET until = now() - interval '1 hour'"))
