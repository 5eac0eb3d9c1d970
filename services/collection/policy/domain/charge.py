"""Late fees (滞纳金) and interest on back payments (利息), calculated and explained.

They are two separate charges: the fee presses the unit to pay, the interest compensates the fund.
Both are principal × days × rate. If the rate changes while a debt is open, each day is charged at
the rate of that day (0.2 % a day until 2011-06-30, 0.05 % from then on, as dated rows).

An amount is exact until it is rounded once, half up to the fen (公开文本:四舍五入到分). Exact amounts are
counted in parts of a fen, `PARTS` to one fen, so that daily rates and yearly rates over 360 or 365
days divide without remainder.

A cap (上限) stops the growth on the days on which it is in force. What accrued before its first day
stays, because a law does not take back what was owed before it.
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
"""The number of parts in one fen."""
DAY: Final = timedelta(days=1)
ROUNDING: Final = HALF_UP_FEN


class ChargeKind(StrEnum):
    """The kinds of late charges."""

    LATE_FEE = "late_fee"
    INTEREST = "interest"


class StartRule(StrEnum):
    """The rule for the first chargeable day, which is never before the day after the due day."""

    DAY_AFTER_DUE = "day_after_due"
    SECOND_MONTH_AFTER_SETTLEMENT = "second_month_after_settlement"
    NEXT_YEAR = "next_year"  # the first of January after the period: interest on cross-year debts


class EndRule(StrEnum):
    """The rule for the last chargeable day."""

    DAY_PAID = "day_paid"
    DAY_BEFORE_PAID = "day_before_paid"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeRate:
    """A dated rate: `rate_ppm` for every `per_days` days (1: daily; 360 or 365: yearly)."""

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
        """Return the parts of a fen that one fen of principal costs a day."""
        return self.rate_ppm * (YEAR_PARTS // self.per_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """A dated limit on the late fee of one bill line: a share of its principal, an amount, or
    both."""

    id: str
    in_force_from: date
    in_force_to: date | None
    share_ppm: int | None
    amount_fen: int | None
    source: str

    def parts(self, principal_fen: int, already_parts: int) -> int:
        """Return how far the charge on a principal may grow if the line has `already_parts`
        already."""
        bounds = []
        if self.share_ppm is not None:
            bounds.append(principal_fen * self.share_ppm * YEAR_PARTS)
        if self.amount_fen is not None:
            bounds.append(max(0, self.amount_fen * PARTS - already_parts))
        return min(bounds)


@dataclass(frozen=True, slots=True)
class Timetable:
    """The dated rates and caps that apply to a debt; at most one rate for each kind and day."""

    rates: tuple[ChargeRate, ...]
    caps: tuple[Cap, ...]

    def of(self, kind: ChargeKind) -> list[ChargeRate]:
        """Return the rates of one kind."""
        return [row for row in self.rates if row.kind is kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class Debt:
    """The period, due day and settlement day (结算日) of a debt."""

    period: Period
    due_on: date
    settlement_on: date


@dataclass(frozen=True, slots=True)
class Span:
    """A range of days, both inclusive."""

    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True, kw_only=True)
class AccrualPiece:
    """A range of days under one rate; `cap` names the cap that reduced it."""

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
        """Count the days."""
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Accrual:
    """The charge on a principal up to a day, with the pieces that explain it."""

    kind: ChargeKind
    principal_fen: int
    pieces: tuple[AccrualPiece, ...]

    @property
    def parts(self) -> int:
        """Return the exact amount in parts, after caps."""
        return sum(piece.parts for piece in self.pieces)

    @property
    def amount_fen(self) -> int:
        """Return the amount, rounded to the fen."""
        return rounded(self.parts)

    @property
    def days(self) -> int:
        """Count the chargeable days."""
        return sum(piece.days for piece in self.pieces)

    @property
    def cap(self) -> str | None:
        """Return the last cap that was reached."""
        return next((piece.cap for piece in reversed(self.pieces) if piece.cap), None)


def rounded(parts: int, rounding: Rounding = ROUNDING) -> int:
    """Round parts to fen."""
    return scale(parts, 1, PARTS, rounding)


def product_text(parts: int) -> str:
    """Format the exact amount in yuan: "150.00", or "3.141593…" if it does not end."""
    micro, rest = divmod(parts * 10_000, PARTS)
    digits = f"{Decimal(micro).scaleb(-6):f}".rstrip("0")
    whole, _, part = digits.partition(".")
    return f"{whole}.{part.ljust(2, '0')}" + ("…" if rest else "")


def first_day(rule: ChargeRate, debt: Debt) -> date:
    """Return the first chargeable day of a debt under a rate."""
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
    """Calculate the charge on `principal_fen` paid on the day `until`; None if there is no charge.

    The start rule is that of the day on which the debt fell due, the end rule that of the day of
    payment. Days in `free` are not charged. `already_parts` of the same line were fixed before.
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
    """Return the rate of the due day, else the first later one, else the last one."""
    on_day = in_force(rates, due_on)
    later = sorted((row for row in rates if row.in_force_from > due_on), key=_from)
    return (on_day or later or sorted(rates, key=_from)[-1:])[0]


def _end_of(rates: Sequence[ChargeRate], day: date) -> EndRule:
    """Return the end rule of a day: from its rate, or from the last rate before it."""
    before = sorted((row for row in rates if row.in_force_from <= day), key=_from)
    return before[-1].end if before else EndRule.DAY_PAID


def _from(row: ChargeRate | Cap) -> date:
    return row.in_force_from


def _stretches(
    first: date, last: date, rows: Iterable[ChargeRate | Cap], free: Sequence[Span]
) -> Iterator[tuple[date, date]]:
    """Split the days from first to last wherever a row or a span begins or ends."""
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
