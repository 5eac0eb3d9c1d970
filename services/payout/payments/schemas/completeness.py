"""Shape of the completeness of a month of pensions."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from services.payout.payments.domain.completeness import (
    STATE_NAMES,
    MonthCompleteness,
    PayoutState,
    PeopleSum,
    StopReason,
)
from shared.money import format_rate, format_yuan
from shared.schema import Out, PeriodField, RateOut, YuanOut
from shared.web.html import Html, page, row, tag


class PeopleSumOut(Out):
    """A number of people and their sum."""

    people: int
    amount: YuanOut

    @classmethod
    def of(cls, one: PeopleSum) -> PeopleSumOut:
        """Build it from a number and a sum."""
        return cls(people=one.people, amount=one.fen)


class PayoutStateOut(PeopleSumOut):
    """The amount due that is in one state."""

    state: PayoutState


class StoppedMonthOut(PeopleSumOut):
    """The pensions of which the month is not due, by the reason of the stop."""

    reason: StopReason


class MonthCompletenessOut(Out):
    """A month of pensions: the sum due against what became of it.

    `due` is the sum of the states less `beyond`.
    """

    period: PeriodField
    district: str | None
    due: PeopleSumOut = Field(description="应发 (what is due)")
    states: list[PayoutStateOut] = Field(description="应发的去向 (what became of it)")
    beyond: PeopleSumOut = Field(description="多列入发放,须追回 (run beyond what is due)")
    stopped: list[StoppedMonthOut] = Field(description="停发、终止,不在应发之列 (not due)")
    rate: RateOut = Field(description="发放率 (share that was paid)")
    pay_by: date = Field(description="发放期限 (the day by which it is paid)")
    in_time: PeopleSumOut = Field(description="按时到账 (paid by that day)")
    in_time_rate: RateOut
    complete: bool = Field(description="一人不漏、一分不欠 (every fen that is due was paid)")

    @classmethod
    def of(cls, month: MonthCompleteness) -> MonthCompletenessOut:
        """Build it from the report."""
        return cls(
            period=month.period,
            district=month.district,
            due=PeopleSumOut.of(month.due),
            states=[
                PayoutStateOut(state=state, people=one.people, amount=one.fen)
                for state, one in month.states
            ],
            beyond=PeopleSumOut.of(month.beyond),
            stopped=[
                StoppedMonthOut(reason=reason, people=one.people, amount=one.fen)
                for reason, one in month.stopped
            ],
            rate=month.rate_ppm,
            pay_by=month.pay_by,
            in_time=PeopleSumOut.of(month.in_time),
            in_time_rate=month.in_time_ppm,
            complete=month.is_complete,
        )


def completeness_page(month: MonthCompleteness) -> str:
    """Write the report as a page to print, with places for two signatures."""
    title = "社会化发放情况表"
    where = month.district or "全市"
    done = "一人不漏、一分不欠" if month.is_complete else "尚未发放完毕"
    late = f"按时到账 {month.in_time.people} 人、{format_yuan(month.in_time.fen)} 元"
    return page(
        title,
        tag("h1", title),
        tag("p", f"{month.period} · {where} · 单位:元", of="number"),
        tag(
            "table",
            tag("thead", row("th", "项目", "人数", "金额")),
            tag("tbody", *_rows(month)),
        ),
        tag(
            "p",
            f"发放率 {format_rate(month.rate_ppm)},按时发放率 {format_rate(month.in_time_ppm)}"
            f"(期限 {month.pay_by.isoformat()},{late})。{done}。",
            of="said",
        ),
        tag("div", tag("span", "编制:"), tag("span", "复核:"), tag("span", "日期:"), of="signed"),
    )


def _rows(month: MonthCompleteness) -> list[Html]:
    states = [_row(STATE_NAMES[state], one) for state, one in month.states]
    stopped = [_row(f"不应发:{STATE_NAMES[reason]}", one) for reason, one in month.stopped]
    return [
        _row("应发", month.due, of="total"),
        *states,
        _row("多列入发放,须追回", month.beyond),
        *stopped,
    ]


def _row(name: str, one: PeopleSum, of: str | None = None) -> Html:
    return row("td", name, str(one.people), format_yuan(one.fen), money_from=1, of=of)
