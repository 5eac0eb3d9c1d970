"""Inspections (稽核): findings, notice, hearing, decision by three people, and what came in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.console import codes
from services.console.page import Area
from services.console.widgets.action import Action
from services.console.widgets.cell import Column, Kind
from services.console.widgets.field import (
    Choice,
    District,
    Field,
    Money,
    Month,
    Note,
    Number,
    Words,
)
from services.console.widgets.listing import ListPage
from services.console.widgets.paper import PaperPage, Part
from services.console.words import Text
from shared.roles import Right

STATUSES: Final[Mapping[str, Text]] = {
    "opened": ("已立案", "Opened"),
    "noticed": ("已送达意见书", "Noticed"),
    "proposed": ("处理决定待批准", "Decision proposed"),
    "decided": ("已决定", "Decided"),
    "closed": ("已结案", "Closed"),
}
REASONS: Final[Mapping[str, Text]] = {
    "data_comparison": ("数据比对", "Comparison of data"),
    "complaint": ("举报投诉", "Complaint"),
    "routine_sample": ("日常抽查", "Routine sample"),
}
FINDINGS: Final[Mapping[str, Text]] = {
    "base_understated": ("少报缴费基数", "Base understated"),
    "not_enrolled": ("漏报人员", "Not enrolled"),
    "category_wrong": ("参保类别有误", "Category wrong"),
    "benefit_wrong": ("违规领取待遇", "Benefit wrong"),
}
OUTCOMES: Final[Mapping[str, Text]] = {
    "collected": ("已补缴", "Collected"),
    "nothing_found": ("未发现问题", "Nothing found"),
    "uncollectable": ("无法追缴", "Uncollectable"),
    "withdrawn": ("撤案", "Withdrawn"),
}
_UNIT: Final = Column("credit_code", ("单位", "Unit"), Kind.CODE, link="/units/{credit_code}")
_DOOR: Final = "collection:/v1/inspections/{inspection}"
_CASE: Final = (
    Column("case.id", ("案件", "Case"), Kind.CODE),
    Column("case.credit_code", ("单位", "Unit"), Kind.CODE, link="/units/{case.credit_code}"),
    Column("case.district", ("分中心", "District"), Kind.DISTRICT),
    Column("case.reason", ("来源", "Reason"), names=REASONS),
    Column("case.document", ("立案文书", "Document")),
    Column("case.opened_by", ("立案", "Opened by")),
    Column("case.opened_on", ("立案日", "Opened on"), Kind.DAY),
    Column("case.noticed_on", ("送达日", "Noticed on"), Kind.DAY),
    Column("case.objections_until", ("陈述申辩至", "Objections until"), Kind.DAY),
    Column("case.proposed_by", ("拟定决定", "Proposed by")),
    Column("case.decided_by", ("批准决定", "Decided by")),
    Column("case.decided_on", ("决定日", "Decided on"), Kind.DAY),
    Column("case.outcome", ("结果", "Outcome"), names=OUTCOMES),
    Column("case.outcome_reason", ("结案理由", "Reason of the outcome")),
    Column("case.closed_by", ("结案", "Closed by")),
    Column("case.note", ("说明", "Note")),
)


def _is(*statuses: str) -> Any:
    return lambda paper: paper["case"]["status"] in statuses


def _finding(body: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"findings": [body]}


def _decision(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Make the list of dropped findings of their numbers and the one reason that was typed."""
    numbers = [int(word) for word in body.get("dropped", ()) if word.isdigit()]
    reason = body.get("dropped_because") or ""
    return {
        "note": body["note"],
        "dropped": [{"finding": number, "reason": reason} for number in numbers],
    }


FIND: Final = Action(
    title=("登记发现", "Add a finding"),
    door=f"{_DOOR}/findings",
    right=Right.OPEN_INSPECTION,
    when=_is("opened"),
    fields=(
        Choice(member="kind", title=("问题", "Kind"), choices=FINDINGS, is_needed=True),
        Month(member="period", title=("所属期", "Month"), is_needed=True),
        Field(member="identity_number", title=("证件号", "Identity number")),
        Money(member="wage", title=("查实工资", "Wage found")),
        Field(member="claim", title=("待遇申请号", "Claim")),
        Number(member="claim_line", title=("申请行号", "Line of the claim")),
        Money(member="amount", title=("多领金额", "Amount paid wrongly")),
        Note(member="note", title=("说明", "Note"), is_needed=True),
    ),
    send=_finding,
    confirm=("登记一项发现,须有人、月和依据。", "Add one finding by person and month."),
    done=("已登记", "Added"),
)
NOTICE: Final = Action(
    title=("送达意见书", "Give notice"),
    door=f"{_DOOR}/notices",
    right=Right.OPEN_INSPECTION,
    when=_is("opened"),
    confirm=(
        "向单位送达稽核意见书,陈述申辩期自此起算。",
        "Give the unit notice; the days to object begin.",
    ),
    done=("已送达", "Given"),
)
OBJECT: Final = Action(
    title=("登记陈述申辩", "Record an objection"),
    door=f"{_DOOR}/objections",
    right=Right.SUBMIT_DECLARATION,
    when=_is("noticed"),
    fields=(
        Note(member="content", title=("陈述申辩内容", "Objection"), is_needed=True),
        Field(member="document", title=("文书", "Document")),
    ),
    confirm=("登记单位的陈述申辩。", "Record the unit's objection."),
    done=("已登记", "Recorded"),
)
DECIDE: Final = Action(
    title=("拟定处理决定", "Propose the decision"),
    door=f"{_DOOR}/decisions",
    right=Right.PROPOSE_INSPECTION,
    when=_is("noticed"),
    fields=(
        Note(member="note", title=("处理意见", "Decision"), is_needed=True),
        Words(member="dropped", title=("不予认定的发现(序号)", "Findings dropped, by number")),
        Note(member="dropped_because", title=("不予认定的理由", "Why they are dropped")),
    ),
    send=_decision,
    confirm=(
        "拟定处理决定,由另一人批准;未列出的发现予以认定。",
        "Propose the decision, for another person to approve; findings that are not named are upheld.",
    ),
    done=("已拟定", "Proposed"),
)
APPROVE: Final = Action(
    title=("批准处理决定", "Approve the decision"),
    door=f"{_DOOR}/approvals",
    right=Right.DECIDE_INSPECTION,
    when=_is("proposed"),
    confirm=("批准处理决定:{case.note}", "Approve the decision: {case.note}"),
    done=("已批准", "Approved"),
)
SEND_BACK: Final = Action(
    title=("退回处理决定", "Send the decision back"),
    door=f"{_DOOR}/returns",
    right=Right.DECIDE_INSPECTION,
    when=_is("proposed"),
    fields=(Note(member="note", title=("理由", "Reason"), is_needed=True),),
    confirm=("退回拟定的处理决定。", "Send the proposed decision back."),
    done=("已退回", "Sent back"),
    is_grave=True,
)
CORRECT: Final = Action(
    title=("按决定更正申报", "Correct a month"),
    door=f"{_DOOR}/corrections",
    right=Right.OPEN_INSPECTION,
    when=_is("decided"),
    fields=(Month(member="period", title=("所属期", "Month"), is_needed=True),),
    confirm=(
        "按认定的发现更正该月申报;更正照常受理、复核、审核、开单。",
        "Correct the month by its upheld findings; it is handled and billed like any other.",
    ),
    done=("已更正", "Corrected"),
    after=lambda answer: f"/declarations/{answer['id']}",
)
CLOSE: Final = Action(
    title=("结案", "Close the case"),
    door=f"{_DOOR}/closings",
    right=Right.DECIDE_INSPECTION,
    when=_is("opened", "noticed", "decided"),
    fields=(
        Choice(member="outcome", title=("结果", "Outcome"), choices=OUTCOMES, is_needed=True),
        Note(member="reason", title=("理由", "Reason")),
    ),
    confirm=("结案。", "Close the case."),
    done=("已结案", "Closed"),
    is_grave=True,
)
OPEN: Final = Action(
    title=("稽核立案", "Open an inspection"),
    door="collection:/v1/units/{credit_code}/inspections",
    right=Right.OPEN_INSPECTION,
    fields=(
        Choice(member="reason", title=("来源", "Reason"), choices=REASONS, is_needed=True),
        Field(member="document", title=("立案文书", "Document"), is_needed=True),
        Note(member="note", title=("说明", "Note"), is_needed=True),
    ),
    confirm=(
        "对该单位立案稽核;立案人不得决定或结案。",
        "Open a case on the unit; its opener neither decides nor closes it.",
    ),
    done=("已立案", "Opened"),
    after=lambda answer: f"/inspections/{answer['case']['id']}",
)
"""A step on a unit."""
LIST: Final = ListPage(
    path="/inspections",
    title=("稽核案件", "Inspections"),
    area=Area.WORK,
    order=85,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/inspections",
    filters=(
        Field(member="credit_code", title=("统一社会信用代码", "Credit code")),
        Choice(member="status", title=("状态", "Status"), choices=STATUSES),
        District(),
    ),
    columns=(
        Column("id", ("案件", "Case"), Kind.CODE, link="/inspections/{id}"),
        _UNIT,
        Column("district", ("分中心", "District"), Kind.DISTRICT),
        Column("reason", ("来源", "Reason"), names=REASONS),
        Column("opened_on", ("立案日", "Opened on"), Kind.DAY),
        Column("objections_until", ("陈述申辩至", "Objections until"), Kind.DAY),
        Column("outcome", ("结果", "Outcome"), names=OUTCOMES),
        Column("status", ("状态", "Status"), Kind.STATUS, names=STATUSES),
    ),
)
PAPER: Final = PaperPage(
    path="/inspections/{inspection}",
    title=("稽核案件", "Inspection"),
    area=Area.WORK,
    rights=(Right.READ_COLLECTION,),
    door=_DOOR,
    trail=f"{_DOOR}/trail",
    prints=f"{_DOOR}/print",
    status="case.status",
    fields=_CASE,
    parts=(
        Part(
            title=("发现", "Findings"),
            member="findings",
            columns=(
                Column("number", ("序号", "Number"), Kind.NUMBER),
                Column("kind", ("问题", "Kind"), names=FINDINGS),
                Column("period", ("所属期", "Month")),
                Column("masked_identity_number", ("证件号", "Identity number"), Kind.CODE),
                Column("wage", ("查实工资(元)", "Wage, yuan"), Kind.MONEY),
                Column("claim", ("待遇申请", "Claim"), Kind.CODE, link="/claims/{claim}"),
                Column("amount", ("多领(元)", "Paid wrongly, yuan"), Kind.MONEY),
                Column("note", ("说明", "Note")),
                Column("upheld", ("认定", "Upheld"), Kind.YES),
                Column("dropped", ("不予认定", "Dropped because")),
            ),
        ),
        Part(
            title=("陈述申辩", "Objections"),
            member="objections",
            columns=(
                Column("made_on", ("日期", "Day"), Kind.DAY),
                Column("made_by", ("提出", "By")),
                Column("content", ("内容", "Objection")),
                Column("document", ("文书", "Document")),
            ),
        ),
        Part(
            title=("补收", "Collected"),
            member="months",
            columns=(
                Column("period", ("所属期", "Month")),
                Column(
                    "declaration",
                    ("申报", "Declaration"),
                    Kind.CODE,
                    link="/declarations/{declaration}",
                ),
                Column("collected", ("已收(元)", "Collected, yuan"), Kind.MONEY),
                Column("open", ("未收(元)", "Open, yuan"), Kind.MONEY),
                Column("status", ("状态", "Status"), Kind.STATUS),
            ),
        ),
        Part(
            title=("追回待遇", "Benefits to recover"),
            member="recoveries",
            columns=(
                Column("finding", ("发现", "Finding"), Kind.NUMBER),
                Column("claim", ("待遇申请", "Claim"), Kind.CODE, link="/claims/{claim}"),
                Column("amount", ("应追回(元)", "Amount, yuan"), Kind.MONEY),
                Column("recovered", ("已追回(元)", "Recovered, yuan"), Kind.MONEY),
                Column("written_off", ("核销(元)", "Written off, yuan"), Kind.MONEY),
                Column(
                    "recovery_case",
                    ("追回案件", "Case"),
                    Kind.CODE,
                    link="/recovery-cases/{recovery_case}",
                ),
                Column("status", ("状态", "Status"), Kind.STATUS),
            ),
        ),
    ),
    actions=(FIND, NOTICE, OBJECT, DECIDE, APPROVE, SEND_BACK, CORRECT, CLOSE),
)
TOTALS: Final = ListPage(
    path="/inspection-totals",
    title=("稽核补收汇总", "Collected by inspections"),
    area=Area.WORK,
    order=87,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/inspection-totals",
    is_paged=False,
    filters=(Number(member="year", title=("年度", "Year")), District()),
    columns=(
        Column("year", ("年度", "Year")),
        Column("district", ("分中心", "District"), Kind.DISTRICT),
        Column("insurance", ("险种", "Insurance"), names=codes.INSURANCES),
        Column("contributions", ("补缴本金(元)", "Contributions, yuan"), Kind.MONEY),
        Column("charges", ("滞纳金、利息(元)", "Charges, yuan"), Kind.MONEY),
    ),
)

PAGES: Final = (LIST, PAPER, TOTALS)
