"""Lives in any order of knowing: what was paid less what came back is what is due and is still open."""

from random import Random

import pytest

from shared.money import parse_yuan
from shared.process.regions import districts_of
from tests.payout.support.lives import FIRST, Life, Town
from tests.payout.support.office import Office
from tests.payout.support.recovering import look

DISTRICTS = sorted(districts_of("tianjin", None) - {"centre"})


@pytest.mark.parametrize("seed", range(2))
async def test_paid_less_recovered_is_due_and_open(office: Office, seed: int) -> None:
    lives = [Life(9000 + seed * 50 + index) for index in range(5)]
    town = Town(office, DISTRICTS[seed], Random(seed), lives)
    anchor = Life(9040 + seed * 50)
    town.month = FIRST.plus(1)
    await town.register(anchor)
    town.month = FIRST
    await town.run()
    for _ in range(6):
        for life in town.random.sample(lives, 3):
            await town.live(life)
        await town.run()
        await town.recover()
        if town.random.random() < 0.5:
            await town.give_back()
    town.random = Random(10**6)  # the bank's mood at the end
    await town.retry()
    await town.run()
    await town.retry()
    await town.recover()

    due = sum(
        life.due(FIRST.plus(index)) for life in [anchor, *lives] for index in range(town.months)
    )
    open_fen = parse_yuan(
        (await look(office, "/v1/recovery-totals", district=town.district))["open"]
    )
    assert sum(town.cash.values()) == due + open_fen
