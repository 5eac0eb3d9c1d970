"""Shapes of a policy pack's optional members: averages, crediting, floating, projects and
others."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from services.collection.policy.schemas.fields import (
    AmountText,
    KindText,
    Month,
    RateText,
    RowId,
    SourceId,
)
from shared.money import RoundingMode
from shared.schema import Code, In

Months = Annotated[str, StringConstraints(min_length=1, max_length=8), Field(examples=["24.25"])]
Age = Annotated[int, Field(ge=0, le=120)]
InjuryClass = Annotated[int, Field(ge=1, le=8)]


class AverageIn(In):
    """A published monthly average wage (社会平均工资)."""

    id: RowId
    amount: AmountText = Field(examples=["11396.00"])
    source: SourceId


class LimitRoundingIn(In):
    """The rounding of an amount that follows from averages."""

    unit: Literal["0.01", "0.10", "1.00"] = "1.00"
    mode: RoundingMode = RoundingMode.HALF_UP


class FromAverageIn(In):
    """A factor of the mean of averages, of one year or several."""

    of: list[RowId] = Field(min_length=1, max_length=10, examples=[["2020", "2021"]])
    factor: RateText = Field(examples=["0.6"])
    rounding: LimitRoundingIn | None = None


class CreditIn(In):
    """划入个人账户: for active people out of the unit's share, for retired people out of the pool."""

    id: RowId
    insurance: Code
    status: Literal["active", "retired"]
    age_from: Age | None = None
    age_below: Age | None = None
    rate: RateText | None = Field(default=None, examples=["0.04"])
    yearly: AmountText | None = Field(default=None, examples=["480.00"])
    standing: RowId | None = None
    source: SourceId


class StepIn(In):
    """A floating step, for some injury classes or all (null)."""

    id: RowId = Field(examples=["up_120"])
    factor: RateText = Field(examples=["1.2"])
    classes: list[InjuryClass] | None = Field(default=None, min_length=1, max_length=8)
    source: SourceId


class CutIn(In):
    """阶段性降费: a cut for a fund that could pay for so many months."""

    id: RowId
    months_from: Months
    months_below: Months | None = None
    factor: RateText = Field(examples=["0.8"])
    source: SourceId


class FloatingIn(In):
    """工伤保险费率浮动. `capacity_months` null: no stage cut applies."""

    insurance: Code = "work_injury"
    steps: list[StepIn] = Field(min_length=1, max_length=20)
    stage_cuts: list[CutIn] | None = Field(default=None, max_length=20)
    capacity_months: Months | None = None


class TierIn(In):
    """A rate for contract sums from an amount, up to another (null: no limit)."""

    id: RowId
    from_: AmountText = Field(alias="from", examples=["0.00"])
    below: AmountText | None = None
    rate: RateText = Field(examples=["0.001"])
    source: SourceId


class ConstructionIn(In):
    """建设项目工伤保险: the whole sum at its tier's rate, or slice by slice."""

    insurance: Code = "work_injury"
    by: Literal["whole", "slice"] = "whole"
    tiers: list[TierIn] = Field(min_length=1, max_length=20)


class ChoiceIn(In):
    """缴费档次: a base that people of a category may choose, in some months (null: no limit).

    One `choice` may have rows for several ranges of months, so that it rises from year to year.
    """

    id: RowId = Field(examples=["flexible.60.2006"])
    choice: Code = Field(examples=["stepped"])
    insurances: list[Code] | None = Field(default=None, min_length=1, max_length=20)
    average: FromAverageIn
    period_from: Month | None = None
    period_to: Month | None = None
    source: SourceId


class CategoryIn(In):
    """参保类别: the insurances that people of a category are levied for.

    Rates that name the category are levied in addition.
    """

    id: RowId = Field(examples=["injury_only"])
    category: Code = Field(examples=["injury_only"])
    insurances: list[Code] = Field(max_length=20)
    unit_kinds: list[KindText] | None = Field(default=None, min_length=1, max_length=20)
    period_from: Month | None = None
    period_to: Month | None = None
    choices: list[ChoiceIn] | None = Field(default=None, min_length=1, max_length=100)
    source: SourceId


class DefaultLevyIn(In):
    """未按规定申报的,按上月缴费额的若干倍确定: the factor of a levy by default.

    `repeated` is the base of a second default in a row: the default of the month before (null), or
    the last declared amount.
    """

    factor: RateText = Field(examples=["1.1"])
    repeated: Literal["on_last_month", "on_last_declared"] | None = None
    source: SourceId


class FrozenBasesIn(In):
    """年度缴费基数核定后当年不变: whether declarations must keep to reviewed bases.

    Without this member they must where units have a base of their own (单位双基数).
    """

    enforced: bool
    source: SourceId
