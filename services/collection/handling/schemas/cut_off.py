"""Shapes of cut-offs (汇总截止日)."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from services.collection.common.schemas.common import Day
from services.collection.handling.domain.cut_off import CutOff
from shared.schema import In, Out, ShortText


class CutOffIn(In):
    """The last day for a period's summaries, and the document that sets it."""

    cut_off_on: Day
    source: ShortText = Field(examples=["津社险中心通知〔2021〕8号"])


class CutOffOut(Out):
    """A period's cut-off; `estimated` if the workday table does not reach that far."""

    period: str
    cut_off_on: date
    source: str
    certain: bool
    estimated: bool
    set_by: str | None

    @classmethod
    def of(cls, found: CutOff) -> CutOffOut:
        """Build the answer."""
        return cls(
            period=found.period,
            cut_off_on=found.cut_off_on,
            source=found.source,
            certain=found.certain,
            estimated=found.estimated,
            set_by=found.set_by,
        )


class CutOffsOut(Out):
    """Cut-offs of a year, in the order of their periods."""

    items: list[CutOffOut]
