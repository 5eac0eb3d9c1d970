"""Units and people with their whole history: register, people, arrears, changes, certificates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from nicegui import ui

from services.console import codes
from services.console.page import Area, View, link
from services.console.pages.money.debit_agreements import FILE
from services.console.pages.work.bills import CHARGES
from services.console.pages.work.inspections import OPEN
from services.console.widgets.action import Action
from services.console.widgets.cell import Column, Kind
from services.console.widgets.download import print_button
from services.console.widgets.field import Day, District, Month
from services.console.widgets.listing import ListPage
from services.console.widgets.paper import PaperPage, Part
from services.console.words import Text, t
from shared.roles import Right

STATUSES: Final[Mapping[str, Text]] = {
    "active": ("参保", "Active"),
    "closed": ("已注销", "Closed"),
}
CHANGES: Final[Mapping[str, Text]] = {
    "proposed": ("待复核", "Proposed"),
    "approved": ("已生效", "Approved"),
    "refused": ("不予变更", "Refused"),
}
_UNIT: Final = (
    Column("name", ("单位名称", "Name")),
    Column("district", ("分中心", "District"), Kind.DISTRICT),
    Column("kind", ("类型", "Kind"), names=codes.UNIT_KINDS),
    Column("collector", ("征收方式", "Collected by"), names=codes.COLLECTORS),
    Column("injury_class", ("工伤类别", "Injury class"), Kind.NUMBER),
)

LIST: Final = ListPage(
    path="/units",
    title=("参保单位", "Units"),
    area=Area.WORK,
    order=40,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/units",
    filters=(District(),),
    columns=(
        Column(
            "credit_code",
            ("统一社会信用代码", "Credit code"),
            Kind.CODE,
            link="/units/{credit_code}",
        ),
        *_UNIT,
        Column("status", ("状态", "Status"), names=STATUSES),
    ),
)


async def show_unit_more(view: View, paper: Mapping[str, Any]) -> None:
    """Show the way to the unit's other papers."""
    unit = view.params["credit_code"]
    with ui.row():
        for title, path in (
            (t("欠费", "Arrears"), f"/units/{unit}/arrears"),
            (t("失信标记", "Flags"), link("/credit-flags", of=unit)),
            (t("稽核案件", "Inspections"), link("/inspections", credit_code=unit)),
            (t("参保期更正", "Corrections of cover"), link("/cover-corrections", credit_code=unit)),
            (t("基数核定", "Base reviews"), link("/base-reviews", credit_code=unit)),
            (t("工程项目", "Projects"), link("/projects", credit_code=unit)),
            (t("扣款协议", "Debit agreements"), link("/debit-agreements", credit_code=unit)),
            (
                t("补缴、延长缴费", "Bought months"),
                link("/contribution-extensions", credit_code=unit),
            ),
        ):
            ui.link(title, path).classes("wx-link")


PAPER: Final = PaperPage(
    path="/units/{credit_code}",
    title=("参保单位", "Unit"),
    area=Area.WORK,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/units/{credit_code}",
    status=None,
    fields=(
        Column("credit_code", ("统一社会信用代码", "Credit code"), Kind.CODE),
        *_UNIT,
        Column("status", ("状态", "Status"), names=STATUSES),
        Column("bank_account.bank", ("开户银行", "Bank")),
        Column("bank_account.number", ("账号", "Account"), Kind.CODE),
    ),
    more=show_unit_more,
    parts=(
        Part(
            title=("参保人员", "People"),
            door="collection:/v1/units/{credit_code}/enrolments",
            columns=(
                Column("name", ("姓名", "Name"), link="/people/{person}"),
                Column("masked_identity_number", ("证件号", "Identity number"), Kind.CODE),
                Column("category", ("类别", "Category"), names=codes.CATEGORIES),
                Column("joined_on", ("参保日", "Joined"), Kind.DAY),
                Column("left_on", ("减员日", "Left"), Kind.DAY),
                Column("overlaps", ("重复参保", "Overlaps"), Kind.YES),
            ),
        ),
        Part(
            title=("变更记录", "Changes"),
            door="collection:/v1/units/{credit_code}/changes",
            columns=(
                Column("id", ("变更", "Change"), Kind.CODE, link="/changes/{id}"),
                Column("kind", ("种类", "Kind"), names=codes.UNIT_CHANGES),
                Column("effective_on", ("生效日", "From"), Kind.DAY),
                Column("people", ("人数", "People"), Kind.NUMBER),
                Column("reason", ("理由", "Reason")),
                Column("status", ("状态", "Status"), names=CHANGES),
            ),
        ),
        Part(
            title=("滞纳金与利息", "Late charges"),
            door="collection:/v1/units/{credit_code}/charges",
            columns=(
                Column("bill", ("通知单号", "Bill"), Kind.CODE, link="/bills/{bill}"),
                Column("period", ("费款所属期", "Period")),
                Column("insurance", ("险种", "Insurance"), names=codes.INSURANCES),
                Column("kind", ("种类", "Kind"), names=CHARGES),
                Column("principal", ("本金(元)", "Principal, yuan"), Kind.MONEY),
                Column("days", ("天数", "Days"), Kind.NUMBER),
                Column("amount", ("金额(元)", "Amount, yuan"), Kind.MONEY),
            ),
        ),
        Part(
            title=("贷项", "Credits"),
            door="collection:/v1/units/{credit_code}/credits",
            columns=(
                Column("period", ("费款所属期", "Period")),
                Column("insurance", ("险种", "Insurance"), names=codes.INSURANCES),
                Column("party", ("缴费方", "Party"), names=codes.PARTIES),
                Column("amount", ("金额(元)", "Amount, yuan"), Kind.MONEY),
                Column("used", ("已用(元)", "Used, yuan"), Kind.MONEY),
                Column("left", ("结余(元)", "Left, yuan"), Kind.MONEY),
            ),
        ),
        Part(
            title=("足额缴费证明", "Certificates"),
            door="collection:/v1/units/{credit_code}/certificates",
            columns=(
                Column("number", ("证明号", "Certificate"), Kind.CODE, link="/certificates/{id}"),
                Column("period_from", ("自", "From")),
                Column("period_to", ("至", "To")),
                Column("as_of", ("截至", "As of"), Kind.DAY),
                Column("billed", ("应缴(元)", "Billed, yuan"), Kind.MONEY),
                Column("issued_by", ("出具", "Issued by")),
            ),
        ),
    ),
    actions=(
        Action(
            title=("出具足额缴费证明", "Certify full payment"),
            door="collection:/v1/units/{credit_code}/certificates",
            right=Right.ISSUE_CERTIFICATE,
            fields=(
                Month(member="period_from", title=("自", "From"), is_needed=True),
                Month(member="period_to", title=("至", "To"), is_needed=True),
                Day(member="as_of", title=("截至", "As of"), is_needed=True),
            ),
            confirm=("为 {name} 出具一份证明。", "Issue one certificate for {name}."),
            done=("已出具", "Issued"),
            after=lambda answer: f"/certificates/{answer['id']}",
        ),
        OPEN,
        FILE,
    ),
)
ARREARS: Final = PaperPage(
    path="/units/{credit_code}/arrears",
    title=("单位欠费", "Arrears of a unit"),
    area=Area.WORK,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/units/{credit_code}/arrears",
    status=None,
    fields=(
        Column("credit_code", ("单位", "Unit"), Kind.CODE, link="/units/{credit_code}"),
        Column("as_of", ("截至", "As of"), Kind.DAY),
        Column("overdue", ("逾期", "Overdue"), Kind.YES),
        Column("total", ("合计(元)", "Total, yuan"), Kind.MONEY),
        Column("late_fee", ("滞纳金(元)", "Late fee, yuan"), Kind.MONEY),
        Column("interest", ("利息(元)", "Interest, yuan"), Kind.MONEY),
    ),
    parts=(
        Part(
            title=("未缴通知单", "Open bills"),
            member="open",
            columns=(
                Column("bill", ("通知单号", "Bill"), Kind.CODE, link="/bills/{bill}"),
                Column("period", ("费款所属期", "Period")),
                Column("due_on", ("应缴日", "Due on"), Kind.DAY),
                Column("amount", ("应缴(元)", "Amount, yuan"), Kind.MONEY),
                Column("open", ("未缴(元)", "Open, yuan"), Kind.MONEY),
                Column("late_fee", ("滞纳金(元)", "Late fee, yuan"), Kind.MONEY),
                Column("interest", ("利息(元)", "Interest, yuan"), Kind.MONEY),
            ),
        ),
    ),
)
CERTIFICATE: Final = PaperPage(
    path="/certificates/{certificate}",
    title=("足额缴费证明", "Certificate"),
    area=Area.WORK,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/certificates/{certificate}",
    prints="collection:/v1/certificates/{certificate}/print",
    status=None,
    fields=(
        Column("number", ("证明号", "Certificate"), Kind.CODE),
        Column("credit_code", ("单位", "Unit"), Kind.CODE, link="/units/{credit_code}"),
        Column("period_from", ("自", "From")),
        Column("period_to", ("至", "To")),
        Column("as_of", ("截至", "As of"), Kind.DAY),
        Column("billed", ("应缴(元)", "Billed, yuan"), Kind.MONEY),
        Column("deferred", ("缓缴(元)", "Deferred, yuan"), Kind.MONEY),
        Column("issued_by", ("出具", "Issued by")),
        Column("issued_at", ("出具时间", "Issued at"), Kind.TIME),
        Column("mark.reason", ("失效原因", "It says too much because")),
    ),
)
CHANGE: Final = PaperPage(
    path="/changes/{change}",
    title=("单位变更", "Change of a unit"),
    area=Area.WORK,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/changes/{change}",
    trail="collection:/v1/changes/{change}/trail",
    status=None,
    fields=(
        Column("credit_code", ("单位", "Unit"), Kind.CODE, link="/units/{credit_code}"),
        Column("kind", ("种类", "Kind"), names=codes.UNIT_CHANGES),
        Column("status", ("状态", "Status"), names=CHANGES),
        Column("effective_on", ("生效日", "From"), Kind.DAY),
        Column("people", ("人数", "People"), Kind.NUMBER),
        Column("reason", ("理由", "Reason")),
        Column("decided_in", ("决定区", "Decided in"), Kind.DISTRICT),
    ),
    actions=(
        Action(
            title=("批准", "Approve"),
            door="collection:/v1/changes/{change}/approvals",
            right=Right.APPROVE_CHANGE,
            when=lambda paper: paper["status"] == "proposed",
            confirm=("批准变更,涉及 {people} 人。", "Approve a change of {people} people."),
            done=("已批准", "Approved"),
        ),
    ),
)


async def show_person_more(view: View, paper: Mapping[str, Any]) -> None:
    """Show the way to flags and corrections, and the yearly statement of the accounts to print."""
    person = view.params["person"]
    with ui.row():
        ui.link(t("失信标记", "Flags"), link("/credit-flags", of=person)).classes("wx-link")
        corrections = link("/person-corrections", person=person)
        ui.link(t("信息更正", "Corrections"), corrections).classes("wx-link")
        if view.may(Right.READ_PERSONAL):
            door = f"ledger:/v1/personal-accounts/{person}/statement"
            print_button(
                view,
                t("打印个人账户对账单", "Print the statement of accounts"),
                door,
                format="html",
            )


PERSON: Final = PaperPage(
    path="/people/{person}",
    title=("参保人员", "Person"),
    area=Area.WORK,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/people/{person}/covers",
    status=None,
    fields=(
        Column("name", ("姓名", "Name")),
        Column("masked_identity_number", ("证件号", "Identity number"), Kind.CODE),
        Column("person", ("个人编号", "Person"), Kind.CODE),
        Column("overlapping", ("重复参保", "Overlaps"), Kind.YES),
    ),
    more=show_person_more,
    parts=(
        Part(
            title=("参保经历", "Units"),
            member="items",
            columns=(
                Column("unit_name", ("单位", "Unit"), link="/units/{credit_code}"),
                Column("district", ("分中心", "District"), Kind.DISTRICT),
                Column("joined_on", ("参保日", "Joined"), Kind.DAY),
                Column("left_on", ("减员日", "Left"), Kind.DAY),
            ),
        ),
        Part(
            title=("个人账户对账单", "Personal accounts"),
            door="ledger:/v1/personal-accounts/{person}/statement",
            is_paged=False,
            rights=(Right.READ_PERSONAL,),
            columns=(
                Column("year", ("年度", "Year")),
                Column("fund", ("基金", "Fund"), Kind.FUND),
                Column("opening", ("年初(元)", "Opening, yuan"), Kind.MONEY),
                Column("contribution", ("缴费划入(元)", "Contributions, yuan"), Kind.MONEY),
                Column("injection", ("统筹划入(元)", "Injected, yuan"), Kind.MONEY),
                Column("interest", ("利息(元)", "Interest, yuan"), Kind.MONEY),
                Column("transfer_in", ("转入(元)", "In, yuan"), Kind.MONEY),
                Column("transfer_out", ("转出(元)", "Out, yuan"), Kind.MONEY),
                Column("closing", ("年末(元)", "Closing, yuan"), Kind.MONEY),
            ),
        ),
    ),
)

PAGES: Final = (LIST, PAPER, ARREARS, CERTIFICATE, CHANGE, PERSON)
