"""A pensioner's life in any order of knowing: in the end everybody has what is due, once.

A hypothesis machine lets facts become known about one person, files, signs, refuses and pays runs,
returns payments and recovers money, against the real flows and database. In the end every run has
caught up, and month by month paid less recovered is due plus what cases still cover. What the
vouchers say agrees, and the personal account was asked for its part of every month due and for no
other. Then the same facts become known for a twin in another order, and the same is
owed. `tests/payout/support/pension_oracle.py` says what is due.

`WUXIAN_LIVES` and `WUXIAN_LIFE_STEPS` make it longer.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Awaitable, Callable
from datetime import date
from itertools import count
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from services.payout.claims.domain.run import RunScope
from services.payout.draws import flows as draws_flow
from services.payout.draws import store as draws_store
from services.payout.payments.domain.payment import Outcome
from services.payout.recoveries.domain.case import CaseStatus
from shared.errors import Refusal
from shared.ids import Ref
from shared.money import parse_yuan
from shared.references import Reference
from tests.payout.support.office import Office
from tests.payout.support.pension_life import Life, month_of
from tests.payout.support.pension_money import Money
from tests.payout.support.pension_oracle import (
    REASONS,
    AccountChanged,
    Fact,
    Moved,
    Raised,
    Recalculated,
    Registered,
    Resumed,
    Retired,
    Stopped,
    drawn_fen,
    due_fen,
    must_follow,
)
from tests.payout.support.pension_rows import ASKED, COVERED, PAID_MONTHS

LIVES = int(os.environ.get("WUXIAN_LIVES", "6"))
STEPS = int(os.environ.get("WUXIAN_LIFE_STEPS", "24"))
MONTHS = 6
SERIAL = count(1)
T = TypeVar("T")
LETTER = st.sampled_from("ab")
SINCE = st.integers(0, MONTHS - 1)
WHICH = st.integers(0, 9)
SHARE = st.sampled_from([30, 100])
OUTCOMES = st.lists(
    st.sampled_from([Outcome.PAID, Outcome.PAID, Outcome.PAID, Outcome.REFUSED, Outcome.UNKNOWN]),
    min_size=1,
    max_size=4,
)
DAY = st.sampled_from([date(2021, 9, 1), date(2022, 3, 1)])


class PensionMachine(RuleBasedStateMachine):
    """One life, in one of two districts at a time."""

    office: Office
    wait: Callable[[Awaitable[T]], T]

    @initialize(seed=st.integers(0, 2**16), fen=st.sampled_from([200_000, 300_000]))
    def open(self, seed: int, fen: int) -> None:
        self.random = random.Random(seed)
        self.life = Life(self.office, next(SERIAL))
        self.money = Money(self.life)
        self.vouchers = len(self.office.peers.vouchers)
        self.caught_up: set[tuple[str, int]] = set()
        self.wait(self.life.begin())
        assert self.wait(self.life.learn(Registered(0, fen, "a")))

    def learn(self, fact: Fact) -> None:
        self.wait(self.life.learn(fact))

    # --- facts ------------------------------------------------------------------------------

    @rule(since=SINCE, fen=st.sampled_from([150_000, 250_000, 350_000]), letter=LETTER)
    def register(self, since: int, fen: int, letter: str) -> None:
        self.learn(Registered(since, fen, letter))

    @rule(which=WHICH, fen=st.sampled_from([180_000, 260_000]))
    def recalculate(self, which: int, fen: int) -> None:
        rows = [fact for fact in self.life.facts if isinstance(fact, Registered)]
        self.learn(Recalculated(rows[which % len(rows)].since, fen))

    @rule(since=SINCE)
    def move(self, since: int) -> None:
        self.learn(Moved(since, "b" if self.life.payer == "a" else "a"))

    @rule(reason=st.sampled_from(REASONS), since=SINCE)
    def stop(self, reason: str, since: int) -> None:
        self.learn(Stopped(reason, since))

    @rule(reason=st.sampled_from(REASONS), later=st.sampled_from([0, 0, 1, 3]))
    def resume(self, reason: str, later: int) -> None:
        begun = [
            fact.since
            for fact in self.life.facts
            if isinstance(fact, Stopped) and fact.reason == reason
        ]
        if begun:
            self.learn(Resumed(reason, begun[-1] + (later if reason != "life_proof_missed" else 0)))

    @rule(month=st.sampled_from([-100, 2]), paid_months=st.sampled_from([240, 365]))
    def learn_retirement(self, month: int, paid_months: int) -> None:
        self.learn(Retired(month, paid_months))

    @precondition(lambda self: len(self.raises()) < 2)
    @rule(since=SINCE, percent=st.sampled_from([0, 3]), fixed=st.sampled_from([3_000, 5_525]))
    def raise_everybody(self, since: int, percent: int, fixed: int) -> None:
        self.learn(Raised(since, len(self.raises()) + 1, fixed, 100, percent))

    def raises(self) -> list[Fact]:
        return [fact for fact in self.life.facts if isinstance(fact, Raised)]

    @rule()
    def change_account(self) -> None:
        self.learn(AccountChanged(self.life.account + 1))

    # --- runs and payments ------------------------------------------------------------------

    @rule(letter=LETTER)
    def run(self, letter: str) -> None:
        month = self.life.months[letter]
        if month < MONTHS:
            self.life.months[letter] += 1
            self.file(letter, month, RunScope.MONTH)

    @rule(letter=LETTER)
    def run_arrears(self, letter: str) -> None:
        self.file(letter, self.life.months[letter], RunScope.ARREARS)

    def file(self, letter: str, month: int, scope: RunScope) -> bool:
        try:
            claim = self.wait(self.life.run(letter, month, scope))
        except Refusal:  # the month has a run
            return False
        if claim is not None:
            self.money.filed.append((claim, letter))
        return claim is not None

    @precondition(lambda self: self.money.filed)
    @rule(which=WHICH, refuse=st.sampled_from([False, False, False, True]))
    def sign(self, which: int, refuse: bool) -> None:
        self.wait(self.money.sign(which, refuse=refuse))

    @precondition(lambda self: self.money.approved)
    @rule(which=WHICH)
    def batch(self, which: int) -> None:
        claims = self.money.approved
        claim = claims[which % len(claims)]
        if self.wait(self.money.batch([claim])):
            claims.remove(claim)
            self.check_batch()

    def check_batch(self) -> None:
        """Compare what a new batch pays with what is due now."""
        batched = self.wait(self.money.periods_of(self.money.batches[-1]))
        for row in self.wait(self.life.rows(PAID_MONTHS, key=self.life.key)):
            if row.period in batched:
                month = next(one for one in range(MONTHS) if str(month_of(one)) == row.period)
                has_fen = row.cash_fen + row.pending_fen + row.kept_fen - row.recovered_fen
                assert has_fen <= due_fen(self.life.facts, month), row

    @precondition(lambda self: self.money.batches)
    @rule(which=WHICH, outcomes=OUTCOMES)
    def bank_answers(self, which: int, outcomes: list[Outcome]) -> None:
        batch = self.money.batches[which % len(self.money.batches)]
        self.wait(self.money.bank(batch, outcomes))

    @rule(letter=LETTER)
    def pay_a_month(self, letter: str) -> None:
        """Run, sign and pay a month as a quiet month is."""
        self.run(letter)
        while self.money.filed:
            self.sign(0, refuse=False)
        self.batch_all()
        while self.money.batches:
            self.bank_answers(0, [Outcome.PAID])

    def batch_all(self) -> None:
        for claim in list(self.money.approved):
            if self.wait(self.money.batch([claim])):
                self.money.approved.remove(claim)
                self.check_batch()

    @rule(reason=st.sampled_from(REASONS), since=st.sampled_from([0, 1]))
    def stop_once_it_is_signed(self, reason: str, since: int) -> None:
        """Let a stop become known between the signatures of a month and its batch."""
        self.run(self.life.payer)
        while self.money.filed:
            self.sign(0, refuse=False)
        self.stop(reason, since)
        self.batch_all()

    @precondition(lambda self: self.money.paid)
    @rule(which=WHICH)
    def bank_returns(self, which: int) -> None:
        self.wait(self.money.give_back(which))

    @precondition(lambda self: self.money.failed)
    @rule(which=WHICH)
    def correct_account(self, which: int) -> None:
        self.wait(self.money.correct_account(which))

    @rule()
    def pay_again(self) -> None:
        if self.wait(self.money.repay()):
            self.check_batch()

    # --- money that comes back --------------------------------------------------------------

    @rule(letter=LETTER, status=st.sampled_from([CaseStatus.CONFIRMED] * 3 + [CaseStatus.REFUSED]))
    def open_cases(self, letter: str, status: CaseStatus) -> None:
        self.wait(self.money.open_cases(letter, status))

    @rule(which=WHICH, share=SHARE, day=DAY)
    def repay(self, which: int, share: int, day: date) -> None:
        if cases := self.wait(self.money.cases()):
            self.wait(self.money.give_money(cases[which % len(cases)], share, day))

    @rule(which=WHICH)
    def plan_deductions(self, which: int) -> None:
        if cases := self.wait(self.money.cases()):
            case = cases[which % len(cases)]
            self.wait(self.money.plan(case, self.life.months[case.district[-1]]))

    @rule(which=WHICH)
    def write_off(self, which: int) -> None:
        if cases := self.wait(self.money.cases()):
            self.wait(self.money.write_off(cases[which % len(cases)], 50))

    @rule()
    def draw(self) -> None:
        """Let the background work ask the ledger for what was paid so far."""
        while self.wait(self.life.do(lambda tx: draws_flow.step(tx, self.life.keys, 100))):
            pass

    # --- the end ----------------------------------------------------------------------------

    def catch_up(self) -> None:
        """File, sign and pay until nothing is left to pay."""
        while True:
            while self.money.filed:
                self.sign(0, refuse=False)
            self.batch_all()
            while self.money.batches:
                self.bank_answers(0, [Outcome.PAID])
            if self.wait(self.money.repay()):
                self.check_batch()
                continue
            months = [(letter, month) for month in range(MONTHS) for letter in "ab"]
            filed = [
                self.file(letter, month, RunScope.MONTH)
                for letter, month in months
                if (letter, month) not in self.caught_up
            ]
            self.caught_up.update(months)
            filed += [self.file(letter, MONTHS, RunScope.ARREARS) for letter in "ab"]
            if not any(filed):
                return

    def teardown(self) -> None:
        if not hasattr(self, "life"):
            return
        note(f"{self.life.facts}")
        self.catch_up()
        for letter in "ab":
            self.wait(self.money.open_cases(letter))
        self.check()
        for case in self.wait(self.money.cases()):
            self.wait(self.money.give_money(case, 100, date(2022, 5, 1)))
        self.catch_up()
        self.check(settled=True)
        self.check_draws()
        self.check_vouchers()
        self.check_twin()

    def check(self, *, settled: bool = False) -> None:
        """Compare every month: paid and kept back, less recovered, is due plus what cases cover."""
        months = {
            row.period: row for row in self.wait(self.life.rows(PAID_MONTHS, key=self.life.key))
        }
        covers = {row.period: row for row in self.wait(self.life.rows(COVERED, key=self.life.key))}
        own_fen = 0
        for month in range(MONTHS):
            row, cover = months.get(str(month_of(month))), covers.get(str(month_of(month)))
            has_fen = row.cash_fen + row.kept_fen - row.recovered_fen if row else 0
            covered_fen = cover.fen if cover else 0
            due = due_fen(self.life.facts, month)
            assert has_fen == due + covered_fen, (month, row, cover, due)
            if settled:
                assert covered_fen == (cover.written_off_fen if cover else 0), (month, cover)
            own_fen += has_fen
        assert self.money.own_fen == own_fen, "deductions of one month settle another"

    def check_draws(self) -> None:
        """Compare what was asked of the account with the oracle, and with what the ledger was told."""
        self.draw()
        asked = {row.period: row.fen for row in self.wait(self.life.rows(ASKED, key=self.life.key))}
        wanted = {str(month_of(one)): drawn_fen(self.life.facts, one) for one in range(MONTHS)}
        assert {month: fen for month, fen in asked.items() if fen} == {
            month: fen for month, fen in wanted.items() if fen
        }
        self.wait(self.office.deliver())
        told = [
            parse_yuan(one["amount"])
            for paper in self.office.peers.draws.values()
            for one in paper["draws"]
            if Ref.parse(Reference.PERSON, one["person"]).key == self.life.key
        ]
        assert sum(told) == sum(wanted.values())
        self.check_due_of_account(self.life)

    def check_due_of_account(self, life: Life) -> None:
        """Compare what all months due ask of the account, paid or not, with the oracle."""
        until = month_of(MONTHS - 1)
        found = self.wait(life.do(lambda tx: draws_store.drawn(tx, {life.key: life.key}, until)))
        wanted = sum(drawn_fen(self.life.facts, month) for month in range(MONTHS))
        assert (found[life.key].drawn_fen, found[life.key].is_known) == (wanted, True)

    def check_vouchers(self) -> None:
        """Compare the vouchers that payout sent with what the bank moved."""
        self.wait(self.office.deliver())
        told = list(self.office.peers.vouchers.values())[self.vouchers :]
        out: dict[str, int] = {}
        for voucher in told:
            for entry in voucher["entries"]:
                fen = parse_yuan(entry["amount"]) * (1 if entry["side"] == "credit" else -1)
                out[entry["account"]] = out.get(entry["account"], 0) + fen
        assert out.get("expenditure_deposit", 0) == self.money.all_fen, out
        assert sum(out.values()) == 0, out

    def check_twin(self) -> None:
        """Let the same facts become known of another person, in another order: the same is owed."""
        twin = Life(self.office, next(SERIAL))
        self.wait(twin.begin())
        first, *waiting = self.life.facts
        assert self.wait(twin.learn(first))
        while waiting:
            ready = [
                fact
                for index, fact in enumerate(waiting)
                if not any(must_follow(fact, earlier) for earlier in waiting[:index])
            ]
            fact = self.random.choice(ready)
            waiting.remove(fact)
            assert self.wait(twin.learn(fact)), (twin.refusal, fact, twin.facts)
        for month in range(MONTHS):
            for letter in "ab":
                self.wait(twin.run(letter, month))
        for letter in "ab":
            self.wait(twin.run(letter, MONTHS, RunScope.ARREARS))
        self.check_due_of_account(twin)
        owed = self.wait(twin.rows(PAID_MONTHS, key=twin.key))
        found = {row.period: row.net_fen for row in owed if row.net_fen}
        due = {str(month_of(month)): due_fen(self.life.facts, month) for month in range(MONTHS)}
        assert found == {month: fen for month, fen in due.items() if fen}, twin.facts


async def test_a_life_known_in_any_order_is_paid_what_is_due(office: Office) -> None:
    loop = asyncio.get_running_loop()

    def wait(deed: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(deed, loop).result()

    members = {"office": office, "wait": staticmethod(wait)}
    machine = type("Machine", (PensionMachine,), members)
    limits = settings(
        max_examples=LIVES,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    await asyncio.to_thread(run_state_machine_as_test, machine, settings=limits)
