"""Shapes of budgets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import Field

from services.ledger.settlement.domain.budget import Budget
from shared.ids import uuid7
from shared.schema import Code, In, NonNegativeYuan, Out, ShortText, YuanOut
from shared.wire.ledger import AccountKey

Year = Annotated[int, Field(ge=1990, le=2100, examples=[2021])]


class BudgetRowIn(In):
    """The budget of one benefit account for a year."""

    fund: Code = Field(examples=["pension"])
    account: AccountKey = Field(examples=["benefit.basic_pension"])
    year: Year
    amount: NonNegativeYuan = Field(examples=["12000000.00"])


class BudgetIn(In):
    """Budget rows of one document; a row replaces the earlier one of its fund, account and year."""

    source: ShortText = Field(description="预算批复文件 (the document that approved it)")
    rows: list[BudgetRowIn] = Field(min_length=1, max_length=500)

    def budgets(self, recorded_by: str) -> list[Budget]:
        """Return the budget rows."""
        return [
            Budget(
                id=uuid7(),
                fund=row.fund,
                account=row.account,
                year=row.year,
                amount_fen=row.amount,
                source=self.source,
                recorded_by=recorded_by,
            )
            for row in self.rows
        ]


class BudgetRowOut(Out):
    """A budget row and what posted spending plans have used of it."""

    fund: str
    account: str
    year: int
    amount: YuanOut
    funded: YuanOut
    left: YuanOut
    source: str
    recorded_by: str

    @classmethod
    def of(cls, row: Budget, funded_fen: int) -> BudgetRowOut:
        """Answer a budget row."""
        return cls(
            fund=row.fund,
            account=row.account,
            year=row.year,
            amount=row.amount_fen,
            funded=funded_fen,
            left=row.amount_fen - funded_fen,
            source=row.source,
            recorded_by=row.recorded_by,
        )


class BudgetsOut(Out):
    """The budget of a year."""

    year: int
    items: list[BudgetRowOut]

    @classmethod
    def of(
        cls, year: int, rows: Sequence[Budget], funded: Mapping[tuple[str, str], int]
    ) -> BudgetsOut:
        """Answer the budget of a year, with (fund, account) → fen funded from it."""
        items = [BudgetRowOut.of(row, funded.get((row.fund, row.account), 0)) for row in rows]
        return cls(year=year, items=items)


class RecordedRowsOut(Out):
    """The number of recorded rows."""

    recorded: int
