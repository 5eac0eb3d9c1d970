"""Workdays of each year (工作日): what the yearly notice says, entered by one person and approved by another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

from services.console import codes
from services.console.page import Area
from services.console.widgets.action import Action
from services.console.widgets.cell import Column, Kind
from services.console.widgets.field import Days, Field, Note, Number
from services.console.widgets.rules import RulesPage, row_decisions
from services.console.words import Text
from shared.roles import Right

Row = Mapping[str, Any]


def _days(member: str) -> Callable[[Row], str]:
    """Return what writes the days of a member: 2.16–2.18, without the year, which stands beside."""
    return lambda row: "、".join(
        _day(first) if first == last else f"{_day(first)}–{_day(last)}"
        for first, last in _spans([date.fromisoformat(day) for day in row[member]])
    )


def _day(day: date) -> str:
    return f"{day.month}.{day.day}"


def _spans(days: Sequence[date]) -> list[tuple[date, date]]:
    """Return the spans of days that follow each other, each by its first and last day."""
    found: list[tuple[date, date]] = []
    for day in days:
        if found and found[-1][1] + timedelta(1) == day:
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


def _counts(row: Row) -> Mapping[str, int]:
    return {name: len(row[name]) for name in ("to_off", "to_workday")}


def _column(member: str, title: Text) -> Column:
    return Column(member, title, of=_days(member))


_YEAR: Final = (
    Column("year", ("年度", "Year")),
    _column("days_off", ("放假的工作日", "Weekdays off")),
    _column("workdays", ("上班的周末", "Worked weekends")),
    Column("source", ("依据", "Source")),
)
WORKDAYS: Final = RulesPage(
    path="/workdays",
    title=("工作日", "Workdays"),
    area=Area.POLICY,
    order=76,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/workdays",
    about=(
        "缴费日、汇总截止日、再扣和解约的日期按此推算。每年按放假安排通知由一人录入、另一人批准。",
        "Due days, cut-offs, retries and cancellations are counted by them. One person enters a"
        " year by its notice, another approves it.",
    ),
    columns=(
        *_YEAR,
        Column("set_by", ("录入", "Set by"), names=codes.AUTHORS),
        Column("set_at", ("时间", "At"), Kind.TIME),
    ),
    waiting_columns=(
        *_YEAR,
        _column("to_off", ("改为休息", "Become days off")),
        _column("to_workday", ("改为上班", "Become workdays")),
        Column("reason", ("理由", "Reason")),
        Column("filed_by", ("提出", "Filed by")),
    ),
    decisions=tuple(
        replace(step, told=_counts)
        for step in row_decisions(
            "collection:/v1/workday-changes/{id}",
            Right.APPROVE_CORRECTION,
            (
                "{year} 年 {to_off} 日改为休息,{to_workday} 日改为上班,依据 {source}",
                "{to_off} days of {year} become days off and {to_workday} workdays, by {source}",
            ),
        )
    ),
    actions=(
        Action(
            title=("录入年度", "Enter a year"),
            door="collection:/v1/workdays",
            right=Right.PROPOSE_CORRECTION,
            fields=(
                Number(member="year", title=("年度", "Year"), is_needed=True),
                Days(member="days_off", title=("放假日期", "Days off"), is_needed=True),
                Days(member="workdays", title=("上班的周末", "Worked weekends")),
                Field(member="source", title=("通知文号", "Notice"), is_needed=True),
                Note(member="reason", title=("理由", "Reason"), is_needed=True),
            ),
            confirm=(
                "给出该年全部日期,取代该年现有安排;连续几日可写 2027-02-05..2027-02-11。另一人批准后执行。",
                "Give all days of the year, which replace those there are; a span is"
                " 2027-02-05..2027-02-11. Another person approves.",
            ),
            done=("已提出,待另一人批准", "Filed; another person approves"),
        ),
    ),
)

PAGES: Final = (WORKDAYS,)
