"""Money for benefits: plans of use, requests to finance, and plan against actual (用款计划)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from nicegui import ui

from services.console import codes, names
from services.console.page import Area, FreePage, View, link
from services.console.widgets.action import Action, decisions
from services.console.widgets.cell import Column, Kind
from services.console.widgets.fault import attempt
from services.console.widgets.field import Choice, Month, Note, this_month
from services.console.widgets.listing import ListPage
from services.console.widgets.paper import PaperPage, Part, show_fields
from services.console.widgets.table import table_panel
from services.console.widgets.title import about, heading, page_title
from services.console.words import Text, t
from shared import clock
from shared.roles import Right

STATUSES: Final[Mapping[str, Text]] = {
    "proposed": ("待批准", "Proposed"),
    "approved": ("已批准", "Approved"),
    "refused": ("不予批准", "Refused"),
}
_FUND: Final = Choice(member="fund", title=("基金", "Fund"), choices=names.FUNDS)
_FIELDS: Final = (
    Column("fund", ("基金", "Fund"), Kind.FUND),
    Column("month", ("月份", "Month")),
    Column("number", ("本月第几次", "Number"), Kind.NUMBER),
    Column("claims", ("申请数", "Claims"), Kind.NUMBER),
    Column("total", ("金额(元)", "Total, yuan"), Kind.MONEY),
    Column("proposed_by", ("编制", "Proposed by")),
    Column("proposed_on", ("编制日", "Proposed on"), Kind.DAY),
    Column("decided_by", ("批准", "Decided by")),
)
LIST: Final = ListPage(
    path="/funding-plans",
    title=("用款计划", "Funding plans"),
    area=Area.PAYOUT,
    order=22,
    rights=(Right.READ_PAYOUT,),
    door="payout:/v1/funding-plans",
    filters=(
        _FUND,
        Month(member="month", title=("月份", "Month")),
        Choice(member="status", title=("状态", "Status"), choices=STATUSES),
    ),
    columns=(
        Column("id", ("计划", "Plan"), Kind.CODE, link="/funding-plans/{id}"),
        *_FIELDS,
        Column("status", ("状态", "Status"), Kind.STATUS),
    ),
    actions=(
        Action(
            title=("编制用款计划", "Propose a plan"),
            door="payout:/v1/funding-plans",
            right=Right.PROPOSE_SETTLEMENT,
            fields=(
                Choice(member="fund", title=("基金", "Fund"), choices=names.FUNDS, is_needed=True),
                Month(member="month", title=("月份", "Month"), is_needed=True, start=this_month),
                Note(member="note", title=("说明", "Note")),
            ),
            confirm=(
                "把尚未列入计划的已审签申请编成一份计划,另一人批准后即为用款申请。",
                "Plan every approved claim that no plan has; once another person approves, it is the"
                " request to finance.",
            ),
            done=("已编制", "Proposed"),
            after=lambda answer: f"/funding-plans/{answer['id']}",
        ),
    ),
)
PAPER: Final = PaperPage(
    path="/funding-plans/{plan}",
    title=("用款计划", "Funding plan"),
    area=Area.PAYOUT,
    rights=(Right.READ_PAYOUT,),
    door="payout:/v1/funding-plans/{plan}",
    prints="payout:/v1/funding-plans/{plan}/print",
    fields=(
        Column("id", ("计划", "Plan"), Kind.CODE),
        *_FIELDS,
        Column("decided_on", ("批准日", "Decided on"), Kind.DAY),
        Column("note", ("说明", "Note")),
        Column("warnings", ("提示", "Warnings"), of=lambda row: "\n".join(row["warnings"])),
    ),
    parts=(
        Part(
            title=("明细", "Claims"),
            door="payout:/v1/funding-plans/{plan}/claims",
            columns=(
                Column("number", ("序号", "Number"), Kind.NUMBER),
                Column("claim", ("申请号", "Claim"), Kind.CODE, link="/claims/{claim}"),
                Column("kind", ("待遇种类", "Kind"), names=codes.BENEFITS),
                Column("account", ("支出科目", "Account"), names=codes.LEDGER_ACCOUNTS),
                Column("district", ("分中心", "District"), Kind.DISTRICT),
                Column("period", ("所属期", "Period")),
                Column("lines", ("人次", "Lines"), Kind.NUMBER),
                Column("amount", ("金额(元)", "Amount, yuan"), Kind.MONEY),
            ),
        ),
    ),
    actions=decisions(
        "payout:/v1/funding-plans/{plan}",
        Right.APPROVE_SETTLEMENT,
        ("{claims} 份申请,{total} 元", "{claims} claims, {total} yuan"),
    ),
)
_LINES: Final = (
    Column("account", ("支出科目", "Account"), names=codes.LEDGER_ACCOUNTS),
    Column("budget", ("全年预算(元)", "Budget, yuan"), Kind.MONEY),
    Column("planned", ("计划(元)", "Planned, yuan"), Kind.MONEY),
    Column("requested", ("申请(元)", "Requested, yuan"), Kind.MONEY),
    Column("received", ("到账(元)", "Received, yuan"), Kind.MONEY),
    Column("waiting", ("待拨(元)", "Waiting, yuan"), Kind.MONEY),
    Column("paid", ("支付(元)", "Paid, yuan"), Kind.MONEY),
    Column("returned", ("退回(元)", "Returned, yuan"), Kind.MONEY),
    Column("left", ("结余(元)", "Left, yuan"), Kind.MONEY),
)
_FUNDINGS: Final = (
    Column("day", ("到账日", "Day"), Kind.DAY),
    Column("account", ("支出科目", "Account"), names=codes.LEDGER_ACCOUNTS),
    Column("amount", ("金额(元)", "Amount, yuan"), Kind.MONEY),
    Column("settlement", ("结算单", "Settlement"), Kind.CODE, link="/settlements/{settlement}"),
    Column("plan", ("计划", "Plan"), Kind.CODE, link="/funding-plans/{plan}"),
)
_TOTALS: Final = (
    Column("opening", ("月初(元)", "Opening, yuan"), Kind.MONEY),
    Column("closing", ("月末(元)", "Closing, yuan"), Kind.MONEY),
    Column("held", ("预留(元)", "Held, yuan"), Kind.MONEY),
    Column("in_batches", ("批次中(元)", "In batches, yuan"), Kind.MONEY),
    Column("other", ("其他变动(元)", "Other, yuan"), Kind.MONEY),
)


async def show_report(view: View) -> None:
    """Show a month's plans against what was received and paid, fund by fund."""
    month = view.query.get("month") or str(clock.today())[:7]
    with ui.row().classes("wx-title-row"):
        page_title(t("计划与执行", "Plan against actual"))
        ui.space()
        chosen = ui.input(t("月份", "Month"), value=month).props("outlined dense type=month")
        ui.button(
            t("查看", "Show"),
            on_click=lambda: ui.navigate.to(link("/funding-report", month=chosen.value)),
        ).props("outline no-caps")
    found = await attempt(view.api, lambda: view.api.get(f"payout:/v1/funding-reports/{month}"))
    if found is None:
        return
    if not found["funds"]:
        about(t("本月没有计划,也没有支付。", "Nothing was planned or paid in this month."))
    for fund in found["funds"]:
        heading(names.fund_name(fund["fund"]))
        for warning in fund["warnings"]:
            about(warning)
        show_fields(_TOTALS, fund)
        table_panel(_LINES, fund["lines"])
        if fund["fundings"]:
            table_panel(_FUNDINGS, fund["fundings"])


PAGES: Final = (
    LIST,
    PAPER,
    FreePage(
        path="/funding-report",
        title=("计划与执行", "Plan against actual"),
        area=Area.PAYOUT,
        order=24,
        rights=(Right.READ_PAYOUT,),
        show=show_report,
    ),
)
