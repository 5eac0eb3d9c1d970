"""Credits (贷项): what a restated month comes to less than was levied, and what it is used on. Pure.

A credit belongs to one insurance, party, account and fund, and lowers only lines of the same: money
never moves between funds, nor between the staff's share and the unit's. It lowers what a unit has not
begun to pay: the bills of the month that was restated first, then the oldest. What finds nothing to
lower stands (待抵), and is used when the unit is billed again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

Key = tuple[int, str, str, str, str]
"""Unit, insurance, party, account, fund."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """A credit, and how much of it was used before (fen)."""

    unit_id: int
    id: UUID
    declaration_id: UUID
    credit_code: str
    district: str
    period: str
    insurance: str
    party: str
    account: str
    fund: str
    amount_fen: int
    used_fen: int
    granted_on: date

    @property
    def key(self) -> Key:
        """What it may be used on."""
        return self.unit_id, self.insurance, self.party, self.account, self.fund

    @property
    def left_fen(self) -> int:
        """What stands of it."""
        return self.amount_fen - self.used_fen


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditableLine:
    """A line of a bill that nobody has paid into and that is not being debited (fen)."""

    unit_id: int
    bill_id: UUID
    line_no: int
    district: str
    period: str
    issued_on: date
    insurance: str
    party: str
    account: str
    fund: str
    amount_fen: int

    @property
    def key(self) -> Key:
        """Which credits may lower it."""
        return self.unit_id, self.insurance, self.party, self.account, self.fund


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditUse:
    """So much of a credit lowers a line."""

    credit: Credit
    line: CreditableLine
    amount_fen: int


def use_credits(credits: Iterable[Credit], lines: Iterable[CreditableLine]) -> list[CreditUse]:
    """Use credits, the oldest month's first, on lines: each fen of either at most once."""
    open_lines: dict[Key, list[CreditableLine]] = defaultdict(list)
    for line in lines:
        open_lines[line.key].append(line)
    left = {
        (line.bill_id, line.line_no): line.amount_fen for of in open_lines.values() for line in of
    }
    uses = []
    for credit in sorted(credits, key=lambda one: (one.period, one.granted_on, one.id)):
        rest_fen = credit.left_fen
        for line in _in_turn(credit, open_lines.get(credit.key, ())):
            taken_fen = min(rest_fen, left[line.bill_id, line.line_no])
            if taken_fen:
                left[line.bill_id, line.line_no] -= taken_fen
                rest_fen -= taken_fen
                uses.append(CreditUse(credit=credit, line=line, amount_fen=taken_fen))
    return uses


def _in_turn(credit: Credit, lines: Sequence[CreditableLine]) -> list[CreditableLine]:
    """The restated month's own bills first, then the oldest."""
    return sorted(
        lines,
        key=lambda line: (line.period != credit.period, line.period, line.issued_on, line.bill_id),
    )


def used_by_credit(uses: Iterable[CreditUse]) -> dict[UUID, int]:
    """How much is used of each credit."""
    sums: dict[UUID, int] = defaultdict(int)
    for one in uses:
        sums[one.credit.id] += one.amount_fen
    return dict(sums)


def lowered_by_bill(uses: Iterable[CreditUse]) -> dict[UUID, dict[int, int]]:
    """By how much each line of each bill is lowered: bill → line → fen."""
    sums: dict[UUID, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for one in uses:
        sums[one.line.bill_id][one.line.line_no] += one.amount_fen
    return {bill_id: dict(lines) for bill_id, lines in sums.items()}
