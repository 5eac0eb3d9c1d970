"""Shapes of contribution records."""

from __future__ import annotations

from pydantic import Field

from services.collection.contributions.domain import ContributionRecord, UnitWages
from shared.references import Reference
from shared.schema import Out, PeriodField, YuanOut


class ContributionYearOut(Out):
    """A year of one insurance."""

    insurance: str = Field(examples=["pension"])
    year: int
    months: int = Field(description="已缴月数 (months paid)")
    base_total: YuanOut = Field(description="各月基数之和 (sum of the months' bases)")


class PaidMonthOut(Out):
    """One of the last twelve paid months of an insurance."""

    insurance: str
    period: PeriodField
    base: YuanOut


class ContributionRecordOut(Out):
    """A person's paid years of every insurance, and the last twelve bases."""

    person: str = Field(description="现存记录 (the surviving record)")
    districts: list[str]
    birth_month: PeriodField | None
    female: bool | None
    years: list[ContributionYearOut]
    last_months: list[PaidMonthOut]

    @classmethod
    def of(cls, record: ContributionRecord) -> ContributionRecordOut:
        """Build it from a record."""
        return cls(
            person=record.person.text(Reference.PERSON),
            districts=list(record.districts),
            birth_month=record.birth,
            female=record.is_female,
            years=[
                ContributionYearOut(
                    insurance=year.insurance,
                    year=year.year,
                    months=year.months,
                    base_total=year.base_fen,
                )
                for year in record.years
            ],
            last_months=[
                PaidMonthOut(insurance=one.insurance, period=one.period, base=one.base_fen)
                for one in record.last_months
            ],
        )


class UnitWagesOut(Out):
    """A unit's declared wages of the settled months of a year."""

    credit_code: str
    district: str
    year: int
    months: int = Field(description="足额到账月数 (settled months)")
    people: int = Field(description="各月申报人数之和 (sum of the months' people)")
    wages: YuanOut
    average_wage: YuanOut = Field(description="职工月平均工资 (average monthly wage)")

    @classmethod
    def of(cls, credit_code: str, found: UnitWages) -> UnitWagesOut:
        """Build it from what was declared."""
        return cls(
            credit_code=credit_code,
            district=found.district,
            year=found.year,
            months=found.months,
            people=found.people,
            wages=found.wages_fen,
            average_wage=found.average_fen,
        )
