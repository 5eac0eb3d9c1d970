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

from services.ledger.chain.domain.proof import Verdict
from services.ledger.chain.flows.verify import export, verify, verify_lines
from services.ledger.posting.domain.voucher import GENESIS
from shared.db import sqlalchemy_url
from shared.roles import Role
from tests.ledger.conftest import Ledger
from tests.ledger.support.checkpoints import write_checkpoints
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
        await write_checkpoints(ledger.url)
        yield ledger


@asynccontextmanager
async def superuser(ledger: Ledger) -> AsyncIterator[AsyncConnection]:
    """A transaction that no trigger or check hinders, and that leaves nothing behind."""
    engine = create_async_engine(sqlalchemy_url(ledger.url))
    try:
        async with engine.connect() as tx:
            await tx.execute(text("SET LOCAL search_path = ledger"))
            await tx.execute(text("SET LOCAL session_replication_role = 'replica'"))
            await tx.execute(
                text(
                    "ALTER TABLE voucher DROP CONSTRAINT voucher_balanced,"
                    " DROP CONSTRAINT voucher_red_reverses"
                )
            )
            await tx.execute(
                text("ALTER TABLE place_postings DROP CONSTRAINT place_postings_sound")
            )
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


# What a forger with all rights does last: the sums and postings of the slot, made from the vouchers.
WRITTEN_ANEW = (
    "DELETE FROM place_day WHERE slot = 3",
    "DELETE FROM place_postings WHERE slot = 3",
    "UPDATE book_checkpoint SET seq = 0 WHERE slot = 3",
)


@pytest.mark.parametrize(
    "statement",
    [
        put("amounts", "ARRAY(SELECT 2 * fen FROM unnest(amounts) AS fen)"),
        put("places", "array_replace(places, places[1], 2 * 999999999)"),
        put("places", "ARRAY[places[2], places[1]]"),
        put("places", "places || places"),
        put("places", "ARRAY[places[1] # 1, places[2] # 1]"),
        put("amounts", "'{}'"),
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
    ids=lambda statement: statement.split("SET ")[1].split(" WHERE")[0],
)
async def test_whatever_is_edited_its_voucher_is_named(books: Ledger, statement: str) -> None:
    assert (await attack(books, statement)).first_broken == "vch_3_3"


DELETE = f"DELETE FROM voucher WHERE {ONE}"


async def test_one_that_is_deleted_is_named(books: Ledger) -> None:
    assert (await attack(books, DELETE)).first_broken == "vch_3_3"


async def test_the_last_one_that_is_deleted_is_named(books: Ledger) -> None:
    assert (await attack(books, f"DELETE FROM voucher WHERE {LAST}")).first_broken == "vch_3_5"


async def test_a_place_that_is_renamed_is_found(books: Ledger) -> None:
    """All vouchers of the place then tell of another account; their seals do not."""
    verdict = await attack(
        books, "UPDATE place SET account = 'treasury_deposit' WHERE account = 'income_deposit'"
    )
    assert verdict.first_broken == "vch_3_1"


def move(seq: int, to: int) -> str:
    return f"UPDATE voucher SET seq = {to} WHERE slot = {SLOT} AND seq = {seq}"


async def test_two_that_are_swapped_are_found(books: Ledger) -> None:
    verdict = await attack(books, move(3, 99), move(4, 3), move(99, 4))
    assert verdict.first_broken == "vch_3_3"


async def test_one_that_is_moved_to_another_slot_is_found(books: Ledger) -> None:
    moved = f"UPDATE voucher SET slot = 1, seq = 1 WHERE {ONE}"
    assert (await attack(books, moved)).first_broken == "vch_1_1"


async def test_one_that_is_backdated_everywhere_is_named(books: Ledger) -> None:
    """Voucher, postings and day sums tell the same lie; the seal does not."""
    verdict = await attack(books, put("book_date", "'2021-07-10'"), *WRITTEN_ANEW)
    assert verdict.first_broken == "vch_3_3"


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (
            "UPDATE place_day SET debit_fen = debit_fen + 1 WHERE slot = 3 AND debit_fen > 0",
            "is not its entries' sum",
        ),
        ("DELETE FROM place_day WHERE slot = 3 AND debit_fen > 0", "is missing"),
        (
            "INSERT INTO place_day SELECT 3, place, '2021-06-30', 1, 0 FROM place_day"
            " WHERE slot = 3 AND debit_fen > 0",
            "is not its entries' sum",
        ),
        ("UPDATE place_postings SET nets_fen = nets_fen[1:0] || 7::bigint", "not its vouchers'"),
        ("UPDATE place_postings SET from_seq = from_seq + 1 WHERE slot = 3", "not its vouchers'"),
        ("DELETE FROM place_postings WHERE slot = 3", "not its vouchers'"),
        ("UPDATE place_postings SET postings = postings + 1", "not its vouchers'"),
        ("UPDATE place_postings SET upto_seq = upto_seq + 1", "not its vouchers'"),
        (
            "INSERT INTO place_postings VALUES (3, 65536, '2000-01-01', 1, 0, 9, '{}', '{}')",
            "not its vouchers'",
        ),
        ("UPDATE book_checkpoint SET seq = seq - 1 WHERE slot = 3", "is not its entries' sum"),
        ("DELETE FROM book_checkpoint WHERE slot = 3", "not its vouchers'"),
        ("UPDATE slot_head SET closed_until = '2021-07-01' WHERE slot = 3", "by no closing"),
        ("DELETE FROM closing WHERE slot = 0", "by no closing"),
        ("UPDATE closing SET heads = jsonb_set(heads, '{3,0}', '4')", "says otherwise"),
        ("UPDATE hold SET remaining_fen = remaining_fen - 1", "does not add up"),
        ("UPDATE hold SET amount_fen = amount_fen + 1", "does not add up"),
        ("DELETE FROM hold_movement WHERE kind = 'release'", "does not add up"),
        ("UPDATE hold_movement SET kind = 'expire' WHERE kind = 'draw'", "does not add up"),
        (
            "INSERT INTO place_day SELECT 9, place, day, debit_fen, credit_fen FROM place_day"
            " WHERE slot = 3",
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
    INSERT INTO voucher (slot, seq, source, event_id, body_hash, owner, kind, book_date, period,
                         value_date, summary, refs, hold, reverses_seq, hash, recorded_at, places,
                         amounts)
    SELECT slot, 6, source, 'slipped-in', body_hash, owner, kind, book_date, period, value_date,
           summary, refs, hold, reverses_seq, hash, recorded_at, places, amounts
      FROM voucher WHERE {LAST}
"""
HEAD_ON = "UPDATE slot_head SET seq = 6 WHERE slot = 3"


async def test_a_voucher_that_bypasses_the_writer_is_found(books: Ledger) -> None:
    for steps in ([], [HEAD_ON], [HEAD_ON, *WRITTEN_ANEW]):
        verdict = await attack(books, INSERTED, *steps)
        assert verdict.first_broken == "vch_3_6", steps


async def test_a_chain_that_is_cut_short_needs_an_anchor(books: Ledger) -> None:
    """Voucher, sums and head are taken off together: only what was kept outside can tell."""
    cut = [
        f"DELETE FROM voucher WHERE {LAST}",
        "UPDATE slot_head SET seq = 4, hash = (SELECT hash FROM voucher WHERE slot = 3 AND seq = 4)"
        " WHERE slot = 3",
        *WRITTEN_ANEW,
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
