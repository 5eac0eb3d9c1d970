"""Posting vouchers: the engine, the doors, and what they are measured against.

    python -m benchmarks.ledger_post [--small] [--processes N] [--json]

64 clients post receipts of 12 entries in five funds, all into the one income account, durable, with
everything on (hash chain, balanced funds, idempotency, sums by day). Afterwards every database's
books are recomputed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
import uvloop

from benchmarks import _yardsticks as yardsticks
from benchmarks._bench import AsJson, DatabaseUrl, Figures, Small, database, describe, server
from benchmarks.ledger_post.engine import CLIENTS, engine, open_books, verified
from benchmarks.ledger_post.footprint import footprint
from benchmarks.ledger_post.http import SINGLE_WORKERS, http_batched, http_single, service
from benchmarks.ledger_post.processes import several
from services.ledger.posting.flows.books import NEW_SLOTS

POOLS = (2, 4, 8)
ENGINE, SINGLE, HTTP, HTTP_BATCHED, PGLEDGER = 100_000, 8_000, 20_000, 60_000, 3_000


@dataclass
class Measurement:
    """The measurements of one server; each gives a part of the object of `--json`."""

    url: str
    small: bool
    slots: int
    failed: int = 0
    verified: bool = True

    def work(self, count: int) -> int:
        """Number of vouchers of a part."""
        return max(count // 100, 5 * CLIENTS) if self.small else count

    async def judge(self, database_url: str, slots: int, *figures: Figures) -> None:
        """Print figures, and verify the books that they left."""
        for one in figures:
            print(one.line())
            self.failed += one.failed
        done = sum(one.completed for one in figures)
        self.verified &= await verified(database_url, slots, done)

    async def engine(self) -> dict[str, Any]:
        """Measure one process, and what its vouchers leave behind."""
        async with database(self.url, "ledger") as fresh:
            async with footprint(fresh) as left:
                figures = await engine(fresh, self.work(ENGINE), self.slots)
            await self.judge(fresh, self.slots, figures)
        print(left.line(figures.completed))
        return {
            "engine_per_s": figures.per_s,
            "engine_p99_ms": figures.percentile(0.99),
            "bytes_per_voucher": round(left.schema_bytes / figures.completed),
            "wal_per_voucher": round(left.wal_bytes / figures.completed),
        }

    async def together(self, processes: int) -> dict[str, Any]:
        """Measure several processes with slots of their own."""
        async with database(self.url, "ledger") as fresh:
            async with footprint(fresh) as left:
                figures, reads = await several(fresh, processes, self.work(ENGINE) // processes)
            await self.judge(fresh, processes + 1, figures)
        self.verified &= not reads.torn
        prepares = left.two_phase()
        print(
            f"  PREPAREs a transaction: {'unknown' if prepares is None else prepares}"
            f" (of {left.commits:,}), torn reads: {reads.torn} of {reads.done:,}"
        )
        return {
            "processes": processes,
            "processes_per_s": figures.per_s,
            "prepares_per_transaction": prepares,
            "reads": reads.done,
            "torn_reads": reads.torn,
        }

    async def single(self) -> float:
        """Measure one transaction a voucher at several pools; the best rate."""
        best = 0.0
        for pool in POOLS:
            async with database(self.url, "ledger") as fresh:
                async with open_books(fresh, self.slots):
                    pass  # makes the slots
                figures = await yardsticks.one_transaction_each(
                    fresh, pool, CLIENTS, self.work(SINGLE), self.slots
                )
            print(figures.line())
            self.failed += figures.failed
            best = max(best, figures.per_s)
        return best

    async def peer(self, files: Sequence[Path]) -> float | None:
        """Measure pgledger at several pools; the best rate."""
        if not files:
            print("pgledger: not measured (give its SQL files by --pgledger)")
            return None
        best = 0.0
        for pool in POOLS:
            async with database(self.url) as fresh:
                figures = await yardsticks.pgledger(
                    fresh, list(files), pool, CLIENTS, self.work(PGLEDGER)
                )
                print(figures.line())
                best = max(best, figures.per_s)
        return best

    async def doors(self) -> dict[str, Any]:
        """Measure the doors of a service in processes of its own; of single postings the best."""
        best = 0.0
        for workers in SINGLE_WORKERS:
            async with (
                database(self.url, "ledger") as fresh,
                service(fresh, self.slots, workers=workers) as (port, token),
            ):
                figures = await http_single(port, token, self.work(HTTP), workers)
                await self.judge(fresh, self.slots, figures)
            best = max(best, figures.per_s)
        async with (
            database(self.url, "ledger") as fresh,
            service(fresh, self.slots) as (port, token),
        ):
            batched = await http_batched(port, token, 0, self.work(HTTP_BATCHED))
            await self.judge(fresh, self.slots, batched)
        return {"http_single_per_s": best, "http_batch_per_s": batched.per_s}


async def run(
    small: bool,
    database_url: str | None,
    slots: int,
    pgledger: Sequence[Path],
    processes: int,
) -> dict[str, Any]:
    """Make all measurements in turn; the object of `--json`."""
    async with server(database_url) as url:
        for line in await describe(url):
            print(line)
        if pgledger:
            async with database(url) as fresh:
                await yardsticks.require_pgledger(fresh, list(pgledger))
        print(f"settings: {slots} slots, vouchers of 12 entries in 5 funds, 16 districts\n")
        of = Measurement(url, small, slots)
        found = await of.engine()
        if processes:
            found |= await of.together(processes)
        single, peer = await of.single(), await of.peer(pgledger)
        found |= await of.doors()
    rate = found["engine_per_s"]
    print(f"\nengine against one transaction each at its best pool: {rate / single:.1f}x")
    if peer is not None:
        print(f"engine against pgledger at its best pool: {rate / peer:.1f}x")
    return found | {
        "single_tx_per_s": single,
        "against_single_tx": round(rate / single, 1),
        "pgledger_per_s": peer,
        "against_pgledger": None if peer is None else round(rate / peer, 1),
        "failed": of.failed,
        "verified": of.verified,
    }


def main(
    small: Small = False,
    as_json: AsJson = False,
    database_url: DatabaseUrl = None,
    slots: int = NEW_SLOTS,
    processes: Annotated[
        int, typer.Option(min=0, max=32, help="also measure so many processes at once")
    ] = 0,
    pgledger: Annotated[
        tuple[Path, Path, Path] | None,
        typer.Option(help="pgledger's files: uuid-to-ulid.sql ulid-to-uuid.sql pgledger.sql"),
    ] = None,
) -> None:
    """Measure and print how fast vouchers are posted; fail when the books do not balance."""
    try:
        result = uvloop.run(run(small, database_url, slots, pgledger or (), processes))
    except yardsticks.Incomplete as error:
        sys.exit(f"pgledger: {error}")
    if as_json:
        print(json.dumps(result))
    sys.exit(0 if result["verified"] and not result["failed"] else 1)


if __name__ == "__main__":
    typer.run(main)
