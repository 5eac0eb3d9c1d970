"""kill -9 under load, in small; `python -m benchmarks.kill_ledger` does it a hundred times."""

from __future__ import annotations

import random

import pytest

from benchmarks._kill_ledger import DAY, Diary, judge
from benchmarks.kill_ledger import VICTIMS, trial
from tests.ledger.conftest import Ledger
from tests.ledger.support.making import pair, receipt


@pytest.mark.story
@pytest.mark.usefixtures("prepared_python", "run_tempdir")
async def test_nothing_acknowledged_is_lost_or_doubled_by_killing_processes() -> None:
    result = await trial(6, random.randrange(1_000_000))
    assert result["faults"] == []
    assert result["killed"] == dict.fromkeys(sorted(VICTIMS), 2)
    assert result["acknowledged"] > 50


async def test_the_judge_sees_lost_misplaced_halved_and_contradicted_vouchers(
    ledger: Ledger,
) -> None:
    """A judge that finds no fault proves nothing unless he would have found one."""
    move = ("pension", "income_deposit", "contribution_income.pooled", "heping", 100)
    diary = Diary()
    for event in ("a", "b", "c"):
        entries = pair(*move[:3], "1.00")
        body = receipt(event_id=event, book_date=DAY, entries=entries)
        diary.moves[event] = move
        diary.note(event, (await ledger.post("/v1/vouchers", body)).json())

    async def faults() -> list[str]:
        return (await ledger.books.db.run(lambda tx: judge(tx, 4, diary))).faults

    assert await faults() == []
    diary.booked["lost"] = (1, 99, "")
    assert await faults() == ["lost was acknowledged and is lost"]
    del diary.booked["lost"]
    diary.together.append(("a", "halved"))
    assert len(await faults()) == 1
    diary.together.clear()
    kept = diary.booked.pop("a")
    assert await faults() == ["a is booked and its sender was told otherwise"]
    diary.refused["a"] = "INSUFFICIENT_FUNDS"
    assert "a was refused and is booked" in await faults()
    del diary.refused["a"]
    diary.booked["a"] = (kept[0], kept[1] + 7, kept[2])
    assert len(await faults()) == 1
    diary.booked["a"] = kept
    diary.moves["a"] = (*move[:4], 101)
    assert await faults() == ["a is not what was asked"]
