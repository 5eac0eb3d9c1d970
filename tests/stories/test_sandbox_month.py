"""A month with failures of every kind, and services killed, closes after the clerk's steps.

`WUXIAN_MONTH_SEEDS` plays more seeds, and of each the orderly month, which ends in the same state.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.story, pytest.mark.usefixtures("prepared_python")]

SECONDS = 240
SEEDS = range(1, 1 + int(os.environ.get("WUXIAN_MONTH_SEEDS", "1")))


def play(home: Path, seed: int, *more: str) -> dict[str, Any]:
    """Play a small month in processes of its own; its report."""
    environment = os.environ | {"WUXIAN_HOME": str(home)}
    environment.pop("WUXIAN_DATABASE_URL", None)
    size = ("--seed", str(seed), "--failures", "15", "--units", "20")
    done = subprocess.run(
        (
            *(sys.executable, "-m", "services.cli", "sandbox", "month", "--json"),
            *(*size, *more),
        ),
        env=environment,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:] + done.stdout[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_a_month_of_failures_closes_after_the_clerks_steps(run_home: Path, seed: int) -> None:
    report = play(run_home / "month", seed, "--kills", "2")
    assert [proof for proof in report["proofs"] if not proof["ok"]] == []
    names = {proof["name"] for proof in report["proofs"]}
    assert {
        "nothing_is_open",
        "every_fen_of_a_receipt_is_in_one_part",
        "the_month_is_closed_by_two_people",
        "wuxian_verify_is_clean",
    } <= names
    assert "RECONCILIATION_OPEN" in report["closing_refused_for"]
    assert sum(report["open_before"].values()) > 5
    assert len(report["killed"]) == 2
    if "WUXIAN_MONTH_SEEDS" in os.environ:
        orderly = play(run_home / "month", seed, "--orderly")
        assert orderly["state"] == report["state"]
