"""Shapes of one step on all of a district's declarations of a period."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from services.collection.handling.flows.district_steps import DistrictTotals
from shared.schema import Code, In, Out, PeriodField, Yuan, YuanOut


class StepControlIn(In):
    """Control totals of the declarations that the caller expects to move."""

    declarations: int = Field(ge=1, le=10_000_000)
    people: int = Field(ge=0, le=100_000_000)
    total: Yuan


class DistrictStepIn(In):
    """A step, and the control totals of the declarations that wait for it."""

    district: Code = Field(examples=["heping"])
    period: PeriodField
    step: Literal["accept", "review"]
    control: StepControlIn

    def stated(self) -> DistrictTotals:
        """Build the stated control totals."""
        control = self.control
        return DistrictTotals(
            declarations=control.declarations, people=control.people, total_fen=control.total
        )


class DistrictStepOut(Out):
    """Totals of the declarations moved."""

    district: str
    period: str
    step: str
    declarations: int
    people: int
    total: YuanOut
