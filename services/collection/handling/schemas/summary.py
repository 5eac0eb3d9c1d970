"""Shapes of district summaries (汇总表)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from services.collection.common.schemas.common import Day, Note, ReturnCodes
from services.collection.handling.flows.summary_return import SummaryReturn
from services.collection.handling.store.summary import SummaryRow, SummaryTotals
from services.collection.handling.store.summary_items import SummaryItemRow
from shared.ids import Ref
from shared.references import Reference
from shared.schema import Code, In, Out, PeriodField, Yuan, YuanOut


class SummaryIn(In):
    """The district and period of a summary to be sent."""

    district: Code = Field(examples=["heping"])
    period: PeriodField
    sent_on: Day | None = Field(default=None, description="上报日期,默认今日 (today if absent)")


class SummaryControlIn(In):
    """The auditor's control totals."""

    declarations: int = Field(ge=0, le=10**9)
    people: int = Field(ge=0, le=10**12)
    total: Yuan
    funds: dict[Code, Yuan] = Field(
        max_length=40, examples=[{"pension": "1234.56", "medical": "789.00"}]
    )

    def totals(self) -> SummaryTotals:
        """Build the stated totals."""
        return SummaryTotals(
            declarations=self.declarations,
            people=self.people,
            total_fen=self.total,
            funds=dict(self.funds),
        )


class AuditIn(In):
    """The audit of a summary: its control totals and the date of its bills (today at the latest)."""

    control: SummaryControlIn
    bill_date: Day


class SummaryControlOut(Out):
    """A summary's control totals."""

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
    late: bool = Field(description="截止日后上报 (it was sent after the cut-off)")
    control: SummaryControlOut
    bill_date: date | None
    sent_at: datetime | None

    @classmethod
    def of(cls, row: SummaryRow) -> SummaryOut:
        """Build the answer."""
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
            control=SummaryControlOut(**members),
            bill_date=row.bill_date,
            sent_at=row.sent_at,
        )


class SummaryReturnIn(In):
    """A return by the centre: of some declarations, or of the whole summary."""

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
    """Number of declarations that left the summary, and the summary after that."""

    sent_back: int
    summary: SummaryOut

    @classmethod
    def of(cls, found: SummaryReturn) -> SummaryReturnOut:
        """Build the answer."""
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
    def of(cls, row: SummaryItemRow) -> SummaryItemOut:
        """Build the list item."""
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
