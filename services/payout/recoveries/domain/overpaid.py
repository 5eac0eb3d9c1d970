"""Overpaid months (多付月份): what was paid of a person's month beyond what is due of it.

What is overpaid follows from the facts as they are known now, so facts may become known in any
order. Open cases cover it: where it grew, a new case covers the rest; where it shrank, because a
month became due again, the newest cases shrink.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shared.ids import Ref
from shared.period import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidPart:
    """A part of a month that a run paid, and the claim line that paid it.

    `amount_fen` is what it adds to the month. `cash_fen` of it is for the bank; the rest was kept
    for an earlier debt. The bank has paid `paid_fen`, a part of it where a batch held something back.
    `paid_year` is the year in which the books have the payment; None while the bank has not paid.
    """

    part: int
    claim: Ref
    line_no: int
    district: str
    fund: str
    account: str
    amount_fen: int
    cash_fen: int
    paid_fen: int
    paid_year: int | None
    filed_year: int

    @property
    def settled_fen(self) -> int:
        """The amount that the person has of it: the money, and the debt that it settled."""
        return self.amount_fen - self.cash_fen + self.paid_fen


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCover:
    """The amount of a month that a line of an open case still covers: `covered_fen`."""

    case: Ref
    line_no: int
    amount_fen: int
    covered_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthBalance:
    """A person's month: what is due, its parts, what was given back, and the open cases."""

    key: int
    blind: bytes
    period: Period
    due_fen: int
    recovered_fen: int
    parts: Sequence[PaidPart]
    covers: Sequence[CaseCover]

    @property
    def overpaid_fen(self) -> int:
        """The amount that the person has beyond what is due."""
        settled_fen = sum(part.settled_fen for part in self.parts)
        return max(0, settled_fen - self.recovered_fen - self.due_fen)

    @property
    def covered_fen(self) -> int:
        """The amount that cases cover of it."""
        return sum(cover.covered_fen for cover in self.covers)


@dataclass(frozen=True, slots=True, kw_only=True)
class OverpaidPart:
    """A part of a month that no case covers yet."""

    key: int
    blind: bytes
    period: Period
    part: PaidPart
    amount_fen: int


def uncovered_parts(months: Iterable[MonthBalance]) -> list[OverpaidPart]:
    """List what no case covers, from the latest part of each month back.

    What was given back, or is covered, was taken from the latest parts too.
    """
    found = []
    for month in months:
        taken_fen = month.recovered_fen + month.covered_fen
        wanted_fen = month.overpaid_fen - month.covered_fen
        for part in sorted(month.parts, key=lambda one: one.part, reverse=True):
            if wanted_fen <= 0:
                break
            skipped_fen = min(taken_fen, part.settled_fen)
            taken_fen -= skipped_fen
            amount_fen = min(wanted_fen, part.settled_fen - skipped_fen)
            if amount_fen:
                wanted_fen -= amount_fen
                found.append(
                    OverpaidPart(
                        key=month.key,
                        blind=month.blind,
                        period=month.period,
                        part=part,
                        amount_fen=amount_fen,
                    )
                )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class LowerLine:
    """A line of a case that covers less from now on: `by_fen` less."""

    case: Ref
    line_no: int
    by_fen: int


def lower_lines(months: Iterable[MonthBalance]) -> list[LowerLine]:
    """List the lines of open cases that cover more than is overpaid, the newest case first."""
    lowered = []
    for month in months:
        surplus_fen = month.covered_fen - month.overpaid_fen
        newest_first = sorted(
            month.covers, key=lambda cover: (cover.case.id, cover.line_no), reverse=True
        )
        for cover in newest_first:
            by_fen = min(max(0, surplus_fen), cover.covered_fen)
            if by_fen:
                surplus_fen -= by_fen
                lowered.append(LowerLine(case=cover.case, line_no=cover.line_no, by_fen=by_fen))
    return lowered
