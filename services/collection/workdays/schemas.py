"""Shapes of the workdays of a year."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field

from services.collection.common.domain.signed_change import SignedChange
from services.collection.common.schemas.common import Day
from services.collection.workdays.domain import WorkdayYear
from services.collection.workdays.flows import WorkdayCalendar
from shared.references import Reference
from shared.schema import In, Out, ShortText

DaysOff = Annotated[
    list[Day],
    Field(
        max_length=366,
        description="放假的日期,可含周末 (days off; weekends among them change nothing)",
        examples=[["2027-01-01"]],
    ),
]
Workdays = Annotated[
    list[Day],
    Field(
        max_length=366,
        description="上班的周末 (Saturdays and Sundays that are worked)",
        examples=[["2027-02-20"]],
    ),
]


class WorkdaysIn(In):
    """The days of a year by its notice, all of them, and the reason."""

    year: int = Field(ge=1990, le=2100, strict=True, examples=[2027])
    days_off: DaysOff = Field(default_factory=list)
    workdays: Workdays = Field(default_factory=list)
    source: ShortText = Field(
        description="通知文号 (number of the notice)", examples=["国办发明电〔2026〕示例号"]
    )
    reason: ShortText = Field(examples=["录入 2027 年放假安排"])

    def days(self) -> WorkdayYear:
        """Return the year as the flow takes it."""
        return WorkdayYear(**self.model_dump())


class WorkdaysRefusalIn(In):
    """The reason of a refusal."""

    why: ShortText


class WorkdayYearOut(Out):
    """A year's exceptions to Monday to Friday, and the notice that makes them."""

    year: int
    days_off: list[date] = Field(description="放假的工作日 (weekdays off)")
    workdays: list[date] = Field(description="上班的周末 (weekend days that are worked)")
    source: str
    reason: str
    set_by: str
    set_at: datetime

    @classmethod
    def of(cls, days: WorkdayYear) -> WorkdayYearOut:
        """Build the answer from a year."""
        return cls(**{name: getattr(days, name) for name in cls.model_fields})


class WorkdaysChangeOut(Out):
    """A change of a year's days: one person files it, another approves."""

    id: str = Field(examples=[Reference.WORKDAYS_CHANGE.example])
    year: int
    days_off: list[date]
    workdays: list[date]
    source: str
    reason: str
    status: str = Field(examples=["filed"], description="filed | approved | refused")
    filed_by: str
    decided_by: str | None

    @classmethod
    def of(cls, change: SignedChange) -> WorkdaysChangeOut:
        """Build the answer from a change."""
        return cls(**cls.members(change))

    @classmethod
    def members(cls, change: SignedChange) -> dict[str, Any]:
        """Return the members that every answer about a change has."""
        return {
            "id": change.reference,
            "reason": change.reason,
            "status": change.status,
            "filed_by": change.filed_by,
            "decided_by": change.decided_by,
            **change.content,
        }


class WaitingWorkdaysOut(WorkdaysChangeOut):
    """A change that waits for its decision, with the days that it turns."""

    to_off: list[date] = Field(description="改为休息的日期 (days that become days off)")
    to_workday: list[date] = Field(description="改为工作日的日期 (days that become workdays)")


class WorkdaysOut(Out):
    """Every year that is known, the newest first, and the changes that wait for their decision."""

    items: list[WorkdayYearOut]
    waiting: list[WaitingWorkdaysOut]

    @classmethod
    def of(cls, calendar: WorkdayCalendar) -> WorkdaysOut:
        """Build the answer."""
        return cls(
            items=[WorkdayYearOut.of(one) for one in calendar.years],
            waiting=[
                WaitingWorkdaysOut(
                    **WorkdaysChangeOut.members(change),
                    to_off=list(turned.to_off),
                    to_workday=list(turned.to_workday),
                )
                for change, turned in calendar.waiting
            ],
        )
