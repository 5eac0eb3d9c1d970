"""The worker applies corrections in their order, each once, wherever it was killed."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from services.payout.app import CLIENT_ID
from services.payout.mergers import flows as mergers_flow
from services.payout.mergers.clients import PersonCorrections
from services.payout.mergers.jobs import PersonCorrectionWorker
from services.payout.mergers.store import record as record_store
from services.payout.persons.domain import PersonCorrection
from shared.web.client import Peer
from tests.payout.support.merging import correction_of, item_of
from tests.payout.support.office import Office
from tests.payout.support.papers import number

SERIAL = count(1)
NUMBERS = count(1)


@pytest.fixture
def worker(office: Office) -> Iterator[PersonCorrectionWorker]:
    """The worker, with the stub as collection."""
    keys = office.app.state.person_keys
    peer = Peer(
        "http://peer",
        CLIENT_ID,
        "secret",
        identity_url="http://identity",
        attempts=1,
        transport=httpx.MockTransport(office.peers),
    )
    yield PersonCorrectionWorker(office.app.state.db, PersonCorrections(peer, keys), keys)
    office.peers.is_down = False


def reported(office: Office, how_many: int) -> list[PersonCorrection]:
    """Let collection report some corrections."""
    keys = office.app.state.person_keys
    made = [
        correction_of(keys, number(next(SERIAL)), number(next(SERIAL)), number=next(NUMBERS))
        for _ in range(how_many)
    ]
    office.peers.corrections += [item_of(keys, one) for one in made]
    return made


async def applied(office: Office) -> list[str]:
    async with office.app.state.db.transaction() as tx:
        rows = await tx.execute(text("SELECT paper FROM person_correction ORDER BY number"))
        return [row.paper for row in rows]


async def test_corrections_are_applied_in_their_order(
    office: Office, worker: PersonCorrectionWorker
) -> None:
    made = reported(office, 3)
    assert await worker.step() == 3
    assert await worker.step() == 0
    assert (await applied(office))[-3:] == [one.paper for one in made]


async def test_a_worker_that_is_killed_applies_the_rest_once(
    office: Office, worker: PersonCorrectionWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = reported(office, 2)
    calls = count(1)
    real = record_store.correct

    async def killed(*args: Any) -> None:
        await real(*args)
        if next(calls) == 2:
            raise RuntimeError("killed before the transaction ends")

    with monkeypatch.context() as patch:
        patch.setattr(record_store, "correct", killed)
        with pytest.raises(RuntimeError):
            await worker.step()
    assert (await applied(office))[-1] == made[0].paper
    assert await worker.step() == 1
    assert (await applied(office))[-2:] == [one.paper for one in made]


async def test_two_workers_apply_a_correction_once(
    office: Office, worker: PersonCorrectionWorker
) -> None:
    (made,) = reported(office, 1)
    keys = office.app.state.person_keys
    assert await worker.db.run(lambda tx: mergers_flow.apply(tx, made, keys=keys)) is True
    assert await worker.db.run(lambda tx: mergers_flow.apply(tx, made, keys=keys)) is False
    assert await worker.step() == 0


async def test_collection_may_be_down(office: Office, worker: PersonCorrectionWorker) -> None:
    (made,) = reported(office, 1)
    office.peers.is_down = True
    with pytest.raises(httpx.ConnectError):
        await worker.step()
    office.peers.is_down = False
    assert await worker.step() == 1
    assert (await applied(office))[-1] == made.paper
