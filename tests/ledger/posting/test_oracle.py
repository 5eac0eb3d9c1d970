"""A state machine drives the real books beside the oracle: the same answers, the same balances.

Every example begins with empty books, so that it depends on nothing but its own steps and can be
played again.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from copy import deepcopy
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from services.ledger.closing import flows as closing_flow
from services.ledger.closing.domain.closing import Closing, ClosingAction, ClosingStatus
from services.ledger.common.domain.refusal import OutcomeUnknown
from services.ledger.posting.domain.batch import HoldState, PostedVoucher
from services.ledger.posting.domain.hold import GroupRelease, Hold, HoldRelease
from services.ledger.posting.domain.reversal import reversal
from services.ledger.posting.domain.voucher import Draft
from services.ledger.posting.flows.books import Books
from services.ledger.rules.domain.closing_rule import Level
from services.ledger.settlement.domain.settlement import SettlementKind, SettlementPart
from services.ledger.settlement.flows import approval as approval_flow
from services.ledger.settlement.flows import settlement as settlement_flow
from shared.db import Database
from shared.errors import Refusal
from shared.ids import Ref, uuid7
from shared.references import Reference
from shared.roles import Caller, Role
from tests.ledger.support.checkpoints import verified
from tests.ledger.support.making import DAY, empty_books, lines, receipt_draft
from tests.ledger.support.oracle import Move, Oracle
from tests.ledger.support.reversing import TRIGGER

ACCOUNTANT = Caller(subject="wang", role=Role.FUND_ACCOUNTANT)
HEAD = Caller(subject="li", role=Role.DEPARTMENT_HEAD)
funds = st.sampled_from(("pension", "medical"))
districts = st.sampled_from(("heping", "nankai"))
fen = st.integers(1, 500)
days = st.sampled_from((1, 1, 0))
DAYS = (DAY - timedelta(days=1), DAY)
"""An eve that may be closed, and a day that stays open."""
BENEFIT = {"pension": "benefit.basic_pension", "medical": "benefit.hospital"}


class Comparison(RuleBasedStateMachine):
    """Both sides do the same; after every step they must agree."""

    events: Bundle[str] = Bundle("events")
    holds: Bundle[str] = Bundle("holds")
    runner: asyncio.Runner
    books: Books
    admin: asyncpg.Connection[Any]

    @initialize()
    def begin(self) -> None:
        self.run(empty_books(self.admin, self.books))
        self.numbers = 0
        self.drafts: dict[str, Draft] = {}
        self.places: dict[str, PostedVoucher] = {}
        self.hold_refs: dict[str, Hold] = {}
        self.oracle = Oracle()

    def fresh(self, prefix: str) -> str:
        self.numbers += 1
        return f"{prefix}-{self.numbers}"

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    def read(self) -> Counter[tuple[str, str, str]]:
        async def rows(tx: Any) -> Any:
            return list(
                await tx.execute(
                    text("""
                        SELECT fund, account, district, SUM(debit_fen) - SUM(credit_fen) AS fen
                          FROM bucket GROUP BY fund, account, district
                    """)
                )
            )

        return Counter(
            {(r.fund, r.account, r.district): int(r.fen) for r in self.run(self.books.db.run(rows))}
        )

    def read_held(self) -> Counter[str]:
        async def rows(tx: Any) -> Any:
            sql = "SELECT fund, SUM(remaining_fen) AS fen FROM hold GROUP BY fund"
            return list(await tx.execute(text(sql)))

        return Counter({row.fund: int(row.fen) for row in self.run(self.books.db.run(rows))})

    def post(self, *drafts: Draft, atomic: bool = False) -> list[str]:
        outcomes = self.run(self.books.post(drafts, atomic=atomic))
        for draft, outcome in zip(drafts, outcomes, strict=True):
            if isinstance(outcome, PostedVoucher):
                known = self.places.setdefault(draft.event_id, outcome)
                assert (known.slot, known.seq) == (outcome.slot, outcome.seq)
        return [word(outcome) for outcome in outcomes]

    def make(
        self, event: str, moves: list[Move], kind: str, owner: str, hold: str | None, day: int = 1
    ) -> Draft:
        hold_id = f"hld_{0:016x}{self.hold_refs[hold].id.hex}" if hold else None
        of_lines = [
            line
            for fund, debit, credit, district, amount in moves
            for line in lines(debit, credit, amount, fund, district)
        ]
        return receipt_draft(
            event_id=event,
            kind=kind,
            owner=owner,
            lines=tuple(of_lines),
            hold=hold_id,
            book_date=DAYS[day],
        )

    def receive(
        self, fund: str, district: str, amount: int, day: int = 1
    ) -> tuple[Draft, list[Move]]:
        moves = [(fund, "income_deposit", "contribution_income.pooled", district, amount)]
        event = self.fresh("oracle")
        self.drafts[event] = self.make(event, moves, "receipt", f"UNIT-{district}", None, day)
        return self.drafts[event], moves

    @rule(target=events, fund=funds, district=districts, amount=fen, day=days)
    def receipt(self, fund: str, district: str, amount: int, day: int) -> Any:
        draft, moves = self.receive(fund, district, amount, day)
        expected = self.oracle.post(draft.event_id, moves, None, day)
        assert self.post(draft) == [expected]
        return draft.event_id if expected == "posted" else multiple()

    @rule(target=events, fund=funds, amount=fen, turns=st.integers(0, 12))
    def crash(self, fund: str, amount: int, turns: int) -> str:
        """The process goes down with a voucher on its way; its sender asks the next one again."""
        draft, moves = self.receive(fund, "heping", amount)

        async def die() -> None:
            task = asyncio.create_task(self.books.post([draft]))
            for _ in range(turns):
                await asyncio.sleep(0.0005)
            await self.books.close()
            with suppress(OutcomeUnknown):
                await task
            await self.books.open()

        self.run(die())
        assert self.oracle.post(draft.event_id, moves) == "posted"
        [outcome] = self.post(draft)
        assert outcome in {"posted", "replayed"}
        return draft.event_id

    @rule(
        target=events,
        fund=funds,
        amounts=st.lists(fen, min_size=2, max_size=6),
        atomic=st.booleans(),
        spoil=st.booleans(),
    )
    def batch(self, fund: str, amounts: list[int], atomic: bool, spoil: bool) -> Any:
        made = [self.receive(fund, "heping", amount) for amount in amounts]
        drafts, wanted = [draft for draft, _ in made], [(d.event_id, m) for d, m in made]
        if spoil:  # a twin of the first with other content
            other = [(fund, "income_deposit", "contribution_income.pooled", "heping", 501)]
            drafts.append(self.make(drafts[0].event_id, other, "receipt", "UNIT-heping", None))
            wanted.append((drafts[0].event_id, other))
        if atomic:
            assert self.post(*drafts, atomic=True) == self.oracle.post_all(wanted)
        else:
            expected = [self.oracle.post(event, moves) for event, moves in wanted]
            assert self.post(*drafts) == expected
        return multiple(*[d.event_id for d in drafts if d.event_id in self.oracle.moves])

    @rule(target=events, fund=funds, amount=fen, hold=st.none() | holds)
    def pay(self, fund: str, amount: int, hold: str | None) -> Any:
        if hold is not None:
            fund = self.oracle.holds[hold][0]
        moves = [(fund, BENEFIT[fund], "expenditure_deposit", "centre", amount)]
        event = self.fresh("oracle")
        self.drafts[event] = self.make(event, moves, "payment", "centre", hold)
        expected = self.oracle.post(event, moves, hold)
        assert self.post(self.drafts[event]) == [expected]
        return event if expected == "posted" else multiple()

    @rule(event=events)
    def repeat(self, event: str) -> None:
        content = self.oracle.answers[event][0]
        if event in self.drafts:
            assert self.post(self.drafts[event]) == [self.oracle.post(event, *content)]

    @rule(event=events, amount=st.none() | fen)
    def reverse(self, event: str, amount: int | None) -> None:
        place, red, day = self.places[event], self.fresh("red"), self.oracle.days[event]
        part = amount or self.oracle.left(event) or self.drafts[event].lines[0].debit_fen
        [(fund, debit, credit, district, _)] = self.oracle.moves[event]
        draft = reversal(
            self.drafts[event],
            place.seq,
            source="collection_service",
            event_id=red,
            book_date=DAYS[day],
            summary="更正",
            lines=lines(debit, credit, part, fund, district),
        )
        for _ in range(2):
            assert self.post(draft) == [self.oracle.reverse(red, event, day, amount)]

    @rule(target=holds, fund=funds, amount=fen)
    def hold(self, fund: str, amount: int) -> Any:
        event = self.fresh("hold")
        for _ in range(2):
            command = Hold(
                id=uuid7(),
                source="payout",
                event_id=event,
                fund=fund,
                account="expenditure_deposit",
                amount_fen=amount,
                remaining_fen=amount,
                summary="s",
                expires_on=None,
            )
            outcome = self.run(self.books.change_holds(command))
            assert word(outcome) == self.oracle.hold(event, fund, amount)
            if isinstance(outcome, HoldState):
                self.hold_refs[event] = outcome.hold
        return event if event in self.hold_refs else multiple()

    @rule(hold=holds, amount=st.none() | fen)
    def release(self, hold: str, amount: int | None) -> None:
        command = HoldRelease(
            hold_id=self.hold_refs[hold].id,
            source="payout",
            event_id=self.fresh("release"),
            amount_fen=amount,
        )
        assert word(self.run(self.books.change_holds(command))) == self.oracle.release(hold, amount)

    @rule(chosen=st.lists(holds, min_size=1, max_size=3, unique=True))
    def void(self, chosen: list[str]) -> None:
        """Several holds given back in one event, and the event once more."""
        command = GroupRelease(
            hold_ids=tuple(self.hold_refs[hold].id for hold in chosen),
            source="payout",
            event_id=self.fresh("void"),
        )
        expected = ["posted", "replayed" if self.oracle.release_all(chosen) else "posted"]
        assert [word(self.run(self.books.change_holds(command))) for _ in range(2)] == expected

    @rule(fund=funds, amount=fen, hold=st.none() | holds, day=days)
    def rehearse(self, fund: str, amount: int, hold: str | None, day: int) -> None:
        """A payment is judged as it would be, twice, and leaves nothing behind."""
        if hold is not None:
            fund = self.oracle.holds[hold][0]
        moves = [(fund, BENEFIT[fund], "expenditure_deposit", "centre", amount)]
        event = self.fresh("rehearsed")
        draft = self.make(event, moves, "payment", "centre", hold, day)
        expected = deepcopy(self.oracle).post(event, moves, hold, day)
        for _ in range(2):
            [outcome] = self.run(self.books.post([draft], rehearse=True))
            assert word(outcome) == expected

    def settle(self, kind: SettlementKind, amounts: list[tuple[str, int]]) -> Any:
        parts = tuple(SettlementPart(fund=fund, amount_fen=fen) for fund, fen in amounts)
        proposal = settlement_flow.Proposal(kind=kind, day=DAY, parts=parts)

        async def both() -> Any:
            catalogue = self.books.catalogue
            try:
                proposed = await self.books.db.run(
                    lambda tx: settlement_flow.propose(tx, catalogue, proposal, ACCOUNTANT)
                )
                return (await approval_flow.approve(self.books, proposed.id, HEAD)).moved
            except Refusal as refusal:
                return refusal.code

        return self.run(both())

    @rule(opened=st.booleans())
    def close(self, opened: bool) -> None:
        """The eve is closed, or opened again; twice is refused."""
        action = ClosingAction.REOPEN if opened else ClosingAction.CLOSE
        paper = Closing(
            id=uuid7(),
            region="tianjin",
            action=action,
            level=Level.DAY,
            day=DAYS[0],
            reason="更正",
            control={},
            status=ClosingStatus.PROPOSED,
            proposed_by=ACCOUNTANT.subject,
        )

        async def both() -> None:
            for work in (
                lambda tx: closing_flow.propose(tx, self.books.catalogue, paper, ACCOUNTANT),
                lambda tx: closing_flow.approve(
                    tx, self.books.catalogue, Ref(0, paper.id).text(Reference.CLOSING), HEAD
                ),
            ):
                await self.books.db.run(work)

        before = self.oracle.closed_until
        self.oracle.closed_until = -1 if opened else 0
        if before == self.oracle.closed_until:
            with pytest.raises(Refusal):
                self.run(both())
        else:
            self.run(both())

    @rule()
    def sweep(self) -> None:
        assert self.settle(SettlementKind.SWEEP, []) == self.oracle.sweep()

    @rule(fund=funds, amount=fen)
    def subsidy(self, fund: str, amount: int) -> None:
        self.settle(SettlementKind.FISCAL_SUBSIDY, [(fund, amount)])
        moves = [(fund, "fiscal_deposit", "fiscal_subsidy", "centre", amount)]
        assert self.oracle.post(self.fresh("subsidy"), moves) == "posted"

    @rule(fund=funds, amount=fen)
    def funding(self, fund: str, amount: int) -> None:
        done = self.settle(SettlementKind.EXPENDITURE_FUNDING, [(fund, amount)])
        moves = [(fund, "expenditure_deposit", "fiscal_deposit", "centre", amount)]
        expected = self.oracle.post(self.fresh("funding"), moves)
        assert (done if isinstance(done, str) else "posted") == expected

    @invariant()
    def the_books_agree(self) -> None:
        if not hasattr(self, "oracle"):
            return
        assert +self.read() == +self.oracle.balances
        assert -self.read() == -self.oracle.balances
        held = self.read_held()
        for fund in ("pension", "medical"):
            assert held[fund] == self.oracle.held(fund)

    def teardown(self) -> None:
        assert self.run(verified(self.books)).faults == ()


def word(outcome: Any) -> str:
    if isinstance(outcome, Refusal):
        return outcome.code
    return "replayed" if outcome.replayed else "posted"


@pytest.fixture
def machine(database_url: str) -> Any:
    """The machine on books of its own, in an event loop of its own."""

    async def opened() -> tuple[Books, Any]:
        books = Books(Database(database_url, "ledger"), slots=4, queue_limit=20_000)
        await books.open()
        admin = await asyncpg.connect(database_url, server_settings={"search_path": "ledger"})
        await admin.execute(TRIGGER.format("DISABLE"))  # amounts are compared here, not papers
        return books, admin

    async def closed(books: Books) -> None:
        await admin.execute(TRIGGER.format("ENABLE"))
        for one in (admin, books, books.db):
            await one.close()

    with asyncio.Runner() as runner:
        books, admin = runner.run(opened())
        own = {"runner": runner, "books": books, "admin": admin}
        yield type("OnThisDatabase", (Comparison,), own)
        runner.run(closed(books))


def test_the_ledger_and_the_oracle_never_disagree(machine: Any) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=25,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
