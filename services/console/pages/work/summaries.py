"""Summaries: sent by the district, audited by the centre on control totals, billed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.console.page import Area
from services.console.pages.work.declarations import listed_code, return_codes
from services.console.widgets.action import Action
from services.console.widgets.cell import Column, Kind
from services.console.widgets.field import Choice, Day, District, Loaded, Month, Note
from services.console.widgets.listing import ListPage
from services.console.widgets.paper import PaperPage, Part
from services.console.words import Text
from shared.roles import Right

STATUSES: Final[Mapping[str, Text]] = {
    "sent": ("待审核", "Waits for the audit"),
    "audited": ("已审核", "Audited"),
    "billed": ("已出通知单", "Billed"),
    "returned": ("已退回", "Returned"),
}
_TOTALS: Final = (
    Column("control.declarations", ("申报份数", "Declarations"), Kind.NUMBER),
    Column("control.people", ("人数", "People"), Kind.NUMBER),
    Column("control.total", ("金额(元)", "Total, yuan"), Kind.MONEY),
)
_FIELDS: Final = (
    Column("district", ("分中心", "District"), Kind.DISTRICT),
    Column("period", ("费款所属期", "Period")),
    Column("number", ("次序", "Number"), Kind.NUMBER),
    *_TOTALS,
    Column("sent_on", ("上报日", "Sent on"), Kind.DAY),
    Column("cut_off_on", ("截止日", "Cut-off"), Kind.DAY),
    Column("late", ("逾期上报", "Late"), Kind.YES),
    Column("bill_date", ("通知单日期", "Bill date"), Kind.DAY),
)


LIST: Final = ListPage(
    path="/summaries",
    title=("汇总表", "Summaries"),
    area=Area.WORK,
    order=20,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/summaries",
    filters=(
        Month(member="period", title=("费款所属期", "Period")),
        Choice(member="status", title=("状态", "Status"), choices=STATUSES),
        District(),
    ),
    columns=(
        Column("id", ("汇总表", "Summary"), Kind.CODE, link="/summaries/{id}"),
        *_FIELDS,
        Column("status", ("状态", "Status"), names=STATUSES),
    ),
    actions=(
        Action(
            title=("上报汇总表", "Send a summary"),
            door="collection:/v1/summaries",
            right=Right.SEND_SUMMARY,
            fields=(
                Month(member="period", title=("费款所属期", "Period"), is_needed=True),
                District(is_needed=True),
                Day(member="sent_on", title=("上报日,空为今日", "Sent on; empty: today")),
            ),
            confirm=(
                "上报该所属期全部已复核、尚未上报的申报。",
                "Send every reviewed declaration of the period that was not sent yet.",
            ),
            done=("已上报", "Sent"),
            after=lambda answer: f"/summaries/{answer['id']}",
        ),
    ),
)
PAPER: Final = PaperPage(
    path="/summaries/{summary}",
    title=("汇总表", "Summary"),
    area=Area.WORK,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/summaries/{summary}",
    trail="collection:/v1/summaries/{summary}/trail",
    status=None,
    fields=(
        Column("id", ("汇总表", "Summary"), Kind.CODE),
        Column("status", ("状态", "Status"), names=STATUSES),
        *_FIELDS,
    ),
    parts=(
        Part(
            title=("申报", "Declarations"),
            door="collection:/v1/summaries/{summary}/declarations",
            columns=(
                Column("id", ("申报号", "Declaration"), Kind.CODE, link="/declarations/{id}"),
                Column("name", ("单位", "Unit")),
                Column(
                    "credit_code",
                    ("统一社会信用代码", "Credit code"),
                    Kind.CODE,
                    link="/units/{credit_code}",
                ),
                Column("people", ("人数", "People"), Kind.NUMBER),
                Column("unit", ("单位部分(元)", "Unit's part, yuan"), Kind.MONEY),
                Column("personal", ("个人部分(元)", "Personal part, yuan"), Kind.MONEY),
                Column("total", ("合计(元)", "Total, yuan"), Kind.MONEY),
            ),
        ),
    ),
    actions=(
        Action(
            title=("审核", "Audit"),
            door="collection:/v1/summaries/{summary}/audits",
            right=Right.AUDIT_SUMMARY,
            when=lambda paper: paper["status"] == "sent",
            fields=(Day(member="bill_date", title=("通知单日期", "Bill date"), is_needed=True),),
            body=lambda paper: {"control": paper["control"]},
            confirm=(
                "核对控制总数:{control.declarations} 份、{control.people} 人、{control.total} 元。",
                "Control totals: {control.declarations} declarations, {control.people} people,"
                " {control.total} yuan.",
            ),
            done=("已审核,通知单随即出具", "Audited; its bills follow"),
        ),
        Action(
            title=("退回", "Return"),
            door="collection:/v1/summaries/{summary}/returns",
            right=Right.AUDIT_SUMMARY,
            when=lambda paper: paper["status"] == "sent",
            fields=(
                Loaded(
                    member="code", title=("退回原因", "Reason"), load=return_codes, is_needed=True
                ),
                Note(member="note", title=("说明", "Note")),
            ),
            send=listed_code,
            confirm=(
                "退回整份汇总表:{control.declarations} 份、{control.total} 元。",
                "Return the whole summary: {control.declarations} declarations, {control.total} yuan.",
            ),
            done=("已退回", "Returned"),
            is_grave=True,
        ),
    ),
)

PAGES: Final = (LIST, PAPER)
