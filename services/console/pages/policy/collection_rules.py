"""The agency's own rules of collecting: inspections, retries of debits, the mode of collection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.console import codes
from services.console.page import Area
from services.console.pages.policy.rule_row import FROM_TO
from services.console.pages.work.inspections import OUTCOMES
from services.console.widgets.action import Action
from services.console.widgets.cell import Column, Kind
from services.console.widgets.field import Choice, Day, Field, Note, Number, Yes, today
from services.console.widgets.rules import RulesPage, row_decisions
from services.console.words import Text
from shared.roles import Right

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
INSPECTIONS: Final = RulesPage(
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
        *FROM_TO,
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
    decisions=row_decisions(
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
    *FROM_TO,
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
    decisions=row_decisions(
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
_REASON: Final = (
    Column("code", ("银行代码", "Bank's code"), Kind.CODE),
    Column("reason_class", ("失败类别", "Class of reason"), names=DEBIT_REASONS),
    Column("meaning", ("含义", "Meaning")),
    Column("source", ("依据", "Source")),
    Column("certain", ("已核实", "Confirmed"), Kind.YES),
)
REASONS: Final = RulesPage(
    path="/debit-reasons",
    title=("拒付代码", "Codes of refusals"),
    area=Area.POLICY,
    order=75,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/debit-reasons",
    about=(
        "银行回执中的拒付代码归入五类,再扣规则按类别执行;未列的代码不归类。",
        "Banks' codes of refusals by class, which retries follow; a code that is not listed has none.",
    ),
    columns=(*_REASON, Column("set_by", ("设定", "Set by"), names=codes.AUTHORS)),
    waiting_columns=(
        *_REASON,
        Column("reason", ("理由", "Reason")),
        Column("filed_by", ("提出", "Filed by")),
    ),
    decisions=row_decisions(
        "collection:/v1/debit-reason-changes/{id}",
        Right.APPROVE_CORRECTION,
        ("代码 {code} 为 {meaning}", "{code} is {meaning}"),
    ),
    actions=(
        Action(
            title=("增改代码", "File a code"),
            door="collection:/v1/debit-reasons",
            right=Right.PROPOSE_CORRECTION,
            fields=(
                Field(member="code", title=("银行代码", "Bank's code"), is_needed=True),
                Choice(
                    member="reason_class",
                    title=("失败类别", "Class of reason"),
                    choices=DEBIT_REASONS,
                    is_needed=True,
                ),
                Field(member="meaning", title=("含义", "Meaning"), is_needed=True),
                Field(member="source", title=("依据", "Source"), is_needed=True),
                Yes(member="certain", title=("已核实", "Confirmed")),
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
    decisions=row_decisions(
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

PAGES: Final = (INSPECTIONS, RETRIES, REASONS, MODE)
