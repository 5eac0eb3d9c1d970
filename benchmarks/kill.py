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
import signal
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

from benchmarks._bench import AsJson, Small, describe
from benchmarks._kill_judge import Judge
from benchmarks._months import UNITS, Months
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


@dataclass
class Trial:
    """Kills of installations, until there were enough: one follows the other as its months end."""

    kills: int
    seed: int
    say: Say
    units: int = UNITS
    has_workers: bool = True
    and_then: Callable[[Judge], None] = lambda _: None
    """Is given the judge of each installation at its end."""
    result: Result = field(default_factory=Result)

    def run(self) -> Result:
        """Kill often enough; stop at the first fault and keep the logs."""
        began = time.perf_counter()
        while self.result.kills < self.kills and not self.result.faults:
            with tempfile.TemporaryDirectory(prefix="wuxian-kill-") as directory:
                os.chmod(directory, 0o755)  # the database server's own account has to enter
                home = Path(directory) / "home"
                home.mkdir(mode=0o755)
                seed = self.seed + self.result.kills
                self._installation(Range(home, seed, has_workers=self.has_workers))
        self.result.seconds = round(time.perf_counter() - began, 1)
        return self.result

    def _installation(self, at: Range) -> None:
        months = Months(at, self.seed + self.result.kills, self.units)
        judge = Judge(months)
        try:
            if not self.result.kills:
                for line in asyncio.run(describe(at.database.url)):
                    self.say(line)
            months.prepare()
            while self.result.kills < self.kills and not months.is_over and not self.result.faults:
                self._until_checked(months, judge)
            self.and_then(judge)
        except Exception:
            self.result.faults.append(traceback.format_exc()[-3000:])
        finally:
            self.result.add(months, judge)
            if self.result.faults:
                kept = tempfile.mkdtemp(prefix="wuxian-kill-log-")
                for log in at.home.glob("*.log"):
                    shutil.copy(log, kept)
                self.say(f"logs: {kept}")
            at.stop()

    def _until_checked(self, months: Months, judge: Judge) -> None:
        """Play months under fire, then judge."""
        result = self.result
        until = min(self.kills, result.kills + CHECK_EVERY)
        killer = Killer(months.at, result, until, self.seed + result.kills)
        killer.start()
        try:
            while killer.is_alive() and not months.is_over:
                months.play()
                killer.striking.clear()  # a month ends when all has arrived
                months.settle()
                killer.striking.set()
                acknowledged = len(months.at.letters)
                self.say(
                    f"  {months.centre.month}: {result.kills} kills, {acknowledged} acknowledged"
                )
        finally:
            killer.stopped.set()
            killer.join()
        if months.is_over or result.kills >= self.kills:
            months.finish()
        result.faults += judge.faults()
        result.checks += 1
        self.say(f"checked after {result.kills} kills: {len(result.faults)} faults")


def main(
    kills: Annotated[int, typer.Option(help="how many kills")] = 1000,
    seed: Annotated[int | None, typer.Option(help="the seed of a run")] = None,
    small: Small = False,
    as_json: AsJson = False,
) -> None:
    """Kill processes and print what survived; fail when anything was lost, doubled or differs."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the installation is stopped
    seed = int(time.time()) if seed is None else seed
    print(f"seed {seed}, {len(DISTRICTS)} districts, random moments", flush=True)
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - began:6.0f} s {line}", flush=True)

    units = 2 if small else UNITS
    result = Trial(10 if small else kills, seed, say, units).run()
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
