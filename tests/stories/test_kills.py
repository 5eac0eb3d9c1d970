"""kill -9 of a whole installation under mixed load, in small; `python -m benchmarks.kill` kills a thousand times."""

from __future__ import annotations

import random

import pytest

from benchmarks._kill_judge import Judge
from benchmarks.kill import Trial

KILLS = 4


def faults_that_would_be_found(judge: Judge) -> None:
    """A judge that finds no fault proves nothing unless it would have found one."""
    told = judge.told
    serial, fen = next(iter(told.receipts.items()))
    told.receipts["lost"] = 1
    told.receipts[serial] = fen + 1
    assert set(judge.receipt_faults()) == {
        "receipt lost was acknowledged and is lost",
        f"receipt {serial} of {fen} fen is not what was sent: {fen + 1}",
    }
    told.declarations.add("dcl_lost")
    assert list(judge.declaration_faults()) == ["declaration dcl_lost was acknowledged and is lost"]
    told.payments["pay_lost", 1] = "paid"
    assert list(judge.payment_faults()) == ["payment batch pay_lost is doubled or lost"]
    told.closed.append("2022-11")
    assert len(list(judge.closing_faults())) == 1


@pytest.mark.story
@pytest.mark.usefixtures("prepared_python", "run_tempdir")
def test_nothing_acknowledged_is_lost_or_doubled_by_killing_an_installation() -> None:
    seed = random.randrange(1_000_000)
    result = Trial(
        KILLS, seed, print, units=1, has_workers=False, and_then=faults_that_would_be_found
    ).run()
    assert result.faults == []
    assert result.kills == KILLS
    assert result.receipts > 2
    assert result.acknowledged == result.repeated
