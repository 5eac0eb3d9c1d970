"""Shapes of raises: the paper with its rule, what it comes to, and each person's explanation."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from services.payout.benefits.domain import BASIC_PENSION
from services.payout.common.flows import PersonKeys
from services.payout.common.schemas import Note, masked_name
from services.payout.raises.domain.fact import PAID_MONTHS_MAX
from services.payout.raises.domain.pension_raise import (
    PensionRaise,
    RaiseControl,
    RaiseLine,
    RaiseOutcome,
    RaiseStatus,
    raise_key,
)
from services.payout.raises.domain.rule import (
    SHARE,
    GroupShare,
    RaiseGroup,
    RaiseRule,
    YearCount,
    raised,
)
from shared.ids import Ref
from shared.money import Rounding, RoundingMode, scale
from shared.period import PERIOD_PATTERN, Period
from shared.references import Reference
from shared.schema import (
    Code,
    In,
    NonNegativeYuan,
    Out,
    PeriodField,
    Rate,
    RateOut,
    ShortText,
    YuanOut,
)

MonthOut = Annotated[str, Field(pattern=PERIOD_PATTERN, examples=["2010-03"])]
PaidMonths = Annotated[int, Field(ge=0, le=PAID_MONTHS_MAX)]


def _month(period: Period | None) -> str | None:
    return None if period is None else str(period)


class RaiseGroupIn(In):
    """A group of people and what it adds. An absent bound is open; bounds are inclusive."""

    code: Code = Field(examples=["age_70"])
    name: ShortText = Field(examples=["高龄倾斜"])
    born_from: PeriodField | None = None
    born_to: PeriodField | None = None
    retired_from: PeriodField | None = None
    retired_to: PeriodField | None = None
    paid_months_from: PaidMonths | None = None
    paid_months_to: PaidMonths | None = None
    fixed: NonNegativeYuan = Field(default=0, description="定额 (fixed amount a month)")
    per_year: NonNegativeYuan = Field(default=0, description="每缴费一年 (for each year paid)")
    percent: Rate = Field(
        default=0, description="调整前养老金的比例 (share of the pension before the raise)"
    )
    floor: NonNegativeYuan = Field(default=0, description="本组下限 (at least)")
    cap: NonNegativeYuan | None = Field(default=None, description="本组上限 (at most)")

    def group(self) -> RaiseGroup:
        """Turn it into the domain's group."""
        return RaiseGroup(
            code=self.code,
            name=self.name,
            born_from=self.born_from,
            born_to=self.born_to,
            retired_from=self.retired_from,
            retired_to=self.retired_to,
            paid_months_from=self.paid_months_from,
            paid_months_to=self.paid_months_to,
            fixed_fen=self.fixed,
            per_year_fen=self.per_year,
            percent_ppm=self.percent,
            floor_fen=self.floor,
            cap_fen=self.cap,
        )


class RaiseRoundingIn(In):
    """The rounding of what a raise adds."""

    unit: Literal["0.01", "0.10", "1.00"] = "0.01"
    mode: RoundingMode = RoundingMode.HALF_UP

    def rounding(self) -> Rounding:
        """Turn it into the domain's rounding."""
        return Rounding(int(self.unit.replace(".", "")), self.mode)


class PensionRaiseIn(In):
    """A draft of a raise."""

    title: ShortText = Field(examples=["2021年调整退休人员基本养老金"])
    source: ShortText = Field(examples=["津人社规字〔2021〕4号"])
    kind: Literal["basic_pension"] = BASIC_PENSION
    since: PeriodField = Field(alias="from", description="自该月起 (first month)")
    sequence: Annotated[int, Field(ge=1, le=99)] = Field(
        default=1, description="同月多次调整的先后 (order of raises from the same month)"
    )
    groups: list[RaiseGroupIn] = Field(min_length=1, max_length=50)
    years: YearCount = Field(
        default=YearCount.UP, description="不满一年的计法 (how a part of a year counts)"
    )
    rounding: RaiseRoundingIn = RaiseRoundingIn()
    floor: NonNegativeYuan = Field(default=0, description="增加额下限 (a raise is at least)")
    cap: NonNegativeYuan | None = Field(default=None, description="增加额上限 (a raise is at most)")
    least_pension: NonNegativeYuan = Field(
        default=0, description="调整后不低于 (the pension after it is at least)"
    )

    def paper(self, drafted_by: str) -> PensionRaise:
        """Build the draft."""
        return PensionRaise(
            ref=Ref.new(raise_key(self.kind, self.since, self.sequence)),
            kind=self.kind,
            first_period=self.since,
            sequence=self.sequence,
            title=self.title,
            source=self.source,
            rule=RaiseRule(
                groups=tuple(group.group() for group in self.groups),
                years=self.years,
                rounding=self.rounding.rounding(),
                floor_fen=self.floor,
                cap_fen=self.cap,
                least_fen=self.least_pension,
            ),
            status=RaiseStatus.DRAFT,
            drafted_by=drafted_by,
        )


class RaiseControlIn(In):
    """The totals of the preview that the approver has seen."""

    people: Annotated[int, Field(ge=1)] = Field(examples=[18440])
    monthly: NonNegativeYuan = Field(examples=["1876809.90"])
    arrears: NonNegativeYuan = Field(examples=["5153505.80"])

    def control(self) -> RaiseControl:
        """Turn it into the domain's totals."""
        return RaiseControl(people=self.people, monthly_fen=self.monthly, arrears_fen=self.arrears)


class RaiseApprovalIn(In):
    """An approval: the raise must come to these totals."""

    control: RaiseControlIn


class RaiseRefusalIn(In):
    """The reason for refusing a raise."""

    note: Annotated[Note, StringConstraints(min_length=1)]


class RaisePreviewIn(In):
    """An empty body."""


class RaiseGroupOut(Out):
    """A group and what it adds."""

    code: str
    name: str
    born_from: MonthOut | None
    born_to: MonthOut | None
    retired_from: MonthOut | None
    retired_to: MonthOut | None
    paid_months_from: int | None
    paid_months_to: int | None
    fixed: YuanOut
    per_year: YuanOut
    percent: RateOut
    floor: YuanOut
    cap: YuanOut | None

    @classmethod
    def of(cls, group: RaiseGroup) -> RaiseGroupOut:
        """Build it from a rule's group."""
        return cls(
            code=group.code,
            name=group.name,
            born_from=_month(group.born_from),
            born_to=_month(group.born_to),
            retired_from=_month(group.retired_from),
            retired_to=_month(group.retired_to),
            paid_months_from=group.paid_months_from,
            paid_months_to=group.paid_months_to,
            fixed=group.fixed_fen,
            per_year=group.per_year_fen,
            percent=group.percent_ppm,
            floor=group.floor_fen,
            cap=group.cap_fen,
        )


class RaiseControlOut(Out):
    """The totals of a raise: people, the sum of a month, and the arrears of months with a run."""

    people: int
    monthly: YuanOut
    arrears: YuanOut

    @classmethod
    def of(cls, control: RaiseControl) -> RaiseControlOut:
        """Build it from the totals."""
        return cls(people=control.people, monthly=control.monthly_fen, arrears=control.arrears_fen)


class PensionRaiseOut(Out):
    """A raise with its rule; an approved one with its totals."""

    id: str = Field(examples=[Reference.PENSION_RAISE.example])
    kind: str
    title: str
    source: str
    since: PeriodField = Field(serialization_alias="from")
    sequence: int
    groups: list[RaiseGroupOut]
    years: YearCount
    rounding: str = Field(examples=["0.10 up"])
    floor: YuanOut
    cap: YuanOut | None
    least_pension: YuanOut
    status: RaiseStatus
    drafted_by: str
    decided_by: str | None
    decided_at: datetime | None
    control: RaiseControlOut | None

    @classmethod
    def of(cls, paper: PensionRaise) -> PensionRaiseOut:
        """Build it from a stored raise."""
        rule = paper.rule
        unit = f"{rule.rounding.unit_fen // 100}.{rule.rounding.unit_fen % 100:02d}"
        return cls(
            id=paper.ref.text(Reference.PENSION_RAISE),
            kind=paper.kind,
            title=paper.title,
            source=paper.source,
            since=paper.first_period,
            sequence=paper.sequence,
            groups=[RaiseGroupOut.of(group) for group in rule.groups],
            years=rule.years,
            rounding=f"{unit} {rule.rounding.mode.value}",
            floor=rule.floor_fen,
            cap=rule.cap_fen,
            least_pension=rule.least_fen,
            status=paper.status,
            drafted_by=paper.drafted_by,
            decided_by=paper.decided_by,
            decided_at=paper.decided_at,
            control=None if paper.control is None else RaiseControlOut.of(paper.control),
        )


class GroupShareOut(Out):
    """The addition of one group to a pension, each part rounded to the fen for reading."""

    code: str
    name: str
    fixed: YuanOut
    per_year: YuanOut
    percent: YuanOut
    added: YuanOut = Field(description="限于本组上下限 (within the bounds of the group)")

    @classmethod
    def of(cls, share: GroupShare) -> GroupShareOut:
        """Build it from a computed share."""
        return cls(
            code=share.code,
            name=share.name,
            fixed=scale(share.fixed, 1, SHARE),
            per_year=scale(share.per_year, 1, SHARE),
            percent=scale(share.percent, 1, SHARE),
            added=scale(share.share, 1, SHARE),
        )


class RaiseLineOut(Out):
    """One person's raise, explained; the person is masked."""

    masked_identity_number: str = Field(examples=["1201**********1239"])
    name: str = Field(examples=["张**"])
    district: str
    since: PeriodField = Field(serialization_alias="from")
    born_in: MonthOut | None
    retired_in: MonthOut | None
    paid_months: int | None
    before: YuanOut
    after: YuanOut
    groups: list[GroupShareOut]

    @classmethod
    def of(cls, line: RaiseLine, rule: RaiseRule, keys: PersonKeys) -> RaiseLineOut:
        """Build it from a stored line; the rule explains it."""
        explained = raised(rule, line.facts, line.before_fen)
        assert explained is not None, "a line is of one who belongs to a group"
        assert explained.after_fen == line.after_fen, "the rule explains what was written"
        return cls(
            masked_identity_number=keys.mask(line.sealed_number),
            name=masked_name(keys.name.open(line.name)),
            district=line.district,
            since=line.begins,
            born_in=_month(line.facts.born_in),
            retired_in=_month(line.facts.retired_in),
            paid_months=line.facts.paid_months,
            before=line.before_fen,
            after=line.after_fen,
            groups=[GroupShareOut.of(share) for share in explained.groups],
        )


class RaiseArrearsOut(Out):
    """The arrears of one month that has a run already."""

    period: PeriodField
    amount: YuanOut


class RaisedGroupOut(Out):
    """The number of people of a group who are raised."""

    code: str
    people: int


class RaisePreviewOut(Out):
    """The changes that a raise would bring now. Nothing was changed."""

    month: PeriodField = Field(
        description="月增加额按此月应发计算 (the sum of a month compares what is due of this month)"
    )
    control: RaiseControlOut
    arrears: list[RaiseArrearsOut]
    groups: list[RaisedGroupOut]
    without_facts: int = Field(
        description="缺少所需信息的人数,不予调整 (people of whom a needed fact is missing; not raised)"
    )
    samples: list[RaiseLineOut]

    @classmethod
    def of(cls, outcome: RaiseOutcome, rule: RaiseRule, keys: PersonKeys) -> RaisePreviewOut:
        """Build it from what applying the raise has shown."""
        return cls(
            month=outcome.month,
            control=RaiseControlOut.of(outcome.control),
            arrears=[RaiseArrearsOut(period=period, amount=fen) for period, fen in outcome.arrears],
            groups=[RaisedGroupOut(code=code, people=people) for code, people in outcome.by_group],
            without_facts=outcome.without_facts,
            samples=[RaiseLineOut.of(line, rule, keys) for line in outcome.samples],
        )
