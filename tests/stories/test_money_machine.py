"""Any order of the same facts ends in the same accounts: a machine over the three real services.

Each run plays a year of one unit, fact after fact, as a hypothesis machine chooses. After every
fact nothing is below zero that may not be, and the books agree with the business. At the end the
same facts are played again for a twin of the unit, in another order, and both end in the same
arrears, credits, charges, suspense and balances. Then the year is closed.

The machine is played twice: undisturbed, and with a service killed before every fact.
`WUXIAN_MACHINE_RUNS` and `WUXIAN_MACHINE_STEPS` make it longer; CI plays a short one.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from shared.money import format_yuan, parse_yuan
from tests.collection.support.money import new_code
from tests.stories.support.city import City, StoryUnit
from tests.stories.support.installation import SERVICES, Installation

pytestmark = pytest.mark.story

RUNS = int(os.environ.get("WUXIAN_MACHINE_RUNS", "1"))
STEPS = int(os.environ.get("WUXIAN_MACHINE_STEPS", "8"))
FIRST_YEAR, LAST_YEAR = 2022, 2025
WAGE = "10000.00"
WHOLE_FEN = 3770_00
"""The amount of a month's bill at this wage."""


@dataclass(frozen=True)
class Paid:
    """Money that the tax bureau collected."""

    number: int
    period: str
    amount_fen: int
    paid_on: str


@dataclass(frozen=True)
class Restated:
    """A month that is declared anew."""

    number: int
    month: int
    wage: str


@dataclass(frozen=True)
class PaidByMistake:
    """Money for the unit that came under a stranger's name: two people move it to the unit."""

    number: int
    period: str
    amount_fen: int
    paid_on: str


@dataclass(frozen=True)
class Matched:
    """Money of somebody unknown, who turns out to be the unit."""

    number: int
    period: str
    amount_fen: int
    paid_on: str


@dataclass(frozen=True)
class Returned:
    """A payment that the bank took back, wholly or in part; it is known after the payment."""

    number: int
    of: int
    amount_fen: int


Fact = Paid | Restated | PaidByMistake | Matched | Returned


class Twin:
    """One unit that the facts are played for."""

    def __init__(self, city: City, year: int) -> None:
        self.city, self.year = city, year
        self.unit: StoryUnit = city.unit(f"{year}-01-01")
        self.stranger: StoryUnit = city.unit(f"{year}-01-01")
        self.papers: dict[int, str] = {}
        self.unmatched: list[tuple[str, str]] = []

    def period(self, month: int) -> str:
        return f"{self.year}-{month:02d}"

    def bill(self, month: int) -> None:
        """Declare and bill a month."""
        self.papers[month] = self.city.declare(self.unit, self.period(month), WAGE)
        day = f"{self.year}-{month + 1:02d}-12"
        self.city.bill([self.papers[month]], self.period(month), day)

    def play(self, fact: Fact) -> None:
        """Let a fact become known."""
        match fact:
            case Paid():
                serial = f"{self.unit.code}-{fact.number}"
                amount = format_yuan(fact.amount_fen)
                self.city.pay(self.unit, fact.period, amount, fact.paid_on, serial)
            case Restated():
                day = f"{self.year}-11-{10 + fact.number % 20:02d}"
                paper = self.papers[fact.month]
                self.papers[fact.month] = self.city.correct(paper, self.unit, fact.wage, day)
            case PaidByMistake():
                receipt = self.stranger_pays(fact, self.stranger.code)
                self.city.move(receipt, self.unit, fact.period, f"{self.year}-12-20")
            case Matched():
                receipt = self.stranger_pays(fact, new_code())
                self.unmatched.append((receipt, fact.period))
                self.match()
            case Returned():
                receipt = self.city.receipt(f"{self.unit.code}-{fact.of}")
                serial = f"R-{self.unit.code}-{fact.number}"
                self.city.take_back(receipt, fact.amount_fen, f"{self.year}-12-10", serial)

    def match(self) -> None:
        """Say whose the unknown money is; where the month is paid by now, it is tried again later."""
        day = f"{self.year}-12-20"
        self.unmatched = [
            (receipt, period)
            for receipt, period in self.unmatched
            if not self.city.match(receipt, self.unit, period, day)
        ]

    def stranger_pays(self, fact: PaidByMistake | Matched, code: str) -> str:
        """Let money come under another name; its receipt."""
        serial = f"{self.unit.code}-{fact.number}"
        stranger = StoryUnit(code, "")
        self.city.pay(stranger, fact.period, format_yuan(fact.amount_fen), fact.paid_on, serial)
        return self.city.receipt(serial)


class MoneyMachine(RuleBasedStateMachine):
    """Facts about one unit; its twin hears the same ones in another order."""

    city: City
    years: Iterator[int]
    kills: bool = False

    @initialize(seed=st.integers(0, 2**32))
    def begin(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.year = next(self.years)
        self.end = f"{self.year}-12-31"
        self.facts: list[Fact] = []
        self.before = self.city.balances(self.end)
        self.unit = Twin(self.city, self.year)
        self.unit.bill(1)
        self.unit.bill(2)

    @rule(
        month=st.sampled_from([1, 2]),
        share=st.sampled_from([25, 50, 100, 100, 100, 130]),
        days=st.integers(0, 240),
    )
    def pay(self, month: int, share: int, days: int) -> None:
        day = f"{self.year}-{2 + days // 28:02d}-{1 + days % 28:02d}"
        amount_fen = WHOLE_FEN * share // 100
        self.become_known(Paid(len(self.facts), self.unit.period(month), amount_fen, day))

    @rule(month=st.sampled_from([1, 2]), wage=st.sampled_from(["5000.00", "8000.00", "12000.00"]))
    def restate(self, month: int, wage: str) -> None:
        if sum(isinstance(one, Restated) for one in self.facts) < 4:
            self.become_known(Restated(len(self.facts), month, wage))

    @rule(month=st.sampled_from([1, 2]), is_move=st.booleans(), days=st.integers(0, 240))
    def pay_as_a_stranger(self, month: int, is_move: bool, days: int) -> None:
        if sum(isinstance(one, PaidByMistake | Matched) for one in self.facts) < 2:
            day = f"{self.year}-{2 + days // 28:02d}-{1 + days % 28:02d}"
            kind = PaidByMistake if is_move else Matched
            self.become_known(kind(len(self.facts), self.unit.period(month), 1000_00, day))

    @rule(share=st.sampled_from([50, 100, 100]), which=st.integers(0, 9))
    def bank_returns(self, share: int, which: int) -> None:
        taken = {one.of for one in self.facts if isinstance(one, Returned)}
        open_ones = [one for one in self.facts if isinstance(one, Paid) and one.number not in taken]
        if open_ones:
            paid = open_ones[which % len(open_ones)]
            self.become_known(
                Returned(len(self.facts), paid.number, paid.amount_fen * share // 100)
            )

    def become_known(self, fact: Fact) -> None:
        self.facts.append(fact)
        if self.kills:
            self.city.at.kill(self.random.choice(SERVICES))
        self.unit.play(fact)

    @invariant()
    def nothing_is_below_zero_and_business_is_books(self) -> None:
        if not hasattr(self, "unit"):
            return
        self.city.quiet()
        check_books(self.city, self.end)

    def teardown(self) -> None:
        if not hasattr(self, "unit"):
            return
        self.unit.match()
        self.city.quiet()
        middle = self.city.balances(self.end)
        twin = Twin(self.city, self.year)
        twin.bill(1)
        twin.bill(2)
        played = in_another_order(self.facts, self.random)
        for fact in played:
            twin.play(fact)
        twin.match()
        self.city.quiet()
        check_books(self.city, self.end)
        after = self.city.balances(self.end)
        first = self.city.account(self.unit.unit, self.end)
        second = self.city.account(twin.unit, self.end)
        moved, moved_again = change(self.before, middle), change(middle, after)
        if (first, moved) != (second, moved_again):  # hypothesis cannot play it again to tell
            print(f"{self.facts}\nplayed as {played}\n{first}\n{second}\n{moved}\n{moved_again}")
        assert (first, moved) == (second, moved_again)


def in_another_order(facts: list[Fact], random: random.Random) -> list[Fact]:
    """Mix facts. A return follows its payment, and months are restated in their own order."""
    mixed = list(facts)
    random.shuffle(mixed)
    for one in [one for one in mixed if isinstance(one, Returned)]:
        mixed.remove(one)
        paid = next(i for i, other in enumerate(mixed) if other.number == one.of)
        mixed.insert(random.randint(paid + 1, len(mixed)), one)
    restated = iter([one for one in facts if isinstance(one, Restated)])
    return [next(restated) if isinstance(one, Restated) else one for one in mixed]


def change(before: dict[Any, int], after: dict[Any, int]) -> dict[Any, int]:
    """Subtract balances; what did not change is left out."""
    keys = {*before, *after}
    found = {key: after.get(key, 0) - before.get(key, 0) for key in keys}
    return {key: fen for key, fen in found.items() if fen}


def check_books(city: City, as_of: str) -> None:
    """Check what must hold after every fact."""
    for book in ("statutory", "memo"):
        sheet = city.at.get("supervisor", "ledger", "/v1/trial-balance", as_of=as_of, book=book)
        assert sheet["balanced"]
    suspended: dict[str, int] = {}
    for one in city.receipts(status="suspended"):
        suspended[one["id"]] = parse_yuan(one["suspended"])
    books = city.at.get("supervisor", "ledger", "/v1/suspense", as_of=as_of, limit=500)["items"]
    booked = {one["receipt"]: parse_yuan(one["amount"]) for one in books}
    assert all(fen > 0 for fen in booked.values()), booked
    assert booked == suspended


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    home = tmp_path_factory.mktemp("machine")
    for folder in (home, home.parent, home.parent.parent):
        Path(folder).chmod(0o755)  # the database server's own account has to enter
    installation = Installation(home)
    try:
        yield City(installation)
    finally:
        installation.stop()


@pytest.fixture(scope="module")
def years() -> Iterator[int]:
    """A year for each run; runs beyond the last year share it."""
    return chain(range(FIRST_YEAR, LAST_YEAR), repeat(LAST_YEAR))


@pytest.mark.parametrize("kills", [False, True], ids=["undisturbed", "killed"])
def test_any_order_of_facts_ends_in_the_same_accounts(
    city: City, years: Iterator[int], kills: bool
) -> None:
    members = {"city": city, "years": years, "kills": kills}
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
