"""Bills: the list, the paper with its lines, and why a line is as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.console import codes
from services.console.api import Api
from services.console.page import Area
from services.console.widgets.action import Action
from services.console.widgets.cell import Column, Kind
from services.console.widgets.field import Choice, Day, District, Field, Loaded, Money, Month, Note
from services.console.widgets.listing import ListPage
from services.console.widgets.paper import PaperPage, Part
from services.console.words import Text
from shared.roles import Right

STATUSES: Final[Mapping[str, Text]] = {
    "open": ("未缴", "Open"),
    "part": ("部分缴纳", "Part paid"),
    "settled": ("已缴清", "Settled"),
}
CHARGES: Final[Mapping[str, Text]] = {
    "late_fee": ("滞纳金", "Late fee"),
    "interest": ("利息", "Interest"),
}
UNIT: Final = Column(
    "credit_code", ("统一社会信用代码", "Credit code"), Kind.CODE, link="/units/{credit_code}"
)
_AMOUNTS: Final = (
    Column("total", ("应缴(元)", "Total, yuan"), Kind.MONEY),
    Column("settled", ("已缴(元)", "Settled, yuan"), Kind.MONEY),
    Column("open", ("未缴(元)", "Open, yuan"), Kind.MONEY),
)


async def waiver_reasons(api: Api) -> dict[str, str]:
    """Return the reasons for waiving late charges: code → text."""
    found = await api.get("collection:/v1/waiver-reasons")
    return {row["code"]: row["text"] for row in found["items"]}


LIST: Final = ListPage(
    path="/bills",
    title=("缴费通知单", "Bills"),
    area=Area.WORK,
    order=30,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/bills",
    filters=(
        Field(member="credit_code", title=("统一社会信用代码", "Credit code")),
        Month(member="period", title=("费款所属期", "Period")),
        Choice(member="status", title=("状态", "Status"), choices=STATUSES),
        District(),
    ),
    columns=(
        Column("id", ("通知单号", "Bill"), Kind.CODE, link="/bills/{id}"),
        UNIT,
        Column("period", ("费款所属期", "Period")),
        Column("kind", ("种类", "Kind"), names=codes.BILL_KINDS),
        Column("district", ("分中心", "District"), Kind.DISTRICT),
        Column("due_on", ("应缴日", "Due on"), Kind.DAY),
        *_AMOUNTS,
        Column("status", ("状态", "Status"), names=STATUSES),
    ),
)
PAPER: Final = PaperPage(
    path="/bills/{bill}",
    title=("缴费通知单", "Bill"),
    area=Area.WORK,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/bills/{bill}",
    prints="collection:/v1/bills/{bill}/print",
    status=None,
    fields=(
        Column("id", ("通知单号", "Bill"), Kind.CODE),
        Column("status", ("状态", "Status"), names=STATUSES),
        UNIT,
        Column("period", ("费款所属期", "Period")),
        Column("kind", ("种类", "Kind"), names=codes.BILL_KINDS),
        Column("district", ("分中心", "District"), Kind.DISTRICT),
        Column(
            "declaration", ("申报", "Declaration"), Kind.CODE, link="/declarations/{declaration}"
        ),
        Column("of_bill", ("本金通知单", "Of the bill"), Kind.CODE, link="/bills/{of_bill}"),
        Column("issued_on", ("出具日", "Issued on"), Kind.DAY),
        Column("due_on", ("应缴日", "Due on"), Kind.DAY),
        *_AMOUNTS,
        Column("credited", ("贷项抵缴(元)", "Credited, yuan"), Kind.MONEY),
        Column("waived", ("减免(元)", "Waived, yuan"), Kind.MONEY),
    ),
    parts=(
        Part(
            title=("险种明细", "Lines"),
            member="lines",
            columns=(
                Column("line", ("序号", "Line"), Kind.NUMBER),
                Column(
                    "insurance",
                    ("险种", "Insurance"),
                    names=codes.INSURANCES,
                ),
                Column("party", ("缴费方", "Party"), names=codes.PARTIES),
                Column("fund", ("基金", "Fund"), Kind.FUND),
                Column(
                    "amount",
                    ("金额(元)", "Amount, yuan"),
                    Kind.MONEY,
                    link="/bills/{bill}/lines/{line}",
                ),
                Column("credited", ("贷项抵缴(元)", "Credited, yuan"), Kind.MONEY),
                Column("settled", ("已缴(元)", "Settled, yuan"), Kind.MONEY),
            ),
        ),
        Part(
            title=("抵缴的贷项", "Credits used"),
            member="credits",
            columns=(
                Column("id", ("贷项", "Credit"), Kind.CODE),
                Column("insurance", ("险种", "Insurance"), names=codes.INSURANCES),
                Column("granted_on", ("形成日", "Granted on"), Kind.DAY),
                Column("amount", ("金额(元)", "Amount, yuan"), Kind.MONEY),
                Column("used", ("已用(元)", "Used, yuan"), Kind.MONEY),
                Column("left", ("结余(元)", "Left, yuan"), Kind.MONEY),
            ),
        ),
    ),
    actions=(
        Action(
            title=("申请减免", "Request a waiver"),
            door="collection:/v1/bills/{bill}/waivers",
            right=Right.REQUEST_WAIVER,
            when=lambda paper: paper["kind"] == "charge" and paper["open"] != "0.00",
            fields=(
                Loaded(
                    member="reason",
                    title=("减免原因", "Reason"),
                    load=waiver_reasons,
                    is_needed=True,
                ),
                Choice(member="kind", title=("只减免", "Only"), choices=CHARGES),
                Money(member="amount", title=("金额,空为全部", "Amount; empty: all")),
                Day(member="asked_on", title=("申请日", "Requested on"), is_needed=True),
                Field(member="evidence", title=("凭据", "Evidence"), is_needed=True),
                Note(member="note", title=("说明", "Note"), is_needed=True),
            ),
            confirm=("为未缴的 {open} 元申请减免。", "Request a waiver of the open {open} yuan."),
            done=("已提出,待另一人批准", "Requested; another person approves"),
            after=lambda answer: f"/waivers/{answer['id']}",
        ),
    ),
)

PAGES: Final = (LIST, PAPER)
