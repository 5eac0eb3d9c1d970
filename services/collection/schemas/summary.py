"""Shapes of district summaries."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import Field

from services.collection.flows.summary import REF
from services.collection.schemas.common import Day
from services.collection.store.summary import Control, SummaryRow
from shared.ids import Ref
from shared.schema import Code, In, NonNegativeYuan, Out, PeriodField, YuanOut


class SummaryIn(In):
    """Which district's reviewed declarations of which period are sent."""

    district: Code = Field(examples=["heping"])
    period: PeriodField


class ControlIn(In):
    """The auditor's own totals."""

    declarations: int = Field(ge=0, le=10**9)
    people: int = Field(ge=0, le=10**12)
    total: NonNegativeYuan
    funds: dict[Code, NonNegativeYuan] = Field(
        max_length=40, examples=[{"pension": "1234.56", "medical": "789.00"}]
    )

    def control(self) -> Control:
        """As the flow takes it."""
        return Control(
            declarations=self.declarations,
            people=self.people,
            total_fen=self.total,
            funds=dict(self.funds),
        )


class AuditIn(In):
    """The audit of a summary: totals that tie, and the day of the bills (today at the latest)."""

    control: ControlIn
    bill_date: Day


class ControlOut(Out):
    """A summary's totals."""

    declarations: int
    people: int
    total: YuanOut
    funds: dict[str, YuanOut]


class SummaryOut(Out):
    """A district's summary."""

    id: str = Field(examples=["sum_…"])
    district: str
    period: str
    status: str = Field(examples=["sent", "audited", "billed"])
    control: ControlOut
    bill_date: date | None
    sent_at: datetime | None

    @classmethod
    def of(cls, row: SummaryRow) -> SummaryOut:
        """As it is answered."""
        members: dict[str, Any] = {
            "declarations": row.declarations,
            "people": row.people,
            "total": row.total_fen,
            "funds": row.funds,
        }
        return cls(
            id=Ref(row.district_key, row.id).text(REF),
            district=row.district,
            period=row.period,
            status=row.status,
            control=ControlOut(**members),
            bill_date=row.bill_date,
            sent_at=row.sent_at,
        )


class SummaryPageOut(Out):
    """Summaries, in the order of their keys."""

    items: list[SummaryOut]
    next_cursor: str | None
    has_more: bool
