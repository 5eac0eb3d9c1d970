"""Facts about a unit's month, and a unit that they are played for."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any, TypeAlias

from shared.money import format_yuan, parse_yuan
from tests.collection.support.money import new_code
from tests.stories.support.centre import Centre
from tests.stories.support.city import StoryUnit

WAGE = "10000.00"
WHOLE_FEN = 3770_00
"""The amount of a month's bill at this wage."""


@dataclass(frozen=True, slots=True)
class Paid:
    """Money that the tax bureau collected: a whole ticket, or a line of one levy item."""

    number: int
    period: str
    amount_fen: int
    paid_on: str
    item: str = ""


@dataclass(frozen=True, slots=True)
class Restated:
    """A month that is declared anew."""

    number: int
    period: str
    wage: str
    billed_on: str


@dataclass(frozen=True, slots=True)
class PaidByMistake:
    """Money for the unit that came under a stranger's name: two people move it to the unit."""

    number: int
    period: str
    amount_fen: int
    paid_on: str


@dataclass(frozen=True, slots=True)
class Matched:
    """Money of somebody unknown, who turns out to be the unit."""

    number: int
    period: str
    amount_fen: int
    paid_on: str


@dataclass(frozen=True, slots=True)
class Returned:
    """A payment that the bank took back, wholly or in part; it is known after the payment."""

    number: int
    of: int
    amount_fen: int
    returned_on: str


@dataclass(frozen=True, slots=True)
class Debited:
    """All that is open of a period, debited by the bank."""

    number: int
    period: str
    paid_on: str


@dataclass(frozen=True, slots=True)
class Bounced:
    """A debit that the bank returned after it had reported it settled."""

    number: int
    of: int
    returned_on: str


@dataclass(frozen=True, slots=True)
class Waived:
    """A late charge that two people waive: its period and what is open of it."""

    number: int
    charge: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Refunded:
    """Money given back, or asked for and refused, or given back and returned by the bank.

    source: the number of a receipt, `credits`, or a paid late charge.
    amount_fen: None gives back all that there is.
    """

    number: int
    source: int | str | tuple[str, str]
    amount_fen: int | None
    end: str


Fact: TypeAlias = (
    Paid | Restated | PaidByMistake | Matched | Returned | Debited | Bounced | Waived | Refunded
)
Decision = Debited | Waived | Refunded
"""Facts about what was known when they were decided: nothing known later goes before them."""


class Twin:
    """One unit that the facts are played for."""

    def __init__(self, centre: Centre, collector: str) -> None:
        self.centre, self.city, self.collector = centre, centre.city, collector
        since = f"{centre.month.year - 1}-01-01"
        self.unit: StoryUnit = self.city.unit(since, collector)
        self.stranger: StoryUnit = self.city.unit(since)
        self.papers: dict[str, str] = {}
        self.unmatched: list[tuple[str, str]] = []
        self.batches: dict[int, tuple[str, list[dict[str, Any]]]] = {}

    def bill(self, period: str) -> None:
        """Declare and bill a month."""
        self.papers[period] = self.city.declare(self.unit, period, WAGE)
        self.city.bill([self.papers[period]], period, self.centre.day(12))

    def serial(self, number: int) -> str:
        """The serial of a fact's money."""
        return f"{self.unit.code}-{number}"

    def play(self, fact: Fact) -> bool:
        """Let a fact become known; False where nothing of it can be done."""
        match fact:
            case Paid():
                amount = format_yuan(fact.amount_fen)
                serial = self.serial(fact.number)
                self.city.pay(self.unit, fact.period, amount, fact.paid_on, serial, fact.item)
            case Restated():
                paper = self.papers[fact.period]
                corrected = self.city.correct(paper, self.unit, fact.wage, fact.billed_on)
                self.papers[fact.period] = corrected
            case PaidByMistake():
                receipt = self._stranger_pays(fact, self.stranger.code)
                self.city.move(receipt, self.unit, fact.period, self.centre.last)
            case Matched():
                receipt = self._stranger_pays(fact, new_code())
                self.unmatched.append((receipt, fact.period))
                self.match()
            case Returned():
                receipt = self.city.receipt(self.serial(fact.of))
                serial = f"R-{self.serial(fact.number)}"
                return self.city.take_back(
                    receipt, fact.amount_fen, fact.returned_on, serial, self.centre.last
                )
            case Debited():
                self._debit(fact)
            case Bounced():
                batch, lines = self.batches[fact.of]
                results = self._results(lines, "returned", fact.returned_on, fact.of)
                return self.centre.hear_bank(batch, results) > 0
            case Waived():
                self.centre.waive(self.charges()[fact.charge]["id"])
            case Refunded():
                serial = f"B-{self.serial(fact.number)}"
                self.centre.refund(self._source(fact), fact.amount_fen, fact.end, serial)
        return True

    def match(self) -> None:
        """Say whose the unknown money is; where the month is paid by now, it is tried again later."""
        self.unmatched = [
            (receipt, period)
            for receipt, period in self.unmatched
            if not self.city.match(receipt, self.unit, period, self.centre.last)
        ]

    def suspended(self) -> dict[int, int]:
        """Read what is in suspense: number of the fact → fen."""
        return {
            int(one["serial"].split("-")[1]): parse_yuan(one["suspended"])
            for one in self.city.receipts(status="suspended")
            if one["serial"].startswith(f"{self.unit.code}-")
        }

    def charges(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Read late charges, by period and open or, where it is paid, settled amount."""
        bills = self.city.at.get(
            "supervisor", "collection", "/v1/bills", credit_code=self.unit.code, limit=500
        )["items"]
        found: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for one in bills:
            if one["kind"] == "charge":
                key = (one["period"], f"{one['open']} {one['settled']}")
                found.setdefault(key, []).append(one)
        return {key: ones[0] for key, ones in found.items() if len(ones) == 1}

    def _stranger_pays(self, fact: PaidByMistake | Matched, code: str) -> str:
        serial = self.serial(fact.number)
        amount = format_yuan(fact.amount_fen)
        self.city.pay(StoryUnit(code, ""), fact.period, amount, fact.paid_on, serial)
        return self.city.receipt(serial)

    def _debit(self, fact: Debited) -> None:
        """Debit the unit; what the batch asks of other units is refused."""
        made = self.centre.debit(fact.period)
        assert made is not None, "nothing is open to be debited"
        batch, lines = made
        own = [one for one in lines if one["credit_code"] == self.unit.code]
        others = [one for one in lines if one["credit_code"] != self.unit.code]
        self.batches[fact.number] = (batch, own)
        results = self._results(own, "settled", fact.paid_on, fact.number)
        results += self._results(others, "refused", fact.paid_on, fact.number)
        self.centre.hear_bank(batch, results)

    def _results(
        self, lines: list[dict[str, Any]], outcome: str, day: str, number: int
    ) -> list[dict[str, Any]]:
        return [
            {
                "line": one["line"],
                "outcome": outcome,
                "bank_serial": f"{self.serial(number)}-{one['line']}",
                "amount": one["amount"],
                "value_date": day,
                "reason": None if outcome == "settled" else "余额不足",
            }
            for one in lines
        ]

    def _source(self, fact: Refunded) -> dict[str, str]:
        match fact.source:
            case int():
                return {"receipt": self._receipt(fact.source)}
            case str():
                return {"credits_of": self.unit.code}
            case _:
                return {"charge": self.charges()[fact.source]["id"]}

    def _receipt(self, number: int) -> str:
        """Find the receipt of a fact that is in suspense."""
        return next(
            str(one["id"])
            for one in self.city.receipts(status="suspended")
            if one["serial"].startswith(f"{self.serial(number)}")
            and one["serial"].split("-")[1] == str(number)
        )


def in_another_order(facts: list[Fact], random: random.Random) -> list[Fact]:
    """Mix facts between decisions. A return follows its payment; months keep their restatements' order."""
    mixed: list[Fact] = []
    between: list[Fact] = []
    for one in facts:
        if isinstance(one, Decision):
            mixed += [*_mixed(between, random), one]
            between = []
        else:
            between.append(one)
    return mixed + _mixed(between, random)


def _mixed(facts: list[Fact], random: random.Random) -> list[Fact]:
    mixed = list(facts)
    random.shuffle(mixed)
    for one in [one for one in mixed if isinstance(one, Returned)]:
        paid = [i for i, other in enumerate(mixed) if other.number == one.of]
        if paid:
            mixed.remove(one)
            after = next(i for i, other in enumerate(mixed) if other.number == one.of)
            mixed.insert(random.randint(after + 1, len(mixed)), one)
    restated = iter([one for one in facts if isinstance(one, Restated)])
    return [next(restated) if isinstance(one, Restated) else one for one in mixed]
