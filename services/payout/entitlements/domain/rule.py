"""Dated rules of entitlements: reasons and what they bring, the hold of an account, life proofs.

A rule is a row that two people correct: the latest one in force on a day counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from services.payout.entitlements.domain.change import ChangeAction
from shared.errors import Fault, Kind, Refusal
from shared.ids import Ref
from shared.period import Period

PAPER: Final = "entitlement_rule"
LIFE_PROOF_MISSED: Final = "life_proof_missed"
"""The reason of suspensions for a missed proof of life; a proof lifts them."""


class RuleTopic(StrEnum):
    """Topics of rules."""

    REASON = "reason"  # 变更事由
    HOLDER = "holder"  # 代领事由
    ACCOUNT_HOLD = "account_hold"  # 账户变更的等待期
    LIFE_PROOF = "life_proof"  # 资格认证周期
    DEDUCTION = "deduction"  # 抵扣追回的限额
    EARLY_RUN = "early_run"  # 提前发放
    PAY_DAY = "pay_day"  # 发放期限
    QUALIFICATION = "qualification"  # 退休审批:可放行的受阻原因
    POSTING = "posting"  # 公示期
    OVER_BUDGET = "over_budget"  # 用款计划超预算


class RuleStatus(StrEnum):
    """The states of a rule."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REFUSED = "refused"


class LastMonth(StrEnum):
    """The last month that is due when an event ends an entitlement."""

    EVENT = "event"  # 事件发生当月照发,次月起停发
    BEFORE = "before"  # 事件发生当月起停发


class AmountSource(StrEnum):
    """Sources of the amounts of a paper, by its reason."""

    COMPUTED = "computed"  # 由计发办法核定,不由人填写
    CARRIED = "carried"  # 按原系统或转出地的文书结转,可新开待遇
    TYPED = "typed"  # 按文书调整已有待遇的金额


class RuleMissing(Refusal):
    """没有生效的规则 (no rule is in force)"""

    kind = Kind.INVALID
    code = "ENTITLEMENT_RULE_MISSING"


class RuleDecided(Refusal):
    """该规则已有结论 (the rule is approved or refused already)"""

    kind = Kind.CONFLICT
    code = "ENTITLEMENT_RULE_DECIDED"


@dataclass(frozen=True, slots=True)
class ReasonRule:
    """A reason of one action. `back_pay`: a resumption may pay every stopped month.

    `amount` says where the amounts of its papers come from.
    """

    name: str
    back_pay: bool = False
    last_month: LastMonth = LastMonth.EVENT
    needs_note: bool = False
    amount: AmountSource = AmountSource.TYPED


@dataclass(frozen=True, slots=True)
class LifeProofRule:
    """Proofs of life of a kind: once in a year, in the birth month or in one month for all.

    A proof counts from `early_months` before its month. It is missed once its month and
    `grace_months` more are over; a person younger than `from_age` needs none, and nobody before the
    cycle of `first_due`.
    """

    month: int | None
    early_months: int
    grace_months: int
    from_age: int = 0
    first_due: Period | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntitlementRule:
    """A stored rule; `code` names what it is about."""

    ref: Ref
    topic: RuleTopic
    code: str
    in_force_from: date
    value: Mapping[str, Any]
    source: str
    status: RuleStatus
    proposed_by: str
    decided_by: str | None


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules in force on one day, by topic and code."""

    values: Mapping[tuple[RuleTopic, str], Mapping[str, Any]]

    def reason(self, action: ChangeAction, code: str) -> ReasonRule:
        """Find the rule of a reason; a resumption has the reason of the stop that it lifts.

        Raises:
            RuleMissing: no rule is in force for it.
        """
        stops = (ChangeAction.SUSPEND, ChangeAction.END)
        for one in stops if action is ChangeAction.RESUME else (action,):
            value = self.values.get((RuleTopic.REASON, f"{one.value}.{code}"))
            if value is not None:
                return _reason(value, f"{one.value}.{code}")
        raise RuleMissing(topic=RuleTopic.REASON.value, code=f"{action.value}.{code}")

    def holds_account(self, kind: str) -> bool:
        """Tell whether the first run after a change of account still pays to the old one."""
        value = self.values.get((RuleTopic.ACCOUNT_HOLD, kind))
        return value is None or bool(value["runs"])

    def holder_reasons(self) -> frozenset[str]:
        """Return the reasons for which an account may have another holder."""
        return frozenset(code for topic, code in self.values if topic is RuleTopic.HOLDER)

    def early_month(self, kind: str, district: str) -> Period | None:
        """Find the month of which the run may be filed before it begins, of a district or of all."""
        value = self._of_district(RuleTopic.EARLY_RUN, kind, district)
        return None if value is None else Period.parse(value["period"])

    def pay_day(self, kind: str, district: str | None) -> int:
        """Find the day of the month by which it is paid; without a rule its last day."""
        value = self._of_district(RuleTopic.PAY_DAY, kind, district)
        return 31 if value is None else int(value["day"])

    def waivable(self) -> frozenset[str]:
        """Return the reasons against a retirement that do not block it."""
        return frozenset(
            code
            for (topic, code), value in self.values.items()
            if topic is RuleTopic.QUALIFICATION and value["waivable"]
        )

    def posting_days(self, kind: str, district: str) -> int:
        """Find how many days a posting lasts; without a rule seven."""
        value = self._of_district(RuleTopic.POSTING, kind, district)
        return 7 if value is None else int(value["days"])

    def refuses_over_budget(self, fund: str) -> bool:
        """Tell whether a funding plan beyond the budget is refused; otherwise it is a warning."""
        value = self.values.get((RuleTopic.OVER_BUDGET, fund))
        return value is None or bool(value["refuse"])

    def _of_district(
        self, topic: RuleTopic, kind: str, district: str | None
    ) -> Mapping[str, Any] | None:
        return self.values.get((topic, f"{kind}.{district}"), self.values.get((topic, kind)))

    def life_proof(self, kind: str, district: str) -> LifeProofRule:
        """Find the rule of life proofs in a district: its own, or the one of the kind.

        Raises:
            RuleMissing: no rule is in force for it.
        """
        for code in (f"{kind}.{district}", kind):
            value = self.values.get((RuleTopic.LIFE_PROOF, code))
            if value is not None:
                first = value.get("first_due")
                return LifeProofRule(
                    month=value["month"],
                    early_months=value["early_months"],
                    grace_months=value["grace_months"],
                    from_age=value["from_age"],
                    first_due=None if first is None else Period.parse(first),
                )
        raise RuleMissing(topic=RuleTopic.LIFE_PROOF.value, code=kind)


_SOURCES: Final = {
    "register.new_pension": AmountSource.COMPUTED,
    "register.transferred_in": AmountSource.CARRIED,
}
"""Sources of amounts where a row of an earlier release names none; otherwise amounts are typed."""


def _reason(value: Mapping[str, Any], code: str) -> ReasonRule:
    return ReasonRule(
        name=value["name"],
        back_pay=value["back_pay"],
        last_month=LastMonth(value["last_month"]),
        needs_note=value["needs_note"],
        amount=AmountSource(value.get("amount", _SOURCES.get(code, AmountSource.TYPED))),
    )


def first_month_not_due(rule: ReasonRule, event_on: date) -> Period:
    """Compute the first month that is not due after an event that ends an entitlement."""
    month = Period.of(event_on)
    return month.plus(1) if rule.last_month is LastMonth.EVENT else month


def reason_faults(
    rules: Rules,
    rule: ReasonRule,
    note: str | None,
    holder_reasons: Sequence[str | None],
    parts: Sequence[int | None] = (),
    *,
    computed: bool,
) -> list[Fault]:
    """Find a missing note, a typed amount that must be computed, and unknown reasons of holders.

    `parts` are accounts' parts of amounts; only a pension that is carried over states one.
    """
    message = "只有结转的待遇填写个人账户养老金 (only a pension that is carried over states it)"
    faults = [
        Fault(f"/people/{index}/account_amount", "MEMBER_UNUSED", message)
        for index, part in enumerate(parts)
        if part is not None and rule.amount is not AmountSource.CARRIED
    ]
    if rule.amount is AmountSource.COMPUTED and not computed:
        message = (
            "此事由的金额由系统核定,不由人填写;新开养老金走退休审批,旧系统结转用 carried_over "
            "(amounts of this reason are computed: open a pension by the four steps of a "
            "qualification; what an old system paid is `carried_over`)"
        )
        faults.append(Fault("/reason", "AMOUNT_NOT_COMPUTED", message))
    if rule.needs_note and not note:
        faults.append(Fault("/note", "NOTE_MISSING", "须说明理由 (this reason needs a note)"))
    known = rules.holder_reasons()
    return faults + [
        Fault(
            f"/people/{index}/holder_reason",
            "HOLDER_REASON_UNKNOWN",
            f"须为 {'、'.join(sorted(known))} 之一 (one of these)",
        )
        for index, reason in enumerate(holder_reasons)
        if reason is not None and reason not in known
    ]
