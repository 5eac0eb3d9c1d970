"""Rules that the database enforces on every writer: append-only, balanced, once per event."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from services.ledger.chain.flows.verify import verify
from services.ledger.common.store import tables as tables_store
from shared.db import Database, sqlalchemy_url
from tests.ledger.conftest import Ledger
from tests.ledger.support.making import receipt

APPEND_ONLY = ("voucher", "entry", "event_refusal", "hold_movement", "chain_anchor", "trail")


@pytest.fixture(scope="module")
async def posted(ledger: Ledger) -> dict[str, Any]:
    answer = await ledger.post("/v1/vouchers", receipt())
    return dict(answer.json())


@pytest.fixture
async def service(ledger: Ledger, posted: dict[str, Any]) -> AsyncIterator[Any]:
    """A connection as the service's own role."""
    connection = await Database(ledger.url, "ledger").connect_raw()
    yield connection
    await connection.close()


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("change", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {}"])
async def test_the_services_role_has_no_right_to_change_history(
    service: Any, table: str, change: str
) -> None:
    column = "shard_key" if table == "trail" else "slot"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await service.execute(change.format(table, column, column))


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("change", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {}"])
async def test_a_trigger_refuses_even_a_superuser(
    admin: asyncpg.Connection[Any], posted: dict[str, Any], table: str, change: str
) -> None:
    column = "shard_key" if table == "trail" else "slot"
    with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
        await admin.execute(change.format(table, column, column))


@pytest.mark.parametrize("table", ["fund", "chart_account", "flow_matrix"])
async def test_the_service_cannot_change_its_own_rules(service: Any, table: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await service.execute(f"DELETE FROM {table}")


ENTRY = """
INSERT INTO entry (slot, seq, line, book, fund, account, district, book_date, debit_fen, credit_fen)
VALUES (1, 900001, 1, 'statutory', 'pension', 'income_deposit', 'heping', '2021-07-01', $1, 0),
       (1, 900001, 2, 'statutory', $3, 'contribution_income.pooled', 'heping', '2021-07-01', 0, $2)
"""


@pytest.mark.parametrize(
    ("debit_fen", "credit_fen", "fund"), [(100, 99, "pension"), (100, 100, "medical")]
)
async def test_an_unbalanced_insert_by_hand_is_refused(
    service: Any, debit_fen: int, credit_fen: int, fund: str
) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="does not balance") as caught:
        await service.execute(ENTRY, debit_fen, credit_fen, fund)
    assert caught.value.constraint_name == "entry_balanced"


async def test_an_entry_has_exactly_one_side(service: Any) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await service.execute(ENTRY, 0, 0, "pension")


COPY = """
    INSERT INTO voucher
    SELECT slot, $3, source, $4, body_hash, owner, kind, book_date, period, value_date, summary,
           refs, hold, CAST($5 AS bigint), hash, recorded_at
      FROM voucher
     WHERE slot = $1 AND seq = $2
"""
RED = """
    INSERT INTO entry
    SELECT slot, $3, line, book, fund, account, district, book_date,
           CASE WHEN debit_fen = 0 THEN 0 ELSE CAST($4 AS bigint) END,
           CASE WHEN credit_fen = 0 THEN 0 ELSE CAST($4 AS bigint) END
      FROM entry
     WHERE slot = $1 AND seq = $2
"""


async def test_an_event_has_one_voucher(service: Any, posted: dict[str, Any]) -> None:
    with pytest.raises(asyncpg.UniqueViolationError, match="voucher_one_per_event"):
        await service.execute(
            COPY, posted["slot"], posted["seq"], 900_001, posted["event_id"], None
        )


async def test_reversals_by_hand_cannot_exceed_their_original(
    service: Any, posted: dict[str, Any]
) -> None:
    """Of 100.00, 60.00 and 40.00 may be taken back by whoever writes; one fen more may not."""
    slot, seq = posted["slot"], posted["seq"]
    for third, constraint in ((0, None), (-1, "entry_reversal_within_original")):
        transaction = service.transaction()
        await transaction.start()
        for number, fen in ((900_001, -6_000), (900_002, -4_000)):
            await service.execute(COPY, slot, seq, number, f"by-hand-{number}", seq)
            await service.execute(RED, slot, seq, number, fen)
        if third:
            await service.execute(COPY, slot, seq, 900_003, "by-hand-3", seq)
            with pytest.raises(asyncpg.CheckViolationError) as caught:
                await service.execute(RED, slot, seq, 900_003, third)
            assert caught.value.constraint_name == constraint
        await transaction.rollback()


async def test_red_letters_by_hand_must_reverse_something(
    service: Any, posted: dict[str, Any]
) -> None:
    transaction = service.transaction()
    await transaction.start()
    await service.execute(COPY, posted["slot"], posted["seq"], 900_001, "by-hand", None)
    with pytest.raises(asyncpg.CheckViolationError) as caught:
        await service.execute(RED, posted["slot"], posted["seq"], 900_001, -1)
    assert caught.value.constraint_name == "entry_red_reverses"
    await transaction.rollback()


async def test_nobody_signs_a_settlement_twice(service: Any) -> None:
    sign = """
        INSERT INTO trail (shard_key, id, paper, paper_id, step, signs, person, role, level, district)
        VALUES (0, gen_random_uuid(), 'settlement', $1, $2, true, 'wang', 'r', 'centre', 'centre')
    """
    paper = "0190" + "0" * 28
    await service.execute(sign, paper, "proposed")
    with pytest.raises(asyncpg.UniqueViolationError, match="trail_one_signature_a_person"):
        await service.execute(sign, paper, "approved")


async def test_the_slot_leads_every_unique_key(admin: asyncpg.Connection[Any]) -> None:
    rows = await admin.fetch(
        """
        SELECT t.relname AS name, a.attname AS first_column
          FROM pg_index x
          JOIN pg_class t ON t.oid = x.indrelid
          JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = x.indkey[0]
         WHERE t.relnamespace = 'ledger'::regnamespace AND x.indisunique
           AND t.relname <> 'alembic_version'
        """
    )
    assert {row["name"] for row in rows} == set(tables_store.KEYS)
    for row in rows:
        assert tables_store.KEYS[row["name"]] in {row["first_column"], "reference"}


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE entry SET debit_fen = debit_fen * 2, credit_fen = credit_fen * 2 WHERE slot = $1 AND seq = $2",
        "UPDATE entry SET account = 'treasury_deposit' WHERE slot = $1 AND seq = $2 AND line = 1",
        "UPDATE entry SET district = 'nankai' WHERE slot = $1 AND seq = $2",
        "UPDATE voucher SET book_date = book_date - 1 WHERE slot = $1 AND seq = $2",
        'UPDATE voucher SET refs = \'{"bill": "x"}\' WHERE slot = $1 AND seq = $2',
        "UPDATE voucher SET recorded_at = recorded_at - interval '1 day' WHERE slot = $1 AND seq = $2",
        "UPDATE voucher SET source = 'someone_else' WHERE slot = $1 AND seq = $2",
        "DELETE FROM voucher WHERE slot = $1 AND seq = $2",
        "DELETE FROM entry WHERE slot = $1 AND seq = $2",
        "UPDATE bucket SET debit_fen = debit_fen + 1 WHERE slot = $1 AND $2 > 0",
        "UPDATE slot_head SET seq = seq + 1 WHERE slot = $1 AND $2 > 0",
    ],
)
async def test_what_gets_past_both_is_found_by_verification(
    ledger: Ledger, posted: dict[str, Any], harm: str
) -> None:
    engine = create_async_engine(sqlalchemy_url(ledger.url))
    values = {"slot": posted["slot"], "seq": posted["seq"]}
    sql = harm.replace("$1", ":slot").replace("$2", ":seq").replace('"bill":', '"bill"\\:')
    try:
        async with engine.connect() as tx:  # never committed
            await tx.execute(text("SET LOCAL search_path = ledger"))
            await tx.execute(text("SET LOCAL session_replication_role = 'replica'"))
            assert (await verify(tx)).faults == ()
            await tx.execute(text(sql), values)
            assert (await verify(tx)).faults
    finally:
        await engine.dispose()
