"""Late fee (滞纳金) and back-payment interest (利息): what a day of lateness costs. Pure, explained.

They are two charges, not one: the fee presses the unit to pay, the interest makes the fund whole.
Both are principal × days × rate. A debt that spans a change of the rate is computed piecewise, each
day at the rate of that day (0.2 % a day until 2011-06-30, 0.05 % from then on, by dated rows).

Amounts are exact until they are rounded once, half up to the fen (公开文本:四舍五入到分). To stay
whole they are counted in parts: one fen is `PARTS` of them, so that a rate per day and a yearly rate
over 360 or 365 days divide without a rest.

A cap (上限) stops the growth on the days on which it is in force; what had accrued before its first
day stays, because a law does not take back what was owed before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Final

from shared.effective import in_force
from shared.money import HALF_UP_FEN, PPM, Rounding, scale
from shared.period import Period

YEAR_PARTS: Final = 360 * 365
PARTS: Final = PPM * YEAR_PARTS
"""Parts of one fen."""
DAY: Final = timedelta(days=1)
ROUNDING: Final = HALF_UP_FEN


class ChargeKind(StrEnum):
    """What is charged."""

    LATE_FEE = "late_fee"
    INTEREST = "interest"


class StartRule(StrEnum):
    """The first day that counts; never before the day after the due day."""

    DAY_AFTER_DUE = "day_after_due"
    SECOND_MONTH_AFTER_SETTLEMENT = "second_month_after_settlement"
    NEXT_YEAR = "next_year"  # the first of January after the period: interest on cross-year debts


class EndRule(StrEnum):
    """The last day that counts."""

    DAY_PAID = "day_paid"
    DAY_BEFORE_PAID = "day_before_paid"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeRate:
    """A dated row: `rate_ppm` for every `per_days` days (1: a daily rate; 360, 365: a yearly one)."""

    id: str
    kind: ChargeKind
    in_force_from: date
    in_force_to: date | None
    rate_ppm: int
    per_days: int
    start: StartRule
    end: EndRule
    source: str

    @property
    def day_parts(self) -> int:
        """Parts that one fen costs in one day."""
        return self.rate_ppm * (YEAR_PARTS // self.per_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """A dated bound of the late fee of one bill line: a share of its principal, an amount, or both."""

    id: str
    in_force_from: date
    in_force_to: date | None
    share_ppm: int | None
    amount_fen: int | None
    source: str

    def parts(self, principal_fen: int, already_parts: int) -> int:
        """How far the charge on a principal may grow when `already_parts` of its line are fixed."""
        bounds = []
        if self.share_ppm is not None:
            bounds.append(principal_fen * self.share_ppm * YEAR_PARTS)
        if self.amount_fen is not None:
            bounds.append(max(0, self.amount_fen * PARTS - already_parts))
        return min(bounds)


@dataclass(frozen=True, slots=True)
class Timetable:
    """The rows that speak of a debt, at most one rate a kind and day."""

    rates: tuple[ChargeRate, ...]
    caps: tuple[Cap, ...]

    def of(self, kind: ChargeKind) -> list[ChargeRate]:
        """The rates of one kind."""
        return [row for row in self.rates if row.kind is kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class Debt:
    """When something was owed: its period, its due day, its settlement day (结算日)."""

    period: Period
    due_on: date
    settlement_on: date


@dataclass(frozen=True, slots=True)
class Span:
    """Days from … to, both inclusive."""

    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True, kw_only=True)
class AccrualPiece:
    """A stretch of days under one rule; `cap` names the cap that cut it short."""

    rule: str
    source: str
    first: date
    last: date
    rate_ppm: int
    per_days: int
    parts: int
    cap: str | None

    @property
    def days(self) -> int:
        """How many days count."""
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Accrual:
    """What a principal costs until a day, and why."""

    kind: ChargeKind
    principal_fen: int
    pieces: tuple[AccrualPiece, ...]

    @property
    def parts(self) -> int:
        """The exact product, after caps."""
        return sum(piece.parts for piece in self.pieces)

    @property
    def amount_fen(self) -> int:
        """The product rounded."""
        return rounded(self.parts)

    @property
    def days(self) -> int:
        """Days that count."""
        return sum(piece.days for piece in self.pieces)

    @property
    def cap(self) -> str | None:
        """The last cap that was hit."""
        return next((piece.cap for piece in reversed(self.pieces) if piece.cap), None)


def rounded(parts: int, rounding: Rounding = ROUNDING) -> int:
    """Parts as fen."""
    return scale(parts, 1, PARTS, rounding)


def product_text(parts: int) -> str:
    """The exact product in yuan, for the explanation: "150.00", "3.141593…" when it has no end."""
    micro, rest = divmod(parts * 10_000, PARTS)
    digits = f"{Decimal(micro).scaleb(-6):f}".rstrip("0")
    whole, _, part = digits.partition(".")
    return f"{whole}.{part.ljust(2, '0')}" + ("…" if rest else "")


def first_day(rule: ChargeRate, debt: Debt) -> date:
    """The first day that a rule counts for a debt."""
    after_due = debt.due_on + DAY
    match rule.start:
        case StartRule.DAY_AFTER_DUE:
            return after_due
        case StartRule.SECOND_MONTH_AFTER_SETTLEMENT:
            return max(after_due, Period.of(debt.settlement_on).plus(2).first_day)
        case StartRule.NEXT_YEAR:
            return max(after_due, date(debt.period.year + 1, 1, 1))


def accrue(
    kind: ChargeKind,
    principal_fen: int,
    debt: Debt,
    until: date,
    table: Timetable,
    *,
    free: Sequence[Span] = (),
    already_parts: int = 0,
) -> Accrual | None:
    """What `principal_fen`, paid on the day `until`, is charged; None when no rule asks anything.

    The start rule is that of the day on which the debt fell due, the end rule that of the day of
    payment. Days in `free` do not count. `already_parts` of the same line are fixed before.
    """
    rates = table.of(kind)
    if not rates or principal_fen <= 0:
        return None
    first = first_day(_rule_of(rates, debt.due_on), debt)
    last = until if _end_of(rates, until) is EndRule.DAY_PAID else until - DAY
    caps = table.caps if kind is ChargeKind.LATE_FEE else ()
    pieces, grown = [], 0
    for start, end in _stretches(first, last, [*rates, *caps], free):
        rule = next(iter(in_force(rates, start)), None)
        if rule is None or any(start in span for span in free):
            continue
        wanted = grown + principal_fen * rule.day_parts * ((end - start).days + 1)
        bounds = [
            (cap.parts(principal_fen, already_parts), cap.id) for cap in in_force(caps, start)
        ]
        bound, cap = min(bounds, default=(wanted, None))
        reached = max(grown, min(wanted, bound))
        pieces.append(
            AccrualPiece(
                rule=rule.id,
                source=rule.source,
                first=start,
                last=end,
                rate_ppm=rule.rate_ppm,
                per_days=rule.per_days,
                parts=reached - grown,
                cap=cap if reached < wanted else None,
            )
        )
        grown = reached
    return Accrual(kind=kind, principal_fen=principal_fen, pieces=tuple(pieces)) if pieces else None


def _rule_of(rates: Sequence[ChargeRate], due_on: date) -> ChargeRate:
    """The row of the due day, or the first that came later, or the last that there was."""
    on_day = in_force(rates, due_on)
    later = sorted((row for row in rates if row.in_force_from > due_on), key=_from)
    return (on_day or later or sorted(rates, key=_from)[-1:])[0]


def _end_of(rates: Sequence[ChargeRate], day: date) -> EndRule:
    """The end rule of a day: of its row, or of the last row before it."""
    before = sorted((row for row in rates if row.in_force_from <= day), key=_from)
    return before[-1].end if before else EndRule.DAY_PAID


def _from(row: ChargeRate | Cap) -> date:
    return row.in_force_from


def _stretches(
    first: date, last: date, rows: Iterable[ChargeRate | Cap], free: Sequence[Span]
) -> Iterator[tuple[date, date]]:
    """The days from first to last, cut wherever a row or a span begins or ends."""
    if last < first:
        return
    cuts = {first, last + DAY}
    for row in rows:
        cuts.add(row.in_force_from)
        if row.in_force_to is not None:
            cuts.add(row.in_force_to + DAY)
    for span in free:
        cuts |= {span.first, span.last + DAY}
    for start, after in pairwise(sorted(cut for cut in cuts if first <= cut <= last + DAY)):
        yield start, after - DAY
