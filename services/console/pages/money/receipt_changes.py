"""Returns and moves of receipts: filed by one person, decided by another."""

from __future__ import annotations

from typing import Final

from services.console.page import Area
from services.console.pages.money.names import FILED
from services.console.widgets.action import Action, decisions
from services.console.widgets.cell import Column, Kind
from services.console.widgets.field import Choice
from services.console.widgets.listing import ListPage
from services.console.widgets.paper import PaperPage
from shared.roles import Right

_STATUS: Final = Choice(member="status", title=("状态", "Status"), choices=FILED)
_COMMON: Final = (
    Column("receipt", ("到账号", "Receipt"), Kind.CODE, link="/receipts/{receipt}"),
    Column("amount", ("金额(元)", "Amount, yuan"), Kind.MONEY),
)
_PEOPLE: Final = (
    Column("reason", ("理由", "Reason")),
    Column("document", ("凭据", "Document"), Kind.CODE),
    Column("filed_by", ("提出", "Filed by")),
    Column("filed_at", ("提出时间", "Filed at"), Kind.TIME),
    Column("decided_by", ("决定", "Decided by")),
    Column("decided_on", ("决定日", "Decided on"), Kind.DAY),
)
_RETURN: Final = (
    *_COMMON,
    Column("returned_on", ("退回日", "Returned on"), Kind.DAY),
    Column("bank_serial", ("银行流水号", "Bank serial"), Kind.CODE),
    Column("by_bank", ("银行发起", "By the bank"), Kind.YES),
)
_MOVE: Final = (
    *_COMMON,
    Column("credit_code", ("改入单位", "To the unit"), Kind.CODE, link="/units/{credit_code}"),
    Column("period", ("费款所属期", "Period")),
    Column("moved_on", ("改入日", "Moved on"), Kind.DAY),
)


def _decisions(door: str) -> tuple[Action, ...]:
    return decisions(
        door,
        Right.APPROVE_RECEIPT_CHANGE,
        ("金额 {amount} 元", "{amount} yuan"),
        reason="why",
        when=lambda paper: paper["status"] == "filed",
    )


RETURNS: Final = ListPage(
    path="/receipt-returns",
    title=("到账退回", "Returned receipts"),
    area=Area.MONEY,
    order=30,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/receipt-returns",
    filters=(_STATUS,),
    columns=(
        Column("id", ("退回单", "Return"), Kind.CODE, link="/receipt-returns/{id}"),
        *_RETURN,
        Column("status", ("状态", "Status"), Kind.STATUS),
    ),
)
RETURN: Final = PaperPage(
    path="/receipt-returns/{return_}",
    title=("到账退回", "Return of a receipt"),
    area=Area.MONEY,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/receipt-returns/{return_}",
    trail="collection:/v1/receipt-returns/{return_}/trail",
    fields=(*_RETURN, *_PEOPLE),
    actions=_decisions("collection:/v1/receipt-returns/{return_}"),
)
MOVES: Final = ListPage(
    path="/receipt-moves",
    title=("到账改入", "Moved receipts"),
    area=Area.MONEY,
    order=40,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/receipt-moves",
    filters=(_STATUS,),
    columns=(
        Column("id", ("改入单", "Move"), Kind.CODE, link="/receipt-moves/{id}"),
        *_MOVE,
        Column("status", ("状态", "Status"), Kind.STATUS),
    ),
)
MOVE: Final = PaperPage(
    path="/receipt-moves/{move}",
    title=("到账改入", "Move of a receipt"),
    area=Area.MONEY,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/receipt-moves/{move}",
    trail="collection:/v1/receipt-moves/{move}/trail",
    fields=(*_MOVE, *_PEOPLE),
    actions=_decisions("collection:/v1/receipt-moves/{move}"),
)

PAGES: Final = (RETURNS, RETURN, MOVES, MOVE)
