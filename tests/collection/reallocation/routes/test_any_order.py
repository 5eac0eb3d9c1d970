"""Through the doors: whatever order payments, returns and moves of a unit become known in, its account
is the same, and so are the books.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.collection.app import build
from shared.money import format_yuan, parse_yuan
from tests.collection.support.banking import moved, taken_back
from tests.collection.support.books import sums_of
from tests.collection.support.debtors import PENSION, STAFF, Debtors, after
from tests.collection.support.money import Owed, fetch, line, push
from tests.collection.support.totals import apart, apart_on_any_day
from tests.conftest import Bearer, ClientOf, SettingsFor

KNOWN_FROM = 70
"""Days from the due day to the first day on which something becomes known: all was paid before."""


class Fate(Enum):
    """The fate of a payment, known some time after it."""

    KEPT = "kept"
    RETURNED = "returned"
    RETURNED_IN_PART = "returned in part"
    MOVED_IN = "came under a stranger's name"
    MOVED_OUT = "belongs to another unit"


@dataclass(frozen=True, slots=True)
class Money:
    """A payment with its fate."""

    amount_fen: int
    days: int
    """Days from the due day to the payment."""
    fate: Fate


@pytest.fixture(scope="module")
async def debtors(
    settings_for: SettingsFor, client_of: ClientOf, bearer: Bearer, database_url: str
) -> AsyncIterator[Debtors]:
    async with client_of(build(settings_for())) as api:
        yield Debtors(api, bearer, database_url)


@dataclass(slots=True)
class Play:
    """A unit, a stranger who pays by mistake, and a unit that some of the money belongs to."""

    debtors: Debtors
    unit: Owed
    stranger: Owed
    other: Owed
    receipts: dict[int, str] = field(default_factory=dict)
    days: Iterator[int] = field(default_factory=lambda: count(KNOWN_FROM))

    @classmethod
    async def begin(cls, debtors: Debtors) -> Play:
        unit, stranger = await debtors.owe(PENSION, STAFF), await debtors.owe()
        return cls(debtors, unit, stranger, await debtors.owe(PENSION))

    async def know(self, number: int, money: Money) -> None:
        """Let a payment, or else its fate, become known, each on a later day."""
        day = after(next(self.days))
        if number not in self.receipts:
            self.receipts[number] = await self._paid(number, money, day)
            return
        receipt = self.receipts[number]
        match money.fate:
            case Fate.RETURNED:
                await taken_back(self.debtors, receipt, day)
            case Fate.RETURNED_IN_PART:
                amount = format_yuan(money.amount_fen // 2)
                await taken_back(self.debtors, receipt, day, amount=amount)
            case Fate.MOVED_IN:
                await moved(self.debtors, receipt, self.unit, day)
            case Fate.MOVED_OUT:
                await moved(self.debtors, receipt, self.other, day)
            case Fate.KEPT:
                pass

    async def _paid(self, number: int, money: Money, day: str) -> str:
        payer = self.stranger if money.fate is Fate.MOVED_IN else self.unit
        serial = f"{self.unit.credit_code}-{number}"
        row = line(
            serial, payer.credit_code, money.amount_fen, self.unit.period, paid_on=after(money.days)
        )
        await self.debtors.push(push(serial, [row], collected_on=day))
        found = await self.debtors.get("/v1/receipts", limit=500)
        return str(next(one["id"] for one in found["items"] if one["serial"] == serial))

    async def end(self) -> object:
        """Read what the three units owe, were charged and have in suspense, and their books."""
        return [await self._account(one) for one in (self.unit, self.stranger, self.other)]

    async def _account(self, owed: Owed) -> object:
        bills = await self.debtors.bills(owed)
        charges: dict[str, int] = {}
        for one in await self.debtors.charges(owed):
            charges[one["kind"]] = charges.get(one["kind"], 0) + parse_yuan(one["amount"])
        held = await fetch(
            self.debtors.url,
            """
            SELECT payment.paid_on, sum(payment.amount_fen - payment.taken_fen) AS fen
              FROM payment WHERE payment.unit_id = $1
             GROUP BY 1 HAVING sum(payment.amount_fen - payment.taken_fen) > 0 ORDER BY 1
            """,
            owed.unit_id,
        )
        return (
            sorted(
                (one["kind"], one["total"], one["settled"], one["status"])
                for one in bills
                if parse_yuan(one["total"])
            ),
            {kind: fen for kind, fen in charges.items() if fen},
            [tuple(row.values()) for row in held],
            await sums_of(self.debtors, owed),
        )


def in_some_order(monies: Sequence[Money], chance: random.Random) -> list[int]:
    """Mix payments and their fates, by number; the first of a number is the payment."""
    numbers = [
        number for number, one in enumerate(monies) for _ in range(1 + (one.fate is not Fate.KEPT))
    ]
    chance.shuffle(numbers)
    return numbers


MONIES = st.lists(
    st.builds(
        Money,
        amount_fen=st.integers(1_00, 20_000_00),
        days=st.integers(-20, 60),
        fate=st.sampled_from(Fate),
    ),
    min_size=2,
    max_size=5,
    unique_by=lambda one: one.days,
)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(MONIES, st.randoms(use_true_random=False))
async def test_payments_returns_and_moves_end_in_the_same_account(
    debtors: Debtors, monies: list[Money], chance: random.Random
) -> None:
    ends = []
    for _ in range(2):
        play = await Play.begin(debtors)
        for number in in_some_order(monies, chance):
            await play.know(number, monies[number])
        ends.append(await play.end())
    assert ends[0] == ends[1]


async def test_a_charge_may_come_to_nothing_and_from_nothing(debtors: Debtors) -> None:
    owed = await debtors.owe(("pension", "unit", "pooled", "pension", 100_00))
    await debtors.pay(owed, 2_00, after(10))
    assert sum(parse_yuan(one["amount"]) for one in await debtors.charges(owed)) == 1
    await debtors.pay(owed, 99_50, after(-5), booked_on=after(40))
    assert sum(parse_yuan(one["amount"]) for one in await debtors.charges(owed)) == 0
    control = await debtors.get("/v1/closing-control", as_of=after(40))
    assert apart(control, leave_out={"levied"}) == {}


async def test_business_and_statistics_agree_after_all_of_it(debtors: Debtors) -> None:
    assert await apart_on_any_day(debtors) == {}
