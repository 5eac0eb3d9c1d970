"""Entitlements, the papers that change them, suspensions, matches, retirements."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from services.console import codes
from services.console.page import Area
from services.console.pages.payout.claims import ACCOUNT
from services.console.pages.payout.entitlement_proposals import PROPOSALS
from services.console.widgets.action import Action, decisions
from services.console.widgets.cell import Column, Kind
from services.console.widgets.field import Choice, District, Note
from services.console.widgets.listing import ListPage
from services.console.widgets.paper import PaperPage, Part
from services.console.words import Text
from shared.roles import Right

ACTIONS: Final[Mapping[str, Text]] = {
    "register": ("登记", "Register"),
    "move": ("转移", "Move"),
    "suspend": ("停发", "Suspend"),
    "resume": ("恢复", "Resume"),
    "end": ("终止", "End"),
    "account": ("变更账户", "Change of account"),
    "recalculate": ("重新核定", "Recalculate"),
    "keep": ("维持", "Keep"),
}
COMPARISONS: Final[Mapping[str, Text]] = {
    "death": ("死亡", "Death"),
    "prison": ("服刑", "Prison"),
    "double_receipt": ("重复领取", "Double receipt"),
}
BLOCKS: Final[Mapping[str, Text]] = {
    "years_too_few": ("缴费年限不足", "Too few years"),
    "unit_arrears": ("单位欠费", "Arrears of the unit"),
    "double_cover": ("重复参保", "Double cover"),
    "pension_drawn": ("已领待遇", "Draws a pension already"),
    "account_paid": ("账户已支付或转出", "Account paid out or transferred"),
    "too_early": ("未到退休年龄", "Too early"),
    "rows_missing": ("缺计发参数", "Rows of formulas are missing"),
}
STEPS: Final[Mapping[str, Text]] = {
    "initial": ("初审", "First check"),
    "section": ("负责人审核", "Head of the section"),
    "leader": ("领导核定", "Leader"),
    "meeting": ("会审", "Meeting"),
}
CHANGE_STATUSES: Final[Mapping[str, Text]] = {
    "proposed": ("待复核", "Proposed"),
    "approved": ("已批准", "Approved"),
    "refused": ("不予批准", "Refused"),
}
QUALIFICATION_STATUSES: Final[Mapping[str, Text]] = {
    "open": ("办理中", "Open"),
    "returned": ("已退回", "Returned"),
    "approved": ("已批准", "Approved"),
    "refused": ("不予批准", "Refused"),
}
_PERSON: Final = (
    Column("name", ("姓名", "Name")),
    Column("masked_identity_number", ("证件号", "Identity number"), Kind.CODE),
    Column("district", ("分中心", "District"), Kind.DISTRICT),
)
_CHANGE: Final = (
    Column("action", ("事项", "Action"), names=ACTIONS),
    Column("reason", ("事由", "Reason"), names=codes.REASONS),
    Column("district", ("分中心", "District"), Kind.DISTRICT),
    Column("lines", ("人数", "People"), Kind.NUMBER),
    Column("document", ("凭据", "Document")),
    Column("proposed_by", ("提出", "Proposed by")),
    Column("decided_by", ("决定", "Decided by")),
)


SIGNERS: Final = {
    "initial": Right.REGISTER_ENTITLEMENT,
    "section": Right.SIGN_FIRST,
    "leader": Right.SIGN_SECOND,
}
DECISIONS: Final[Mapping[str, Text]] = {
    "approve": ("同意", "Approve"),
    "return": ("退回", "Return"),
    "refuse": ("不予批准", "Refuse"),
}


def _waits_for(step: str) -> Callable[[Mapping[str, Any]], bool]:
    def waits(paper: Mapping[str, Any]) -> bool:
        of = paper["qualification"]
        return bool(of["status"] == "open" and of["step"] == step)

    return waits


def _signature(decision: str) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    def body(paper: Mapping[str, Any]) -> Mapping[str, Any]:
        of = paper["qualification"]
        return {"decision": decision, "district": of["district"], "qualifications": [of["id"]]}

    return body


def _blocked_by(row: Mapping[str, Any]) -> str:
    return "、".join(BLOCKS[code][0] if code in BLOCKS else code for code in row["blocked_by"])


LIST: Final = ListPage(
    path="/entitlements",
    title=("待遇资格", "Entitlements"),
    area=Area.PAYOUT,
    order=60,
    rights=(Right.READ_PAYOUT,),
    door="payout:/v1/entitlements",
    filters=(District(),),
    columns=(
        *_PERSON,
        Column("kind", ("待遇种类", "Kind"), names=codes.BENEFITS),
        Column("monthly_amount", ("月标准(元)", "Monthly, yuan"), Kind.MONEY),
        Column("from", ("起发月", "From")),
        *ACCOUNT,
        Column("change", ("变更单", "Paper"), Kind.CODE, link="/entitlement-changes/{change}"),
    ),
)
CHANGES: Final = ListPage(
    path="/entitlement-changes",
    title=("待遇变更", "Changes of entitlements"),
    area=Area.PAYOUT,
    order=70,
    rights=(Right.READ_PAYOUT,),
    door="payout:/v1/entitlement-changes",
    filters=(
        Choice(member="status", title=("状态", "Status"), choices=CHANGE_STATUSES),
        Choice(member="action", title=("事项", "Action"), choices=ACTIONS),
        District(),
    ),
    columns=(
        Column("id", ("变更单", "Paper"), Kind.CODE, link="/entitlement-changes/{id}"),
        *_CHANGE,
        Column("status", ("状态", "Status"), Kind.STATUS),
    ),
    actions=PROPOSALS,
)
CHANGE: Final = PaperPage(
    path="/entitlement-changes/{change}",
    title=("待遇变更", "Change of entitlements"),
    area=Area.PAYOUT,
    rights=(Right.READ_PAYOUT,),
    door="payout:/v1/entitlement-changes/{change}",
    trail="payout:/v1/entitlement-changes/{change}/trail",
    fields=(*_CHANGE, Column("note", ("说明", "Note"))),
    parts=(
        Part(
            title=("名单", "People"),
            door="payout:/v1/entitlement-changes/{change}/lines",
            columns=(
                Column("line", ("序号", "Line"), Kind.NUMBER),
                *_PERSON[:2],
                Column("from", ("自", "From")),
                Column("monthly_amount", ("月标准(元)", "Monthly, yuan"), Kind.MONEY),
                *ACCOUNT,
            ),
        ),
    ),
    actions=decisions(
        "payout:/v1/entitlement-changes/{change}",
        Right.SIGN_FIRST,
        ("{lines} 人", "{lines} people"),
    ),
)
SUSPENSIONS: Final = ListPage(
    path="/entitlement-suspensions",
    title=("停发", "Suspensions"),
    area=Area.PAYOUT,
    order=80,
    rights=(Right.READ_PAYOUT,),
    door="payout:/v1/entitlement-suspensions",
    filters=(District(),),
    columns=(
        *_PERSON,
        Column("reason", ("事由", "Reason"), names=codes.REASONS),
        Column("from", ("自", "From")),
        Column("until", ("至", "Until")),
        Column("change", ("变更单", "Paper"), Kind.CODE, link="/entitlement-changes/{change}"),
    ),
)
MATCHES: Final = ListPage(
    path="/comparison-matches",
    title=("比对线索", "Matches of comparisons"),
    area=Area.PAYOUT,
    order=100,
    rights=(Right.READ_PAYOUT,),
    door="payout:/v1/comparison-matches",
    filters=(
        Choice(member="comparison", title=("比对", "Comparison"), choices=COMPARISONS),
        District(),
    ),
    columns=(
        *_PERSON,
        Column("comparison", ("比对", "Comparison"), names=COMPARISONS),
        Column("event_on", ("发生日", "Event"), Kind.DAY),
        Column("note", ("说明", "Note")),
        Column("change", ("变更单", "Paper"), Kind.CODE, link="/entitlement-changes/{change}"),
        Column("status", ("状态", "Status"), Kind.STATUS),
    ),
)
QUALIFICATIONS: Final = ListPage(
    path="/qualifications",
    title=("退休审批", "Retirements"),
    area=Area.PAYOUT,
    order=55,
    rights=(Right.READ_PAYOUT,),
    door="payout:/v1/qualifications",
    filters=(
        Choice(member="status", title=("状态", "Status"), choices=QUALIFICATION_STATUSES),
        Choice(member="step", title=("环节", "Step"), choices=STEPS),
        District(),
    ),
    columns=(
        Column("id", ("申请", "Application"), Kind.CODE, link="/qualifications/{id}"),
        *_PERSON,
        Column("retirement_month", ("退休月", "Retires in")),
        Column("paid_months", ("缴费月数", "Months paid"), Kind.NUMBER),
        Column("monthly_amount", ("月养老金(元)", "Monthly, yuan"), Kind.MONEY),
        Column("step", ("环节", "Step"), names=STEPS),
        Column("blocked_by", ("不能办理", "Blocked by"), of=_blocked_by),
        Column("status", ("状态", "Status"), Kind.STATUS),
    ),
)
QUALIFICATION: Final = PaperPage(
    path="/qualifications/{application}",
    title=("退休审批", "Retirement"),
    area=Area.PAYOUT,
    rights=(Right.READ_PAYOUT,),
    door="payout:/v1/qualifications/{application}",
    trail="payout:/v1/qualifications/{application}/trail",
    prints="payout:/v1/qualifications/{application}/print",
    status="qualification.status",
    fields=(
        Column("qualification.name", ("姓名", "Name")),
        Column("qualification.masked_identity_number", ("证件号", "Identity number"), Kind.CODE),
        Column("qualification.district", ("分中心", "District"), Kind.DISTRICT),
        Column("qualification.retirement_month", ("退休月", "Retires in")),
        Column("qualification.from", ("起发月", "From")),
        Column("qualification.paid_months", ("缴费月数", "Months paid"), Kind.NUMBER),
        Column("qualification.monthly_amount", ("月养老金(元)", "Monthly, yuan"), Kind.MONEY),
        Column("qualification.provisional", ("暂发", "Provisional"), Kind.YES),
        Column("qualification.step", ("环节", "Step"), names=STEPS),
        Column("qualification.document", ("凭据", "Document")),
        Column("qualification.filed_by", ("经办", "Filed by")),
        Column("qualification.note", ("说明", "Note")),
        Column(
            "entitlement_change",
            ("待遇登记", "Entitlement"),
            Kind.CODE,
            link="/entitlement-changes/{entitlement_change}",
        ),
    ),
    parts=(
        Part(
            title=("不能办理的原因", "Why it is blocked"),
            member="reasons",
            columns=(Column("text", ("原因", "Reason")), Column("detail", ("详情", "Detail"))),
        ),
        Part(
            title=("待遇组成", "Parts"),
            member="parts",
            columns=(
                Column("name", ("项目", "Part")),
                Column("amount", ("金额(元)", "Amount, yuan"), Kind.MONEY),
            ),
        ),
        Part(
            title=("计算过程", "How it was computed"),
            member="steps",
            columns=(
                Column("name", ("步骤", "Step")),
                Column("formula", ("算式", "Formula")),
                Column("result", ("结果", "Result")),
            ),
        ),
    ),
    actions=tuple(
        Action(
            title=title,
            door="payout:/v1/qualification-signatures",
            right=right,
            when=_waits_for(step),
            fields=(Note(member="note", title=("意见", "Note"), is_needed=decision != "approve"),),
            body=_signature(decision),
            confirm=(
                f"{title[0]}:{{qualification.name}},每月 {{qualification.monthly_amount}} 元。",
                f"{title[1]}: {{qualification.name}}, {{qualification.monthly_amount}} yuan a month.",
            ),
            done=("已办理", "Done"),
            is_grave=decision != "approve",
        )
        for step, right in SIGNERS.items()
        for decision, title in DECISIONS.items()
    ),
)

PAGES: Final = (
    LIST,
    CHANGES,
    CHANGE,
    SUSPENSIONS,
    MATCHES,
    QUALIFICATIONS,
    QUALIFICATION,
)
