"""kill -9 of a whole installation under mixed load: nothing acknowledged is lost or doubled.

Desks push taxes, hear banks, declare by portal and by file, approve at both levels, close months,
run and pay pensions, while at random moments one victim after the other gets SIGKILL: a service, a
worker of collection, a backend of PostgreSQL, the postmaster. Clients repeat by their keys. Then
what is there is compared with what was acknowledged, the books with the business, and
`wuxian verify` runs over all services.
`python -m benchmarks.kill [--kills 1000] [--seed N] [--json]`; the ledger alone, at a higher rate
of vouchers: `python -m benchmarks.kill_ledger`.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks._bench import AsJson, describe
from benchmarks._kill_judge import Judge
from benchmarks._months import Months
from benchmarks._range import DISTRICTS, Range

CHECK_EVERY = 100
_ANSWERS_BETWEEN = 6
"""Requests that must have been answered since the last kill, so that the load goes on."""
_PAUSE_SECONDS = 0.4
_NO_ANSWER_SECONDS = 20.0
Say = Callable[[str], None]


@dataclass
class Result:
    """Figures of a trial."""

    kills: int = 0
    victims: Counter[str] = field(default_factory=Counter)
    moments: Counter[str] = field(default_factory=Counter)
    """Requests under way when a kill struck; several may be."""
    faults: list[str] = field(default_factory=list)
    acknowledged: int = 0
    repeated: int = 0
    unanswered: int = 0
    receipts: int = 0
    payments: int = 0
    months_closed: int = 0
    checks: int = 0
    seconds: float = 0.0

    def add(self, months: Months, judge: Judge) -> None:
        """Add what one installation did."""
        told = months.told
        self.acknowledged += len(months.at.letters)
        self.repeated += judge.repeats
        self.unanswered += months.at.abandoned
        self.receipts += len(told.receipts)
        self.payments += len(told.payments)
        self.months_closed += len(told.closed)


class Killer(threading.Thread):
    """Kills at random moments until told to stop or until it has killed often enough."""

    def __init__(self, at: Range, result: Result, until: int, seed: int) -> None:
        super().__init__(daemon=True)
        self.at, self.result, self.until = at, result, until
        self.random = random.Random(seed)
        self.stopped = threading.Event()
        self.striking = threading.Event()
        self.striking.set()

    def run(self) -> None:
        """Wait for some answers and a random while, then strike."""
        while self.result.kills < self.until and not self.stopped.is_set():
            if not self._some_answers():
                return
            if self.stopped.wait(self.random.random() * _PAUSE_SECONDS):
                return
            if not self.striking.is_set():
                continue
            struck = self.at.strike() or self.at.strike()  # the first may be down already
            if struck is not None:
                self.result.kills += 1
                self.result.victims[struck[0]] += 1
                self.result.moments += struck[1]

    def _some_answers(self) -> bool:
        """Wait until the load has gone on since the last kill, by a write; False: told to stop."""
        answers, writes = self.at.answers + _ANSWERS_BETWEEN, len(self.at.letters)
        give_up = time.monotonic() + _NO_ANSWER_SECONDS
        while time.monotonic() < give_up:
            if self.at.answers >= answers and len(self.at.letters) > writes:
                break
            if self.stopped.wait(0.02):
                return False
        return True


def trial(kills: int, seed: int, say: Say, *, check_every: int = CHECK_EVERY) -> Result:
    """Kill often enough, in as many installations as the months last for; judge each on the way."""
    result, began = Result(), time.perf_counter()
    while result.kills < kills and not result.faults:
        with tempfile.TemporaryDirectory(prefix="wuxian-kill-") as directory:
            os.chmod(directory, 0o755)  # the database server's own account has to enter
            home = Path(directory) / "home"
            home.mkdir(mode=0o755)
            at = Range(home, seed + result.kills)
            try:
                if not result.kills:
                    for line in asyncio.run(describe(at.database.url)):
                        say(line)
                _play(at, result, kills, seed, say, check_every)
            except Exception:
                result.faults.append(traceback.format_exc()[-3000:])
            finally:
                if result.faults:
                    kept = tempfile.mkdtemp(prefix="wuxian-kill-log-")
                    for log in home.glob("*.log"):
                        shutil.copy(log, kept)
                    say(f"logs: {kept}")
                at.stop()
    result.seconds = round(time.perf_counter() - began, 1)
    return result


def _play(at: Range, result: Result, kills: int, seed: int, say: Say, check_every: int) -> None:
    months = Months(at, seed + result.kills)
    judge = Judge(months)
    try:
        months.prepare()
        _kill_and_judge(months, judge, result, kills, seed, say, check_every)
    finally:
        result.add(months, judge)


def _kill_and_judge(
    months: Months,
    judge: Judge,
    result: Result,
    kills: int,
    seed: int,
    say: Say,
    check_every: int,
) -> None:
    at = months.at
    while result.kills < kills and not months.is_over and not result.faults:
        until = min(kills, result.kills + check_every)
        killer = Killer(at, result, until, seed + result.kills)
        killer.start()
        try:
            while killer.is_alive() and not months.is_over:
                months.play()
                killer.striking.clear()  # a month ends when all has arrived
                months.settle()
                killer.striking.set()
                say(
                    f"  {months.centre.month}: {result.kills} kills, {len(at.letters)} acknowledged"
                )
        finally:
            killer.stopped.set()
            killer.join()
        if months.is_over or result.kills >= kills:
            months.finish()
        result.faults += judge.faults()
        result.checks += 1
        say(f"checked after {result.kills} kills: {len(result.faults)} faults")


def main(
    kills: Annotated[int, typer.Option(help="how many kills")] = 1000,
    seed: Annotated[int | None, typer.Option(help="the seed of a run")] = None,
    as_json: AsJson = False,
) -> None:
    """Kill processes and print what survived; fail when anything was lost, doubled or differs."""
    seed = int(time.time()) if seed is None else seed
    print(f"seed {seed}, {len(DISTRICTS)} districts, random moments", flush=True)
    began = time.monotonic()
    result = trial(
        kills, seed, lambda line: print(f"{time.monotonic() - began:6.0f} s {line}", flush=True)
    )
    figures: dict[str, Any] = result.__dict__ | {
        "victims": dict(result.victims.most_common()),
        "moments": dict(result.moments.most_common()),
    }
    for name, value in figures.items():
        print(f"{name:>16}: {value}")
    if as_json:
        print(json.dumps(figures | {"seed": seed}, ensure_ascii=False))
    sys.exit(1 if result.faults else 0)


if __name__ == "__main__":
    typer.run(main)
