"""Shapes of the yearly rates and interest of personal accounts."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.personal.domain import (
    Rate,
    YearRun,
)
from shared.ids import Ref, uuid7
from shared.references import Reference
from shared.schema import (
    Code,
    In,
    Out,
    RateOut,
    ShortText,
    YuanOut,
)
from shared.schema import Rate as RateIn

Year = Annotated[int, Field(ge=1990, le=2100, examples=[2021])]


class PersonalRateIn(In):
    """A year's rate (记账利率) with its document. Once approved, it replaces an earlier one until the
    year is closed."""

    fund: Code = Field(examples=["pension"])
    year: Year
    rate: RateIn = Field(examples=["0.0669"])
    source: ShortText


class PersonalRateOut(Out):
    """A year's rate; in force once it is approved."""

    id: str
    fund: str
    year: int
    rate: RateOut
    source: str
    certainty: str
    recorded_by: str
    approved_by: str | None

    @classmethod
    def of(cls, rate: Rate) -> PersonalRateOut:
        """Build it from a rate."""
        return cls(
            id=Ref(CENTRE_SLOT, rate.id).text(Reference.PERSONAL_RATE),
            fund=rate.fund,
            year=rate.year,
            rate=rate.rate_ppm,
            source=rate.source,
            certainty=rate.certainty,
            recorded_by=rate.recorded_by,
            approved_by=rate.approved_by,
        )


class PersonalRatesOut(Out):
    """Rates in force of all years, and rates waiting for approval."""

    items: list[PersonalRateOut]
    proposed: list[PersonalRateOut]


class InterestIn(In):
    """Closing of a fund's year, with interest for every person."""

    fund: Code = Field(examples=["pension"])
    year: Year


class YearRunOut(Out):
    """Totals of a closed year."""

    fund: str
    year: int
    rate: RateOut
    people: int
    opening: YuanOut
    credited: YuanOut
    interest: YuanOut
    closing: YuanOut
    run_by: str

    @classmethod
    def of(cls, run: YearRun) -> YearRunOut:
        """Build it from a closed year's totals."""
        return cls(
            fund=run.fund,
            year=run.year,
            rate=run.rate_ppm,
            people=run.people,
            opening=run.opening_fen,
            credited=run.credited_fen,
            interest=run.interest_fen,
            closing=run.closing_fen,
            run_by=run.run_by,
        )


def rate_from(body: PersonalRateIn, by: str) -> Rate:
    """Convert the body to a rate."""
    return Rate(
        id=uuid7(),
        fund=body.fund,
        year=body.year,
        rate_ppm=body.rate,
        source=body.source,
        certainty="confirmed",
        recorded_by=by,
    )
