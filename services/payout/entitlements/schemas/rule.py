"""Shapes of dated rules of entitlements."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from services.payout.common.schemas import Day, Note
from services.payout.entitlements.domain.rule import (
    AmountSource,
    EntitlementRule,
    LastMonth,
    RuleStatus,
    RuleTopic,
)
from shared.references import Reference
from shared.schema import In, NonNegativeYuan, Out, PeriodField, ShortText

RuleCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$")]


class ReasonValue(In):
    """A reason of an action, or of an account with another holder."""

    name: ShortText = Field(examples=["服刑"])
    back_pay: bool = Field(False, description="恢复时可补发停发的月份 (stopped months may be paid)")
    last_month: LastMonth = Field(LastMonth.EVENT, description="终止的最后一个月 (of an end)")
    needs_note: bool = False
    amount: AmountSource = Field(
        AmountSource.TYPED,
        description="登记金额的来源:computed 系统核定,carried 按原文书结转(可新开),typed 调整已有金额 "
        "(source of registered amounts: computed by formulas; carried over from another system, may "
        "open; typed, changes an existing one)",
    )


class HoldValue(In):
    """Runs that still pay to the old account after a change."""

    runs: int = Field(ge=0, le=1)


class LifeProofValue(In):
    """Proofs of life: one in a year, by the birth month or in one month for all."""

    month: int | None = Field(None, ge=1, le=12, description="null: 出生月份 (the birth month)")
    early_months: int = Field(ge=0, le=11)
    grace_months: int = Field(ge=0, le=11)
    from_age: int = Field(0, ge=0, le=120)
    first_due: PeriodField | None = Field(None, description="自该期起认证 (the first cycle)")


class DeductionValue(In):
    """The most that is kept back of a month's payment for a recovery case."""

    percent: int = Field(ge=1, le=90, description="占当月发放额的百分比 (share of the payment)")
    floor_fen: NonNegativeYuan = Field(
        alias="floor", examples=["1000.00"], description="须保留的金额 (what the person keeps)"
    )


class EarlyRunValue(In):
    """The month of which the pension run may be filed from the rule's day on."""

    period: PeriodField = Field(description="可提前发放的所属期 (paid before it begins)")


class PayDayValue(In):
    """The day of the month by which its pensions are paid."""

    day: int = Field(ge=1, le=31)


class QualificationValue(In):
    """The way of a reason against a retirement: it blocks, or it is only shown."""

    waivable: bool = Field(description="有此原因仍可进入下一环节 (the reason does not block)")


class PostingValue(In):
    """The length of the posting of a meeting's people."""

    days: int = Field(ge=1, le=60, description="公示天数 (calendar days)")


class OverBudgetValue(In):
    """The outcome of a funding plan beyond its budget: a refusal, or only a warning."""

    refuse: bool


_MEMBERS = (
    "reason",
    "account_hold",
    "life_proof",
    "deduction",
    "early_run",
    "pay_day",
    "qualification",
    "posting",
    "over_budget",
)


class EntitlementRuleIn(In):
    """A rule, or the correction of one: exactly the member of its topic."""

    topic: RuleTopic
    code: RuleCode = Field(
        examples=["suspend.prison"],
        description="事由为 action.code;其余为待遇种类,可加分中心 (of a reason `action.code`; otherwise the kind, or `kind.district`)",
    )
    in_force_from: Day
    source: ShortText = Field(description="依据 (source)")
    reason: ReasonValue | None = Field(None, description="reason, holder")
    account_hold: HoldValue | None = None
    life_proof: LifeProofValue | None = None
    deduction: DeductionValue | None = None
    early_run: EarlyRunValue | None = None
    pay_day: PayDayValue | None = None
    qualification: QualificationValue | None = Field(
        None, description="code: 受阻原因,如 unit_arrears (the reason)"
    )
    posting: PostingValue | None = None
    over_budget: OverBudgetValue | None = None

    @model_validator(mode="after")
    def _of_topic(self) -> Self:
        member = "reason" if self.topic is RuleTopic.HOLDER else self.topic.value
        given = {name for name in _MEMBERS if getattr(self, name) is not None}
        if given != {member}:
            raise PydanticCustomError(
                "rule_of_topic", "须只填 {member} (exactly `{member}`)", {"member": member}
            )
        return self

    @property
    def value(self) -> dict[str, Any]:
        """Return the value of the topic's member."""
        given = next(one for name in _MEMBERS if (one := getattr(self, name)) is not None)
        value: dict[str, Any] = given.model_dump(mode="json")
        return value


class RuleApprovalIn(In):
    """An empty body."""


class RuleRefusalIn(In):
    """The reason for refusing a rule."""

    note: Annotated[Note, StringConstraints(min_length=1)]


class EntitlementRuleOut(Out):
    """A rule. Of several with one topic and code, the one in force last on a day counts."""

    id: str = Field(examples=[Reference.ENTITLEMENT_RULE.example])
    topic: RuleTopic
    code: str
    in_force_from: Day
    value: dict[str, Any]
    source: str
    status: RuleStatus
    proposed_by: str
    decided_by: str | None

    @classmethod
    def of(cls, rule: EntitlementRule) -> EntitlementRuleOut:
        """Build it from a stored rule."""
        return cls(
            id=rule.ref.text(Reference.ENTITLEMENT_RULE),
            topic=rule.topic,
            code=rule.code,
            in_force_from=rule.in_force_from,
            value=dict(rule.value),
            source=rule.source,
            status=rule.status,
            proposed_by=rule.proposed_by,
            decided_by=rule.decided_by,
        )
