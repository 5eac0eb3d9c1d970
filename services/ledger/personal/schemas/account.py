"""Shapes of balances, statements and control totals of personal accounts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pydantic import Field

from services.ledger.personal.domain import (
    BroughtMonths,
    CreditKind,
    FundControl,
    HeldBalance,
)
from services.ledger.personal.flows import AccountYear
from services.ledger.personal.schemas.movement import person_id
from shared.schema import (
    Out,
    YuanOut,
)


class TakenOut(Out):
    """The amount that a paper has taken from an account."""

    paper: str
    amount: YuanOut


class PersonalBalanceOut(Out):
    """The balance of an account over all days, and what papers and pensions have taken from it."""

    person: str
    fund: str
    balance: YuanOut
    taken: list[TakenOut]
    pensions: YuanOut = Field(description="已支付养老金 (pensions paid from the account)")


class PersonalBalancesOut(Out):
    """Balances of persons by fund; an account that never held anything is left out."""

    items: list[PersonalBalanceOut]

    @classmethod
    def of(cls, people: Sequence[str], found: Sequence[HeldBalance]) -> PersonalBalancesOut:
        """Build it, each under the reference it was asked by."""
        named = {person_id(person): person for person in people}
        return cls(
            items=[
                PersonalBalanceOut(
                    person=named[one.person_id],
                    fund=one.fund,
                    balance=one.balance_fen,
                    taken=[TakenOut(paper=p, amount=fen) for p, fen in one.taken_fen.items()],
                    pensions=one.pensions_fen,
                )
                for one in found
            ]
        )


class PersonalYearOut(Out):
    """One year of a person's account."""

    fund: str
    year: int
    opening: YuanOut
    contribution: YuanOut
    injection: YuanOut
    transfer_in: YuanOut
    transfer_out: YuanOut
    withdrawal: YuanOut = Field(description="退还、继承 (paid to the person or the heirs)")
    pension: YuanOut = Field(description="支付养老金 (pensions paid from the account)")
    interest: YuanOut
    closing: YuanOut
    is_closed: bool = Field(description="已结息 (interest has been credited)")


class BroughtMonthsOut(Out):
    """Months of a year paid in another city."""

    fund: str
    paper: str = Field(
        description="转出地、联系函号、基金、补转次数 (city, letter, fund, supplement)"
    )
    year: int
    months: int
    base_total: YuanOut = Field(description="各月基数之和 (sum of the months' bases)")


class StatementOut(Out):
    """对账单 · Statement of a person's years, ten by default."""

    person: str
    from_year: int
    to_year: int
    merged_into: str | None = Field(description="已并入 (the person whose account it is now)")
    items: list[PersonalYearOut]
    brought: list[BroughtMonthsOut] = Field(
        description="转入的外地缴费年月 (years that came along with transfers)"
    )

    @classmethod
    def of(
        cls,
        person: str,
        span: tuple[int, int],
        years: Sequence[AccountYear],
        brought: Sequence[BroughtMonths],
        survivor: str | None,
    ) -> StatementOut:
        """Build it from a person's years."""
        items = [
            PersonalYearOut(
                fund=one.fund,
                year=one.year,
                opening=one.opening_fen,
                contribution=one.by_kind.get(CreditKind.CONTRIBUTION, 0),
                injection=one.by_kind.get(CreditKind.INJECTION, 0),
                transfer_in=one.by_kind.get(CreditKind.TRANSFER_IN, 0),
                transfer_out=one.by_kind.get(CreditKind.TRANSFER_OUT, 0),
                withdrawal=one.by_kind.get(CreditKind.WITHDRAWAL, 0),
                pension=one.by_kind.get(CreditKind.PENSION, 0),
                interest=one.interest_fen,
                closing=one.closing_fen,
                is_closed=one.is_closed,
            )
            for one in years
        ]
        return cls(
            person=person,
            from_year=span[0],
            to_year=span[1],
            merged_into=survivor,
            items=items,
            brought=[
                BroughtMonthsOut(
                    fund=one.fund,
                    paper=one.paper,
                    year=one.year,
                    months=one.months,
                    base_total=one.base_fen,
                )
                for one in brought
            ],
        )


class ControlOut(Out):
    """General ledger against personal accounts of one fund."""

    fund: str
    ledger: YuanOut = Field(description="总账:社会保险费收入—个人账户")
    credited: YuanOut = Field(description="个人账户:足额到账缴费单已划入")
    uncredited: YuanOut = Field(description="已到账、缴费单尚未足额 (of bills not settled in full)")
    pensions: YuanOut = Field(description="个人账户已支付养老金 (pensions that accounts gave)")
    pension_expense: YuanOut = Field(
        description="总账:基本养老金支出 (pensions that the fund paid)"
    )
    holds: bool


class ControlsOut(Out):
    """总分核对 · Control totals of every fund up to a day. `totals_tie` is null unless every credit was
    added up."""

    as_of: date
    holds: bool
    totals_tie: bool | None
    items: list[ControlOut]

    @classmethod
    def of(cls, as_of: date, found: Sequence[FundControl], differing: int | None) -> ControlsOut:
        """Build it from the control totals of every fund."""
        return cls(
            as_of=as_of,
            holds=all(one.holds for one in found) and not differing,
            totals_tie=None if differing is None else differing == 0,
            items=[
                ControlOut(
                    fund=one.fund,
                    ledger=one.ledger_fen,
                    credited=one.credited_fen,
                    uncredited=one.uncredited_fen,
                    pensions=one.pensions_fen,
                    pension_expense=one.pension_expense_fen,
                    holds=one.holds,
                )
                for one in found
            ],
        )
