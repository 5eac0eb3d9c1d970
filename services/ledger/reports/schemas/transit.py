"""Shapes of money in transit."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from services.ledger.reports.domain.transit import InTransit
from services.ledger.reports.flows.transit import TransitReport
from services.ledger.reports.schemas.head import entries_link
from shared.entry import Book
from shared.schema import Out, YuanOut


class InTransitOut(Out):
    """A balance of one fund and district that has not reached the fiscal account."""

    fund: str
    account: str
    district: str
    balance: YuanOut = Field(description="截止日余额 (balance at the cut-off)")
    amount: YuanOut = Field(
        description="该日可划转:该日及以后各日余额之最小者 (what a settlement of that day may move: the"
        " least of the balances of that day and all later days)"
    )
    since: date | None
    days: int | None = Field(description="在途天数 (days since)")
    later: YuanOut = Field(description="归以后结算 (for later settlements)")
    entries: str

    @classmethod
    def of(cls, item: InTransit, cut_off: date) -> InTransitOut:
        """Answer one balance."""
        return cls(
            fund=item.fund,
            account=item.account,
            district=item.district,
            balance=item.balance_fen,
            amount=item.amount_fen,
            since=item.since,
            days=(cut_off - item.since).days if item.since else None,
            later=item.later_fen,
            entries=entries_link(
                item.account,
                item.fund,
                Book.STATUTORY.value,
                (item.since or cut_off, cut_off),
                item.district,
            ),
        )


class MonthEndOut(Out):
    """The income account at a month end: zero, or what was left by fund."""

    day: date
    is_zero: bool
    left: dict[str, YuanOut]


class InTransitsOut(Out):
    """Everything in transit at a cut-off, and the latest month end."""

    region: str
    cut_off: date
    total: YuanOut
    items: list[InTransitOut]
    month_end: MonthEndOut

    @classmethod
    def of(cls, report: TransitReport, *, region: str) -> InTransitsOut:
        """Answer the report."""
        return cls(
            region=region,
            cut_off=report.cut_off,
            total=sum(item.amount_fen for item in report.items),
            items=[InTransitOut.of(item, report.cut_off) for item in report.items],
            month_end=MonthEndOut(
                day=report.month_end, is_zero=not report.left_fen, left=dict(report.left_fen)
            ),
        )
