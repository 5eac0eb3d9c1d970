"""Several processes that post at once, each to slots of its own, while the balances are read.

`python -m benchmarks.ledger_post.processes URL SLOTS SLOT COUNT` is one of them: it says `ready`, waits for a
line, posts, and prints its figures.
"""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from dataclasses import dataclass
from time import perf_counter

import asyncpg
import uvloop

from benchmarks._bench import Figures
from benchmarks.ledger_post.engine import CLIENTS, open_books, post_all

READ_PAUSE_SECONDS = 0.02
_SUMS = """
SELECT count(*) FILTER (WHERE debit_fen <> credit_fen) AS torn, coalesce(sum(debit_fen), 0) AS fen
  FROM (SELECT book, fund, sum(debit_fen) AS debit_fen, sum(credit_fen) AS credit_fen
          FROM ledger.bucket
         GROUP BY book, fund) AS sums
"""


@dataclass
class Reads:
    """Balances read beside the posting."""

    done: int = 0
    torn: int = 0
    """Reads in which a fund's debits were not its credits."""


async def several(url: str, processes: int, count: int) -> tuple[Figures, Reads]:
    """Let processes post `count` vouchers each into one database; their sum, and the reads."""
    slots = processes + 1
    async with open_books(url, slots):
        pass  # makes the slots
    children = [await _start(url, slots, slot, count) for slot in range(1, slots)]
    for child in children:
        assert await _line(child) == "ready"
    reads = Reads()
    reader = asyncio.create_task(_read_on(url, reads))
    begun = perf_counter()
    for child in children:
        assert child.stdin is not None
        child.stdin.write(b"go\n")
    measured = [json.loads(await _line(child)) for child in children]
    seconds = perf_counter() - begun
    reader.cancel()
    await asyncio.gather(reader, return_exceptions=True)
    for child in children:
        await child.wait()
    figures = Figures(
        f"engine, {processes} processes",
        f"{CLIENTS} clients each, slots of their own",
        sum(one["completed"] for one in measured),
        sum(one["failed"] for one in measured),
        seconds,
        tuple(ms for one in measured for ms in one["latencies_ms"]),
    )
    return figures, reads


async def _start(url: str, slots: int, slot: int, count: int) -> Process:
    words = [url, str(slots), str(slot), str(count)]
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.ledger_post.processes", *words),
        stdin=PIPE,
        stdout=PIPE,
        limit=64 * 1024 * 1024,
    )


async def _line(child: Process) -> str:
    assert child.stdout is not None
    return (await child.stdout.readline()).decode().strip()


async def _read_on(url: str, reads: Reads) -> None:
    """Read every fund's debits and credits in one statement, again and again, until cancelled."""
    connection = await asyncpg.connect(url)
    try:
        while True:
            row = await connection.fetchrow(_SUMS)
            assert row is not None, "a sum is one row"
            reads.done += 1
            reads.torn += bool(row["torn"])
            await asyncio.sleep(READ_PAUSE_SECONDS)
    finally:
        connection.terminate()


async def one(url: str, slots: int, slot: int, count: int) -> None:
    """Be one of the processes."""
    async with open_books(url, slots) as books:
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        figures = await post_all(books, count, only_slot=slot)
        measured = {
            "completed": figures.completed,
            "failed": figures.failed,
            "latencies_ms": figures.latencies_ms,
        }
        print(json.dumps(measured), flush=True)


if __name__ == "__main__":
    uvloop.run(one(sys.argv[1], *map(int, sys.argv[2:5])))
