"""Refunds: requested, decided, settled in the books, perhaps sent back by the bank."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.console import codes
from services.console.page import Area
from services.console.pages.money.names import DEPOSITS, REFUND_DEPOSITS
from services.console.widgets.action import Action
from services.console.widgets.cell import Column, Kind
from services.console.widgets.field import Choice, Day, District, Field, Money, Note
from services.console.widgets.listing import ListPage
from services.console.widgets.paper import PaperPage, Part
from services.console.words import Text
from shared.roles import Right

STATUSES: Final[Mapping[str, Text]] = {
    "requested": ("待批准", "Requested"),
    "approved": ("已批准,待结算", "Approved, to be settled"),
    "refused": ("不予退费", "Refused"),
    "withdrawal_requested": ("申请撤回", "Withdrawal requested"),
    "withdrawal_approved": ("撤回办理中", "Withdrawal approved"),
    "withdrawn": ("已撤回", "Withdrawn"),
    "paid": ("已退", "Paid"),
    "returning": ("银行退回待确认", "Sent back, to be confirmed"),
    "returned": ("银行退回", "Sent back"),
}
SOURCES: Final[Mapping[str, Text]] = {
    "receipt": ("暂收款", "Suspense"),
    "credits": ("贷项", "Credits"),
    "charge": ("滞纳金或利息", "Late charge"),
    "transfer": ("外地转入款", "Money of a transfer"),
}
_FIELDS: Final = (
    Column(
        "credit_code", ("统一社会信用代码", "Credit code"), Kind.CODE, link="/units/{credit_code}"
    ),
    Column("source", ("来源", "Source"), names=SOURCES),
    Column("amount", ("金额(元)", "Amount, yuan"), Kind.MONEY),
    Column("requested_on", ("申请日", "Requested on"), Kind.DAY),
    Column("reason", ("理由", "Reason")),
)
_WHY: Final = Note(member="why", title=("理由", "Reason"), is_needed=True)
_DAY: Final = Day(member="decided_on", title=("决定日", "Decided on"), is_needed=True)


def _request(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Put the one source that is named into its own object."""
    members = {"receipt", "credits_of", "charge"}
    source = {name: body[name] for name in members if body.get(name)}
    return {**{key: value for key, value in body.items() if key not in members}, "source": source}


def _letter(paper: Mapping[str, Any]) -> str:
    letter = paper.get("transfer")
    return f"{letter['city']} {letter['letter']}" if letter else ""


def _decision(
    title: Text, path: str, right: Right, status: str, *fields: Field, is_grave: bool = False
) -> Action:
    return Action(
        title=title,
        door=f"collection:/v1/refunds/{{refund}}{path}",
        right=right,
        when=lambda paper: (
            paper["status"] == status
            and (not path.startswith("/returns") or not paper.get("transfer"))
        ),
        fields=fields,
        confirm=(f"{title[0]}:{{amount}} 元。", f"{title[1]}: {{amount}} yuan."),
        done=("已办理", "Done"),
        is_grave=is_grave,
    )


LIST: Final = ListPage(
    path="/refunds",
    title=("退费", "Refunds"),
    area=Area.MONEY,
    order=100,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/refunds",
    filters=(
        Field(member="credit_code", title=("统一社会信用代码", "Credit code")),
        Choice(member="status", title=("状态", "Status"), choices=STATUSES),
        District(),
    ),
    columns=(
        Column("id", ("退费单", "Refund"), Kind.CODE, link="/refunds/{id}"),
        *_FIELDS,
        Column("status", ("状态", "Status"), names=STATUSES),
    ),
    actions=(
        Action(
            title=("申请退费", "Request a refund"),
            door="collection:/v1/refunds",
            right=Right.REQUEST_REFUND,
            fields=(
                Field(member="receipt", title=("退暂收款:到账号", "Of suspense: the receipt")),
                Field(member="credits_of", title=("退贷项:单位", "Of credits: the unit")),
                Field(member="charge", title=("退滞纳金:编号", "Of a late charge")),
                Money(member="amount", title=("金额,空为全部", "Amount; empty: all")),
                Choice(
                    member="deposit", title=("支出存款户", "Paid from"), choices=REFUND_DEPOSITS
                ),
                Day(member="requested_on", title=("申请日", "Requested on"), is_needed=True),
                Note(member="reason", title=("理由", "Reason"), is_needed=True),
            ),
            send=_request,
            confirm=(
                "提出一笔退费;款项随即预留,待另一人批准。",
                "Request one refund; its money is reserved until another person decides.",
            ),
            done=("已提出", "Requested"),
            after=lambda answer: f"/refunds/{answer['id']}",
        ),
    ),
)
PAPER: Final = PaperPage(
    path="/refunds/{refund}",
    title=("退费", "Refund"),
    area=Area.MONEY,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/refunds/{refund}",
    trail="collection:/v1/refunds/{refund}/trail",
    fields=(
        *_FIELDS,
        Column("status", ("状态", "Status"), names=STATUSES),
        Column("deposit", ("支出存款户", "Paid from"), names=DEPOSITS),
        Column("receipt", ("到账号", "Receipt"), Kind.CODE, link="/receipts/{receipt}"),
        Column("charge", ("滞纳金或利息", "Late charge"), Kind.CODE),
        Column("letter", ("联系函", "Letter"), Kind.CODE, of=_letter),
        Column("decided_on", ("决定日", "Decided on"), Kind.DAY),
        Column("settlement", ("结算", "Settlement"), Kind.CODE, link="/settlements/{settlement}"),
        Column("settled_on", ("结算日", "Settled on"), Kind.DAY),
        Column("returned_on", ("退回日", "Sent back on"), Kind.DAY),
        Column("return_reason", ("退回原因", "Sent back because")),
    ),
    status=None,
    parts=(
        Part(
            title=("分基金", "By fund"),
            member="parts",
            columns=(
                Column("fund", ("基金", "Fund"), Kind.FUND),
                Column("account", ("科目", "Account"), names=codes.LEDGER_ACCOUNTS),
                Column("district", ("分中心", "District"), Kind.DISTRICT),
                Column("amount", ("金额(元)", "Amount, yuan"), Kind.MONEY),
            ),
        ),
    ),
    actions=(
        _decision(("批准", "Approve"), "/approvals", Right.APPROVE_REFUND, "requested", _DAY),
        _decision(
            ("不予退费", "Refuse"),
            "/refusals",
            Right.APPROVE_REFUND,
            "requested",
            _DAY,
            _WHY,
            is_grave=True,
        ),
        _decision(("申请撤回", "Withdraw"), "/withdrawals", Right.REQUEST_REFUND, "approved", _WHY),
        _decision(
            ("批准撤回", "Approve the withdrawal"),
            "/withdrawals/approvals",
            Right.APPROVE_REFUND,
            "withdrawal_requested",
        ),
        _decision(
            ("登记银行退回", "The bank sent it back"),
            "/returns",
            Right.REQUEST_REFUND,
            "paid",
            Day(member="returned_on", title=("退回日", "Sent back on"), is_needed=True),
            Field(member="serial", title=("银行流水号", "Bank serial"), is_needed=True),
            Note(member="reason", title=("原因", "Reason"), is_needed=True),
        ),
        _decision(
            ("确认退回", "Confirm the return"),
            "/returns/approvals",
            Right.APPROVE_REFUND,
            "returning",
            _DAY,
        ),
        _decision(
            ("退回不实", "It was not sent back"),
            "/returns/refusals",
            Right.APPROVE_REFUND,
            "returning",
            _DAY,
            _WHY,
            is_grave=True,
        ),
    ),
)

PAGES: Final = (LIST, PAPER)
