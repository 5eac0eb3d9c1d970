"""Flags on units and people (失信名单), the rules of inspections, rules of retries, modes of collection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.console import codes
from services.console.page import Area
from services.console.pages.work.inspections import OUTCOMES
from services.console.widgets.action import Action
from services.console.widgets.cell import Column, Kind
from services.console.widgets.field import Choice, Day, Field, Note, Number, today
from services.console.widgets.rules import RulesPage
from services.console.words import Text
from shared.references import Reference
from shared.roles import Right

ACTIONS: Final[Mapping[str, Text]] = {
    "set": ("列入", "Set"),
    "lift": ("移出", "Lift"),
}
TOPICS: Final[Mapping[str, Text]] = {
    "objection_days": ("陈述申辩天数", "Days to object"),
    "flag_after": ("何种结果列入(月数,0 不列)", "Flag after an outcome, months; 0 none"),
    "flag_blocks": ("限制事项(1 限制,0 不限制)", "What a flag blocks; 1 yes, 0 no"),
}
TOPIC_CODES: Final[Mapping[str, Text]] = {
    "unit": ("单位", "Unit"),
    **OUTCOMES,
    "certificate": ("足额缴费证明", "Certificate"),
    "claim": ("待遇申请", "Claim"),
}
MODES: Final[Mapping[str, Text]] = {
    "agency": ("经办机构征收", "The agency collects"),
    "tax": ("税务机关征收", "The tax bureau collects"),
}
DEBIT_REASONS: Final[Mapping[str, Text]] = {
    "insufficient_funds": ("余额不足", "Insufficient funds"),
    "account_name_mismatch": ("户名不符", "Name does not match"),
    "code_wrong": ("账号有误", "Account wrong"),
    "account_state": ("账户状态异常", "State of the account"),
    "status_unknown": ("状态不明", "Unknown"),
}


def two_decisions(
    door: str,
    right: Right,
    words: Text,
    reason: str | None = "why",
) -> tuple[Action, Action]:
    """Return the two steps of a second person on a row that waits."""
    return (
        Action(
            title=("批准", "Approve"),
            door=f"{door}/approvals",
            right=right,
            confirm=(f"批准:{words[0]}", f"Approve: {words[1]}"),
            done=("已批准", "Approved"),
        ),
        Action(
            title=("不予批准", "Refuse"),
            door=f"{door}/refusals",
            right=right,
            fields=(Note(member=reason, title=("理由", "Reason"), is_needed=True),)
            if reason
            else (),
            confirm=(f"不予批准:{words[0]}", f"Refuse: {words[1]}"),
            done=("不予批准", "Refused"),
            is_grave=True,
        ),
    )


def _target(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Name the unit or the person: a person's reference has a prefix of its own."""
    rest = {name: value for name, value in body.items() if name != "of"}
    member = "person" if str(body["of"]).startswith(f"{Reference.PERSON}_") else "credit_code"
    return {**rest, member: body["of"]}


FLAGS: Final = RulesPage(
    path="/credit-flags",
    title=("失信标记", "Flags"),
    area=Area.WORK,
    order=88,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/credit-flags",
    about=(
        "按单位或个人查询;列入、移出均由两人办理。",
        "By unit or person; two people set a flag or lift it.",
    ),
    filters=(
        Field(
            member="of",
            title=("统一社会信用代码或个人编号", "Credit code, or person"),
            is_needed=True,
        ),
    ),
    columns=(
        Column("since", ("自", "From"), Kind.DAY),
        Column("until", ("至", "Until"), Kind.DAY),
        Column("counts", ("有效", "Counts"), Kind.YES),
        Column("basis", ("依据", "Basis")),
        Column("document", ("文书", "Document")),
        Column("inspection", ("稽核案件", "Case"), Kind.CODE, link="/inspections/{inspection}"),
        Column("set_by", ("列入", "Set by")),
        Column("lifted_by", ("移出", "Lifted by")),
        Column("lifted_on", ("移出日", "Lifted on"), Kind.DAY),
    ),
    waiting_columns=(
        Column("action", ("事项", "Action"), names=ACTIONS),
        Column("target", ("对象", "Of"), Kind.CODE),
        Column("since", ("自", "From"), Kind.DAY),
        Column("until", ("至", "Until"), Kind.DAY),
        Column("basis", ("依据", "Basis")),
        Column("document", ("文书", "Document")),
        Column("reason", ("理由", "Reason")),
        Column("filed_by", ("提出", "Filed by")),
    ),
    decisions=two_decisions(
        "collection:/v1/credit-flag-changes/{id}",
        Right.DECIDE_INSPECTION,
        ("{target},{reason}", "{target}, {reason}"),
    ),
    actions=(
        Action(
            title=("申请列入或移出", "File a change"),
            door="collection:/v1/credit-flag-changes",
            right=Right.OPEN_INSPECTION,
            fields=(
                Field(
                    member="of",
                    title=("统一社会信用代码或个人编号", "Credit code, or person"),
                    is_needed=True,
                ),
                Choice(member="action", title=("事项", "Action"), choices=ACTIONS, is_needed=True),
                Field(member="basis", title=("依据", "Basis"), is_needed=True),
                Field(member="document", title=("文书", "Document"), is_needed=True),
                Note(member="reason", title=("理由", "Reason"), is_needed=True),
                Day(member="since", title=("自", "From")),
                Day(member="until", title=("至", "Until")),
            ),
            send=_target,
            confirm=(
                "提出后由另一人批准;批准前不生效。",
                "Another person approves it; before that nothing changes.",
            ),
            done=("已提出", "Filed"),
        ),
    ),
)
_DAYS: Final = (
    Column("in_force_from", ("自", "From"), Kind.DAY),
    Column("in_force_to", ("至", "To"), Kind.DAY),
)
RULES: Final = RulesPage(
    path="/inspection-rules",
    title=("稽核规则", "Rules of inspections"),
    area=Area.POLICY,
    order=72,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/inspection-rules",
    columns=(
        Column("topic", ("规则", "Rule"), names=TOPICS),
        Column("code", ("适用", "Of"), names=TOPIC_CODES),
        Column("value", ("值", "Value"), Kind.NUMBER),
        *_DAYS,
        Column("basis", ("依据", "Basis")),
        Column("set_by", ("设定", "Set by"), names=codes.AUTHORS),
    ),
    waiting_columns=(
        Column("topic", ("规则", "Rule"), names=TOPICS),
        Column("code", ("适用", "Of"), names=TOPIC_CODES),
        Column("value", ("值", "Value"), Kind.NUMBER),
        Column("in_force_from", ("自", "From"), Kind.DAY),
        Column("basis", ("依据", "Basis")),
        Column("reason", ("理由", "Reason")),
        Column("filed_by", ("提出", "Filed by")),
    ),
    decisions=two_decisions(
        "collection:/v1/inspection-rule-changes/{id}",
        Right.APPROVE_CORRECTION,
        ("自 {in_force_from} 起为 {value}", "{value} from {in_force_from}"),
    ),
    actions=(
        Action(
            title=("申请变更", "File a change"),
            door="collection:/v1/inspection-rules",
            right=Right.PROPOSE_CORRECTION,
            fields=(
                Choice(member="topic", title=("规则", "Rule"), choices=TOPICS, is_needed=True),
                Choice(member="code", title=("适用", "Of"), choices=TOPIC_CODES, is_needed=True),
                Number(member="value", title=("值", "Value"), is_needed=True),
                Day(member="in_force_from", title=("自", "From"), is_needed=True, start=today),
                Field(member="basis", title=("依据", "Basis"), is_needed=True),
                Note(member="reason", title=("理由", "Reason"), is_needed=True),
            ),
            confirm=("提出后由另一人批准。", "Another person approves it."),
            done=("已提出", "Filed"),
        ),
    ),
)
_RETRY: Final = (
    Column("reason_class", ("失败类别", "Class of reason"), names=DEBIT_REASONS),
    Column("retries", ("再扣次数", "Retries"), Kind.NUMBER),
    Column("after_workdays", ("间隔工作日", "After workdays"), Kind.NUMBER),
    *_DAYS,
    Column("reason", ("理由", "Reason")),
)
RETRIES: Final = RulesPage(
    path="/retry-rules",
    title=("再扣规则", "Rules of retries"),
    area=Area.POLICY,
    order=74,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/retry-rules",
    columns=(*_RETRY, Column("set_by", ("设定", "Set by"), names=codes.AUTHORS)),
    waiting_columns=(*_RETRY, Column("filed_by", ("提出", "Filed by"))),
    decisions=two_decisions(
        "collection:/v1/retry-rule-changes/{id}",
        Right.APPROVE_CORRECTION,
        ("再扣 {retries} 次,间隔 {after_workdays} 个工作日", "{retries} after {after_workdays}"),
    ),
    actions=(
        Action(
            title=("申请变更", "File a change"),
            door="collection:/v1/retry-rules",
            right=Right.PROPOSE_CORRECTION,
            fields=(
                Choice(
                    member="reason_class",
                    title=("失败类别", "Class of reason"),
                    choices=DEBIT_REASONS,
                    is_needed=True,
                ),
                Number(member="retries", title=("再扣次数", "Retries"), is_needed=True),
                Number(
                    member="after_workdays",
                    title=("间隔工作日", "After workdays"),
                    is_needed=True,
                ),
                Day(member="in_force_from", title=("自", "From"), is_needed=True, start=today),
                Day(member="in_force_to", title=("至", "To")),
                Note(member="reason", title=("理由", "Reason"), is_needed=True),
            ),
            confirm=("提出后由另一人批准。", "Another person approves it."),
            done=("已提出", "Filed"),
        ),
    ),
)
MODE: Final = RulesPage(
    path="/collection-modes",
    title=("征收模式", "Mode of collection"),
    area=Area.POLICY,
    order=70,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/collection-modes",
    waiting=None,
    waiting_status="proposed",
    columns=(
        Column("valid_from", ("自", "From"), Kind.DAY),
        Column("mode", ("模式", "Mode"), names=MODES),
        Column("document", ("文件", "Document")),
        Column("reason", ("理由", "Reason")),
        Column("proposed_by", ("提出", "Proposed by"), names=codes.AUTHORS),
        Column("decided_by", ("批准", "Decided by")),
        Column("status", ("状态", "Status"), Kind.STATUS),
    ),
    decisions=two_decisions(
        "collection:/v1/collection-modes/{id}",
        Right.APPROVE_COLLECTION_MODE,
        ("自 {valid_from} 起变更,{document}", "from {valid_from}, {document}"),
        reason=None,
    ),
    actions=(
        Action(
            title=("提出变更", "Propose a change"),
            door="collection:/v1/collection-modes",
            right=Right.PROPOSE_COLLECTION_MODE,
            fields=(
                Choice(member="mode", title=("模式", "Mode"), choices=MODES, is_needed=True),
                Day(member="valid_from", title=("自", "From"), is_needed=True),
                Field(member="document", title=("文件", "Document"), is_needed=True),
                Note(member="reason", title=("理由", "Reason"), is_needed=True),
            ),
            confirm=(
                "提出变更征收模式,另一人批准后自生效日执行。",
                "Propose another mode; it holds from its day when another person approves.",
            ),
            done=("已提出", "Proposed"),
            is_grave=True,
        ),
    ),
)

PAGES: Final = (FLAGS, RULES, RETRIES, MODE)
