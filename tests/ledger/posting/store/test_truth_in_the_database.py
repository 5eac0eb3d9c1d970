"""Rules that the database enforces on every writer: append-only, balanced, once per event."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from services.ledger.chain.flows.verify import verify
from shared.db import Database, constraint, sqlalchemy_url
from tests.coordinator import QUIETLY
from tests.ledger.conftest import Ledger
from tests.ledger.support.checkpoints import write_checkpoints
from tests.ledger.support.making import receipt

APPEND_ONLY = {
    "voucher": "slot",
    "place": "number",
    "place_group": "number",
    "event_refusal": "slot",
    "hold_movement": "slot",
    "chain_anchor": "slot",
    "trail": "shard_key",
}


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
@pytest.mark.parametrize(
    "change", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
)
async def test_the_services_role_has_no_right_to_change_history(
    service: Any, table: str, change: str
) -> None:
    column = APPEND_ONLY[table]
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await service.execute(change.format(table, column, column))


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize(
    "change", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
)
async def test_a_trigger_refuses_even_a_superuser(
    admin: asyncpg.Connection[Any], posted: dict[str, Any], table: str, change: str
) -> None:
    column = APPEND_ONLY[table]
    with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
        await admin.execute(change.format(table, column, column))


@pytest.mark.parametrize("table", ["fund", "chart_account", "flow_matrix"])
async def test_the_service_cannot_change_its_own_rules(service: Any, table: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await service.execute(f"DELETE FROM {table}")


VOUCHER = """
    INSERT INTO voucher (slot, seq, source, event_id, body_hash, owner, kind, book_date, period,
                         value_date, summary, refs, hold, reverses_seq, hash, recorded_at, places,
                         amounts)
    SELECT slot, $3, source, $4, body_hash, owner, kind, book_date, period, value_date, summary,
           refs, hold, CAST($5 AS bigint), hash, recorded_at, {places}, {amounts}
      FROM voucher
     WHERE slot = $1 AND seq = $2
"""
COPY = VOUCHER.format(places="places", amounts="amounts")
RED = VOUCHER.format(places="places", amounts="array_fill(CAST($6 AS bigint), ARRAY[2])")


PROPOSED = """
    INSERT INTO voucher_reversal (slot, id, seq, book_date, summary, lines, proposed_by)
    VALUES ($1, gen_random_uuid(), $2, '2021-07-20', 's', '[]', 'wang')
    RETURNING id
"""
SIGNED = """
    UPDATE voucher_reversal
       SET status = 'posted', decided_by = 'li', decided_at = now(), reversal_seq = $3
     WHERE slot = $1 AND id = $2
"""


@pytest.mark.parametrize(
    ("places", "amounts"),
    [
        ("places", "ARRAY[amounts[1], amounts[2] - 1]"),
        ("places", "amounts[1:1]"),
        ("places[1:1]", "amounts[1:1]"),
        ("ARRAY[]::integer[]", "ARRAY[]::bigint[]"),
        ("ARRAY[places[1], places[1]]", "amounts"),
        ("ARRAY[places[1], places[2] + 131072]", "amounts"),
        ("places || ARRAY[places[1]]", "amounts"),
        ("places || ARRAY[places[1]]", "amounts || ARRAY[NULL]::bigint[]"),
        ("ARRAY[places]", "ARRAY[amounts]"),
        ("CAST('[0:1]={131072,131075}' AS integer[])", "CAST('[0:1]={5,5}' AS bigint[])"),
    ],
    ids=[
        "one-fen",
        "one-amount",
        "one-line",
        "none",
        "one-side",
        "two-funds",
        "more-places",
        "no-amount",
        "nested",
        "from-zero",
    ],
)
async def test_an_unbalanced_insert_by_hand_is_refused(
    service: Any, posted: dict[str, Any], places: str, amounts: str
) -> None:
    by_hand = VOUCHER.format(places=places, amounts=amounts)
    with pytest.raises(asyncpg.CheckViolationError) as caught:
        await service.execute(by_hand, posted["slot"], posted["seq"], 900_001, "by-hand", None)
    assert constraint(caught.value) == "voucher_balanced"


async def test_lines_of_funds_in_turn_balance_fund_by_fund(admin: Any) -> None:
    balance = "SELECT lines_balance($1::integer[], $2::bigint[])"
    first, second = 2 * 65_536, 4 * 65_536  # the debit sides of two groups' first places
    lines = [first, second, first + 3, second + 3]
    assert await admin.fetchval(balance, lines, [5, 7, 5, 7])
    assert not await admin.fetchval(balance, lines, [5, 7, 7, 5])
    assert not await admin.fetchval(balance, lines, [5, 7, 5, 6])
    assert not await admin.fetchval(balance, lines[:3], [5, 7, 12])


async def test_an_amount_is_not_zero(service: Any, posted: dict[str, Any]) -> None:
    zeros = VOUCHER.format(places="places", amounts="ARRAY[0, 0]::bigint[]")
    with pytest.raises(asyncpg.CheckViolationError) as caught:
        await service.execute(zeros, posted["slot"], posted["seq"], 900_001, "by-hand", None)
    assert constraint(caught.value) == "voucher_red_reverses"


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
    for third in (0, -1):
        transaction = service.transaction()
        await transaction.start()
        for number, fen in ((900_001, -6_000), (900_002, -4_000)):
            await sign(service, slot, seq, number)
            await service.execute(RED, slot, seq, number, f"by-hand-{number}", seq, fen)
        if third:
            await sign(service, slot, seq, 900_003)
            with pytest.raises(asyncpg.CheckViolationError, match="reversed beyond itself"):
                await service.execute(RED, slot, seq, 900_003, "by-hand-3", seq, third)
        await transaction.rollback()


async def sign(service: Any, slot: int, seq: int, red: int) -> None:
    """Write the paper of a reversal that two people signed."""
    await service.execute(SIGNED, slot, await service.fetchval(PROPOSED, slot, seq), red)


async def test_a_reversal_by_hand_needs_the_paper_of_two_people(
    service: Any, posted: dict[str, Any]
) -> None:
    slot, seq = posted["slot"], posted["seq"]
    with pytest.raises(asyncpg.CheckViolationError) as caught:
        await service.execute(RED, slot, seq, 900_001, "by-hand", seq, -100)
    assert caught.value.constraint_name == "voucher_reversal_signed"


async def test_red_letters_by_hand_must_reverse_something(
    service: Any, posted: dict[str, Any]
) -> None:
    for sql, reverses, values in ((RED, None, [-1]), (COPY, posted["seq"], [])):
        with pytest.raises(asyncpg.CheckViolationError) as caught:
            await service.execute(
                sql, posted["slot"], posted["seq"], 900_001, "by-hand", reverses, *values
            )
        assert constraint(caught.value) == "voucher_red_reverses"


async def test_nobody_signs_a_settlement_twice(service: Any) -> None:
    sign = """
        INSERT INTO trail (shard_key, id, paper, paper_id, step, signs, person, role, level, district)
        VALUES (0, gen_random_uuid(), 'settlement', $1, $2, true, 'wang', 'r', 'centre', 'centre')
    """
    paper = "0190" + "0" * 28
    await service.execute(sign, paper, "proposed")
    with pytest.raises(asyncpg.UniqueViolationError, match="trail_one_signature_a_person"):
        await service.execute(sign, paper, "approved")


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE voucher SET amounts = ARRAY[2 * amounts[1], 2 * amounts[2]]"
        " WHERE slot = $1 AND seq = $2",
        "UPDATE voucher SET places = ARRAY[places[2], places[1]] WHERE slot = $1 AND seq = $2",
        "UPDATE place SET district = 'nankai' WHERE $1 > 0 AND $2 > 0",
        "UPDATE voucher SET book_date = book_date - 1 WHERE slot = $1 AND seq = $2",
        'UPDATE voucher SET refs = \'{"bill": "x"}\' WHERE slot = $1 AND seq = $2',
        "UPDATE voucher SET recorded_at = '2020-01-02' WHERE slot = $1 AND seq = $2",
        "UPDATE voucher SET source = 'someone_else' WHERE slot = $1 AND seq = $2",
        "DELETE FROM voucher WHERE slot = $1 AND seq = $2",
        "UPDATE place_day SET debit_fen = debit_fen + 1 WHERE slot = $1 AND $2 > 0",
        "DELETE FROM place_postings WHERE slot = $1 AND $2 > 0",
        "UPDATE slot_head SET seq = seq + 1 WHERE slot = $1 AND $2 > 0",
    ],
)
async def test_what_gets_past_both_is_found_by_verification(
    ledger: Ledger, posted: dict[str, Any], harm: str
) -> None:
    await write_checkpoints(ledger.url)
    engine = create_async_engine(sqlalchemy_url(ledger.url))
    values = {"slot": posted["slot"], "seq": posted["seq"]}
    sql = harm.replace("$1", ":slot").replace("$2", ":seq").replace('"bill":', '"bill"\\:')
    try:
        async with engine.connect() as tx:  # never committed
            await tx.execute(text("SET LOCAL search_path = ledger"))
            for setting in QUIETLY:
                await tx.execute(text(setting))
            assert (await verify(tx)).faults == ()
            await tx.execute(text(sql), values)
            assert (await verify(tx)).faults
    finally:
        await engine.dispose()
