"""The ledger moves to another server while it posts, and back again: a rehearsal of the cut-over.

Two embedded servers. Vouchers are posted to the first over HTTP; the schema is copied to the second
by logical replication while more are posted; the service stops, the second catches up, and the
service starts there. Then everything once more in the other direction. After each move the books
are recomputed, and every slot's chain must end where it ended before.
`python -m benchmarks.growth.cut_over [--small] [--json]`
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import typer
import uvloop
from sqlalchemy.engine import make_url

from benchmarks._bench import AsJson, Small, describe
from benchmarks._http import Wire, post
from benchmarks._vouchers import batch_body, single_body
from benchmarks.ledger_post.engine import verified
from benchmarks.ledger_post.http import service
from services.embedded import EmbeddedPostgres
from services.ledger.posting.flows.books import NEW_SLOTS
from services.migrate import migrate
from shared.db import asyncpg_dsn

VOUCHERS, SMALL = 100_000, 2_000
BATCH = 1_000
POSTS_PER_S = 50
POLL_SECONDS = 0.05
NAME = "wuxian_cut_over"


@dataclass(slots=True)
class Sender:
    """Posts vouchers by their numbers; knows how many were acknowledged."""

    posted: int = 0

    async def batches(self, port: int, token: str, count: int) -> None:
        """Post so many vouchers in batches."""
        wire = await Wire.open("127.0.0.1", port)
        for _ in range(count // BATCH):
            body = batch_body(self.posted, BATCH)
            status, answer = await wire.ask(post("/v1/voucher-batches", token, body))
            assert status < 300, answer[:300]
            self.posted += BATCH
        wire.close()

    async def steadily(self, port: int, token: str, stop: asyncio.Event) -> None:
        """Post one voucher after the other at a fixed rate until told to stop."""
        wire = await Wire.open("127.0.0.1", port)
        while not stop.is_set():
            body = single_body(self.posted)
            status, answer = await wire.ask(post("/v1/vouchers", token, body))
            assert status == 201, answer[:300]
            self.posted += 1
            await asyncio.sleep(1 / POSTS_PER_S)
        wire.close()


async def _fetch(url: str, sql: str, *values: Any) -> list[Any]:
    connection = await asyncpg.connect(asyncpg_dsn(url))
    try:
        return list(await connection.fetch(sql, *values))
    finally:
        await connection.close()


async def heads(url: str) -> list[tuple[int, int, str]]:
    """Read the end of every slot's chain."""
    rows = await _fetch(
        url, "SELECT slot, seq, encode(hash, 'hex') FROM ledger.slot_head ORDER BY 1"
    )
    return [tuple(row) for row in rows]


async def subscribe(source: str, target: str) -> None:
    """Empty the target's tables and let them follow the source's."""
    await _fetch(source, f"CREATE PUBLICATION {NAME} FOR TABLES IN SCHEMA ledger")
    address = make_url(source)
    words = (
        f"host={address.host} port={address.port} user={address.username}"
        f" password={address.password} dbname={address.database}"
    )
    connection = await asyncpg.connect(asyncpg_dsn(target))
    try:
        rows = await connection.fetch(
            "SELECT format('ledger.%I', tablename) AS name FROM pg_tables WHERE schemaname = 'ledger'"
        )
        tables = ", ".join(row["name"] for row in rows)
        # The triggers that keep rows are for writers; what is replaced here is a copy.
        await connection.execute("SET session_replication_role = replica")
        await connection.execute(f"TRUNCATE {tables}")
        await connection.execute(
            f"CREATE SUBSCRIPTION {NAME} CONNECTION '{words}' PUBLICATION {NAME}"
        )
    finally:
        await connection.close()


async def copied(target: str) -> None:
    """Wait until every table's first copy is done and follows."""
    while True:
        (row,) = await _fetch(
            target, "SELECT count(*) AS left FROM pg_subscription_rel WHERE srsubstate <> 'r'"
        )
        if not row["left"]:
            return
        await asyncio.sleep(POLL_SECONDS)


async def caught_up(source: str, target: str) -> None:
    """Wait until the target has all that the source wrote; carry sequences over; part them."""
    (row,) = await _fetch(source, "SELECT pg_current_wal_flush_lsn()::text AS lsn")
    reached = (
        "SELECT confirmed_flush_lsn >= CAST(CAST($1 AS text) AS pg_lsn) AS done"
        " FROM pg_replication_slots WHERE slot_name = $2"
    )
    while True:
        (slot,) = await _fetch(source, reached, row["lsn"], NAME)
        if slot["done"]:
            break
        await asyncio.sleep(POLL_SECONDS)
    sequences = await _fetch(
        source,
        "SELECT format('ledger.%I', sequencename) AS name, last_value FROM pg_sequences"
        " WHERE schemaname = 'ledger' AND last_value IS NOT NULL",
    )
    for sequence in sequences:
        await _fetch(
            target,
            "SELECT setval(CAST(CAST($1 AS text) AS regclass), $2)",
            sequence["name"],
            sequence["last_value"],
        )
    await _fetch(target, f"DROP SUBSCRIPTION {NAME}")
    await _fetch(source, f"DROP PUBLICATION {NAME}")


async def move(
    source: str, target: str, keys: Path, sender: Sender, slots: int, fill: int
) -> dict[str, Any]:
    """Post at the source, copy, stop, catch up, start at the target; what it took."""
    stop = asyncio.Event()
    async with service(source, slots, keys) as (port, token):
        await sender.batches(port, token, fill)
        began = time.perf_counter()
        await subscribe(source, target)
        async with asyncio.TaskGroup() as group:
            group.create_task(sender.steadily(port, token, stop))
            await copied(target)
            copy_seconds = time.perf_counter() - began
            stop.set()
        stopped = time.perf_counter()
    before = await heads(source)
    good = await verified(source, slots, sender.posted)
    began = time.perf_counter()
    await caught_up(source, target)
    catch_up_seconds = time.perf_counter() - began
    same = await heads(target) == before
    good &= await verified(target, slots, sender.posted)
    async with service(target, slots, keys) as (port, token):
        await sender.batches(port, token, BATCH)
        pause_seconds = time.perf_counter() - stopped
    good &= await verified(target, slots, sender.posted)
    return {
        "vouchers": sender.posted,
        "copy_seconds": round(copy_seconds, 2),
        "catch_up_seconds": round(catch_up_seconds, 2),
        "pause_seconds": round(pause_seconds, 2),
        "same_heads": same,
        "verified": good,
    }


async def run(*, small: bool, slots: int) -> dict[str, Any]:
    """Move there and back again; the object of `--json`."""
    count = SMALL if small else VOUCHERS
    sender = Sender()
    with tempfile.TemporaryDirectory(prefix="wuxian-bench-") as directory:
        os.chmod(directory, 0o755)  # the servers' own account has to pass when root measures
        keys = Path(directory) / "keys"
        options = {"wal_level": "logical"}
        first, second = (
            EmbeddedPostgres(Path(directory) / name, options=options) for name in ("one", "two")
        )
        try:
            one, two = [await asyncio.to_thread(server.start) for server in (first, second)]
            for line in await describe(one):
                print(line)
            for url in (one, two):
                await migrate(url, ["ledger"])
            moves: dict[str, Any] = {}
            for name, pair in (("there", (one, two)), ("back", (two, one))):
                moves[name] = await move(*pair, keys, sender, slots, count)
                print(f"{name:<6} {moves[name]}", flush=True)
        finally:
            for server in (first, second):
                await asyncio.to_thread(server.destroy)
    holds = all(made["verified"] and made["same_heads"] for made in moves.values())
    return moves | {"verified": holds}


def main(small: Small = False, as_json: AsJson = False, slots: int = NEW_SLOTS) -> None:
    """Rehearse the move and print what it took; fail when the books differ or do not verify."""
    result = uvloop.run(run(small=small, slots=slots))
    if as_json:
        print(json.dumps(result))
    sys.exit(0 if result["verified"] else 1)


if __name__ == "__main__":
    typer.run(main)
