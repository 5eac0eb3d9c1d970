"""Waivers, deferral and repayment agreements, dunning notices, what the tax bureau asks about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.console import codes
from services.console.page import Area
from services.console.pages.work.bills import CHARGES, UNIT
from services.console.widgets.action import Action, decisions
from services.console.widgets.cell import Column, Kind
from services.console.widgets.field import Choice, Day, District, Field, Month, Note
from services.console.widgets.listing import ListPage
from services.console.widgets.paper import PaperPage, Part
from services.console.words import Text
from shared.roles import Right

FILED: Final[Mapping[str, Text]] = {
    "filed": ("待批准", "Filed"),
    "approved": ("已批准", "Approved"),
    "refused": ("不予批准", "Refused"),
}
AGREED: Final[Mapping[str, Text]] = {**FILED, "ended": ("已终止", "Ended")}
KINDS: Final[Mapping[str, Text]] = {
    "deferral": ("缓缴", "Deferral"),
    "repayment": ("分期还款", "Repayment"),
}
_DECIDED: Final = Day(member="decided_on", title=("决定日", "Decided on"), is_needed=True)
_WHY: Final = Note(member="why", title=("理由", "Reason"), is_needed=True)
_WAIVER: Final = (
    UNIT,
    Column("bill", ("通知单号", "Bill"), Kind.CODE, link="/bills/{bill}"),
    Column("period", ("费款所属期", "Period")),
    Column("district", ("分中心", "District"), Kind.DISTRICT),
    Column("amount", ("减免(元)", "Waived, yuan"), Kind.MONEY),
    Column("reason", ("原因", "Reason")),
    Column("asked_on", ("申请日", "Requested on"), Kind.DAY),
)
_AGREEMENT: Final = (
    UNIT,
    Column("kind", ("种类", "Kind"), names=KINDS),
    Column("district", ("分中心", "District"), Kind.DISTRICT),
    Column("period_from", ("所属期自", "Periods from")),
    Column("period_to", ("所属期至", "Periods to")),
    Column("from_day", ("自", "From"), Kind.DAY),
    Column("to_day", ("至", "To"), Kind.DAY),
    Column("paid", ("已还(元)", "Paid, yuan"), Kind.MONEY),
)

WAIVERS: Final = ListPage(
    path="/waivers",
    title=("减免", "Waivers"),
    area=Area.WORK,
    order=50,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/waivers",
    filters=(Choice(member="status", title=("状态", "Status"), choices=FILED), District()),
    columns=(
        Column("id", ("减免单", "Waiver"), Kind.CODE, link="/waivers/{id}"),
        *_WAIVER,
        Column("status", ("状态", "Status"), names=FILED),
    ),
)
WAIVER: Final = PaperPage(
    path="/waivers/{waiver}",
    title=("减免", "Waiver"),
    area=Area.WORK,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/waivers/{waiver}",
    trail="collection:/v1/waivers/{waiver}/trail",
    status=None,
    fields=(
        Column("status", ("状态", "Status"), names=FILED),
        *_WAIVER,
        Column("evidence", ("凭据", "Evidence")),
        Column("note", ("说明", "Note")),
        Column("decided_on", ("决定日", "Decided on"), Kind.DAY),
    ),
    parts=(
        Part(
            title=("明细", "Lines"),
            member="lines",
            columns=(
                Column("line", ("序号", "Line"), Kind.NUMBER),
                Column("insurance", ("险种", "Insurance"), names=codes.INSURANCES),
                Column("fund", ("基金", "Fund"), Kind.FUND),
                Column("kind", ("种类", "Kind"), names=CHARGES),
                Column("amount", ("金额(元)", "Amount, yuan"), Kind.MONEY),
            ),
        ),
    ),
    actions=(
        Action(
            title=("批准", "Approve"),
            door="collection:/v1/waivers/{waiver}/approvals",
            right=Right.APPROVE_WAIVER,
            when=lambda paper: paper["status"] == "filed",
            fields=(_DECIDED,),
            confirm=("批准减免 {amount} 元。", "Approve a waiver of {amount} yuan."),
            done=("已批准", "Approved"),
        ),
        Action(
            title=("不予减免", "Refuse"),
            door="collection:/v1/waivers/{waiver}/refusals",
            right=Right.APPROVE_WAIVER,
            when=lambda paper: paper["status"] == "filed",
            fields=(_DECIDED, _WHY),
            confirm=("不予减免 {amount} 元。", "Refuse a waiver of {amount} yuan."),
            done=("不予减免", "Refused"),
            is_grave=True,
        ),
    ),
)
AGREEMENTS: Final = ListPage(
    path="/agreements",
    title=("缓缴、还款协议", "Agreements"),
    area=Area.WORK,
    order=60,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/agreements",
    filters=(Choice(member="status", title=("状态", "Status"), choices=AGREED), District()),
    columns=(
        Column("id", ("协议", "Agreement"), Kind.CODE, link="/agreements/{id}"),
        *_AGREEMENT,
        Column("status", ("状态", "Status"), names=AGREED),
    ),
)
AGREEMENT: Final = PaperPage(
    path="/agreements/{agreement}",
    title=("缓缴、还款协议", "Agreement"),
    area=Area.WORK,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/agreements/{agreement}",
    trail="collection:/v1/agreements/{agreement}/trail",
    status=None,
    fields=(
        Column("status", ("状态", "Status"), names=AGREED),
        *_AGREEMENT,
        Column("reason", ("理由", "Reason")),
        Column("broken_on", ("违约日", "Broken on"), Kind.DAY),
        Column("ended_on", ("终止日", "Ended on"), Kind.DAY),
    ),
    parts=(
        Part(
            title=("分期", "Instalments"),
            member="instalments",
            columns=(
                Column("number", ("期次", "Number"), Kind.NUMBER),
                Column("due_on", ("应还日", "Due on"), Kind.DAY),
                Column("amount", ("金额(元)", "Amount, yuan"), Kind.MONEY),
            ),
        ),
    ),
    actions=(
        *decisions(
            "collection:/v1/agreements/{agreement}",
            Right.APPROVE_AGREEMENT,
            ("{from_day} 至 {to_day} 的协议", "the agreement from {from_day} to {to_day}"),
            reason="why",
            when=lambda paper: paper["status"] == "filed",
        ),
        Action(
            title=("终止", "End"),
            door="collection:/v1/agreements/{agreement}/endings",
            right=Right.APPROVE_AGREEMENT,
            when=lambda paper: paper["status"] == "approved",
            fields=(Day(member="ended_on", title=("终止日", "Last day"), is_needed=True), _WHY),
            confirm=("终止协议,已还 {paid} 元。", "End the agreement; {paid} yuan are paid."),
            done=("已终止", "Ended"),
            is_grave=True,
        ),
    ),
)
NOTICES: Final = ListPage(
    path="/dunning-notices",
    title=("催缴通知书", "Dunning notices"),
    area=Area.WORK,
    order=70,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/dunning-notices",
    filters=(
        Field(member="credit_code", title=("统一社会信用代码", "Credit code")),
        Day(member="day", title=("日期", "Day")),
        District(),
    ),
    columns=(
        Column("number", ("文号", "Number"), Kind.CODE, link="/dunning-notices/{id}"),
        UNIT,
        Column("district", ("分中心", "District"), Kind.DISTRICT),
        Column("day", ("日期", "Day"), Kind.DAY),
        Column("oldest", ("最早所属期", "Oldest period")),
        Column("open", ("欠费(元)", "Open, yuan"), Kind.MONEY),
        Column("late_fee", ("滞纳金(元)", "Late fee, yuan"), Kind.MONEY),
        Column("interest", ("利息(元)", "Interest, yuan"), Kind.MONEY),
    ),
    actions=(
        Action(
            title=("生成催缴通知书", "Make the notices"),
            door="collection:/v1/dunning-runs",
            right=Right.SEND_DUNNING,
            fields=(
                District(is_needed=True),
                Day(member="day", title=("日期", "Day"), is_needed=True),
            ),
            confirm=(
                "为该区每个逾期单位各生成一份通知书。",
                "Make one notice for every unit of the district that is overdue.",
            ),
            done=("已生成", "Made"),
        ),
    ),
)
NOTICE: Final = PaperPage(
    path="/dunning-notices/{notice}",
    title=("催缴通知书", "Dunning notice"),
    area=Area.WORK,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/dunning-notices/{notice}",
    prints="collection:/v1/dunning-notices/{notice}/print",
    status=None,
    fields=(
        Column("number", ("文号", "Number"), Kind.CODE),
        UNIT,
        Column("day", ("日期", "Day"), Kind.DAY),
        Column("open", ("欠费(元)", "Open, yuan"), Kind.MONEY),
        Column("late_fee", ("滞纳金(元)", "Late fee, yuan"), Kind.MONEY),
        Column("interest", ("利息(元)", "Interest, yuan"), Kind.MONEY),
    ),
)
TAX_ITEMS: Final = ListPage(
    path="/tax-items",
    title=("税务征收待办", "Tax work items"),
    area=Area.WORK,
    order=75,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/tax-items",
    filters=(Month(member="period", title=("费款所属期", "Period")), District()),
    columns=(
        UNIT,
        Column("period", ("费款所属期", "Period")),
        Column("kind", ("种类", "Kind")),
        Column("insurance", ("险种", "Insurance"), names=codes.INSURANCES),
        Column("ours", ("我方(元)", "Ours, yuan"), Kind.MONEY),
        Column("theirs", ("税务(元)", "Theirs, yuan"), Kind.MONEY),
        Column("age_days", ("天数", "Days"), Kind.NUMBER),
        Column("owner", ("经办人", "Person")),
        Column("status", ("状态", "Status"), Kind.STATUS),
    ),
)

PAGES: Final = (WAIVERS, WAIVER, AGREEMENTS, AGREEMENT, NOTICES, NOTICE, TAX_ITEMS)
