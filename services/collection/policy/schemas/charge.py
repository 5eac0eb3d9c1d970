"""Shapes of a policy pack's late charges: late fees, caps, interest, deferral, relief."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from services.collection.policy.domain.charge import EndRule, StartRule
from services.collection.policy.schemas.fields import (
    AmountText,
    KindText,
    Month,
    PackDay,
    RateText,
    RowId,
    SourceId,
)
from shared.fund import Party
from shared.schema import Code, In


class LateFeeIn(In):
    """One daily late fee for all days of the pack, and the rule for its first day."""

    daily_rate: RateText
    start: StartRule
    source: SourceId


class DatedIn(In):
    """A row with its first and last day, both inclusive; null: no limit."""

    id: RowId
    in_force_from: PackDay | None = None
    in_force_to: PackDay | None = None
    source: SourceId


class LateFeeRowIn(DatedIn):
    """滞纳金: a daily rate. If the rate changes while a debt is open, each day has its own rate."""

    daily_rate: RateText = Field(examples=["0.0005"])
    start: StartRule
    end: EndRule = EndRule.DAY_PAID


class CapIn(DatedIn):
    """滞纳金上限 of one bill line: a share of its principal, an amount, or the lower of both."""

    share: RateText | None = Field(default=None, examples=["1"])
    amount: AmountText | None = Field(default=None, examples=["8000.00"])


class InterestIn(DatedIn):
    """补缴利息: a yearly rate over a year of 360 or 365 days."""

    yearly_rate: RateText = Field(examples=["0.0435"])
    day_count: Literal[360, 365]
    start: StartRule
    end: EndRule = EndRule.DAY_PAID


class ChargeAccountIn(In):
    """The income account in which a late charge is booked."""

    kind: Code = Field(examples=["late_fee"])
    account: Code = Field(examples=["other_income"])
    source: SourceId


class DeferralRuleIn(In):
    """缓缴: the maximum number of months, and the insurances (null: all)."""

    max_months: int = Field(ge=1, le=60)
    insurances: list[Code] | None = Field(default=None, min_length=1, max_length=20)
    source: SourceId


class ReliefIn(In):
    """减免: the share of an insurance's unit part that some unit classes need not pay.

    A class is a size (large, medium, small, micro, sole), a unit kind, or "*". `factor` is the
    remitted share: "1" all of it, "0.5" half. `cap` limits it for one unit and month. With
    `spares_accounts` the pool bears all of it, and personal accounts are credited in full.
    """

    id: RowId
    insurance: Code
    party: Party
    unit_classes: list[KindText] = Field(min_length=1, max_length=20)
    period_from: Month
    period_to: Month
    factor: RateText = Field(examples=["0.5"])
    cap: AmountText | None = None
    spares_accounts: bool | None = None
    source: SourceId
