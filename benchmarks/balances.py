"""Fund balances over HTTP as of any day, at one and at ten million entries.

The books are filled with receipts of 12 entries, over a year and sixteen districts, by COPY: sealed
and summed by the ledger's own rules, as its owner may. The service is then asked at a fixed rate
whether it keeps up or not, and a late answer counts from when it was due; first while nothing is
posted, then beside a sender. Afterwards the whole books are recomputed.
`python -m benchmarks.balances [--small] [--json]`
"""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import typer
import uvloop

from benchmarks._bench import AsJson, DatabaseUrl, Figures, Small, database, describe, server
from benchmarks._http import Wire, post
from benchmarks._vouchers import DISTRICTS, SOURCE, lines, message, owner
from benchmarks.ledger_post.engine import verified
from benchmarks.ledger_post.http import service
from services.ledger.posting.domain.voucher import (
    GENESIS,
    Draft,
    chain_hash,
    draft,
    instant_text,
    slot_of,
)
from services.ledger.posting.flows.books import NEW_SLOTS
from services.ledger.posting.store import checkpoint as checkpoint_store
from services.ledger.posting.store import place as place_store
from services.ledger.posting.store.place import PlaceNumbers
from shared.db import asyncpg_dsn

RATE = 200
SECONDS = 20
WARM_UP = 100
WIRES = 64
POSTS_PER_S = 20
FIRST_DAY = date(2021, 1, 1)
DAYS = 365
PER_VOUCHER = 12
CHUNK = 20_000
SIZES = (1_000_000, 10_000_000)
"""Entries at which the reading is measured."""
ENTRY_BYTES = 800
"""Room on the disk per entry: rows, indexes, its share of a voucher and of the log; rather too much."""
PATIENCE_S = 10.0
"""A question without an answer for so long has failed."""


# --- filling the books ----------------------------------------------------------------------


def made(number: int, slots: int) -> Draft:
    """Voucher `number`, on one of the days of the year."""
    unit = owner(number)
    return draft(
        slot=slot_of(unit, slots),
        source=SOURCE,
        event_id=f"filled:{number:032x}",
        owner=unit,
        kind="receipt",
        book_date=FIRST_DAY + timedelta(days=number * 7919 % DAYS),
        summary="社会保险费到账",
        lines=lines(number),
        references={"bill": f"{number:032x}"},
    )


COLUMNS = (
    "slot",
    "seq",
    "source",
    "event_id",
    "body_hash",
    "owner",
    "kind",
    "book_date",
    "summary",
    "refs",
    "hash",
    "recorded_at",
    "places",
    "amounts",
)


class Filler:
    """Extends the books of a database by COPY: vouchers and heads, then checkpoints."""

    def __init__(self, connection: asyncpg.Connection[Any], slots: int) -> None:
        self.connection = connection
        self.slots = slots
        self.heads = {slot: (0, GENESIS) for slot in range(slots)}
        self.vouchers = 0
        self.numbers = PlaceNumbers()

    async def fill(self, entries: int) -> None:
        """Add vouchers until there are at least so many entries, with checkpoints as the ledger's."""
        wanted = -(-entries // PER_VOUCHER)
        while self.vouchers < wanted:
            numbers = range(self.vouchers, min(self.vouchers + CHUNK, wanted))
            await self._copy([made(number, self.slots) for number in numbers])
            self.vouchers += len(numbers)
        for slot in range(self.slots):
            await checkpoint_store.advance(self.connection, slot)
        await self.connection.execute(
            "VACUUM ANALYZE voucher, place_day, place_postings, slot_head, book_checkpoint"
        )

    async def _copy(self, drafts: list[Draft]) -> None:
        now = datetime.now(UTC)
        lacking = place_store.missing(
            self.numbers, (line[:4] for one in drafts for line in one.lines)
        )
        if lacking:
            self.numbers |= await place_store.number(self.connection, lacking)
        rows = [self._row(one, now) for one in drafts]
        await self.connection.copy_records_to_table("voucher", records=rows, columns=COLUMNS)
        for slot, (seq, sealed) in self.heads.items():
            await self.connection.execute(
                "UPDATE slot_head SET revision = revision + 1, seq = $2, hash = $3 WHERE slot = $1",
                slot,
                seq,
                sealed,
            )

    def _row(self, one: Draft, now: datetime) -> tuple[Any, ...]:
        seq, previous = self.heads[one.slot]
        seq += 1
        sealed = chain_hash(previous, one, seq, instant_text(now))
        self.heads[one.slot] = (seq, sealed)
        numbers = [2 * self.numbers[line[:4]] for line in one.lines]
        return (
            one.slot,
            seq,
            one.source,
            one.event_id,
            one.body_hash,
            one.owner,
            one.kind,
            one.book_date,
            one.summary,
            orjson.dumps(dict(one.references)).decode(),
            sealed,
            now,
            [n + (line.credit_fen != 0) for n, line in zip(numbers, one.lines, strict=True)],
            [line.debit_fen or line.credit_fen for line in one.lines],
        )


def require_room(entries: int) -> None:
    """Leave when the disk cannot hold the books that are to be made. (An operator's server is his.)"""
    wanted, free = entries * ENTRY_BYTES, shutil.disk_usage(tempfile.gettempdir()).free
    if free < wanted:
        sys.exit(
            f"{entries:,} entries want {wanted / 1024**3:.1f} GiB in {tempfile.gettempdir()},"
            f" {free / 1024**3:.1f} GiB are free: set TMPDIR, or try --small"
        )


async def _head(connection: asyncpg.Connection[Any]) -> dict[int, tuple[int, bytes]]:
    rows = await connection.fetch("SELECT slot, seq, hash FROM slot_head")
    return {row["slot"]: (row["seq"], row["hash"]) for row in rows}


# --- asking ---------------------------------------------------------------------------------


def requests(token: str, seed: int) -> Iterator[bytes]:
    """Balances as of days drawn at random, of the city and of its districts."""
    draw = random.Random(seed)
    while True:
        day = FIRST_DAY + timedelta(days=draw.randrange(DAYS))
        where = f"&district={draw.choice(DISTRICTS)}" if draw.random() < 0.5 else ""
        yield (
            f"GET /v1/funds/balances?as_of={day}{where} HTTP/1.1\r\nHost: ledger\r\n"
            f"Authorization: Bearer {token}\r\n\r\n"
        ).encode()


async def open_loop(
    name: str, port: int, token: str, seconds: float, *, posts_per_s: int = 0, first_post: int = 0
) -> tuple[Figures, int]:
    """Ask at the fixed rate; the figures, and how many vouchers were posted beside it."""
    wires = [await Wire.open("127.0.0.1", port) for _ in range(WIRES)]
    poster = await Wire.open("127.0.0.1", port)
    free: asyncio.Queue[Wire] = asyncio.Queue()
    for wire in wires:
        free.put_nowait(wire)
    next_requests = requests(token, seed=20210701)
    for _ in range(WARM_UP):  # both processes have answered some days: what is measured is reading
        await wires[_ % WIRES].ask(next(next_requests))
    latencies: list[float] = []
    failed = posted = 0
    began = time.perf_counter()

    async def one(number: int, request: bytes) -> None:
        nonlocal failed
        due = began + number / RATE
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        wire = await free.get()
        status = 0
        try:
            status, _ = await asyncio.wait_for(wire.ask(request), PATIENCE_S)
        except (OSError, TimeoutError):
            wire.close()  # what would still come on it answers nothing that is asked next
            wire = await Wire.open("127.0.0.1", port)
        finally:
            free.put_nowait(wire)
        if status == 200:
            latencies.append((time.perf_counter() - due) * 1000)
        else:
            failed += 1

    async def send() -> None:
        nonlocal posted
        while posts_per_s and time.perf_counter() - began < seconds:
            body = orjson.dumps(message(first_post + posted))
            status, answer = await poster.ask(post("/v1/vouchers", token, body))
            assert status == 201, answer[:300]
            posted += 1
            await asyncio.sleep(max(0.0, began + posted / posts_per_s - time.perf_counter()))

    count = int(RATE * seconds)
    await asyncio.gather(send(), *[one(number, next(next_requests)) for number in range(count)])
    took = time.perf_counter() - began
    while not free.empty():
        free.get_nowait().close()
    poster.close()
    offered = f"{RATE}/s offered for {seconds:.0f} s" + (
        f" beside {posts_per_s} vouchers/s" if posts_per_s else ""
    )
    return Figures(name, offered, len(latencies), failed, took, tuple(latencies)), posted


# --- together -------------------------------------------------------------------------------


async def run(*, small: bool, database_url: str | None, slots: int, keys: Path) -> dict[str, Any]:
    """Fill, ask, fill, ask, verify; the object of `--json`."""
    sizes = [size // 100 for size in SIZES] if small else list(SIZES)
    seconds = SECONDS / 10 if small else SECONDS
    if database_url is None:
        require_room(sizes[-1])
    quiet, busy = [], []
    async with server(database_url) as url:
        for line in await describe(url):
            print(line)
        print(f"settings: {slots} slots, {DAYS} days, {len(DISTRICTS)} districts\n")
        async with database(url, "ledger") as fresh:
            connection = await asyncpg.connect(
                asyncpg_dsn(fresh), server_settings={"search_path": "ledger"}
            )
            filler = Filler(connection, slots)
            posted = 0
            for size in sizes:
                async with service(fresh, slots, keys) as (port, token):
                    # The service makes the slots when it first starts; none is posting meanwhile.
                    filler.heads = await _head(connection)
                    began = time.perf_counter()
                    await filler.fill(size)
                    took = time.perf_counter() - began
                    size_bytes = await connection.fetchval(
                        "SELECT pg_database_size(current_database())"
                    )
                    print(
                        f"filled to {filler.vouchers * PER_VOUCHER:,} entries in {took:.0f} s,"
                        f" {size_bytes / 1024**2:,.0f} MiB"
                    )
                async with service(fresh, slots, keys) as (port, token):
                    name = f"balances at {size / 1e6:g} million"
                    still, _ = await open_loop(name, port, token, seconds)
                    print(still.line())
                    while_posting, more = await open_loop(
                        name, port, token, seconds, posts_per_s=POSTS_PER_S, first_post=posted
                    )
                    posted += more
                    print(while_posting.line())
                    quiet.append(still)
                    busy.append(while_posting)
            await connection.close()
            holds = await verified(fresh, slots, filler.vouchers + posted)
    return {
        "p99_ms_1m": quiet[0].percentile(0.99),
        "p99_ms_10m": quiet[1].percentile(0.99),
        "p99_ms_1m_posting": busy[0].percentile(0.99),
        "p99_ms_10m_posting": busy[1].percentile(0.99),
        "failed": sum(one.failed for one in (*quiet, *busy)),
        "verified": holds,
    }


def main(
    small: Small = False,
    as_json: AsJson = False,
    database_url: DatabaseUrl = None,
    slots: int = NEW_SLOTS,
) -> None:
    """Measure and print the times of balances; fail when the books do not balance."""
    with tempfile.TemporaryDirectory(prefix="wuxian-bench-identity-") as keys:
        result = uvloop.run(
            run(small=small, database_url=database_url, slots=slots, keys=Path(keys))
        )
    if as_json:
        print(json.dumps(result))
    sys.exit(0 if result["verified"] and not result["failed"] else 1)


if __name__ == "__main__":
    typer.run(main)
