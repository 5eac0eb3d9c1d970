"""Rules of payout that wait for a second person: of entitlements, and of the kinds of benefits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.console import codes
from services.console.page import Area
from services.console.pages.policy.rule_row import in_words
from services.console.widgets.cell import Column, Kind
from services.console.widgets.field import Choice
from services.console.widgets.rules import RulesPage, row_decisions
from services.console.words import Text
from shared.roles import Right

TOPICS: Final[Mapping[str, Text]] = {
    "reason": ("变更事由", "Reasons"),
    "holder": ("代收款人", "Holders of accounts"),
    "account_hold": ("账户变更观察期", "Hold of a changed account"),
    "life_proof": ("资格认证周期", "Cycle of life proofs"),
    "deduction": ("抵扣追回", "Deductions"),
    "early_run": ("提前发放", "Early runs"),
    "pay_day": ("发放日", "Pay day"),
    "qualification": ("退休核查", "Retirement checks"),
    "posting": ("公示天数", "Days of posting"),
    "over_budget": ("超预算", "Beyond the budget"),
}


def _value(row: Mapping[str, Any]) -> str:
    return in_words(row["value"])


RULES: Final = RulesPage(
    path="/entitlement-rules",
    title=("待遇规则", "Rules of entitlements"),
    area=Area.POLICY,
    order=62,
    rights=(Right.READ_PAYOUT,),
    door="payout:/v1/entitlement-rules",
    fixed={"limit": 500},
    waiting=None,
    waiting_status="proposed",
    filters=(Choice(member="topic", title=("规则", "Topic"), choices=TOPICS),),
    columns=(
        Column("topic", ("规则", "Topic"), names=TOPICS),
        Column("code", ("编号", "Code"), Kind.CODE),
        Column("value", ("内容", "Value"), of=_value),
        Column("in_force_from", ("自", "From"), Kind.DAY),
        Column("source", ("依据", "Source")),
        Column("proposed_by", ("提出", "Proposed by"), names=codes.AUTHORS),
        Column("decided_by", ("批准", "Decided by")),
        Column("status", ("状态", "Status"), Kind.STATUS),
    ),
    decisions=row_decisions(
        "payout:/v1/entitlement-rules/{id}",
        Right.PUBLISH_POLICY,
        ("自 {in_force_from} 起,{source}", "from {in_force_from}, {source}"),
        reason="note",
    ),
)
KINDS: Final = RulesPage(
    path="/benefit-kind-corrections",
    title=("待遇种类更正", "Corrections of benefits"),
    area=Area.POLICY,
    order=52,
    rights=(Right.READ_PAYOUT,),
    door="payout:/v1/benefit-kind-corrections",
    fixed={"limit": 500},
    waiting=None,
    columns=(
        Column("row.name", ("待遇", "Benefit")),
        Column("row.fund", ("基金", "Fund"), Kind.FUND),
        Column("row.account", ("支出科目", "Account"), names=codes.LEDGER_ACCOUNTS),
        Column("row.signatures", ("审签级数", "Signatures"), Kind.NUMBER),
        Column("row.line_limit", ("每笔限额(元)", "Limit, yuan"), Kind.MONEY),
        Column("row.in_force_from", ("自", "From"), Kind.DAY),
        Column("row.source", ("依据", "Source")),
        Column("reason", ("理由", "Reason")),
        Column("filed_by", ("提出", "Filed by")),
        Column("status", ("状态", "Status"), Kind.STATUS),
    ),
    decisions=row_decisions(
        "payout:/v1/benefit-kind-corrections/{id}",
        Right.APPROVE_CORRECTION,
        ("{row.name},自 {row.in_force_from} 起", "{row.name} from {row.in_force_from}"),
    ),
)

PAGES: Final = (RULES, KINDS)
