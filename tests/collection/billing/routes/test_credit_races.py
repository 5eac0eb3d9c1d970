"""A credit, a debit and a payment meet at one bill: one of them waits, and nothing is used twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import date
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.billing.flows import bill as billing_bill_flow
from services.collection.debits.flows import debit as debit_flow
from services.collection.handling.store import summary as summary_store
from services.collection.handling.store.summary import SummaryRow
from shared.db import Database
from shared.ids import Ref
from shared.money import parse_yuan
from shared.references import Reference
from shared.roles import Caller, Role
from tests.collection.support.money import agree
from tests.collection.support.office import Office
from tests.collection.support.restating import (
    Unit,
    a_unit,
    assert_ties,
    audit,
    bill,
    bill_of,
    corrected,
    credits_of,
    declared,
    pay,
    review,
)

T = TypeVar("T")
CASHIER = Caller(subject="cashier", role=Role.CENTRE_CASHIER)
PAID_ON = "2021-08-20"


async def waits_for(task: asyncio.Task[T]) -> None:
    """Hold that a task stands at a lock."""
    done, _ = await asyncio.wait({task}, timeout=0.5)
    assert not done, "it did not wait"


async def to_bill(db: Database, tx: AsyncConnection, summary: dict[str, Any]) -> SummaryRow:
    """A summary, as the worker bills it."""
    ref = Ref.parse(Reference.SUMMARY, summary["id"])
    row = await summary_store.find(tx, ref.key, ref.id)
    assert row is not None
    return row


async def issue(db: Database, summary: dict[str, Any]) -> int:
    """Issue a summary's bills."""

    async def work(tx: AsyncConnection) -> int:
        return await billing_bill_flow.issue_chunk(tx, await to_bill(db, tx, summary))

    return await db.run(work)


async def make_batch(db: Database, period: str) -> None:
    """A debit batch over a period."""

    async def work(tx: AsyncConnection) -> None:
        await debit_flow.create_batch(
            tx,
            period=period,
            debit_date=date.fromisoformat(PAID_ON),
            bank="city",
            region="tianjin",
            caller=CASHIER,
        )

    await db.run(work)


async def less_audited(
    office: Office, db: Database, period: str
) -> tuple[Unit, dict[str, Any], dict[str, Any], dict[str, Any]]:
    """A unit whose billed month was restated to less: (unit, first paper, correction, summary)."""
    unit = await a_unit(office)
    await agree(office.database_url, unit.code)
    first = await declared(office, unit, "6500.00", "5000.00", period=period)
    await bill(office, db, first)
    paper = await corrected(office, first, unit, "6500.00")
    await review(office, paper)
    return unit, first, paper, await audit(office, paper)


async def debited(office: Office, unit: Unit) -> list[int]:
    rows = await office.fetch("SELECT amount_fen FROM debit_line WHERE unit_id = $1", unit.id)
    return [row["amount_fen"] for row in rows]


async def both(first: Awaitable[object], second: Awaitable[object]) -> None:
    await asyncio.gather(first, second)


async def test_a_debit_batch_waits_for_a_bill_that_is_being_lowered(
    office: Office, db: Database
) -> None:
    unit, first, _, summary = await less_audited(office, db, "2021-01")
    async with db.transaction() as tx:
        assert await billing_bill_flow.issue_chunk(tx, await to_bill(db, tx, summary)) == 1
        batch = asyncio.create_task(make_batch(db, "2021-01"))
        await waits_for(batch)
    await batch
    lowered = await bill_of(office, first)
    assert parse_yuan(lowered["credited"]) > 0
    assert await debited(office, unit) == [parse_yuan(lowered["total"])]
    await assert_ties(office, unit)


async def test_a_credit_waits_for_a_debit_batch_and_stays_open(
    office: Office, db: Database
) -> None:
    unit, first, paper, summary = await less_audited(office, db, "2021-02")
    async with db.transaction() as tx:
        await debit_flow.create_batch(
            tx,
            period="2021-02",
            debit_date=date.fromisoformat(PAID_ON),
            bank="city",
            region="tianjin",
            caller=CASHIER,
        )
        issuing = asyncio.create_task(issue(db, summary))
        await waits_for(issuing)
    assert await issuing == 1
    whole = await bill_of(office, first)
    assert whole["credited"] == "0.00"
    assert await debited(office, unit) == [parse_yuan(whole["total"])]
    credits = await credits_of(office, unit, standing=True)
    assert sum(parse_yuan(one["left"]) for one in credits) == -parse_yuan(paper["total"])
    await assert_ties(office, unit)


async def test_a_payment_waits_for_a_bill_that_is_being_lowered_and_the_rest_is_suspended(
    office: Office, db: Database
) -> None:
    unit, first, paper, summary = await less_audited(office, db, "2021-03")
    async with db.transaction() as tx:
        await billing_bill_flow.issue_chunk(tx, await to_bill(db, tx, summary))
        paying = asyncio.create_task(pay(office, unit, first["total"], "2021-03", "2021-08-12"))
        await waits_for(paying)
    await paying
    lowered = await bill_of(office, first)
    assert (lowered["status"], lowered["open"]) == ("settled", "0.00")
    assert parse_yuan(lowered["settled"]) == parse_yuan(first["total"]) + parse_yuan(paper["total"])
    suspended = await office.fetch(
        """
        SELECT suspense.amount_fen
          FROM suspense
          JOIN receipt
            ON receipt.receipt_key = suspense.receipt_key AND receipt.id = suspense.receipt_id
         WHERE receipt.unit_id = $1
        """,
        unit.id,
    )
    assert [row["amount_fen"] for row in suspended] == [-parse_yuan(paper["total"])]
    await assert_ties(office, unit)


async def test_two_chunks_use_a_standing_credit_once(office: Office, db: Database) -> None:
    units = [await a_unit(office) for _ in range(3)]
    firsts = [await declared(office, unit, "6500.00", period="2021-04") for unit in units]
    await bill(office, db, *firsts)
    for unit, first in zip(units, firsts, strict=True):
        await pay(office, unit, first["total"], "2021-04", "2021-08-12")
    less = [
        await corrected(office, first, unit, "4500.00")
        for unit, first in zip(units, firsts, strict=True)
    ]
    await bill(office, db, *less)
    following = []
    for period in ("2021-05", "2021-06"):
        papers = [await declared(office, unit, "4500.00", period=period) for unit in units]
        await review(office, *papers)
        following.append(await audit(office, papers[0]))
    async with db.transaction() as tx:
        await billing_bill_flow.issue_chunk(tx, await to_bill(db, tx, following[0]))
        other = asyncio.create_task(issue(db, following[1]))
        await waits_for(other)
    assert await other == 3
    for unit, paper in zip(units, less, strict=True):
        granted = await credits_of(office, unit)
        assert sum(parse_yuan(one["used"]) for one in granted) == -parse_yuan(paper["total"])
        assert all(one["left"] == "0.00" for one in granted)
        await assert_ties(office, unit)


async def test_chunks_and_batches_at_once_leave_every_debit_at_what_its_bill_asks(
    office: Office, db: Database
) -> None:
    units = [await a_unit(office, people=2) for _ in range(6)]
    for unit in units:
        await agree(office.database_url, unit.code)
    firsts = [
        await declared(office, unit, "6500.00", "5000.00", period="2021-07") for unit in units
    ]
    await bill(office, db, *firsts)
    less = [
        await corrected(office, first, unit, "6500.00")
        for unit, first in zip(units, firsts, strict=True)
    ]
    await review(office, *less)
    summary = await audit(office, less[0])
    await both(issue(db, summary), make_batch(db, "2021-07"))
    rows = await office.fetch(
        """
        SELECT bill.total_fen - bill.settled_fen AS open_fen, debit_line.amount_fen
          FROM debit_line
          JOIN bill ON bill.unit_id = debit_line.unit_id AND bill.id = debit_line.bill_id
         WHERE debit_line.period = '2021-07'
        """
    )
    assert len(rows) == len(units)
    assert all(row["open_fen"] == row["amount_fen"] for row in rows)
    for unit in units:
        await assert_ties(office, unit)
