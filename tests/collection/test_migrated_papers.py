"""A database of before: its refunds, returns, mergers and serials are right when it is migrated."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson
import pytest

from services.collection.refund.domain import Refund, RefundPart, RefundSource, RefundStatus
from services.collection.refund.domain import return_voucher as voucher_of_return
from shared.ids import key_of

UNIT, RECEIPT = 5, 9
Upgrade = Callable[[str], Awaitable[None]]


@pytest.fixture
async def db(empty_database_url: str, upgrade_to: Upgrade) -> AsyncIterator[asyncpg.Connection]:
    """A database of revision 0019. Papers are stored without those that they name."""
    await upgrade_to("collection_0019")
    connection = await asyncpg.connect(empty_database_url)
    await connection.execute("SET session_replication_role = replica")
    await connection.execute("SET search_path = collection")
    yield connection
    await connection.close()


async def put(db: asyncpg.Connection, table: str, **values: Any) -> UUID:
    """Store a row; its id."""
    values = {"id": uuid4()} | values
    marks = ", ".join(f"${number}" for number in range(1, len(values) + 1))
    await db.execute(
        f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", *values.values()
    )
    return UUID(str(values["id"]))


async def receipt(db: asyncpg.Connection, serial: str, **values: Any) -> UUID:
    """A receipt of the tax bureau."""
    row = {
        "receipt_key": RECEIPT,
        "source": "tax_bureau",
        "serial": serial,
        "body_hash": b"h",
        "channel": "tax",
        "paper": "p",
        "credit_code": "c",
        "district": "heping",
        "period": "2021-07",
        "amount_fen": 500,
        "paid_on": date(2021, 8, 20),
        "book_date": date(2021, 8, 20),
    }
    return await put(db, "receipt", **(row | values))


async def credit(db: asyncpg.Connection, used_fen: int) -> UUID:
    """A credit of 100 fen."""
    return await put(
        db,
        "credit",
        unit_id=UNIT,
        declaration_id=uuid4(),
        credit_code="c",
        district="heping",
        period="2021-07",
        insurance="pension",
        party="unit",
        account="pooled",
        fund="pension",
        amount_fen=100,
        used_fen=used_fen,
        granted_on=date(2021, 8, 20),
    )


async def refund(db: asyncpg.Connection, status: str, credit_id: UUID) -> UUID:
    """A refund of 60 fen of a credit, as revision 0019 kept it."""
    decided = None if status == "requested" else date(2021, 9, 3)
    id = await put(
        db,
        "credit_refund",
        unit_id=UNIT,
        credit_code="c",
        district="heping",
        status=status,
        amount_fen=60,
        requested_on=date(2021, 9, 1),
        decided_on=decided,
        note="多缴",
    )
    await db.execute(
        "INSERT INTO credit_refund_line (unit_id, refund_id, credit_id, amount_fen)"
        " VALUES ($1, $2, $3, 60)",
        UNIT,
        id,
        credit_id,
    )
    return id


async def used_fen(db: asyncpg.Connection, credit_id: UUID) -> int:
    return int(await db.fetchval("SELECT used_fen FROM credit WHERE id = $1", credit_id))


async def test_refunds_of_credits_become_refunds_of_the_new_kind(
    db: asyncpg.Connection, upgrade_to: Upgrade
) -> None:
    debited = await receipt(db, "d", channel="bank_debit", source="bank_gateway")
    await db.execute(
        "INSERT INTO allocation (unit_id, event_id, bill_id, line_no, receipt_key, receipt_id,"
        " amount_fen, book_date, paid_on, reallocation_id)"
        " VALUES ($1, $2, $2, 1, $3, $4, 500, '2021-08-20', '2021-08-20', $2)",
        UNIT,
        uuid4(),
        RECEIPT,
        debited,
    )
    credits = {
        "approved": await credit(db, used_fen=60),  # it counted as used from its approval on
        "refused": await credit(db, used_fen=0),
        "requested": await credit(db, used_fen=40),
    }
    refunds = {status: await refund(db, status, id) for status, id in credits.items()}
    trail = await put(
        db,
        "trail",
        shard_key=UNIT,
        paper="credit_refund",
        paper_id=refunds["requested"],
        step="request",
        signs=True,
        person="Li",
        role="r",
        level="l",
        district="d",
    )
    await upgrade_to("head")

    rows = await db.fetch("SELECT * FROM refund")
    found = {row["id"]: row for row in rows}
    expected = {"approved": "paid", "refused": "refused", "requested": "requested"}
    for old, new in expected.items():
        row = found[refunds[old]]
        assert (row["status"], row["amount_fen"], row["source"]) == (new, 60, "credits")
        assert (row["refund_key"], row["deposit"]) == (UNIT, "income_deposit")
        part = await db.fetchrow("SELECT * FROM refund_part WHERE refund_id = $1", refunds[old])
        assert (part["account"], part["credit_id"], part["amount_fen"]) == (
            "contribution_income.pooled",
            credits[old],
            60,
        )
    assert found[refunds["approved"]]["settled_on"] == date(2021, 9, 3)
    left = {status: await used_fen(db, id) for status, id in credits.items()}
    assert left == {"approved": 60, "refused": 0, "requested": 100}, "what waits is reserved now"
    assert await db.fetchval("SELECT paper FROM trail WHERE id = $1", trail) == "refund"


async def test_a_request_whose_credit_was_used_meanwhile_is_refused(
    db: asyncpg.Connection, upgrade_to: Upgrade
) -> None:
    spent = await credit(db, used_fen=50)
    waiting = await refund(db, "requested", spent)
    await upgrade_to("head")
    row = await db.fetchrow("SELECT * FROM refund WHERE id = $1", waiting)
    assert (row["status"], row["decided_on"]) == ("refused", date(2021, 9, 1))
    assert row["deposit"] == "treasury_deposit"
    assert await used_fen(db, spent) == 50


def test_a_refund_that_was_paid_before_the_ledger_knew_orders_can_come_back() -> None:
    old = Refund(
        key=UNIT,
        id=UUID(int=1),
        source=RefundSource.CREDITS,
        credit_code="c",
        district="heping",
        unit_id=UNIT,
        receipt_key=None,
        receipt_id=None,
        bill_id=None,
        deposit="treasury_deposit",
        amount_fen=60,
        reason="多缴",
        status=RefundStatus.RETURNING,
        requested_on=date(2021, 9, 1),
        settled_on=date(2021, 9, 3),
        returned_on=date(2021, 9, 5),
        return_serial="TH-1",
    )
    part = RefundPart(
        fund="pension",
        account="contribution_income.pooled",
        district="heping",
        amount_fen=60,
        unit_id=UNIT,
        credit_id=UUID(int=2),
    )
    voucher = voucher_of_return(old, [part], date(2021, 9, 6))
    assert voucher.entries[0].account == "treasury_deposit"


async def a_return(db: asyncpg.Connection, of: UUID, status: str, on: date, serial: str) -> UUID:
    """A return of a receipt, as revision 0019 kept it."""
    decided = None if status == "filed" else "Wu"
    id = await put(
        db,
        "receipt_change",
        receipt_key=RECEIPT,
        receipt_id=of,
        kind="return",
        status=status,
        amount_fen=100,
        on_day=on,
        reason="退票",
        document="d",
        serial=serial,
        filed_by="Li",
        decided_by=decided,
        decided_on=decided and on,
    )
    if status == "approved":
        await db.execute(
            "INSERT INTO return_serial (serial_key, serial, receipt_key, change_id)"
            " VALUES ($1, $2, $3, $4)",
            key_of("return_serial", serial),
            serial,
            RECEIPT,
            id,
        )
    return id


async def test_returns_have_the_day_they_were_booked_and_serials_their_source(
    db: asyncpg.Connection, upgrade_to: Upgrade
) -> None:
    early, late = date(2021, 8, 25), date(2021, 9, 2)
    known_later = await receipt(db, "a", book_date=date(2021, 9, 1))
    debited = await receipt(db, "b", source="bank_gateway", channel="bank_debit")
    days = {
        await a_return(db, known_later, "approved", early, "TH-1"): date(2021, 9, 1),
        await a_return(db, debited, "approved", late, "TH-2"): late,
        await a_return(db, known_later, "filed", late, "TH-3"): None,
        await a_return(db, debited, "refused", late, "TH-4"): None,
    }
    await upgrade_to("head")
    rows = await db.fetch("SELECT id, booked_on FROM receipt_change")
    assert {row["id"]: row["booked_on"] for row in rows} == days
    rows = await db.fetch("SELECT source, serial FROM return_serial ORDER BY serial")
    assert [tuple(row) for row in rows] == [("tax_bureau", "TH-1"), ("bank_gateway", "TH-2")]


async def test_serials_of_refunds_sent_back_have_the_deposit_that_paid(
    db: asyncpg.Connection, upgrade_to: Upgrade
) -> None:
    await upgrade_to("collection_0027")
    for serial, paid_from in (("TH-1", "fiscal_deposit"), ("TH-2", None)):
        await put(
            db,
            "refund",
            refund_key=UNIT,
            source="credits",
            credit_code="c",
            district="heping",
            deposit="income_deposit",
            amount_fen=1,
            reason="r",
            status="returning",
            requested_on=date(2021, 9, 1),
            decided_on=date(2021, 9, 1),
            settled_on=date(2021, 9, 1),
            paid_from=paid_from,
            return_serial=serial,
        )
        await db.execute(
            "INSERT INTO refund_return_serial (serial_key, serial) VALUES ($1, $2)",
            key_of("refund_return", serial),
            serial,
        )
    await upgrade_to("head")
    rows = await db.fetch("SELECT serial, deposit FROM refund_return_serial ORDER BY serial")
    assert [tuple(row) for row in rows] == [("TH-1", "fiscal_deposit"), ("TH-2", "income_deposit")]


async def correction(db: asyncpg.Connection, status: str, person: int, survivor: int) -> UUID:
    """A correction of a person's number."""
    return await put(
        db,
        "person_correction",
        person_id=person,
        person_uuid=UUID(int=person),
        survivor_id=survivor,
        survivor_uuid=UUID(int=survivor),
        district="heping",
        status=status,
        masked_number="",
        right_number="",
        masked_name="",
        right_name="",
        sealed_name=b"",
        document_kind="k",
        reason="r",
        document="d",
    )


async def test_the_ledger_hears_of_mergers_in_force_and_of_no_other_corrections(
    db: asyncpg.Connection, upgrade_to: Upgrade
) -> None:
    await db.execute("ALTER TABLE person_correction ALTER COLUMN decided_at SET DEFAULT now()")
    merged = await correction(db, "in_force", 7, 8)
    await correction(db, "in_force", 9, 9)
    await correction(db, "refused", 10, 11)
    await upgrade_to("head")
    rows = await db.fetch("SELECT shard_key, payload FROM outbox")
    assert [row["shard_key"] for row in rows] == [7]
    assert orjson.loads(rows[0]["payload"]) == {
        "kind": "personal_merger",
        "event_id": f"person_correction:{merged.hex}",
        "person": f"per_{7:016x}{7:032x}",
        "survivor": f"per_{8:016x}{8:032x}",
        "references": {"paper": f"pcr_{7:016x}{merged.hex}"},
    }
