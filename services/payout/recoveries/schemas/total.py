"""Shapes of totals of recovered money."""

from __future__ import annotations

from pydantic import Field

from services.payout.recoveries.domain.settle import Way
from services.payout.recoveries.flows.total import RecoveryTotals
from shared.schema import Out, YuanOut


class RecoveredTotalOut(Out):
    """Settled amounts of a year, district, fund, kind and way."""

    year: int = Field(examples=[2021], description="入账年度 (year of the booking)")
    district: str
    fund: str
    kind: str
    way: Way
    entries: int
    total: YuanOut


class OpenRecoveryOut(Out):
    """Open amounts of confirmed cases, by days since they were opened."""

    district: str
    fund: str
    age: str = Field(examples=["0-90"])
    cases: int
    open: YuanOut


class RecoveryTotalsOut(Out):
    """Recovered money (without write-offs), open money, and their parts."""

    recovered: YuanOut = Field(description="已追回,不含核销 (without write-offs)")
    open: YuanOut
    by_year: list[RecoveredTotalOut]
    by_age: list[OpenRecoveryOut]

    @classmethod
    def of(cls, totals: RecoveryTotals) -> RecoveryTotalsOut:
        """Build it from the sums."""
        money = [one for one in totals.recovered if one.way != Way.WRITE_OFF]
        return cls(
            recovered=sum(one.total_fen for one in money),
            open=sum(one.open_fen for one in totals.still_open),
            by_year=[
                RecoveredTotalOut(
                    year=one.year,
                    district=one.district,
                    fund=one.fund,
                    kind=one.kind,
                    way=Way(one.way),
                    entries=one.entries,
                    total=one.total_fen,
                )
                for one in totals.recovered
            ],
            by_age=[
                OpenRecoveryOut(
                    district=one.district,
                    fund=one.fund,
                    age=one.age,
                    cases=one.cases,
                    open=one.open_fen,
                )
                for one in totals.still_open
            ],
        )
