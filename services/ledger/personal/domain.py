"""Personal accounts (个人账户): credits, retirees' injections, a year's interest, control totals.

A subsidiary ledger by person: the general ledger holds one line a fund, this holds who it is of.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from services.ledger.common.domain.refusal import LedgerRefusal
from shared.effective import in_force
from shared.errors import Kind
from shared.ids import key_of
from shared.money import PPM, scale


class CreditKind(StrEnum):
    """Kind of a credit; a transfer out, a withdrawal and a pension are negative."""

    CONTRIBUTION = "contribution"  # 缴费划入
    INJECTION = "injection"  # 退休人员划入
    TRANSFER_IN = "transfer_in"  # 转入
    TRANSFER_OUT = "transfer_out"  # 转出
    WITHDRAWAL = "withdrawal"  # 退还、继承
    PENSION = "pension"  # 支付养老金


TAKEN: Final = (CreditKind.TRANSFER_OUT, CreditKind.WITHDRAWAL)
"""Kinds that take money from an account."""


class RetireeStatus(StrEnum):
    """Status of a retiree that decides the applicable injection rule."""

    ORDINARY = "ordinary"
    FOUNDING = "founding"  # 建国前老工人


class YearClosed(LedgerRefusal):
    """该年度个人账户已结息,不得再记 (interest of that year is credited; nothing may be added)"""

    kind = Kind.CONFLICT
    code = "PERSONAL_YEAR_CLOSED"


class YearNotReady(LedgerRefusal):
    """尚不能结息:该年度未终了、上年未结息或无记账利率 (year not over, earlier year open, or no rate)"""

    kind = Kind.CONFLICT
    code = "PERSONAL_YEAR_NOT_READY"


class BalanceTooSmall(LedgerRefusal):
    """个人账户余额不足 (the personal account holds less than the transfer)"""

    kind = Kind.CONFLICT
    code = "PERSONAL_BALANCE_TOO_SMALL"


class RateNotProposed(LedgerRefusal):
    """无此待核准记账利率 (no such rate is waiting for approval)"""

    kind = Kind.NOT_FOUND
    code = "PERSONAL_RATE_NOT_FOUND"


class NoInjectionRule(LedgerRefusal):
    """该基金当日无退休人员划入标准 (no rule for retirees of this fund is in force that day)"""

    kind = Kind.CONFLICT
    code = "INJECTION_RULE_MISSING"


class Credit(NamedTuple):
    """A credit to one person's account in one fund; a negative amount is taken back."""

    person_id: int
    fund: str
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """The personal-account parts of one bill or paper, credited together or not at all."""

    id: str
    kind: CreditKind
    key: int
    period: str
    credited_on: date
    credits: tuple[Credit, ...]
    corrects: str | None = None
    """The paper whose credits these restate; only then may one of them be below zero."""
    stated_on: date | None = None
    """The paper's own day, where its year is closed and `credited_on` is the first open day."""

    @property
    def body_hash(self) -> bytes:
        """Hash the content; the order of the credits does not matter."""
        rows = [f"{c.person_id},{c.fund},{c.amount_fen}" for c in sorted(self.credits)]
        head = f"{self.id},{self.kind},{self.period},{self.stated_on or self.credited_on}"
        if self.corrects is not None:
            head += f",{self.corrects}"
        return hashlib.sha256("\n".join([head, *rows]).encode()).digest()

    def totals(self) -> dict[str, tuple[int, int]]:
        """Sum the credits: fund → (people, fen)."""
        sums: dict[str, tuple[int, int]] = {}
        for credit in self.credits:
            people, total_fen = sums.get(credit.fund, (0, 0))
            sums[credit.fund] = (people + 1, total_fen + credit.amount_fen)
        return sums


def bill_key(bill: str) -> int:
    """Compute the shard key of a bill's batch row."""
    return key_of("personal_batch", bill)


@dataclass(frozen=True, slots=True, kw_only=True)
class BroughtMonths:
    """The months of a year that were paid in another city, by the letter that brought them."""

    fund: str
    paper: str
    year: int
    months: int
    base_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBalance:
    """The balance of a person's account of a fund, and what each paper and the pensions have taken."""

    person_id: int
    fund: str
    balance_fen: int
    taken_fen: Mapping[str, int]
    pensions_fen: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectionRule:
    """The yearly injection of retirees by age and status."""

    fund: str
    standing: RetireeStatus
    age_from: int
    age_to: int
    yearly_fen: int
    in_force_from: date
    in_force_to: date | None
    source: str


class Retiree(NamedTuple):
    """A person with the first day of the month of birth and the retiree's status."""

    person_id: int
    born: date
    standing: RetireeStatus


def age_on(born: date, day: date) -> int:
    """Count the full years of age on a day."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def injection(rules: Iterable[InjectionRule], retiree: Retiree, on: date) -> int | None:
    """Compute a month's injection in fen: a twelfth of the year's, half up; None without a rule."""
    age = age_on(retiree.born, on)
    for rule in in_force(list(rules), on):
        if rule.standing is retiree.standing and rule.age_from <= age <= rule.age_to:
            return scale(rule.yearly_fen, 1, 12)
    return None


def interest(opening_fen: int, credits: Sequence[tuple[int, int]], rate_ppm: int) -> int:
    """Compute a year's interest, half up, rounded once.

    The opening balance bears it for twelve months, a credit for the months after its own.

    Args:
        opening_fen: balance at the beginning of the year.
        credits: (month 1 … 12, fen).
        rate_ppm: the year's rate.
    """
    weighted_fen = 12 * opening_fen + sum((12 - month) * fen for month, fen in credits)
    return scale(weighted_fen, rate_ppm, 12 * PPM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A year's rate of a fund with its document; in force once another person has approved it."""

    id: UUID
    fund: str
    year: int
    rate_ppm: int
    source: str
    certainty: str
    recorded_by: str
    approved_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class YearRun:
    """Totals of a closed year."""

    fund: str
    year: int
    rate_ppm: int
    people: int
    opening_fen: int
    credited_fen: int
    interest_fen: int
    closing_fen: int
    run_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FundControl:
    """General ledger against personal accounts of one fund, up to a day.

    `ledger_fen` is 社会保险费收入—个人账户 of all years; `credited_fen` what bills settled in full
    brought to persons. What lies between is of bills that are not settled in full. `pensions_fen` is
    what accounts gave to pensions, a part of the fund's 基本养老金 `pension_expense_fen`.
    """

    fund: str
    ledger_fen: int
    credited_fen: int
    pensions_fen: int = 0
    pension_expense_fen: int = 0

    @property
    def uncredited_fen(self) -> int:
        """Compute what was received and is not credited to a person yet."""
        return self.ledger_fen - self.credited_fen

    @property
    def holds(self) -> bool:
        """Tell whether persons have at most what the fund received for them, and their accounts gave
        at most the pensions that it paid."""
        return self.uncredited_fen >= 0 and self.pensions_fen <= self.pension_expense_fen
