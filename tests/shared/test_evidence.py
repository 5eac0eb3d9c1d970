"""Blocks bind committed rows only, in their order, also while slow transactions are under way."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Request
from sqlalchemy import text

from shared.db import Database
from shared.evidence import writer as evidence_writer
from shared.evidence.anchor import AnchorKeeper, read_lines
from shared.evidence.streams import COMMON, TRAIL
from shared.evidence.verify import frozen, verify
from shared.evidence.writer import BlockWriter

ROW = """
    INSERT INTO trail (shard_key, id, paper, paper_id, step, signs, person, role, level, district)
    VALUES (7, gen_random_uuid(), 'waiver', gen_random_uuid(), 'file', false, :person,
            'district_clerk', 'district', 'heping')
"""


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url, "collection", pool_size=8)
    yield database
    await database.close()


async def write(db: Database, person: str) -> None:
    async with db.transaction() as tx:
        await tx.execute(text(ROW), {"person": person})


async def faults(db: Database) -> list[str]:
    async with frozen(db) as tx:
        return (await verify(tx, "collection", COMMON)).faults


async def test_a_row_of_a_slow_transaction_is_waited_for(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    binder = BlockWriter(db, (TRAIL,))
    await binder.step()
    async with db.engine.connect() as slow:
        await slow.execute(text(ROW), {"person": "slow"})  # takes its number, does not commit
        await write(db, "quick")
        monkeypatch.setattr(evidence_writer, "WAIT_SECONDS", 0.2)
        assert await binder.step() == 0, "a block now would leave the slow row out for ever"
        monkeypatch.setattr(evidence_writer, "WAIT_SECONDS", 10)
        binding = asyncio.create_task(binder.step())
        await asyncio.sleep(0.2)
        await slow.commit()
        assert await binding == 1
    assert await faults(db) == []


async def test_a_number_of_a_rolled_back_row_is_a_gap_and_no_fault(db: Database) -> None:
    async with db.engine.connect() as gone:
        await gone.execute(text(ROW), {"person": "gone"})
        await gone.rollback()
    await write(db, "after the gap")
    assert await BlockWriter(db, (TRAIL,)).step() == 1
    assert await faults(db) == []


async def test_two_writers_at_once_make_one_chain(db: Database) -> None:
    for number in range(5):
        await write(db, f"li {number}")
    written = await asyncio.gather(*[BlockWriter(db, COMMON).step() for _ in range(4)])
    assert sum(written) >= 1
    assert await faults(db) == []


async def test_what_a_service_decides_is_recorded_by_the_database(db: Database) -> None:
    async with db.transaction() as tx:
        await tx.execute(
            text("""
                INSERT INTO refund (refund_key, id, source, credit_code, district, deposit,
                                    amount_fen, reason, status, requested_on)
                VALUES (7, gen_random_uuid(), 'credits', '91120101MA00000KTD', 'heping',
                        'income_deposit', 100, 'test', 'requested', '2031-01-20')
            """)
        )
        row = (
            await tx.execute(
                text("SELECT * FROM row_change WHERE table_name = 'refund' ORDER BY seq DESC")
            )
        ).first()
    assert row is not None
    assert (row.operation, row.by_role) == ("INSERT", "wuxian_collection")
    assert row.row_key["refund_key"] == 7
    assert (row.new["amount_fen"], row.new["requested_on"]) == (100, "2031-01-20")
    assert await faults(db) == []


async def test_anchors_go_to_a_file_and_an_address_once_a_head(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[bytes] = []
    outside = FastAPI()

    @outside.post("/anchors")
    async def keep(request: Request) -> None:
        kept.append(await request.body())

    client = httpx.AsyncClient
    monkeypatch.setattr(
        httpx,
        "AsyncClient",
        lambda **how: client(transport=httpx.ASGITransport(outside), base_url="http://outside"),
    )
    await write(db, "anchored")
    await BlockWriter(db, COMMON).step()
    keeper = AnchorKeeper(db, tmp_path / "off-site" / "anchors", "http://outside/anchors")
    anchor = await keeper.step()
    assert anchor is not None
    assert await keeper.step() is None
    lines = (tmp_path / "off-site" / "anchors").read_bytes().splitlines()
    assert [line + b"\n" for line in lines] == kept
    assert read_lines(lines, "collection") == {anchor.number: anchor.hash}
    async with frozen(db) as tx:
        verdict = await verify(tx, "collection", COMMON, anchors={anchor.number: anchor.hash})
    assert verdict.faults == []
