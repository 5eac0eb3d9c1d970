"""The whole money story as a stranger runs it: every proof holds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from services.demo.report import PROOFS

pytestmark = [pytest.mark.story, pytest.mark.usefixtures("prepared_python")]

SECONDS = 240


def play(home: Path) -> dict[str, Any]:
    """Run the small demo in a process of its own and give its report."""
    environment = os.environ | {"WUXIAN_HOME": str(home)}
    environment.pop("WUXIAN_DATABASE_URL", None)
    with subprocess.Popen(
        [sys.executable, "-m", "services.cli", "demo", "--small", "--json"],
        env=environment,
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        output = list(process.stderr)
        report = process.stdout.read()
        code = process.wait(SECONDS)
    assert code == 0, "".join(output)[-3000:] + report[-3000:]
    found: dict[str, Any] = json.loads(report)
    return found


@pytest.fixture(scope="module")
def demo_home(run_home: Path) -> Path:
    """A home that the database server's account may enter."""
    return run_home / "demo"


@pytest.fixture(scope="module")
def report(demo_home: Path) -> dict[str, Any]:
    """An undisturbed run."""
    return play(demo_home)


def test_every_proof_holds(report: dict[str, Any]) -> None:
    assert [proof for proof in report["proofs"] if not proof["ok"]] == []
    assert {proof["name"] for proof in report["proofs"]} == set(PROOFS)


def test_both_months_are_closed_and_persons_have_their_money(report: dict[str, Any]) -> None:
    details = {proof["name"]: proof["detail"] for proof in report["proofs"]}
    assert details["months_are_closed_by_two_people"].startswith("2021-07、2021-08 月结完成")
    credited = details["personal_accounts_equal_the_general_ledger"].split(" ")[0]
    assert float(credited) > 100_000


def test_the_report_speaks_of_money_in_strings(report: dict[str, Any]) -> None:
    assert list(report) == [
        "units",
        "persons",
        "declared",
        "collected",
        "paid",
        "funds",
        "proofs",
        "seconds",
    ]
    assert (report["units"], report["persons"]) == (30, 300)
    amounts = [report["declared"], report["collected"], report["paid"]]
    amounts += [amount for row in report["funds"].values() for amount in row.values()]
    assert all(isinstance(amount, str) and amount[-3] == "." for amount in amounts)
    assert {"pension", "medical", "unemployment", "work_injury"} <= set(report["funds"])


def test_money_was_collected_refused_and_paid(report: dict[str, Any]) -> None:
    pension = report["funds"]["pension"]
    assert pension["income_account"] == "0.00"
    assert pension["paid"] not in {"0.00", pension["declared"]}
    assert pension["collected"] != pension["declared"]
