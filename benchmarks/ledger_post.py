"""Posting vouchers: the engine, the door, and what both are measured against.

64 clients post receipts of 12 entries in five funds, all into the one income account, durable, with
everything on (hash chain, zero-sum trigger, idempotency, day buckets). Afterwards every database's
books are recomputed. `python -m benchmarks.ledger_post [--small] [--json]`
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
import uvloop

from benchmarks import _yardsticks as yardsticks
from benchmarks._bench import (
    AsJson,
    DatabaseUrl,
    Figures,
    Small,
    closed_loop,
    database,
    describe,
    server,
)
from benchmarks._http import Wire, post
from benchmarks._vouchers import SOURCE, batch_body, make, single_body
from services.ledger.chain.flows.verify import verify
from services.ledger.posting.domain.batch import PostedVoucher
from services.ledger.posting.flows.books import NEW_SLOTS, Books
from shared.db import Database
from shared.process import collector
from shared.roles import Caller, Role
from shared.security import identity
from tests.issuer import Issuer

CLIENTS = 64
POOLS = (2, 4, 8)
WORKERS = 2
BATCH = 1_000
BATCH_CLIENTS = 4
ENGINE, SINGLE, HTTP, HTTP_BATCHED, PGLEDGER = 100_000, 8_000, 20_000, 60_000, 3_000


async def engine(url: str, count: int, slots: int) -> Figures:
    """Through the writers of one process, without HTTP."""
    books = await _books(url, slots)
    collector.calm()  # as a process of the service does
    try:

        async def ask(number: int) -> int:
            [outcome] = await books.post([make(number, slots)])
            assert isinstance(outcome, PostedVoucher), outcome
            return 1

        return await closed_loop("engine, in process", CLIENTS, count, ask)
    finally:
        await books.close()
        await books.db.close()


async def http_single(port: int, token: str, count: int) -> Figures:
    """One voucher a request over HTTP."""
    requests = [post("/v1/vouchers", token, single_body(number)) for number in range(count)]
    wires = [await Wire.open("127.0.0.1", port) for _ in range(CLIENTS)]
    free = list(wires)

    async def ask(number: int) -> int:
        wire = free.pop()
        try:
            status, body = await wire.ask(requests[number])
        finally:
            free.append(wire)
        assert status == 201, body[:300]
        return 1

    figures = await closed_loop(f"HTTP single, {WORKERS} workers", CLIENTS, count, ask)
    for wire in wires:
        wire.close()
    return figures


async def http_batched(port: int, token: str, first: int, count: int) -> Figures:
    """A thousand vouchers a request over HTTP."""
    size = min(BATCH, count)
    requests = [
        post("/v1/voucher-batches", token, batch_body(first + number * size, size))
        for number in range(max(1, count // size))
    ]
    wires = [await Wire.open("127.0.0.1", port) for _ in range(BATCH_CLIENTS)]
    free = list(wires)

    async def ask(number: int) -> int:
        wire = free.pop()
        try:
            status, body = await wire.ask(requests[number])
        finally:
            free.append(wire)
        assert status == 200, body[:300]
        answer: dict[str, Any] = json.loads(body)
        assert answer["refused"] == 0
        return int(answer["posted"])

    figures = await closed_loop(
        f"HTTP batches of {size:,}, {WORKERS} workers", BATCH_CLIENTS, len(requests), ask
    )
    for wire in wires:
        wire.close()
    return figures


async def _books(url: str, slots: int) -> Books:
    books = Books(Database(url, "ledger"), slots=slots, queue_limit=20_000)
    await books.open()
    return books


async def verified(url: str, slots: int, expected: int) -> bool:
    """Return whether the books balance and hold every completed voucher, no more and no less."""
    books = await _books(url, slots)
    try:
        verdict = await books.db.run(verify)
    finally:
        await books.close()
        await books.db.close()
    for fault in verdict.faults:
        print(f"  FAULT: {fault}")
    print(
        f"  verified: {verdict.vouchers:,} vouchers of {expected:,} completed, "
        f"{verdict.entries:,} entries, chains and buckets "
        + ("hold" if not verdict.faults else "BROKEN")
    )
    return not verdict.faults and verdict.vouchers == expected


@asynccontextmanager
async def service(url: str, slots: int, keys: Path | None = None) -> AsyncIterator[tuple[int, str]]:
    """A real ledger service in processes of its own; its port and a token. A database that is served
    again needs the same directory of keys."""
    with tempfile.TemporaryDirectory(prefix="wuxian-bench-identity-") as own:
        directory = keys or Path(own)
        identity.create(directory)
        issuer = Issuer(directory)
        caller = Caller(subject=SOURCE, role=Role.COLLECTION_SERVICE)
        token = issuer.mint(caller)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        environment = os.environ | {
            "WUXIAN_IDENTITY_DIR": str(directory),
            "WUXIAN_TRUSTED_KEYS_PATH": str(issuer.trusted_keys_path),
            "WUXIAN_LEDGER_SLOTS": str(slots),
            "WUXIAN_ALLOW_ADMIN_LOGIN": "true",
            "WUXIAN_ACCESS_LOG": "false",
            "WUXIAN_LOG_LEVEL": "ERROR",
        }
        command = [
            sys.executable,
            "-m",
            "services.cli",
            "serve",
            "ledger",
            "--database-url",
            url,
            "--port",
            str(port),
            "--workers",
            str(WORKERS),
        ]
        process = await asyncio.create_subprocess_exec(
            *command, env=environment, stdout=subprocess.DEVNULL
        )
        try:
            await _listening(port, process)
            yield port, token
        finally:
            process.terminate()
            await process.wait()


async def _listening(port: int, process: Process) -> None:
    for _ in range(1_200):
        if process.returncode is not None:
            raise RuntimeError(f"the service ended with {process.returncode}")
        try:
            wire = await Wire.open("127.0.0.1", port)
            status, _ = await wire.ask(b"GET /readyz HTTP/1.1\r\nHost: ledger\r\n\r\n")
            wire.close()
            if status == 200:
                await asyncio.sleep(1)  # the second process may be a moment behind
                return
        except OSError:
            pass
        await asyncio.sleep(0.1)
    raise RuntimeError("the service did not become ready in two minutes")


async def run(
    *, small: bool, database_url: str | None, slots: int, pgledger: Sequence[Path]
) -> dict[str, Any]:
    """All measurements in turn; the object of `--json`."""

    def work(count: int) -> int:
        return max(count // 100, 5 * CLIENTS) if small else count

    all_verified: list[bool] = []
    async with server(database_url) as url:
        for line in await describe(url):
            print(line)
        if pgledger:
            async with database(url) as fresh:
                await yardsticks.require_pgledger(fresh, list(pgledger))
        print(f"settings: {slots} slots, vouchers of 12 entries in 5 funds, 16 districts\n")
        async with database(url, "ledger") as fresh:
            through_engine = await engine(fresh, work(ENGINE), slots)
            print(through_engine.line())
            all_verified.append(await verified(fresh, slots, through_engine.completed))
        singles = []
        for pool in POOLS:
            async with database(url, "ledger") as fresh:
                books = await _books(fresh, slots)
                await books.close()
                await books.db.close()
                one = await yardsticks.one_transaction_each(
                    fresh, pool, CLIENTS, work(SINGLE), slots
                )
                print(one.line())
                singles.append(one)
        peer = await _peer(url, pgledger, work(PGLEDGER))
        async with database(url, "ledger") as fresh, service(fresh, slots) as (port, token):
            one_by_one = await http_single(port, token, work(HTTP))
            print(one_by_one.line())
            batched = await http_batched(port, token, HTTP, work(HTTP_BATCHED))
            print(batched.line())
            done = one_by_one.completed + batched.completed
            all_verified.append(await verified(fresh, slots, done))
    best = max(one.per_s for one in singles)
    print(
        f"\nengine against one transaction each at its best pool: {through_engine.per_s / best:.1f}x"
    )
    if peer is not None:
        print(f"engine against pgledger at its best pool: {through_engine.per_s / peer:.1f}x")
    measured = [through_engine, *singles, one_by_one, batched]
    return {
        "engine_per_s": through_engine.per_s,
        "engine_p99_ms": through_engine.percentile(0.99),
        "single_tx_per_s": best,
        "pgledger_per_s": peer,
        "http_single_per_s": one_by_one.per_s,
        "http_batch_per_s": batched.per_s,
        "failed": sum(figures.failed for figures in measured),
        "verified": all(all_verified),
    }


async def _peer(url: str, files: Sequence[Path], count: int) -> float | None:
    if not files:
        print("pgledger: not measured (give its SQL files by --pgledger)")
        return None
    best = 0.0
    for pool in POOLS:
        async with database(url) as fresh:
            figures = await yardsticks.pgledger(fresh, list(files), pool, CLIENTS, count)
            print(figures.line())
            best = max(best, figures.per_s)
    return best


def main(
    small: Small = False,
    as_json: AsJson = False,
    database_url: DatabaseUrl = None,
    slots: int = NEW_SLOTS,
    pgledger: Annotated[
        tuple[Path, Path, Path] | None,
        typer.Option(help="pgledger's files: uuid-to-ulid.sql ulid-to-uuid.sql pgledger.sql"),
    ] = None,
) -> None:
    """Measure and print how fast vouchers are posted; fail when the books do not balance."""
    try:
        result = uvloop.run(
            run(small=small, database_url=database_url, slots=slots, pgledger=pgledger or ())
        )
    except yardsticks.Incomplete as error:
        sys.exit(f"pgledger: {error}")
    if as_json:
        print(json.dumps(result))
    sys.exit(0 if result["verified"] and not result["failed"] else 1)


if __name__ == "__main__":
    typer.run(main)
