"""Any order of the same facts ends in the same accounts: a machine over the three real services.

Each run plays months of one unit, fact after fact, as a hypothesis machine chooses. After every fact
nothing is below zero that may not be, and business, books and statistics agree. At the end of each
month the same facts are played for a twin of the unit, in another order, and both end in the same
arrears, credits, charges, suspense and balances. Then the month is closed by two people, and with
December its year. Facts of closed months keep becoming known.

The machine is played twice: undisturbed, and with a service killed between any two steps.
`WUXIAN_MACHINE_RUNS` and `WUXIAN_MACHINE_STEPS` make it longer; CI plays a short one.
"""

from __future__ import annotations

import os
import random
import traceback
from collections.abc import Callable, Iterator
from functools import wraps
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from shared.money import parse_yuan
from tests.stories.support.centre import Centre
from tests.stories.support.city import City
from tests.stories.support.facts import (
    WHOLE_FEN,
    Bounced,
    Debited,
    Fact,
    Matched,
    Paid,
    PaidByMistake,
    Refunded,
    Restated,
    Returned,
    Twin,
    Waived,
    in_another_order,
)
from tests.stories.support.installation import SERVICES, Installation

pytestmark = [pytest.mark.story, pytest.mark.usefixtures("prepared_python")]

RUNS = int(os.environ.get("WUXIAN_MACHINE_RUNS", "1"))
STEPS = int(os.environ.get("WUXIAN_MACHINE_STEPS", "8"))
FIRST_MONTH, LAST_MONTH = "2022-12", "2026-03"
DEPOSITS = {"income_deposit", "treasury_deposit", "fiscal_deposit"}
PERIOD = st.sampled_from([0, 1])
DAYS = st.integers(0, 60)


def shown(deed: Callable[..., Any]) -> Callable[..., Any]:
    """Print why a deed failed: hypothesis plays it again to tell, and it goes another way."""

    @wraps(deed)
    def with_reason(self: Any, *given: Any, **named: Any) -> Any:
        try:
            return deed(self, *given, **named)
        except AssertionError:
            print(f"{traceback.format_exc()}\n{self.history}\n{self.facts}")
            raise

    return with_reason


class MoneyMachine(RuleBasedStateMachine):
    """Facts about one unit; at the end of a month its twin hears the same ones in another order."""

    centre_of: Callable[[], Centre]
    kills: bool = False

    @initialize(seed=st.integers(0, 2**32), collector=st.sampled_from(["tax", "bank_debit"]))
    def begin(self, seed: int, collector: str) -> None:
        assume(seed)  # hypothesis begins with the simplest run, which plays nothing
        self.random = random.Random(seed)
        self.numbers = count()
        self.centre = self.centre_of()
        self.city = self.centre.city
        self.history: list[Fact] = []
        self.facts: list[Fact] = []
        self.city.disturb = self.kill_sometimes if self.kills else lambda: None
        self.unit = Twin(self.centre, collector)
        self.twin = Twin(self.centre, collector)
        self.periods = [str(self.centre.month.plus(back)) for back in (-2, -1)]
        for period in self.periods:
            self.unit.bill(period)
            self.twin.bill(period)
        self.city.quiet()
        self.before = self.city.balances(self.centre.last)
        self.is_checked = False

    def kill_sometimes(self) -> None:
        if self.random.random() < 0.06:
            self.city.at.kill(self.random.choice(SERVICES))

    def of(self, *kinds: type) -> list[Any]:
        return [one for one in self.history + self.facts if isinstance(one, kinds)]

    # --- facts of the bank and the tax bureau -----------------------------------------------

    @rule(
        period=PERIOD,
        share=st.sampled_from([25, 50, 100, 100, 100, 130]),
        days=DAYS,
        item=st.sampled_from(["", "", "pension.unit", "medical.unit", "pension.late_fee"]),
    )
    def pay(self, period: int, share: int, days: int, item: str) -> None:
        day = self.centre.days_before_end(days)
        amount_fen = WHOLE_FEN * share // (400 if item else 100)
        self.become_known(Paid(next(self.numbers), self.periods[period], amount_fen, day, item))

    @precondition(lambda self: not any(isinstance(one, Matched) for one in self.facts))
    @rule(period=PERIOD, kind=st.sampled_from([PaidByMistake, Matched]), days=DAYS)
    def pay_as_a_stranger(self, period: int, kind: type, days: int) -> None:
        day = self.centre.days_before_end(days)
        self.become_known(kind(next(self.numbers), self.periods[period], 1000_00, day))

    @precondition(lambda self: self.of(Paid))
    @rule(share=st.sampled_from([50, 100, 100]), which=st.integers(0, 9))
    def bank_returns(self, share: int, which: int) -> None:
        taken = {one.of for one in self.of(Returned)}
        refunded = {one.source for one in self.of(Refunded) if one.end != "refused"}
        found = [one for one in self.of(Paid) if one.number not in taken | refunded]
        if found:
            paid = found[which % len(found)]
            amount_fen = paid.amount_fen * share // 100
            day = self.random.choice([paid.paid_on, self.centre.last])
            self.become_known(Returned(next(self.numbers), paid.number, amount_fen, day))

    @rule(period=PERIOD, days=st.integers(0, 20))
    def debit(self, period: int, days: int) -> None:
        bills = self.city.account(self.unit.unit, self.centre.last)["bills"]
        is_open = any(one[0] == self.periods[period] and one[3] != "0.00" for one in bills)
        if is_open and self.unit.collector == "bank_debit":
            day = self.centre.days_before_end(days)
            self.decide(Debited(next(self.numbers), self.periods[period], day))

    @precondition(lambda self: self.of(Debited))
    @rule()
    def bank_returns_a_debit(self) -> None:
        taken = {one.of for one in self.of(Bounced)}
        for one in self.of(Debited):
            if one.number not in taken:
                self.become_known(Bounced(next(self.numbers), one.number, self.centre.last))
                return

    # --- deeds of units and clerks ----------------------------------------------------------

    @rule(period=PERIOD, wage=st.sampled_from(["5000.00", "8000.00", "12000.00"]))
    def restate(self, period: int, wage: str) -> None:
        restated = sum(isinstance(one, Restated) for one in self.facts)
        if restated < 4:
            day = self.centre.day(13 + restated)
            self.become_known(Restated(next(self.numbers), self.periods[period], wage, day))

    @rule(which=st.integers(0, 9))
    def waive(self, which: int) -> None:
        charges = self.unit.charges()
        found = sorted(key for key, one in charges.items() if parse_yuan(one["open"]))
        if found:
            self.decide(Waived(next(self.numbers), found[which % len(found)]))

    @rule(
        which=st.integers(0, 9),
        share=st.sampled_from([50, 100]),
        end=st.sampled_from(["refused", "paid", "paid", "returned"]),
    )
    def refund(self, which: int, share: int, end: str) -> None:
        sources: dict[Any, int] = dict(sorted(self.unit.suspended().items()))
        credits_fen = self.city.account(self.unit.unit, self.centre.last)["credits"]
        if credits_fen:
            sources["credits"] = credits_fen
        for key, one in sorted(self.unit.charges().items()):
            if parse_yuan(one["settled"]):
                sources[key] = parse_yuan(one["settled"])
        if sources:
            source = list(sources)[which % len(sources)]
            amount_fen: int | None = max(1, sources[source] * share // 100)
            if isinstance(source, tuple):
                amount_fen = None  # the latest receipt that paid it
            self.decide(Refunded(next(self.numbers), source, amount_fen, end))

    def decide(self, fact: Fact) -> None:
        """Let something be decided, on all that is known."""
        self.unit.match()
        self.become_known(fact)

    @shown
    def become_known(self, fact: Fact) -> None:
        self.is_checked = False
        if self.unit.play(fact):
            self.facts.append(fact)

    @precondition(lambda self: self.facts)
    @rule()
    @shown
    def close_the_first_days(self) -> None:
        """Close days of the open month; facts of theirs that become known are booked after them."""
        self.unit.match()
        self.city.quiet()
        self.centre.close_days(12)

    @precondition(lambda self: len(self.facts) > 2)
    @rule()
    @shown
    def close_the_month(self) -> None:
        self.play_for_twin()
        self.centre.close_month()
        self.city.quiet()
        self.history += self.facts
        self.facts = []
        self.before = self.city.balances(self.centre.last)
        self.is_checked = False

    @invariant()
    @shown
    def books_hold(self) -> None:
        if hasattr(self, "before") and not self.is_checked:
            self.city.quiet()
            self.centre.check_books()
            self.is_checked = True

    @shown
    def teardown(self) -> None:
        if not hasattr(self, "before"):
            return
        try:
            self.close_the_month()
            for one in self.of(Paid):  # after the month, and its year, was closed
                if one.number not in {taken.of for taken in self.of(Returned)}:
                    day = self.centre.first
                    self.become_known(Returned(next(self.numbers), one.number, 1_00, day))
                    break
            self.become_known(
                Paid(next(self.numbers), self.periods[1], 100_00, self.centre.days_before_end(60))
            )
            self.close_the_month()
            self.centre.check_books()
        finally:
            self.city.disturb = lambda: None

    def play_for_twin(self) -> None:
        """Play the month's facts in another order; both units end in the same accounts."""
        self.unit.match()
        self.city.quiet()
        middle = self.city.balances(self.centre.last)
        played = in_another_order(self.facts, self.random)
        for fact in played:
            if isinstance(fact, Waived | Refunded | Debited):
                self.twin.match()
                self.city.quiet()
            assert self.twin.play(fact), fact
        self.twin.match()
        self.city.quiet()
        self.centre.check_books()
        after = self.city.balances(self.centre.last)
        first = self.city.account(self.unit.unit, self.centre.last)
        second = self.city.account(self.twin.unit, self.centre.last)
        moved, moved_again = change(self.before, middle), change(middle, after)
        assert (first, moved) == (second, moved_again), f"played as {played}"


def change(before: dict[Any, int], after: dict[Any, int]) -> dict[Any, int]:
    """Subtract balances, all deposits as one; what did not change is left out."""
    found: dict[Any, int] = {}
    for sign, balances in ((-1, before), (1, after)):
        for (book, fund, account), fen in balances.items():
            key = (book, fund, "deposit" if account in DEPOSITS else account)
            found[key] = found.get(key, 0) + sign * fen
    return {key: fen for key, fen in found.items() if fen}


@pytest.fixture(scope="module")
def centre_of(run_home: Path, on_shared_server: dict[str, str]) -> Iterator[Callable[[], Centre]]:
    """The centre of a city; of a new one when the last month was played."""
    centres: list[Centre] = []

    def found() -> Centre:
        if not centres or str(centres[-1].month) > LAST_MONTH:
            if centres:
                centres[-1].city.at.stop()
            home = run_home / f"machine-{len(centres)}"
            home.mkdir(mode=0o755)  # the database server's own account has to enter
            given = {} if centres else on_shared_server
            centres.append(Centre(City(Installation(home, **given)), FIRST_MONTH))
        return centres[-1]

    yield found
    if centres:
        centres[-1].city.at.stop()


@pytest.mark.parametrize("kills", [False, True], ids=["undisturbed", "killed"])
def test_any_order_of_facts_ends_in_the_same_accounts(
    centre_of: Callable[[], Centre], kills: bool
) -> None:
    members = {"centre_of": staticmethod(centre_of), "kills": kills}
    machine = type("Machine", (MoneyMachine,), members)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=RUNS,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )
