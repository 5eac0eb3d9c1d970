"""Shapes of a month of the expenditure account."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.reports.schemas.head import entries_link
from services.ledger.settlement.domain.spending import AccountSpending, FundingPart, FundSpending
from shared.entry import Account, Book
from shared.ids import Ref
from shared.period import Period
from shared.references import Reference
from shared.schema import Out, PeriodField, YuanOut


class FundingPartOut(Out):
    """Money that one settlement brought."""

    settlement: str
    day: date
    plan: str | None = Field(description="用款计划 (payout's funding plan)")
    account: str | None
    amount: YuanOut

    @classmethod
    def of(cls, one: FundingPart) -> FundingPartOut:
        """Answer a part."""
        return cls(
            settlement=Ref(CENTRE_SLOT, one.settlement).text(Reference.SETTLEMENT),
            day=one.day,
            plan=one.plan,
            account=one.account,
            amount=one.amount_fen,
        )


class AccountSpendingOut(Out):
    """One benefit account's month, and its budget of the year."""

    account: str | None = Field(description="未列明科目的为空 (null for money that named none)")
    received: YuanOut = Field(description="财政专户拨入 (from the fiscal account)")
    paid: YuanOut
    returned: YuanOut
    budget: YuanOut | None = Field(description="本年预算;该基金无预算的为空 (null without one)")
    year_funded: YuanOut = Field(description="本年已拨 (funded in the whole year)")
    unplanned: YuanOut = Field(description="其中未列明用款计划的 (the part that names no plan)")
    entries: str | None = Field(description="其分录 (path of its entries)")


class FundSpendingOut(Out):
    """One fund's month: opening + received − paid + returned + other = closing."""

    fund: str
    opening: YuanOut
    received: YuanOut
    paid: YuanOut
    returned: YuanOut
    other: YuanOut = Field(description="利息、调剂金、追回、冲销等 (whatever else moved)")
    closing: YuanOut
    held: YuanOut = Field(description="现有预留 (kept by holds now)")
    entries: str
    accounts: list[AccountSpendingOut]
    fundings: list[FundingPartOut]

    @classmethod
    def of(cls, one: FundSpending, month: Period) -> FundSpendingOut:
        """Answer a fund."""
        return cls(
            fund=one.fund,
            opening=one.opening_fen,
            received=one.received_fen,
            paid=one.paid_fen,
            returned=one.returned_fen,
            other=one.other_fen,
            closing=one.closing_fen,
            held=one.held_fen,
            entries=_entries(Account.EXPENDITURE_DEPOSIT, one.fund, month),
            accounts=[_account(account, one.fund, month) for account in one.accounts],
            fundings=[FundingPartOut.of(part) for part in one.fundings],
        )


class SpendingOut(Out):
    """A month of the expenditure account (支出户) by fund and benefit."""

    month: PeriodField
    funds: list[FundSpendingOut]


def _account(one: AccountSpending, fund: str, month: Period) -> AccountSpendingOut:
    return AccountSpendingOut(
        account=one.account,
        received=one.received_fen,
        paid=one.paid_fen,
        returned=one.returned_fen,
        budget=one.budget_fen,
        year_funded=one.year_funded_fen,
        unplanned=one.unplanned_fen,
        entries=None if one.account is None else _entries(one.account, fund, month),
    )


def _entries(account: str, fund: str, month: Period) -> str:
    days = (month.first_day, month.last_day)
    return entries_link(account, fund, Book.STATUTORY.value, days)
