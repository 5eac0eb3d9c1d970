"""Many clients, several processes, broken connections: the books stay exact."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from unittest.mock import Mock

import asyncpg
import pytest

from services.ledger.app import build
from services.ledger.common.domain.refusal import LedgerRefusal, OutcomeUnknown
from services.ledger.posting.domain.batch import PostedVoucher
from services.ledger.posting.domain.voucher import Draft
from services.ledger.posting.flows.books import Books, WrongSlots
from shared.roles import Role
from tests.coordinator import CITUS_URL
from tests.ledger.conftest import Ledger
from tests.ledger.support.making import centre_draft, fresh, receipt, receipt_draft

KILLED_EVERY_S = 2.0 if CITUS_URL in os.environ else 0.15
"""A connection to Citus takes longer to be made than to PostgreSQL."""


async def test_sixty_four_clients_into_one_hot_account(ledger: Ledger) -> None:
    before = int((await ledger.balances())["income_deposit"].replace(".", ""))

    async def client(number: int) -> None:
        for _ in range(10):
            [outcome] = await ledger.books.post([receipt_draft(100, owner=f"UNIT-{number % 7}")])
            assert isinstance(outcome, PostedVoucher)
            assert not outcome.replayed

    await asyncio.gather(*[client(number) for number in range(64)])
    after = int((await ledger.balances())["income_deposit"].replace(".", ""))
    assert after - before == 64 * 10 * 100
    assert (await ledger.verify()).faults == ()


async def test_two_processes_write_the_same_slots(
    ledger: Ledger, settings_for: Callable[..., Any], client_of: Callable[..., Any]
) -> None:
    """Each writes its own vouchers and half of the other's: no gap, no double, one answer each."""
    other = build(settings_for())
    async with client_of(other):
        drafts = [receipt_draft(1, owner=f"UNIT-{i % 5}") for i in range(600)]

        async def play(books: Books, mine: list[Any]) -> list[PostedVoucher]:
            outcomes = []
            for i in range(0, len(mine), 15):
                outcomes += await books.post(mine[i : i + 15])
            return [one for one in outcomes if isinstance(one, PostedVoucher)]

        first, second = await asyncio.gather(
            play(ledger.books, drafts[:400]), play(other.state.books, drafts[200:])
        )
    assert (len(first), len(second)) == (400, 400)
    places = {(one.slot, one.seq) for one in [*first, *second]}
    assert len(places) == 600
    shared_first = [(one.slot, one.seq, one.hash) for one in first[200:]]
    assert shared_first == [(one.slot, one.seq, one.hash) for one in second[:200]]
    assert sum(not one.replayed for one in [*first, *second]) == 600


async def test_two_processes_cannot_spend_the_same_money(
    ledger: Ledger, settings_for: Callable[..., Any], client_of: Callable[..., Any]
) -> None:
    await ledger.fund_expenditure("10.00", "medical")
    hold = await ledger.hold("10.00", "medical")
    other = build(settings_for())
    async with client_of(other):

        async def spend(books: Books) -> list[Any]:
            return [
                (
                    await books.post(
                        [
                            centre_draft(
                                "payment",
                                "benefit.hospital",
                                "expenditure_deposit",
                                100,
                                fund="medical",
                                hold=hold,
                            )
                        ]
                    )
                )[0]
                for _ in range(8)
            ]

        spent = await asyncio.gather(spend(ledger.books), spend(other.state.books))
    outcomes = [one for mine in spent for one in mine]
    assert sum(isinstance(one, PostedVoucher) for one in outcomes) == 10
    refusals = {one.code for one in outcomes if isinstance(one, LedgerRefusal)}
    assert refusals == {"HOLD_UNKNOWN"}  # it is closed once all of it is drawn
    assert (await ledger.balances("medical"))["expenditure_deposit"] == "0.00"


async def test_two_sweeps_at_once_move_the_money_once(
    ledger: Ledger, settings_for: Callable[..., Any], client_of: Callable[..., Any]
) -> None:
    await ledger.post("/v1/vouchers", receipt("88.00"))
    before = (await ledger.balances())["fiscal_deposit"]
    income = (await ledger.balances())["income_deposit"]
    other = build(settings_for())
    body = {"kind": "sweep", "day": "2021-07-31"}
    ids = [
        (await ledger.post("/v1/settlements", body, Role.FUND_ACCOUNTANT)).json()["id"]
        for _ in range(4)
    ]
    async with client_of(other) as client:
        theirs = Ledger(client, other, ledger.bearer, ledger.url)
        answers = await asyncio.gather(
            *[
                who.post(f"/v1/settlements/{id}/approvals", {}, Role.DEPARTMENT_HEAD)
                for id, who in zip(ids, [ledger, theirs] * 2, strict=True)
            ]
        )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert {answer.json().get("code") for answer in answers} == {None, "NOTHING_TO_MOVE"}
    after = await ledger.balances()
    assert after["income_deposit"] == "0.00"
    fen = {
        name: int(text.replace(".", ""))
        for name, text in {
            "before": before,
            "income": income,
            "after": after["fiscal_deposit"],
        }.items()
    }
    assert fen["after"] - fen["before"] == fen["income"]


async def test_broken_connections_lose_and_double_nothing(
    ledger: Ledger, admin: asyncpg.Connection[Any]
) -> None:
    """Writers' sessions are killed under load; every acknowledged voucher is there exactly once."""
    stop = asyncio.Event()

    async def kill() -> None:
        while not stop.is_set():
            await admin.execute(
                """
                SELECT pg_terminate_backend(pid)
                  FROM pg_stat_activity
                 WHERE application_name = 'wuxian-ledger' AND datname = current_database()
                """
            )
            await asyncio.sleep(KILLED_EVERY_S)

    acknowledged: list[PostedVoucher] = []

    async def posted(draft: Draft) -> PostedVoucher:
        """As every sender does: nothing known, ask again by the same id."""
        while True:
            with suppress(OutcomeUnknown):
                [outcome] = await ledger.books.post([draft])
                assert isinstance(outcome, PostedVoucher), outcome
                return outcome

    async def client(number: int) -> None:
        for _ in range(12):
            draft = receipt_draft(1, owner=f"UNIT-{number}")
            outcome = await posted(draft)
            acknowledged.append(outcome)
            again = await posted(draft)
            assert (again.slot, again.seq, again.replayed) == (outcome.slot, outcome.seq, True)

    killer = asyncio.create_task(kill())
    try:
        await asyncio.gather(*[client(number) for number in range(16)])
    finally:
        stop.set()
        await killer
    assert len({(one.slot, one.seq) for one in acknowledged}) == 16 * 12
    assert (await ledger.verify()).faults == ()


async def test_while_the_database_is_away_posting_answers_503_and_a_retry_is_safe(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.ledger.posting.flows.writer.RETRY_PAUSES_S", (0.01,))

    async def away() -> Any:
        raise ConnectionRefusedError

    writers = ledger.books.writers
    for writer in writers:
        monkeypatch.setattr(writer, "_connect", away)
        await writer._drop()
    body = receipt()
    answer = await ledger.post("/v1/vouchers", body)
    assert (answer.status_code, answer.json()["code"]) == (503, "OUTCOME_UNKNOWN")
    assert answer.headers["retry-after"]
    monkeypatch.undo()
    assert (await ledger.post("/v1/vouchers", body)).status_code == 201


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug made on purpose needs no coloured traceback: drawing one takes seconds."""
    monkeypatch.setattr("shared.web.problem.logger", Mock)
    monkeypatch.setattr("services.ledger.posting.flows.writer.logger", Mock)


async def test_an_approval_whose_answer_was_lost_is_completed_by_asking_again(
    ledger: Ledger, admin: asyncpg.Connection[Any], monkeypatch: pytest.MonkeyPatch, quiet: None
) -> None:
    """The process dies between the centre's commit and the door's: nothing is half-done."""
    await ledger.post("/v1/vouchers", receipt("5.00"))
    body = {"kind": "sweep", "day": "2021-07-31"}
    id = (await ledger.post("/v1/settlements", body, Role.FUND_ACCOUNTANT)).json()["id"]
    run_exclusive = ledger.books.run_exclusive

    async def run_then_die(work: Any) -> Any:
        await run_exclusive(work)
        raise RuntimeError("killed here")

    monkeypatch.setattr(ledger.books, "run_exclusive", run_then_die)
    path, key = f"/v1/settlements/{id}/approvals", fresh("key")
    died = await ledger.post(path, {}, Role.CENTRE_LEADER, key=key)
    assert died.status_code == 500
    monkeypatch.undo()
    again = await ledger.post(path, {}, Role.CENTRE_LEADER, key=key)
    assert (again.status_code, again.json()["status"]) == (200, "posted")
    count = "SELECT COUNT(*) FROM voucher WHERE event_id = $1"
    assert await admin.fetchval(count, f"settlement:{id[-32:]}") == 1
    assert await admin.fetchval("SELECT COUNT(*) FROM trail WHERE paper_id = $1", id[-32:]) == 2


async def test_a_death_before_the_commit_leaves_neither_signature_nor_voucher(
    ledger: Ledger, admin: asyncpg.Connection[Any], monkeypatch: pytest.MonkeyPatch, quiet: None
) -> None:
    from services.ledger.settlement.store import settlement as settlement_store

    await ledger.post("/v1/vouchers", receipt("6.00"))
    body = {"kind": "sweep", "day": "2021-07-31"}
    id = (await ledger.post("/v1/settlements", body, Role.FUND_ACCOUNTANT)).json()["id"]

    async def die(*_: Any) -> None:
        raise RuntimeError("killed here")

    monkeypatch.setattr(settlement_store, "mark_posted", die)
    path = f"/v1/settlements/{id}/approvals"
    assert (await ledger.post(path, {}, Role.CENTRE_LEADER)).status_code == 500
    assert await admin.fetchval("SELECT COUNT(*) FROM trail WHERE paper_id = $1", id[-32:]) == 1
    monkeypatch.undo()
    assert (await ledger.get(f"/v1/settlements/{id}")).json()["status"] == "proposed"
    assert (await ledger.post(path, {}, Role.CENTRE_LEADER)).json()["amounts"] == [
        {"fund": "pension", "amount": "6.00"}
    ]


async def test_a_voucher_that_the_database_refuses_fails_alone(
    ledger: Ledger, admin: asyncpg.Connection[Any]
) -> None:
    """A bug in the checks may let one through that the database refuses: its neighbours post."""
    await admin.execute(
        "ALTER TABLE voucher ADD CONSTRAINT no_poison CHECK (summary <> 'poison') NOT VALID"
    )
    try:
        drafts = [receipt_draft(1, summary="poison" if i == 7 else "good") for i in range(15)]
        outcomes = await ledger.books.post(drafts)
    finally:
        await admin.execute("ALTER TABLE voucher DROP CONSTRAINT no_poison")
    refused = [i for i, one in enumerate(outcomes) if isinstance(one, LedgerRefusal)]
    assert refused == [7]
    assert outcomes[7].code == "VOUCHER_UNSTORABLE"  # type: ignore[union-attr]
    [again] = await ledger.books.post([drafts[7]])
    assert isinstance(again, PostedVoucher), "not pinned: it was no business refusal"


async def test_the_number_of_slots_is_the_databases_unless_it_is_set(ledger: Ledger) -> None:
    db = ledger.books.db
    unsaid = Books(db, slots=None, queue_limit=10)
    await unsaid.open()
    assert unsaid.slots.count == ledger.books.slots.count == 4
    await unsaid.close()
    with pytest.raises(WrongSlots, match="has 4 slots, the setting says 3"):
        await Books(db, slots=3, queue_limit=10).open()
