"""A superuser with all triggers off changes the books: verification finds it and names the voucher.

Every attack is made in a transaction that is rolled back, on books of five vouchers in one slot.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from services.ledger.chain.domain import Verdict
from services.ledger.chain.flows.verify import export, verify, verify_lines
from services.ledger.posting.domain.voucher import GENESIS
from shared.db import sqlalchemy_url
from shared.roles import Role
from tests.ledger.conftest import Ledger
from tests.ledger.support.making import pair, receipt, receipt_draft
from tests.ledger.support.year import close, new_ledger

SLOT = 3
ONE = f"slot = {SLOT} AND seq = 3"
LAST = f"slot = {SLOT} AND seq = 5"


@pytest.fixture(scope="module")
async def books(
    server_url: str,
    template: str,
    settings_for: Callable[..., Any],
    client_of: Callable[..., Any],
    bearer: Callable[..., dict[str, str]],
) -> AsyncIterator[Ledger]:
    """Five vouchers in slot 3, a day closed after two; a hold that was drawn upon and released."""
    async with new_ledger(server_url, template, settings_for, client_of, bearer) as ledger:
        await ledger.fund_expenditure("500.00")
        held = {"event_id": "hold-1", "fund": "pension", "amount": "80.00", "summary": "s"}
        hold = (await ledger.post("/v1/holds", held, Role.PAYOUT_SERVICE)).json()["id"]
        entries = pair("pension", "benefit.basic_pension", "expenditure_deposit", "30.00", "centre")
        paid = receipt(owner="centre", kind="payment", hold=hold, entries=entries)
        assert (await ledger.post("/v1/vouchers", paid, Role.PAYOUT_SERVICE)).status_code == 201
        back = {"event_id": "release-1", "amount": "10.00"}
        await ledger.post(f"/v1/holds/{hold}/releases", back, Role.PAYOUT_SERVICE)
        for number in range(1, 6):
            [posted] = await ledger.books.post(
                [receipt_draft(100 * number, slot=SLOT, references={"bill": f"b-{number}"})]
            )
            assert posted.seq == number  # type: ignore[union-attr]
            if number == 2:
                await close(ledger, "day", "2021-07-14")
        yield ledger


@asynccontextmanager
async def superuser(ledger: Ledger) -> AsyncIterator[AsyncConnection]:
    """A transaction that no trigger hinders, and that leaves nothing behind."""
    engine = create_async_engine(sqlalchemy_url(ledger.url))
    try:
        async with engine.connect() as tx:
            await tx.execute(text("SET LOCAL search_path = ledger"))
            await tx.execute(text("SET LOCAL session_replication_role = 'replica'"))
            yield tx
            await tx.rollback()
    finally:
        await engine.dispose()


async def verdicts(tx: AsyncConnection) -> list[Verdict]:
    """From the database, and from an export of it alone."""
    lines: list[bytes] = []
    await export(tx, lines.append)
    found = [await verify(tx), verify_lines(lines)]
    assert found[0] == found[1]
    return found


async def attack(ledger: Ledger, *statements: str) -> Verdict:
    async with superuser(ledger) as tx:
        assert (await verdicts(tx))[0].faults == ()
        for statement in statements:
            done = await tx.execute(text(statement.replace(":", "\\:")))
            assert done.rowcount > 0, statement
        return (await verdicts(tx))[0]


def put(column: str, value: str, table: str = "voucher") -> str:
    return f"UPDATE {table} SET {column} = {value} WHERE {ONE}"


@pytest.mark.parametrize(
    "statement",
    [
        put("debit_fen", "debit_fen * 2", "entry"),
        put("account", "'treasury_deposit'", "entry"),
        put("fund", "'medical'", "entry"),
        put("district", "'nankai'", "entry"),
        put("book", "'memo'", "entry"),
        put("book_date", "book_date - 1", "entry"),
        put("line", "line + 10", "entry"),
        put("book_date", "book_date - 1"),
        put("value_date", "book_date"),
        put("period", "'2021-08'"),
        put("summary", "'改'"),
        put("refs", '\'{"bill": "b-9"}\''),
        put("owner", "'OTHER'"),
        put("kind", "'match'"),
        put("source", "'someone_else'"),
        put("event_id", "'another'"),
        put("hold", "'hld_x'"),
        put("reverses_seq", "1"),
        put("recorded_at", "recorded_at - interval '1 day'"),
        put("hash", "decode(repeat('00', 32), 'hex')"),
        put("body_hash", "decode(repeat('00', 32), 'hex')"),
    ],
    ids=lambda statement: statement.split("SET ")[1].split(" =")[0] + "/" + statement.split()[1],
)
async def test_whatever_is_edited_its_voucher_is_named(books: Ledger, statement: str) -> None:
    assert (await attack(books, statement)).first_broken == "vch_3_3"


DELETE_ENTRIES, DELETE = f"DELETE FROM entry WHERE {ONE}", f"DELETE FROM voucher WHERE {ONE}"


async def test_one_that_is_deleted_is_named(books: Ledger) -> None:
    assert (await attack(books, DELETE_ENTRIES, DELETE)).first_broken == "vch_3_3"
    assert (await attack(books, DELETE_ENTRIES)).first_broken == "vch_3_3"
    assert (await attack(books, DELETE)).first_broken == "vch_3_3"


async def test_the_last_one_that_is_deleted_is_named(books: Ledger) -> None:
    deletions = [f"DELETE FROM {table} WHERE {LAST}" for table in ("entry", "voucher")]
    assert (await attack(books, *deletions)).first_broken == "vch_3_5"


def move(seq: int, to: int) -> list[str]:
    return [
        f"UPDATE {table} SET seq = {to} WHERE slot = {SLOT} AND seq = {seq}"
        for table in ("voucher", "entry")
    ]


async def test_two_that_are_swapped_are_found(books: Ledger) -> None:
    verdict = await attack(books, *move(3, 99), *move(4, 3), *move(99, 4))
    assert verdict.first_broken == "vch_3_3"


async def test_one_that_is_moved_to_another_slot_is_found(books: Ledger) -> None:
    moved = [f"UPDATE {table} SET slot = 1, seq = 1 WHERE {ONE}" for table in ("voucher", "entry")]
    assert (await attack(books, *moved)).first_broken == "vch_1_1"


async def test_one_that_is_backdated_everywhere_is_named(books: Ledger) -> None:
    """Voucher, entries and day buckets tell the same lie; the seal does not."""
    verdict = await attack(
        books,
        put("book_date", "'2021-07-10'"),
        put("book_date", "'2021-07-10'", "entry"),
        f"""INSERT INTO bucket SELECT slot, book, fund, account, district, book_date, debit_fen,
                   credit_fen FROM entry WHERE {ONE}""",
        f"""UPDATE bucket SET debit_fen = bucket.debit_fen - e.debit_fen,
                   credit_fen = bucket.credit_fen - e.credit_fen
              FROM entry AS e
             WHERE e.slot = {SLOT} AND e.seq = 3 AND bucket.slot = e.slot
               AND bucket.account = e.account AND bucket.day = '2021-07-15'""",
    )
    assert verdict.first_broken == "vch_3_3"


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (
            "UPDATE bucket SET debit_fen = debit_fen + 1 WHERE slot = 3 AND debit_fen > 0",
            "is not its entries' sum",
        ),
        ("DELETE FROM bucket WHERE slot = 3 AND debit_fen > 0", "is missing"),
        (
            "INSERT INTO bucket SELECT 3, book, fund, 'cash', district, day, 1, 0 FROM bucket"
            " WHERE slot = 3 AND debit_fen > 0",
            "is not its entries' sum",
        ),
        ("UPDATE slot_head SET closed_until = '2021-07-01' WHERE slot = 3", "by no closing"),
        ("DELETE FROM closing WHERE slot = 0", "by no closing"),
        ("UPDATE closing SET heads = jsonb_set(heads, '{3,0}', '4')", "says otherwise"),
        (
            "INSERT INTO entry SELECT slot, 77, line, book, fund, account, district, book_date,"
            " debit_fen, credit_fen FROM entry WHERE slot = 3 AND seq = 3",
            "belong to no voucher",
        ),
        ("UPDATE hold SET remaining_fen = remaining_fen - 1", "does not add up"),
        ("UPDATE hold SET amount_fen = amount_fen + 1", "does not add up"),
        ("DELETE FROM hold_movement WHERE kind = 'release'", "does not add up"),
        ("UPDATE hold_movement SET kind = 'expire' WHERE kind = 'draw'", "does not add up"),
        (
            "INSERT INTO bucket SELECT 9, book, fund, account, district, day, debit_fen, credit_fen"
            " FROM bucket WHERE slot = 3",
            "which is not there",
        ),
    ],
)
async def test_what_is_not_a_voucher_is_proved_too(
    books: Ledger, statement: str, message: str
) -> None:
    verdict = await attack(books, statement)
    assert any(message in fault for fault in verdict.faults), verdict.faults


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE slot_head SET seq = seq + 1 WHERE slot = 3",
        "UPDATE slot_head SET seq = seq - 1 WHERE slot = 3",
        "UPDATE slot_head SET hash = decode(repeat('00', 32), 'hex') WHERE slot = 3",
    ],
)
async def test_a_head_that_is_changed_is_found(books: Ledger, statement: str) -> None:
    verdict = await attack(books, statement)
    assert any("the head of the chain is not its last voucher" in one for one in verdict.faults)


INSERTED = f"""
    INSERT INTO voucher
    SELECT slot, 6, source, 'slipped-in', body_hash, owner, kind, book_date, period, value_date,
           summary, refs, hold, reverses_seq, hash, recorded_at FROM voucher WHERE {LAST}
"""
INSERTED_ENTRIES = f"""
    INSERT INTO entry
    SELECT slot, 6, line, book, fund, account, district, book_date, debit_fen, credit_fen
      FROM entry WHERE {LAST}
"""
HEAD_ON = "UPDATE slot_head SET seq = 6 WHERE slot = 3"
BUCKETS_ON = f"""
    UPDATE bucket SET debit_fen = bucket.debit_fen + e.debit_fen,
           credit_fen = bucket.credit_fen + e.credit_fen
      FROM entry AS e
     WHERE e.slot = {SLOT} AND e.seq = 6 AND bucket.slot = e.slot AND bucket.account = e.account
       AND bucket.day = e.book_date
"""


async def test_a_voucher_that_bypasses_the_writer_is_found(books: Ledger) -> None:
    for steps in ([], [HEAD_ON], [HEAD_ON, BUCKETS_ON]):
        verdict = await attack(books, INSERTED, INSERTED_ENTRIES, *steps)
        assert verdict.first_broken == "vch_3_6", steps


async def test_a_chain_that_is_cut_short_needs_an_anchor(books: Ledger) -> None:
    """Voucher, entries, sums and head are taken off together: only what was kept outside can tell."""
    cut = [
        f"""UPDATE bucket SET debit_fen = bucket.debit_fen - e.debit_fen,
                   credit_fen = bucket.credit_fen - e.credit_fen
              FROM entry AS e
             WHERE e.slot = {SLOT} AND e.seq = 5 AND bucket.slot = e.slot
               AND bucket.account = e.account AND bucket.day = e.book_date""",
        f"DELETE FROM entry WHERE {LAST}",
        f"DELETE FROM voucher WHERE {LAST}",
        "UPDATE slot_head SET seq = 4, hash = (SELECT hash FROM voucher WHERE slot = 3 AND seq = 4)"
        " WHERE slot = 3",
    ]
    heads = (await books.get("/v1/chain")).json()["items"]
    kept = [(one["slot"], one["seq"], one["hash"]) for one in heads if one["seq"]]
    assert (await attack(books, *cut)).faults == (), "nothing inside the database can tell"
    async with superuser(books) as tx:
        for statement in cut:
            await tx.execute(text(statement))
        verdict = await verify(tx, kept=kept)
    assert verdict.faults == ("an anchor that was kept speaks of vch_3_5, which is gone",)
    # And an anchor of a day, written by the ledger itself, tells it from inside.
    anchored = f"""
        INSERT INTO chain_anchor (slot, day, seq, hash)
        SELECT slot, '2030-01-01', seq, hash FROM slot_head WHERE slot = {SLOT}
    """
    verdict = await attack(books, anchored, *cut)
    assert any("which is gone" in fault for fault in verdict.faults)
    changed = f"UPDATE chain_anchor SET hash = decode('{GENESIS.hex()}', 'hex') WHERE slot = {SLOT}"
    verdict = await attack(books, anchored, changed)
    assert any("says otherwise of vch_3_5" in fault for fault in verdict.faults)
