"""Vouchers: one with its entries and its place in the chain; entries of an account; the chart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.console import codes, names
from services.console.page import Area
from services.console.pages.books.balances import BOOKS
from services.console.widgets.action import Action
from services.console.widgets.cell import Column, Kind
from services.console.widgets.field import Day, Note
from services.console.widgets.listing import ListPage
from services.console.widgets.paper import PaperPage, Part
from services.console.words import Text
from shared.roles import Right

SIDES: Final[Mapping[str, Text]] = {"debit": ("借", "Debit"), "credit": ("贷", "Credit")}


def _reversals(voucher: Mapping[str, Any]) -> str:
    return " ".join(voucher["reversals"])


ENTRY: Final = (
    Column("fund", ("基金", "Fund"), Kind.FUND),
    Column("book", ("账簿", "Book"), names=BOOKS),
    Column("account", ("科目", "Account"), names=codes.LEDGER_ACCOUNTS),
    Column("district", ("分中心", "District"), Kind.DISTRICT),
    Column("side", ("方向", "Side"), names=SIDES),
    Column("amount", ("金额(元)", "Amount, yuan"), Kind.MONEY),
)

VOUCHER: Final = PaperPage(
    path="/vouchers/{id}",
    title=("记账凭证", "Voucher"),
    area=Area.BOOKS,
    rights=(Right.READ_LEDGER,),
    door="ledger:/v1/vouchers/{id}",
    status=None,
    fields=(
        Column("id", ("凭证号", "Voucher"), Kind.CODE),
        Column("kind", ("种类", "Kind"), names=codes.VOUCHERS),
        Column("summary", ("摘要", "Summary")),
        Column("book_date", ("记账日", "Book date"), Kind.DAY),
        Column("value_date", ("起息日", "Value date"), Kind.DAY),
        Column("period", ("费款所属期", "Period")),
        Column("source", ("来源", "Source")),
        Column("event_id", ("业务号", "Event"), Kind.CODE),
        Column("recorded_at", ("记录时间", "Recorded at"), Kind.TIME),
        Column("slot", ("账链", "Chain"), Kind.NUMBER),
        Column("seq", ("链上序号", "Place"), Kind.NUMBER),
        Column("hash", ("哈希", "Hash"), Kind.CODE),
        Column("reverses", ("冲销", "Reverses"), Kind.CODE, link="/vouchers/{reverses}"),
        Column("reversed_by", ("被冲销", "Reversed by"), Kind.CODE, link="/vouchers/{reversed_by}"),
        Column("reversals", ("部分冲销", "Reversals"), Kind.CODE, of=_reversals),
    ),
    parts=(
        Part(
            title=("分录", "Entries"),
            member="entries",
            columns=(Column("line", ("序号", "Line"), Kind.NUMBER), *ENTRY),
        ),
    ),
    prints="ledger:/v1/vouchers/{id}/print",
    actions=(
        Action(
            title=("提出冲销", "Propose to reverse"),
            door="ledger:/v1/vouchers/{id}/reversals",
            right=Right.REVERSE_VOUCHER,
            when=lambda voucher: not (voucher["reverses"] or voucher["reversed_by"]),
            fields=(
                Day(member="book_date", title=("记账日", "Book date"), is_needed=True),
                Note(member="summary", title=("理由", "Reason"), is_needed=True),
            ),
            confirm=(
                "冲销 {id} 尚未冲销的全部金额,另一人核准后记账。",
                "Reverse all that remains of {id}; it is posted when another person approves.",
            ),
            done=("已提出", "Proposed"),
            after=lambda answer: f"/reversals/{answer['id']}",
            is_grave=True,
        ),
    ),
)

CHART: Final = ListPage(
    path="/accounts",
    title=("会计科目", "Chart of accounts"),
    area=Area.BOOKS,
    order=70,
    rights=(Right.READ_LEDGER,),
    door="ledger:/v1/accounts",
    is_paged=False,
    filters=(Day(member="as_of", title=("截至", "As of")),),
    columns=(
        Column("code", ("编码", "Code"), Kind.CODE),
        Column("name", ("科目", "Account")),
        Column("key", ("键", "Key"), Kind.CODE),
        Column(
            "account_class",
            ("类别", "Class"),
            names={
                "asset": ("资产", "Asset"),
                "liability": ("负债", "Liability"),
                "net_asset": ("净资产", "Net asset"),
                "income": ("收入", "Income"),
                "expense": ("支出", "Expense"),
                "memo": ("备查", "Memo"),
            },
        ),
        Column("normal_side", ("余额方向", "Normal side"), names=SIDES),
        Column(
            "funds",
            ("基金", "Funds"),
            of=lambda row: "、".join(map(names.fund_name, row["funds"])) or "*",
        ),
        Column("source", ("依据", "Source")),
        Column("certainty", ("确认", "Certainty")),
    ),
)
PAGES: Final = (VOUCHER, CHART)
