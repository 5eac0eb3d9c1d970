"""kill -9 of the ledger and of PostgreSQL under load: nothing acknowledged is lost or doubled.

Senders post over HTTP to two processes of the service while, at random moments, one victim after
the other gets SIGKILL: a process of the ledger, a backend of PostgreSQL (whose server then restarts
by itself), the postmaster. Then the books are verified and compared with what the senders were told
and with the tests' oracle. `python -m benchmarks.kill_ledger [--times 100] [--seed N] [--json]`
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from asyncio.subprocess import Process
from collections import Counter
from contextlib import AsyncExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import asyncpg
import typer

from benchmarks._bench import AsJson, Small, describe
from benchmarks._http import Wire
from benchmarks._kill_ledger import CAPITAL_FEN, DAY, FUNDS, Diary, Judgement, Sender, Tokens, judge
from services.embedded import EmbeddedPostgres
from services.ledger.chain.flows.verify import frozen, verify
from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.posting.flows import hold as hold_flow
from services.ledger.posting.flows.books import Books
from services.ledger.settlement.domain.settlement import SettlementKind, SettlementPart
from services.ledger.settlement.flows import approval as approval_flow
from services.ledger.settlement.flows import settlement as settlement_flow
from services.migrate import migrate
from services.supervisor.ports import free_port
from shared.db import Database
from shared.entry import Account
from shared.ids import Ref
from shared.references import Reference
from shared.roles import Caller, Role
from shared.security import identity
from tests.issuer import Issuer
from tests.ledger.support.making import DAY as BOOK_DATE

COLLECTION = Caller(subject="collection_service", role=Role.COLLECTION_SERVICE)
PAYOUT = Caller(subject="payout_service", role=Role.PAYOUT_SERVICE)
SLOTS = 3
SENDERS = 10
PROCESSES = 2
VICTIMS = ("ledger", "backend", "postmaster")
RECOVERY_SECONDS = 60.0
_BACKENDS = """
SELECT pid
  FROM pg_stat_activity
 WHERE application_name = 'wuxian-ledger' AND datname = current_database()
 ORDER BY state = 'active' DESC, random()
 LIMIT 1
"""


class Range:
    """The shooting range: a database, two processes of the ledger, and who kills them."""

    def __init__(self, home: Path, seed: int) -> None:
        self.home = home
        self.random = random.Random(seed)
        self.server = EmbeddedPostgres(home / "database")
        self.ports = [free_port() for _ in range(PROCESSES)]
        self.processes: list[Process] = []
        self.killed: Counter[str] = Counter()
        self.url = ""
        self.holds: dict[str, str] = {}
        """Fund → the hold of its capital."""

    async def begin(self) -> Tokens:
        """Start everything; the senders' tokens."""
        os.chmod(self.home, 0o755)  # the server's own account has to pass when root kills
        (self.home / "database").mkdir()
        self.url = await asyncio.to_thread(self.server.start)
        await migrate(self.url, ["ledger"])
        identity.create(self.home / "identity")
        self.issuer = Issuer(self.home)
        await self._give_capital()
        self.processes = [await self._serve(port) for port in self.ports]
        await asyncio.gather(*[self._answers(port) for port in self.ports])
        return Tokens(self.issuer.mint(COLLECTION), self.issuer.mint(PAYOUT))

    async def end(self) -> None:
        """Stop everything."""
        for process in self.processes:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        await asyncio.to_thread(self.server.destroy)

    async def kill(self, victim: str) -> None:
        """Kill one victim and bring it back where it does not come back by itself."""
        self.killed[victim] += 1
        if victim == "ledger":
            await self._kill_process(self.random.randrange(PROCESSES))
        elif victim == "backend":
            connection = await asyncpg.connect(self.url)
            pid = await connection.fetchval(_BACKENDS)
            await connection.close()
            if pid is not None:
                os.kill(pid, signal.SIGKILL)
        else:
            pid = self.server.status.pid
            assert pid is not None, "no postmaster to kill"
            os.kill(pid, signal.SIGKILL)
            await asyncio.sleep(self.random.random() * 0.3)
            self.url = await asyncio.to_thread(self.server.start)

    async def _kill_process(self, number: int) -> None:
        process = self.processes[number]
        process.kill()
        await process.wait()
        self.processes[number] = await self._serve(self.ports[number])

    async def _serve(self, port: int) -> Process:
        environment = os.environ | {
            "WUXIAN_IDENTITY_DIR": str(self.home / "identity"),
            "WUXIAN_TRUSTED_KEYS_PATH": str(self.issuer.trusted_keys_path),
            "WUXIAN_LEDGER_SLOTS": str(SLOTS),
            "WUXIAN_ALLOW_ADMIN_LOGIN": "true",
            "WUXIAN_LOG_LEVEL": "CRITICAL",
        }
        command = [
            sys.executable,
            "-m",
            "services.cli",
            "serve",
            "ledger",
            "--port",
            str(port),
            "--database-url",
            self.url,
        ]
        log = (self.home / "ledger.log").open("ab")
        try:
            return await asyncio.create_subprocess_exec(
                *command, env=environment, stdout=log, stderr=subprocess.STDOUT
            )
        finally:
            log.close()

    async def revive(self) -> None:
        """Start again the processes that gave up because they met no database at their start."""
        for number, process in enumerate(self.processes):
            if process.returncode is not None:
                self.processes[number] = await self._serve(self.ports[number])

    async def _answers(self, port: int) -> None:
        for _ in range(600):
            with suppress(OSError):
                wire = await Wire.open("127.0.0.1", port)
                status, _ = await wire.ask(b"GET /readyz HTTP/1.1\r\nHost: ledger\r\n\r\n")
                wire.close()
                if status == 200:
                    return
            await asyncio.sleep(0.1)
        raise RuntimeError(f"the ledger is not ready: {(self.home / 'ledger.log').read_text()}")

    async def _give_capital(self) -> None:
        books = Books(Database(self.url, "ledger"), slots=SLOTS, queue_limit=1_000)
        await books.open()
        accountant = Caller(subject="wang", role=Role.FUND_ACCOUNTANT)
        head = Caller(subject="li", role=Role.DEPARTMENT_HEAD)
        parts = tuple(SettlementPart(fund=fund, amount_fen=CAPITAL_FEN) for fund in FUNDS)
        for kind in (SettlementKind.FISCAL_SUBSIDY, SettlementKind.EXPENDITURE_FUNDING):
            proposal = settlement_flow.Proposal(kind=kind, day=BOOK_DATE, parts=parts)
            proposed = await books.db.run(
                partial(
                    settlement_flow.propose,
                    catalogue=books.catalogue,
                    proposal=proposal,
                    caller=accountant,
                )
            )
            await approval_flow.approve(books, proposed.id, head)
        for fund in FUNDS:
            held = await hold_flow.make(
                books,
                PAYOUT,
                event_id=f"hold:{fund}",
                fund=fund,
                account=Account.EXPENDITURE_DEPOSIT,
                amount_fen=CAPITAL_FEN,
                summary="s",
                expires_on=None,
            )
            self.holds[fund] = Ref(CENTRE_SLOT, held.hold.id).text(Reference.HOLD)
        await books.close()
        await books.db.close()

    async def judged(self, diary: Diary) -> tuple[Judgement, tuple[str, ...]]:
        """Judge the books by the diary, by the oracle, and by their own proofs."""
        db = Database(self.url, "ledger")
        try:
            async with frozen(db) as tx:  # a checkpoint may be written meanwhile
                return await judge(tx, SLOTS, diary), (await verify(tx)).faults
        finally:
            await db.close()


async def trial(times: int, seed: int, *, say: Any = None) -> dict[str, Any]:
    """Kill `times` victims under load; the figures, `faults` among them."""
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wuxian-kill-")))
        range_ = Range(home, seed)
        stack.push_async_callback(range_.end)
        tokens = await range_.begin()
        diary, stop = Diary(holds=range_.holds), asyncio.Event()
        if say:
            for line in await describe(range_.url):
                say(line)
        senders = [Sender(n, range_.ports, tokens, diary, seed) for n in range(SENDERS)]
        running = [asyncio.create_task(sender.run(stop)) for sender in senders]
        began = time.perf_counter()
        try:
            victims = [VICTIMS[number % len(VICTIMS)] for number in range(times)]
            range_.random.shuffle(victims)
            slowest = 0.0
            for number, victim in enumerate(victims, 1):
                await _some_answers(range_, diary, running)
                await asyncio.sleep(range_.random.random() * 0.4)
                struck = time.perf_counter()
                await range_.kill(victim)
                await _some_answers(range_, diary, running)
                slowest = max(slowest, time.perf_counter() - struck)
                if say and number % 10 == 0:
                    say(f"  {number} kills, {len(diary.booked):,} vouchers acknowledged")
            stop.set()
            await asyncio.wait_for(asyncio.gather(*running), RECOVERY_SECONDS)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            for sender in senders:
                sender.close()
        seconds = time.perf_counter() - began
        found, broken = await range_.judged(diary)
        return {
            "kills": sum(range_.killed.values()),
            "killed": dict(sorted(range_.killed.items())),
            "seconds": round(seconds, 1),
            "slowest_recovery_s": round(slowest, 2),
            "vouchers": found.vouchers,
            "acknowledged": found.acknowledged,
            "repeated": diary.repeats,
            "refused": len(diary.refused),
            "unanswered": found.unanswered,
            "unanswered_but_booked": found.unanswered_but_booked,
            "faults": [*found.faults, *broken][:50],
            "verified": not found.faults and not broken,
        }


async def _some_answers(range_: Range, diary: Diary, running: list[asyncio.Task[None]]) -> None:
    """Wait until the senders have had answers since now."""
    target, deadline = diary.answers + 25, time.monotonic() + RECOVERY_SECONDS
    while diary.answers < target:
        for task in running:
            if task.done():
                task.result()
        if time.monotonic() > deadline:
            log = (range_.home / "ledger.log").read_text()[-3000:]
            raise RuntimeError(f"no answers for {RECOVERY_SECONDS:.0f} s\n{log}")
        await range_.revive()
        await asyncio.sleep(0.02)


def main(
    times: Annotated[int, typer.Option(help="how many processes to kill")] = 100,
    seed: Annotated[int | None, typer.Option(help="the seed of a run, to repeat it")] = None,
    small: Small = False,
    as_json: AsJson = False,
) -> None:
    """Kill processes and print what survived; fail when anything was lost, doubled or halved."""
    seed = int(time.time()) if seed is None else seed
    print(f"seed {seed}, {SENDERS} senders, {PROCESSES} processes, {SLOTS} slots, day {DAY}")
    result = asyncio.run(trial(6 if small else times, seed, say=print))
    for name, value in result.items():
        print(f"{name:>22}: {value}")
    if as_json:
        print(json.dumps(result))
    sys.exit(0 if result["verified"] else 1)


if __name__ == "__main__":
    typer.run(main)
