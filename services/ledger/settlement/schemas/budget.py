"""Budgets at the door."""

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
    """A year's budget of one benefit account."""

    fund: Code = Field(examples=["pension"])
    account: AccountKey = Field(examples=["benefit.basic_pension"])
    year: Year
    amount: NonNegativeYuan = Field(examples=["12000000.00"])


class BudgetIn(In):
    """Budget rows of one document; a row replaces the earlier one of its fund, account and year."""

    source: ShortText = Field(description="预算批复文件 (the document that approved it)")
    rows: list[BudgetRowIn] = Field(min_length=1, max_length=500)


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


class BudgetsOut(Out):
    """The budget of a year."""

    year: int
    items: list[BudgetRowOut]


class RecordedOut(Out):
    """How many rows were recorded."""

    recorded: int


def budgets_from(body: BudgetIn, by: str) -> list[Budget]:
    """Budget rows coming in."""
    return [
        Budget(
            id=uuid7(),
            fund=row.fund,
            account=row.account,
            year=row.year,
            amount_fen=row.amount,
            source=body.source,
            recorded_by=by,
        )
        for row in body.rows
    ]


def budgets_out(
    year: int, rows: Sequence[Budget], funded: Mapping[tuple[str, str], int]
) -> BudgetsOut:
    """A year's budget going out."""
    items = []
    for row in rows:
        used_fen = funded.get((row.fund, row.account), 0)
        items.append(
            BudgetRowOut(
                fund=row.fund,
                account=row.account,
                year=row.year,
                amount=row.amount_fen,
                funded=used_fen,
                left=row.amount_fen - used_fen,
                source=row.source,
                recorded_by=row.recorded_by,
            )
        )
    return BudgetsOut(year=year, items=items)
