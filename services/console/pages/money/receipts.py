"""Receipts: what arrived, what it paid, what waits in suspense for its owner."""

from __future__ import annotations

from typing import Final

from services.console.names import ACCOUNT_FUNDS
from services.console.page import Area
from services.console.pages.money.names import CHANNELS, RECEIPT_STATUSES
from services.console.widgets.action import Action
from services.console.widgets.cell import Column, Kind
from services.console.widgets.field import Choice, Day, District, Field, Money, Month, Note, Number
from services.console.widgets.listing import ListPage
from services.console.widgets.paper import PaperPage, Part
from shared.roles import Right

_ID: Final = Column("id", ("到账号", "Receipt"), Kind.CODE, link="/receipts/{id}")
_UNIT: Final = Column(
    "credit_code", ("统一社会信用代码", "Credit code"), Kind.CODE, link="/units/{credit_code}"
)

LIST: Final = ListPage(
    path="/receipts",
    title=("到账", "Receipts"),
    area=Area.MONEY,
    order=10,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/receipts",
    filters=(
        Choice(member="status", title=("状态", "Status"), choices=RECEIPT_STATUSES),
        Choice(member="channel", title=("渠道", "Channel"), choices=CHANNELS),
        District(),
    ),
    columns=(
        _ID,
        _UNIT,
        Column("period", ("费款所属期", "Period")),
        Column("channel", ("渠道", "Channel"), names=CHANNELS),
        Column("paid_on", ("缴款日", "Paid on"), Kind.DAY),
        Column("book_date", ("入账日", "Booked on"), Kind.DAY),
        Column("amount", ("金额(元)", "Amount, yuan"), Kind.MONEY),
        Column("allocated", ("已分账(元)", "Allocated, yuan"), Kind.MONEY),
        Column("suspended", ("暂收(元)", "Suspense, yuan"), Kind.MONEY),
        Column("status", ("状态", "Status"), Kind.STATUS, names=RECEIPT_STATUSES),
    ),
)

PAPER: Final = PaperPage(
    path="/receipts/{receipt}",
    title=("到账", "Receipt"),
    area=Area.MONEY,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/receipts/{receipt}",
    fields=(
        Column("id", ("到账号", "Receipt"), Kind.CODE),
        _UNIT,
        Column("period", ("费款所属期", "Period")),
        Column("district", ("分中心", "District"), Kind.DISTRICT),
        Column("channel", ("渠道", "Channel"), names=CHANNELS),
        Column("source", ("来源", "Source")),
        Column("serial", ("流水号", "Serial"), Kind.CODE),
        Column("paid_on", ("缴款日", "Paid on"), Kind.DAY),
        Column("book_date", ("入账日", "Booked on"), Kind.DAY),
        Column("amount", ("金额(元)", "Amount, yuan"), Kind.MONEY),
        Column("allocated", ("已分账(元)", "Allocated, yuan"), Kind.MONEY),
        Column("suspended", ("暂收(元)", "Suspense, yuan"), Kind.MONEY),
        Column("returned", ("已退回(元)", "Returned, yuan"), Kind.MONEY),
    ),
    parts=(
        Part(
            title=("认领建议", "Whose it may be"),
            door="collection:/v1/receipts/{receipt}/match-proposals",
            is_paged=False,
            rights=(Right.MATCH_RECEIPT,),
            columns=(
                Column("bill", ("缴费通知单", "Bill"), Kind.CODE, link="/bills/{bill}"),
                _UNIT,
                Column("period", ("费款所属期", "Period")),
                Column("open", ("未缴(元)", "Open, yuan"), Kind.MONEY),
                Column(
                    "ground",
                    ("依据", "Ground"),
                    names={
                        "bill": ("注明通知单号", "It names the bill"),
                        "credit_code": ("注明信用代码", "It names the unit"),
                        "payer_account": ("付款账户相同", "The payer's account"),
                        "unit_amount": ("单位与金额相符", "Unit and amount"),
                        "amount": ("金额相符", "The amount alone"),
                    },
                ),
            ),
        ),
    ),
    actions=(
        Action(
            title=("认领", "Match"),
            door="collection:/v1/receipts/{receipt}/matches",
            right=Right.MATCH_RECEIPT,
            when=lambda paper: paper["suspended"] != "0.00",
            fields=(
                Field(member="credit_code", title=("缴费单位", "Unit"), is_needed=True),
                Month(member="period", title=("费款所属期", "Period"), is_needed=True),
            ),
            confirm=("认领暂收款 {suspended} 元。", "Match {suspended} yuan of suspense."),
            done=("已认领", "Matched"),
        ),
        Action(
            title=("分派", "Assign"),
            door="collection:/v1/receipts/{receipt}/owners",
            right=Right.MATCH_RECEIPT,
            when=lambda paper: paper["suspended"] != "0.00",
            fields=(Field(member="owner", title=("经办人", "Person"), is_needed=True),),
            confirm=(
                "分派暂收款 {suspended} 元。",
                "Give {suspended} yuan of suspense to a person.",
            ),
            done=("已分派", "Assigned"),
        ),
        Action(
            title=("转列关系转入", "Match with a transfer"),
            door="collection:/v1/refunds",
            right=Right.REQUEST_REFUND,
            when=lambda paper: paper["suspended"] != "0.00",
            body=lambda paper: {"source": {"receipt": paper["id"]}},
            fields=(
                Choice(
                    member="transfer.fund",
                    title=("基金", "Fund"),
                    choices=ACCOUNT_FUNDS,
                    is_needed=True,
                ),
                Field(member="transfer.city", title=("转出城市", "City"), is_needed=True),
                Field(member="transfer.letter", title=("联系函号", "Letter"), is_needed=True),
                Number(member="transfer.supplement", title=("补转次数", "Supplement")),
                Money(member="amount", title=("函载金额,空为全部", "Amount; empty: all")),
                Day(member="requested_on", title=("申请日", "Requested on"), is_needed=True),
                Note(member="reason", title=("理由", "Reason"), is_needed=True),
            ),
            confirm=(
                "按联系函认领外地转入款;暂收 {suspended} 元。",
                "Match money of a transfer with its letter; {suspended} yuan are in suspense.",
            ),
            done=("已提出,待另一人批准", "Filed; another person approves"),
            after=lambda answer: f"/refunds/{answer['id']}",
        ),
        Action(
            title=("申请改入", "Move to another unit"),
            door="collection:/v1/receipts/{receipt}/moves",
            right=Right.FILE_RECEIPT_CHANGE,
            fields=(
                Field(member="credit_code", title=("改入单位", "Unit"), is_needed=True),
                Month(member="period", title=("费款所属期", "Period"), is_needed=True),
                Money(member="amount", title=("金额,空为全部", "Amount; empty: all")),
                Field(member="document", title=("凭据", "Document"), is_needed=True),
                Note(member="reason", title=("理由", "Reason"), is_needed=True),
            ),
            confirm=("这笔到账共 {amount} 元。", "This receipt is of {amount} yuan."),
            done=("已提出,待另一人批准", "Filed; another person approves"),
            after=lambda answer: "/receipt-moves",
        ),
        Action(
            title=("申请退回", "Return by the bank"),
            door="collection:/v1/receipts/{receipt}/returns",
            right=Right.FILE_RECEIPT_CHANGE,
            fields=(
                Money(member="amount", title=("金额,空为全部", "Amount; empty: all")),
                Day(member="returned_on", title=("退回日", "Returned on"), is_needed=True),
                Field(member="bank_serial", title=("银行流水号", "Bank serial"), is_needed=True),
                Field(member="document", title=("凭据", "Document"), is_needed=True),
                Note(member="reason", title=("理由", "Reason"), is_needed=True),
            ),
            confirm=("这笔到账共 {amount} 元。", "This receipt is of {amount} yuan."),
            done=("已提出,待另一人批准", "Filed; another person approves"),
            is_grave=True,
            after=lambda answer: "/receipt-returns",
        ),
    ),
)

SUSPENSE: Final = ListPage(
    path="/suspense",
    title=("暂收款", "Suspense"),
    area=Area.MONEY,
    order=20,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/suspense-ageing/receipts",
    filters=(
        Day(member="as_of", title=("截至", "As of")),
        Field(member="owner", title=("经办人", "Person")),
        District(),
    ),
    columns=(
        Column("receipt", ("到账号", "Receipt"), Kind.CODE, link="/receipts/{receipt}"),
        _UNIT,
        Column("serial", ("流水号", "Serial"), Kind.CODE),
        Column("district", ("分中心", "District"), Kind.DISTRICT),
        Column("book_date", ("入账日", "Booked on"), Kind.DAY),
        Column("age_days", ("天数", "Days"), Kind.NUMBER),
        Column("amount", ("金额(元)", "Amount, yuan"), Kind.MONEY),
        Column("owner", ("经办人", "Person")),
    ),
)

PAGES: Final = (LIST, PAPER, SUSPENSE)
