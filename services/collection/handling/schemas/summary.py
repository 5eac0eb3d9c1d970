"""Shapes of district summaries."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from services.collection.common.schemas.common import Day, Note, ReturnCodes
from services.collection.handling.flows.summary_return import SentBack
from services.collection.handling.store.summary import Control, SummaryRow
from services.collection.handling.store.summary_items import ItemRow
from shared.ids import Ref
from shared.references import Reference
from shared.schema import Code, In, Out, PeriodField, Yuan, YuanOut


class SummaryIn(In):
    """Which district's reviewed declarations of which period are sent."""

    district: Code = Field(examples=["heping"])
    period: PeriodField
    sent_on: Day | None = Field(default=None, description="上报日期,默认今日 (today when absent)")


class SummaryControlIn(In):
    """The auditor's own totals."""

    declarations: int = Field(ge=0, le=10**9)
    people: int = Field(ge=0, le=10**12)
    total: Yuan
    funds: dict[Code, Yuan] = Field(
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

    control: SummaryControlIn
    bill_date: Day


class ControlOut(Out):
    """A summary's totals."""

    declarations: int
    people: int
    total: YuanOut
    funds: dict[str, YuanOut]


class SummaryOut(Out):
    """A district's summary."""

    id: str = Field(examples=[Reference.SUMMARY.example])
    district: str
    period: str
    number: int = Field(description="该分中心该所属期的第几份汇总表", examples=[1])
    status: str = Field(examples=["sent", "audited", "billed", "returned"])
    sent_on: date
    cut_off_on: date | None = Field(description="该所属期的汇总截止日")
    late: bool = Field(description="截止日后上报 (sent after the cut-off)")
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
            id=Ref(row.district_key, row.id).text(Reference.SUMMARY),
            district=row.district,
            period=row.period,
            number=row.number,
            status=row.status,
            sent_on=row.sent_on,
            cut_off_on=row.cut_off_on,
            late=row.late,
            control=ControlOut(**members),
            bill_date=row.bill_date,
            sent_at=row.sent_at,
        )


class SummaryPageOut(Out):
    """Summaries, in the order of their keys."""

    items: list[SummaryOut]
    next_cursor: str | None
    has_more: bool


class SummaryReturnIn(In):
    """Why the centre sends a summary back: whole, or these declarations of it."""

    codes: ReturnCodes
    note: Note | None = None
    declarations: (
        Annotated[
            list[Annotated[str, StringConstraints(max_length=80)]],
            Field(min_length=1, max_length=1000),
        ]
        | None
    ) = None


class SummaryReturnOut(Out):
    """How many declarations left the summary, and how it stands now."""

    sent_back: int
    summary: SummaryOut

    @classmethod
    def of(cls, found: SentBack) -> SummaryReturnOut:
        """As it is answered."""
        return cls(sent_back=found.left, summary=SummaryOut.of(found.summary))


class SummaryItemOut(Out):
    """A unit's declaration in a summary."""

    id: str = Field(examples=[Reference.DECLARATION.example])
    credit_code: str
    name: str
    kind: str
    round: int
    status: str
    people: int
    unit: YuanOut
    personal: YuanOut
    total: YuanOut
    funds: dict[str, YuanOut]

    @classmethod
    def of(cls, row: ItemRow) -> SummaryItemOut:
        """As it is listed."""
        return cls(
            id=Ref(row.unit_id, row.id).text(Reference.DECLARATION),
            credit_code=row.credit_code,
            name=row.unit_name,
            kind=row.kind,
            round=row.round,
            status=row.status,
            people=row.people,
            unit=row.unit_fen,
            personal=row.personal_fen,
            total=row.total_fen,
            funds=row.funds,
        )


class SummaryItemPageOut(Out):
    """A summary's declarations, in the order of their keys."""

    items: list[SummaryItemOut]
    next_cursor: str | None
    has_more: bool
