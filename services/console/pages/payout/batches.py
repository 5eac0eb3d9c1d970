"""Payment batches: their money, each line's outcome; and the completeness of a month."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from nicegui import ui

from services.console import names
from services.console.page import Area, FreePage, View, link
from services.console.pages.payout.claims import ACCOUNT, OUTCOMES
from services.console.widgets.action import Action
from services.console.widgets.cell import Column, Kind
from services.console.widgets.download import print_button
from services.console.widgets.fault import attempt
from services.console.widgets.field import Choice, Day, District, Note
from services.console.widgets.listing import ListPage
from services.console.widgets.paper import PaperPage, Part, show_fields
from services.console.widgets.table import table
from services.console.widgets.title import heading, page_title
from services.console.words import Text, t
from shared import clock
from shared.roles import Right

STATUSES: Final[Mapping[str, Text]] = {
    "funding": ("落实资金中", "Funding"),
    "unfunded": ("资金未落实", "Unfunded"),
    "ready": ("待银行付款", "Ready"),
    "closed": ("已结", "Closed"),
    "cancelled": ("已撤销", "Cancelled"),
}
STATES: Final[Mapping[str, Text]] = {
    "paid": ("已发放", "Paid"),
    "in_flight": ("银行办理中", "At the bank"),
    "waiting_account": ("待更正账户", "Waits for an account"),
    "batching": ("待组批", "To be put into a batch"),
    "signing": ("待审签", "To be signed"),
    "unclaimed": ("未申请", "Not claimed"),
}
STOPS: Final[Mapping[str, Text]] = {
    "ended": ("已终止", "Ended"),
    "suspended": ("已停发", "Suspended"),
}
_FIELDS: Final = (
    Column("fund", ("基金", "Fund"), Kind.FUND),
    Column("pay_date", ("付款日", "Pay date"), Kind.DAY),
    Column("control.lines", ("笔数", "Lines"), Kind.NUMBER),
    Column("control.total", ("金额(元)", "Total, yuan"), Kind.MONEY),
    Column("paid", ("已付(元)", "Paid, yuan"), Kind.MONEY),
    Column("refused", ("失败(元)", "Refused, yuan"), Kind.MONEY),
    Column("returned", ("退回(元)", "Returned, yuan"), Kind.MONEY),
    Column("open_lines", ("待回报", "Waiting"), Kind.NUMBER),
)

LIST: Final = ListPage(
    path="/payment-batches",
    title=("支付批次", "Payment batches"),
    area=Area.PAYOUT,
    order=20,
    rights=(Right.READ_PAYOUT,),
    door="payout:/v1/payment-batches",
    filters=(
        Choice(member="status", title=("状态", "Status"), choices=STATUSES),
        Choice(member="fund", title=("基金", "Fund"), choices=names.FUNDS),
    ),
    columns=(
        Column("id", ("批次号", "Batch"), Kind.CODE, link="/payment-batches/{id}"),
        *_FIELDS,
        Column("status", ("状态", "Status"), names=STATUSES),
    ),
    actions=(
        Action(
            title=("重付批次", "Pay again"),
            door="payout:/v1/repayment-batches",
            right=Right.CREATE_PAYMENT_BATCH,
            fields=(
                Choice(member="fund", title=("基金", "Fund"), choices=names.FUNDS, is_needed=True),
                Day(member="pay_date", title=("付款日", "Pay date"), is_needed=True),
                District(),
            ),
            confirm=(
                "把账户已更正的全部失败、退回款项组成一个批次。",
                "All refused and returned lines whose account was corrected go into one batch.",
            ),
            done=("已组批", "Formed"),
            after=lambda answer: f"/payment-batches/{answer['id']}",
        ),
    ),
)
PAPER: Final = PaperPage(
    path="/payment-batches/{batch}",
    title=("支付批次", "Payment batch"),
    area=Area.PAYOUT,
    rights=(Right.READ_PAYOUT,),
    door="payout:/v1/payment-batches/{batch}",
    trail="payout:/v1/payment-batches/{batch}/trail",
    status=None,
    fields=(
        Column("id", ("批次号", "Batch"), Kind.CODE),
        Column("status", ("状态", "Status"), names=STATUSES),
        *_FIELDS,
        Column("hold", ("资金预留", "Hold"), Kind.CODE),
        Column("reason", ("原因", "Reason")),
        Column("created_by", ("组批", "Formed by")),
    ),
    parts=(
        Part(
            title=("明细", "Lines"),
            door="payout:/v1/payment-batches/{batch}/lines",
            columns=(
                Column("line", ("序号", "Line"), Kind.NUMBER),
                Column("payee_name", ("收款人", "Payee")),
                *ACCOUNT,
                Column("amount", ("金额(元)", "Amount, yuan"), Kind.MONEY),
                Column("status", ("结果", "Outcome"), names=OUTCOMES),
                Column("paid_on", ("付款日", "Paid on"), Kind.DAY),
                Column("bank_serial", ("银行流水号", "Bank serial"), Kind.CODE),
                Column("reason", ("银行答复", "The bank's words")),
            ),
        ),
    ),
    actions=(
        Action(
            title=("再次落实资金", "Check the funding again"),
            door="payout:/v1/payment-batches/{batch}/funding-checks",
            right=Right.CREATE_PAYMENT_BATCH,
            when=lambda paper: paper["status"] == "unfunded",
            confirm=("再次落实 {control.total} 元。", "Ask for {control.total} yuan again."),
            done=("已提交", "Sent"),
        ),
        Action(
            title=("撤销", "Cancel"),
            door="payout:/v1/payment-batches/{batch}/cancellations",
            right=Right.CREATE_PAYMENT_BATCH,
            when=lambda paper: paper["status"] == "unfunded",
            fields=(Note(member="note", title=("理由", "Reason"), is_needed=True),),
            confirm=(
                "撤销 {control.total} 元的批次。",
                "Cancel the batch of {control.total} yuan.",
            ),
            done=("已撤销", "Cancelled"),
            is_grave=True,
        ),
    ),
)


async def show_completeness(view: View) -> None:
    """Show what is due of a month and what became of it (社会化发放率)."""
    period = view.query.get("period") or str(clock.today())[:7]
    door = f"payout:/v1/pension-months/{period}"
    with ui.row().classes("wx-title-row"):
        page_title(t("社会化发放率", "Completeness of a month"))
        ui.space()
        chosen = ui.input(t("月份", "Month"), value=period).props("outlined dense type=month")
        ui.button(
            t("查看", "Show"),
            on_click=lambda: ui.navigate.to(link("/pension-month", period=chosen.value)),
        ).props("outline no-caps")
        print_button(view, t("打印预览", "Print preview"), f"{door}/print")
    found = await attempt(view.api, lambda: view.api.get(door))
    if found is None:
        return
    show_fields(
        (
            Column("period", ("月份", "Month")),
            Column("pay_by", ("应于此日前发放", "Pay by"), Kind.DAY),
            Column("complete", ("已发齐", "Complete"), Kind.YES),
            Column("due.people", ("应发人数", "People due"), Kind.NUMBER),
            Column("due.amount", ("应发(元)", "Due, yuan"), Kind.MONEY),
            Column("rate", ("发放率", "Rate"), Kind.PERCENT),
            Column("in_time_rate", ("按时发放率", "In time"), Kind.PERCENT),
            Column("beyond.amount", ("应发之外(元)", "Beyond what is due, yuan"), Kind.MONEY),
        ),
        found,
    )
    amounts = (
        Column("people", ("人数", "People"), Kind.NUMBER),
        Column("amount", ("金额(元)", "Amount, yuan"), Kind.MONEY),
    )
    heading(t("办理状态", "What became of it"))
    table((Column("state", ("状态", "State"), names=STATES), *amounts), found["states"])
    heading(t("不发放", "Not due"))
    table((Column("reason", ("原因", "Reason"), names=STOPS), *amounts), found["stopped"])


PAGES: Final = (
    LIST,
    PAPER,
    FreePage(
        path="/pension-month",
        title=("社会化发放率", "Completeness"),
        area=Area.PAYOUT,
        order=30,
        rights=(Right.READ_PAYOUT,),
        show=show_completeness,
    ),
)
