"""The bank balance adjustment table (银行存款余额调节表) of one account. Pure.

Book balance plus what only the bank has equals bank balance plus what only the books have. A
difference that its rows do not explain is shown, with the difference of the opening balances.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class AdjustmentSide(StrEnum):
    """The four lists of the table."""

    BANK_RECEIVED = "bank_received"
    BANK_PAID = "bank_paid"
    BOOK_RECEIVED = "book_received"
    BOOK_PAID = "book_paid"

    @property
    def chinese(self) -> str:
        """The heading on the printed table."""
        return {
            AdjustmentSide.BANK_RECEIVED: "加:银行已收、账簿未收",
            AdjustmentSide.BANK_PAID: "减:银行已付、账簿未付",
            AdjustmentSide.BOOK_RECEIVED: "加:账簿已收、银行未收",
            AdjustmentSide.BOOK_PAID: "减:账簿已付、银行未付",
        }[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentLine:
    """One difference between bank and books (fen), and how its item stands."""

    subject: str
    kind: str
    day: date
    statement_fen: int
    book_fen: int
    status: str | None
    owner: str | None
    reason: str | None

    @property
    def fen(self) -> int:
        """The amount that one side lacks: what the bank has more, or the whole of the books' entry."""
        return self.book_fen if self.statement_fen == 0 else self.statement_fen - self.book_fen

    @property
    def side(self) -> AdjustmentSide:
        """The list that it belongs to."""
        if self.statement_fen == 0:
            return AdjustmentSide.BOOK_RECEIVED if self.fen > 0 else AdjustmentSide.BOOK_PAID
        return AdjustmentSide.BANK_RECEIVED if self.fen > 0 else AdjustmentSide.BANK_PAID


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentTable:
    """Both balances of an account at the end of a day, and what one side lacks."""

    account: str
    as_of: date
    statement_day: date
    bank_fen: int
    book_fen: int
    lines: Sequence[AdjustmentLine]

    def of_side(self, side: AdjustmentSide) -> list[AdjustmentLine]:
        """Return the lines of one list."""
        return [line for line in self.lines if line.side is side]

    def total(self, side: AdjustmentSide) -> int:
        """Add up one list, in fen."""
        return sum(line.fen for line in self.of_side(side))

    @property
    def adjusted_book_fen(self) -> int:
        """The book balance with what only the bank has."""
        return (
            self.book_fen
            + self.total(AdjustmentSide.BANK_RECEIVED)
            + self.total(AdjustmentSide.BANK_PAID)
        )

    @property
    def adjusted_bank_fen(self) -> int:
        """The bank balance with what only the books have."""
        return (
            self.bank_fen
            + self.total(AdjustmentSide.BOOK_RECEIVED)
            + self.total(AdjustmentSide.BOOK_PAID)
        )

    @property
    def difference_fen(self) -> int:
        """The difference that the lines do not explain."""
        return self.adjusted_book_fen - self.adjusted_bank_fen
