"""Shapes of the rules of retries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from services.collection.common.domain.signed_change import SignedChange
from services.collection.common.schemas.common import Day
from services.collection.common.schemas.signed_change import SignedChangeOut
from services.collection.debits.domain.retry import RetryRule
from shared.references import Reference
from shared.schema import In, Out, ShortText


class RetryRuleIn(In):
    """A rule of retries from a day on, and the reason."""

    reason_class: Annotated[str, StringConstraints(pattern=r"^[a-z_]{0,40}$")] = Field(
        examples=["insufficient_funds"],
        description="拒付原因类别;空为未归类 (class of reasons; empty: of no class)",
    )
    retries: int = Field(ge=0, le=30, strict=True, description="最多再扣次数 (retries at most)")
    after_workdays: int = Field(
        ge=0, le=20, strict=True, description="几个工作日后再扣 (workdays between)"
    )
    in_force_from: Day
    in_force_to: Day | None = None
    reason: ShortText = Field(examples=["银行约定每户每月最多再扣两次"])

    @model_validator(mode="after")
    def _forward(self) -> RetryRuleIn:
        if self.in_force_to is not None and self.in_force_to < self.in_force_from:
            raise ValueError("in_force_to 早于 in_force_from (before in_force_from)")
        return self

    def rule(self) -> RetryRule:
        """Return the rule as the flow takes it."""
        return RetryRule(**self.model_dump())


class RetryRuleRefusalIn(In):
    """The reason of a refusal."""

    why: ShortText


class RetryRuleOut(Out):
    """A rule of retries: how often a refused debit is tried again, and after how many workdays."""

    reason_class: str = Field(examples=["insufficient_funds"])
    retries: int
    after_workdays: int
    in_force_from: date
    in_force_to: date | None
    reason: str
    set_by: str

    @classmethod
    def of(cls, rule: RetryRule) -> RetryRuleOut:
        """Build the answer from a rule."""
        return cls(**{name: getattr(rule, name) for name in cls.model_fields})


class RetryRuleChangeOut(SignedChangeOut):
    """A change of a rule: one person files it, another approves."""

    id: str = Field(examples=[Reference.RETRY_RULE_CHANGE.example])
    reason_class: str
    retries: int
    after_workdays: int
    in_force_from: date
    in_force_to: date | None


class RetryRulesOut(Out):
    """Every rule by class and day, and the changes that wait for their decision."""

    items: list[RetryRuleOut]
    waiting: list[RetryRuleChangeOut]

    @classmethod
    def of(cls, found: tuple[list[RetryRule], Sequence[SignedChange]]) -> RetryRulesOut:
        """Build the answer."""
        rules, waiting = found
        return cls(
            items=[RetryRuleOut.of(one) for one in rules],
            waiting=[RetryRuleChangeOut.of(one) for one in waiting],
        )
