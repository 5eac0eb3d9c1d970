"""Shapes of bought and extended months."""

from __future__ import annotations

from pydantic import Field

from services.collection.extension.domain import Extension, ExtensionMonths
from services.collection.extension.flows import ExtensionQuote, ExtensionTerms
from services.collection.levy.schemas import LevyTotalsOut, LineOut
from shared.ids import Ref
from shared.references import Reference
from shared.schema import CreditCode, In, Out, PeriodField, PositiveYuan, ShortText, YuanOut

DECLARATION = Reference.DECLARATION.example


class ExtensionQuoteIn(In):
    """Months to be bought or extended at a unit, on one base; `period` is the month of filing."""

    credit_code: CreditCode = Field(examples=["91120101MA05K0TH1H"])
    period: PeriodField = Field(description="申报月,按其政策计算 (whose policy counts)")
    first: PeriodField = Field(examples=["2019-01"])
    last: PeriodField = Field(examples=["2020-12"])
    base: PositiveYuan = Field(
        examples=["5000.00"], description="每月缴费基数,超出上下限的按上下限 (base of each month)"
    )

    def terms(self) -> ExtensionTerms:
        """Turn it into the flow's value."""
        return ExtensionTerms(
            credit_code=self.credit_code,
            filed=self.period,
            months=ExtensionMonths(first=self.first, last=self.last, base_fen=self.base),
        )


class ExtensionIn(ExtensionQuoteIn):
    """A declaration of bought or extended months of one person."""

    person: str = Field(max_length=80, examples=[Reference.PERSON.example])
    document: ShortText = Field(
        examples=["补缴申请 津和补〔2026〕007号"], description="依据材料 (document)"
    )


class ExtensionQuoteOut(Out):
    """A quote of bought or extended months: lines and totals over all of them."""

    months: int
    base: YuanOut = Field(description="上下限内的每月基数 (base of each month, within its limits)")
    lines: list[LineOut]
    totals: LevyTotalsOut

    @classmethod
    def of(cls, quote: ExtensionQuote) -> ExtensionQuoteOut:
        """Build it from a quote."""
        return cls(
            months=quote.months.count,
            base=quote.months.base_fen,
            lines=[LineOut.of(line) for line in quote.lines],
            totals=LevyTotalsOut.of(quote.totals),
        )


class ExtensionOut(Out):
    """Bought or extended months of a person; `declaration` is handled and billed like any other."""

    declaration: str = Field(examples=[DECLARATION])
    person: str = Field(examples=[Reference.PERSON.example])
    first: PeriodField
    last: PeriodField
    months: int
    base: YuanOut
    total: YuanOut
    document: str
    status: str = Field(examples=["submitted"])
    bill: str | None

    @classmethod
    def of(cls, extension: Extension) -> ExtensionOut:
        """Build it from a stored extension."""
        unit_id, months = extension.unit_id, extension.months
        bill_id = extension.bill_id
        return cls(
            declaration=Ref(unit_id, extension.declaration_id).text(Reference.DECLARATION),
            person=Ref(extension.person_id, extension.person_uuid).text(Reference.PERSON),
            first=months.first,
            last=months.last,
            months=months.count,
            base=months.base_fen,
            total=extension.total_fen,
            document=extension.document,
            status=extension.status,
            bill=None if bill_id is None else Ref(unit_id, bill_id).text(Reference.BILL),
        )
