"""Rules of credits (贷项): the amount by which a restatement lowers a month, and its use. Pure.

A credit belongs to one insurance, party, account and fund, and lowers only bill lines of the same:
money never moves between funds, nor between the staff's and the unit's share. It lowers lines that
nobody has paid into: first the bills of the restated month, then the oldest. An unused rest (待抵) is
used when the unit is billed again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

Key = tuple[int, str, str, str, str]
"""Unit, insurance, party, account and fund."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """A credit, and how much of it is used, in fen."""

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
        """Return the key of the lines that the credit may lower."""
        return self.unit_id, self.insurance, self.party, self.account, self.fund

    @property
    def left_fen(self) -> int:
        """Unused rest."""
        return self.amount_fen - self.used_fen


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditableLine:
    """A bill line that nobody has paid into and that is in no debit batch."""

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
        """Return the key of the credits that may lower the line."""
        return self.unit_id, self.insurance, self.party, self.account, self.fund


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditUse:
    """An amount of a credit that lowers a line."""

    credit: Credit
    line: CreditableLine
    amount_fen: int


def use_credits(credits: Iterable[Credit], lines: Iterable[CreditableLine]) -> list[CreditUse]:
    """Use credits on lines, the oldest month's credits first. Each fen is used at most once."""
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
    """Sort lines: first the bills of the restated month, then the oldest."""
    return sorted(
        lines,
        key=lambda line: (line.period != credit.period, line.period, line.issued_on, line.bill_id),
    )


def used_by_credit(uses: Iterable[CreditUse]) -> dict[UUID, int]:
    """Sum the used amount of each credit."""
    sums: dict[UUID, int] = defaultdict(int)
    for one in uses:
        sums[one.credit.id] += one.amount_fen
    return dict(sums)


def lowered_by_bill(uses: Iterable[CreditUse]) -> dict[UUID, dict[int, int]]:
    """Sum the amount by which each line is lowered: bill → line → fen."""
    sums: dict[UUID, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for one in uses:
        sums[one.line.bill_id][one.line.line_no] += one.amount_fen
    return {bill_id: dict(lines) for bill_id, lines in sums.items()}
