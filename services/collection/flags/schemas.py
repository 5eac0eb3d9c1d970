"""Shapes of flags and of the rules of inspections."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from services.collection.common.domain.signed_change import SignedChange
from services.collection.common.schemas.common import Day
from services.collection.common.schemas.signed_change import SignedChangeOut
from services.collection.flags.domain import CreditFlag, FlagAction, InspectionRule, RuleTopic
from services.collection.flags.flows import FlagChange
from shared.clock import today
from shared.references import Reference
from shared.schema import CreditCode, In, Out, ShortText


class FlagChangeIn(In):
    """A flag to be set on, or lifted from, a unit or a person, with its legal basis."""

    action: FlagAction
    credit_code: CreditCode | None = Field(default=None, examples=["91120101MA05K0TH1H"])
    person: Annotated[str, StringConstraints(pattern=Reference.PERSON.pattern)] | None = Field(
        default=None, description="参保人标识 (the reference of a person)"
    )
    since: Day | None = Field(
        default=None, description="起算日,默认今日 (the first day, or the day of lifting)"
    )
    until: Day | None = Field(default=None, description="最后一日 (the last day, of a new flag)")
    basis: ShortText = Field(examples=["社会保险领域严重失信人名单管理暂行办法第五条"])
    document: ShortText = Field(examples=["津社险稽〔2021〕8号"])
    reason: ShortText = Field(examples=["拒不补缴"])

    @model_validator(mode="after")
    def _one_of_them(self) -> FlagChangeIn:
        if (self.credit_code is None) == (self.person is None):
            raise PydanticCustomError(
                "credit_code_or_person", "credit_code 与 person 须有且仅有一项 (give one of them)"
            )
        if self.until is not None and self.until < (self.since or today()):
            raise PydanticCustomError("until_early", "until 早于 since (until is before since)")
        return self

    def change(self) -> FlagChange:
        """Turn it into the flow's value."""
        return FlagChange(
            action=self.action,
            target=self.credit_code or self.person or "",
            since=self.since or today(),
            until=self.until,
            basis=self.basis,
            document=self.document,
            reason=self.reason,
        )


class FlagRefusalIn(In):
    """The reason of a refusal."""

    why: ShortText


class FlagChangeOut(SignedChangeOut):
    """A change of a flag: one person files it, another approves."""

    id: str = Field(examples=[Reference.CREDIT_FLAG_CHANGE.example])
    action: FlagAction
    target: str = Field(description="信用代码或参保人标识 (credit code, or reference of a person)")
    since: date
    until: date | None
    basis: str
    document: str
    inspection: str | None


class CreditFlagOut(Out):
    """A flag: its basis, its days, and the people who set and lifted it."""

    basis: str
    document: str
    since: date
    until: date | None
    inspection: str | None
    set_by: str
    lifted_on: date | None
    lifted_by: str | None
    counts: bool = Field(description="今日是否有效 (whether it counts today)")

    @classmethod
    def of(cls, flag: CreditFlag) -> CreditFlagOut:
        """Build the answer from a flag."""
        names = [name for name in cls.model_fields if name != "counts"]
        counts = flag.counts_on(today())
        return cls(counts=counts, **{name: getattr(flag, name) for name in names})


class CreditFlagsOut(Out):
    """The flags of a unit or a person, and the changes that wait for their decision."""

    flagged: bool
    items: list[CreditFlagOut]
    waiting: list[FlagChangeOut]

    @classmethod
    def of(cls, found: tuple[Sequence[CreditFlag], Sequence[SignedChange]]) -> CreditFlagsOut:
        """Build the answer."""
        flags, waiting = found
        items = [CreditFlagOut.of(flag) for flag in flags]
        return cls(
            flagged=any(item.counts for item in items),
            items=items,
            waiting=[FlagChangeOut.of(one) for one in waiting],
        )


class InspectionRuleIn(In):
    """A rule from a day on: days for an objection, months of a flag, or what a flag blocks."""

    topic: RuleTopic
    code: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")] = Field(
        examples=["uncollectable"],
        description="objection_days: unit;flag_after: 结案结果;flag_blocks: certificate | claim",
    )
    value: int = Field(ge=0, le=120, strict=True, examples=[36])
    basis: ShortText = Field(examples=["本市社会保险失信管理办法第六条"])
    in_force_from: Day
    reason: ShortText = Field(examples=["按本地办法"])

    def rule(self) -> InspectionRule:
        """Return the rule as the flow takes it."""
        return InspectionRule(in_force_to=None, **self.model_dump())


class InspectionRuleOut(Out):
    """A rule on its days."""

    topic: RuleTopic
    code: str
    value: int
    basis: str
    in_force_from: date
    in_force_to: date | None
    reason: str
    set_by: str

    @classmethod
    def of(cls, rule: InspectionRule) -> InspectionRuleOut:
        """Build the answer from a rule."""
        return cls(**{name: getattr(rule, name) for name in cls.model_fields})


class InspectionRuleChangeOut(SignedChangeOut):
    """A change of a rule: one person files it, another approves."""

    id: str = Field(examples=[Reference.INSPECTION_RULE_CHANGE.example])
    topic: RuleTopic
    code: str
    value: int
    basis: str
    in_force_from: date


class InspectionRulesOut(Out):
    """Every rule by topic, code and day, and the changes that wait for their decision."""

    items: list[InspectionRuleOut]
    waiting: list[InspectionRuleChangeOut]

    @classmethod
    def of(
        cls, found: tuple[Sequence[InspectionRule], Sequence[SignedChange]]
    ) -> InspectionRulesOut:
        """Build the answer."""
        rules, waiting = found
        return cls(
            items=[InspectionRuleOut.of(one) for one in rules],
            waiting=[InspectionRuleChangeOut.of(one) for one in waiting],
        )
