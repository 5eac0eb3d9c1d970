"""Shapes of budgets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from pydantic import Field

from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.settlement.domain.budget import Budget, BudgetPaper
from services.ledger.settlement.flows.budget import YearBudget
from shared.ids import Ref, uuid7
from shared.references import Reference
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
    """Budget rows of one document; once approved, a row replaces the earlier one of its fund, account
    and year."""

    source: ShortText = Field(description="预算批复文件 (the document that approved it)")
    rows: list[BudgetRowIn] = Field(min_length=1, max_length=500)

    def budgets(self, recorded_by: str) -> list[Budget]:
        """Return the rows of a new paper."""
        paper = uuid7()
        return [
            Budget(
                id=uuid7(),
                paper=paper,
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
    paper: str = Field(examples=[Reference.BUDGET.example])
    recorded_by: str
    approved_by: str | None

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
            paper=paper_text(row.paper),
            recorded_by=row.recorded_by,
            approved_by=row.approved_by,
        )


class BudgetsOut(Out):
    """The budget of a year: the rows in force, and those that wait for approval."""

    year: int
    items: list[BudgetRowOut]
    proposed: list[BudgetRowOut]

    @classmethod
    def of(cls, year: int, found: YearBudget) -> BudgetsOut:
        """Answer the budget of a year."""

        def shown(rows: Sequence[Budget]) -> list[BudgetRowOut]:
            return [
                BudgetRowOut.of(row, found.funded.get((row.fund, row.account), 0)) for row in rows
            ]

        return cls(year=year, items=shown(found.rows), proposed=shown(found.proposed))


class BudgetPaperOut(Out):
    """A document with budget rows, in force once `approved_by` is set."""

    id: str = Field(examples=[Reference.BUDGET.example])
    source: str
    recorded: int = Field(description="行数 (number of rows)")
    recorded_by: str
    approved_by: str | None

    @classmethod
    def of(cls, paper: BudgetPaper) -> BudgetPaperOut:
        """Answer a paper."""
        return cls(
            id=paper_text(paper.id),
            source=paper.source,
            recorded=len(paper.rows),
            recorded_by=paper.recorded_by,
            approved_by=paper.approved_by,
        )


def paper_text(id: UUID) -> str:
    """Write the reference of a budget paper."""
    return Ref(CENTRE_SLOT, id).text(Reference.BUDGET)
