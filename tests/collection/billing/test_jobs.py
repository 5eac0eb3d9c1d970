"""A provisional due day is settled when workdays are known; what was late by it follows, once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.app import build
from services.collection.billing import jobs as billing_job
from services.collection.billing.flows import due_day as due_day_flow
from services.collection.billing.jobs import SERVICE, settle_due_days
from services.collection.billing.store.due_day import ProvisionalBill
from services.collection.reallocation.jobs import run_due
from shared import trail
from shared.db import Database
from shared.money import parse_yuan
from tests.collection.support import money
from tests.collection.support.debtors import DUE, PENSION, STAFF, Debtors, after
from tests.conftest import Bearer, ClientOf, SettingsFor

WHOLE_FEN = 15_000_00


@pytest.fixture(scope="module")
async def debtors(
    settings_for: SettingsFor, client_of: ClientOf, bearer: Bearer, database_url: str
) -> AsyncIterator[Debtors]:
    async with client_of(build(settings_for())) as api:
        yield Debtors(api, bearer, database_url)


async def provisional(debtors: Debtors, due_on: str, **other: Any) -> money.Owed:
    """Issue a bill as it was while nobody had entered the workdays of its year."""
    owed = await debtors.owe(PENSION, STAFF, due_on=due_on, **other)
    connection = await money.connect(debtors.url)
    await connection.execute("SET session_replication_role = replica")
    await connection.execute(
        "UPDATE bill SET due_estimated = true WHERE unit_id = $1", owed.unit_id
    )
    await connection.close()
    return owed


async def test_what_was_late_by_a_provisional_day_follows_the_settled_one(
    debtors: Debtors, db: Database
) -> None:
    early, late, known = [
        await provisional(debtors, after(-2)),
        await provisional(debtors, after(2)),
        await debtors.owe(PENSION, STAFF),
    ]
    for owed in (early, late, known):
        await debtors.pay(owed, WHOLE_FEN, after(1))

    async def charged_fen(owed: money.Owed) -> int:
        return sum(parse_yuan(one["amount"]) for one in await debtors.charges(owed))

    before = [await charged_fen(owed) for owed in (early, late, known)]
    assert (before[0] > before[2], before[1]) == (True, 0)
    assert await settle_due_days(db) == 2
    assert await settle_due_days(db) == 0
    await run_due(db, "tianjin")
    # Who paid by the day that was printed on the bill owes no late fee.
    for owed, day, fen in (
        (early, DUE, before[2]),
        (late, after(2), 0),
        (known, DUE, before[2]),
    ):
        bill = next(one for one in await debtors.bills(owed) if one["kind"] != "charge")
        assert (bill["due_on"], bill["due_estimated"]) == (day, False)
        assert await charged_fen(owed) == fen


async def test_two_workers_settle_a_due_day_once(debtors: Debtors, db: Database) -> None:
    await provisional(debtors, after(-2))
    async with db.transaction() as tx:
        [known] = await due_day_flow.known_days(tx)
        [bill] = await due_day_flow.bills(tx, known, None, 10)
        for _ in range(2):
            await due_day_flow.settle(tx, bill, known.day, SERVICE)
        steps = await trail.of_paper(tx, bill.unit_id, bill.id)
    assert [one["step"] for one in steps] == ["settle_due_day"]


async def test_bills_that_cannot_be_settled_hold_up_no_other(
    debtors: Debtors, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = await provisional(debtors, after(2))
    two = await provisional(debtors, after(2))
    other = await provisional(debtors, "2021-10-26", period="2021-09")
    first, second = sorted((one, two), key=lambda owed: owed.unit_id)
    settle = due_day_flow.settle

    async def settle_others(tx: AsyncConnection, bill: ProvisionalBill, **rest: Any) -> None:
        if bill.unit_id == first.unit_id:
            raise ValueError
        await settle(tx, bill, **rest)

    with monkeypatch.context() as patch:
        patch.setattr(billing_job, "CHUNK", 1)
        patch.setattr(due_day_flow, "settle", settle_others)
        assert await settle_due_days(db) == 2
    for owed in (second, other):
        assert not (await debtors.bills(owed))[0]["due_estimated"]
    assert await settle_due_days(db) == 1


async def test_a_due_day_that_was_known_never_changes(debtors: Debtors, db: Database) -> None:
    owed = await debtors.owe(PENSION, STAFF)
    with pytest.raises(DBAPIError, match="settled once"):
        async with db.transaction() as tx:
            await tx.execute(
                text("UPDATE bill SET due_on = due_on + 1 WHERE unit_id = :unit_id"),
                {"unit_id": owed.unit_id},
            )
