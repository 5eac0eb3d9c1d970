"""Shapes of plan against actual."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pydantic import Field

from services.payout.funding.domain.report import FundFunding, FundingLine, LedgerFunding
from shared.period import Period
from shared.references import Reference
from shared.schema import Out, PeriodField, YuanOut


class FundingLineOut(Out):
    """One benefit account of a fund: planned, requested, received, paid, returned, left."""

    account: str | None = Field(description="未列明科目的拨款为空 (null: money that named none)")
    budget: YuanOut | None = Field(description="本年预算 (null without one)")
    planned: YuanOut = Field(description="计划,含待批 (proposed plans count)")
    requested: YuanOut = Field(description="已请款 (approved plans)")
    received: YuanOut = Field(description="财政专户拨入 (from the fiscal account)")
    waiting: YuanOut = Field(description="已请未拨 (requested − received)")
    paid: YuanOut
    returned: YuanOut
    left: YuanOut = Field(description="结余 (received − paid + returned)")
    entries: str | None = Field(description="账簿分录 (path of its entries in the ledger)")

    @classmethod
    def of(cls, line: FundingLine) -> FundingLineOut:
        """Build it from a line."""
        actual = line.actual
        return cls(
            account=line.account,
            budget=actual.budget_fen,
            planned=line.planned_fen,
            requested=line.requested_fen,
            received=actual.received_fen,
            waiting=line.waiting_fen,
            paid=actual.paid_fen,
            returned=actual.returned_fen,
            left=line.left_fen,
            entries=actual.entries,
        )


class ReceivedFundingOut(Out):
    """Money that one settlement of the ledger brought."""

    settlement: str = Field(examples=[Reference.SETTLEMENT.example])
    day: date
    plan: str | None = Field(examples=[Reference.FUNDING_PLAN.example])
    account: str | None
    amount: YuanOut

    @classmethod
    def of(cls, one: LedgerFunding) -> ReceivedFundingOut:
        """Build it from the ledger's row."""
        return cls(
            settlement=one.settlement,
            day=date.fromisoformat(one.day),
            plan=one.plan,
            account=one.account,
            amount=one.amount_fen,
        )


class FundFundingOut(Out):
    """One fund's month: opening + received − paid + returned + other = closing, as the ledger has it."""

    fund: str
    opening: YuanOut
    other: YuanOut = Field(description="利息、调剂金、追回等 (whatever else moved)")
    closing: YuanOut
    held: YuanOut = Field(description="账簿现有预留 (kept by holds now)")
    in_batches: YuanOut = Field(description="批次未付 (what payment batches have not paid now)")
    entries: str | None
    lines: list[FundingLineOut]
    fundings: list[ReceivedFundingOut]
    warnings: list[str] = Field(examples=[["PAID_BEYOND_PLAN pension/benefit.basic_pension"]])

    @classmethod
    def of(cls, one: FundFunding) -> FundFundingOut:
        """Build it from a fund."""
        return cls(
            fund=one.fund,
            opening=one.ledger.opening_fen,
            other=one.ledger.other_fen,
            closing=one.ledger.closing_fen,
            held=one.ledger.held_fen,
            in_batches=one.in_batches_fen,
            entries=one.ledger.entries,
            lines=[FundingLineOut.of(line) for line in one.lines],
            fundings=[ReceivedFundingOut.of(part) for part in one.ledger.fundings],
            warnings=one.warnings,
        )


class FundingReportOut(Out):
    """Plan against actual of a month (用款计划执行表)."""

    month: PeriodField
    funds: list[FundFundingOut]

    @classmethod
    def of(cls, month: Period, funds: Sequence[FundFunding]) -> FundingReportOut:
        """Build it from the funds."""
        return cls(month=month, funds=[FundFundingOut.of(one) for one in funds])
