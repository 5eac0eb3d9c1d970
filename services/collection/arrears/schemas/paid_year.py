"""Shapes of what a unit has paid for a year."""

from __future__ import annotations

from pydantic import Field

from services.collection.arrears.domain.paid_year import PaidYear
from shared.schema import Out, YuanOut


class PaidYearOut(Out):
    """A unit's paid contributions of an insurance for the months of a year, and its heads."""

    credit_code: str
    district: str
    insurance: str
    year: int
    paid: YuanOut = Field(description="实际缴纳,含单位与个人 (of the unit and its people)")
    paid_months: int = Field(description="足额缴纳月数 (months paid in full)")
    heads_before: int = Field(description="上年末参保人数 (people at the end of the year before)")
    heads_after: int = Field(description="年末参保人数 (people at the end of the year)")
    head_months: int = Field(description="各月末参保人数之和 (sum of the months' people)")

    @classmethod
    def of(cls, credit_code: str, found: PaidYear) -> PaidYearOut:
        """Build it from what was found."""
        return cls(
            credit_code=credit_code,
            district=found.district,
            insurance=found.insurance,
            year=found.year,
            paid=found.paid_fen,
            paid_months=found.paid_months,
            heads_before=found.heads_before,
            heads_after=found.heads_after,
            head_months=found.head_months,
        )
