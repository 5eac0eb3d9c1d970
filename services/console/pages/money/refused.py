"""Refused messages: what a service would not take, why, and what to do."""

from __future__ import annotations

from typing import Final

from services.console.page import Area
from services.console.widgets.action import Action
from services.console.widgets.cell import Column, Kind
from services.console.widgets.listing import ListPage
from services.console.words import Text
from shared.roles import Right

_COLUMNS: Final = (
    Column("created_at", ("时间", "Time"), Kind.TIME),
    Column("paper", ("单据", "Paper"), Kind.CODE),
    Column("kind", ("消息", "Message")),
    Column("code", ("代码", "Code"), Kind.CODE),
    Column("reason", ("原因", "Reason")),
    Column("remedy", ("处理办法", "Remedy")),
)


def _page(service: str, title: Text, right: Right, order: int) -> ListPage:
    return ListPage(
        path=f"/refused-messages/{service}",
        title=title,
        area=Area.MONEY,
        order=order,
        rights=(right,),
        door=f"{service}:/v1/refused-messages",
        columns=_COLUMNS,
        about=(
            "账簿拒收的消息。消除原因后重发,不会重复记账。",
            "Messages that the ledger refused. Remove the cause, then send again: nothing is booked twice.",
        ),
        actions=(
            Action(
                title=("全部重发", "Send all again"),
                door=f"{service}:/v1/refused-messages/retries",
                right=Right.REPLAY_OUTBOX,
                confirm=("重发全部被拒消息。", "Send all refused messages again."),
                done=("已重发", "Sent again"),
            ),
        ),
    )


PAGES: Final = (
    _page("collection", ("被拒消息(征缴)", "Refused, collection"), Right.READ_COLLECTION, 140),
    _page("payout", ("被拒消息(支付)", "Refused, payout"), Right.READ_PAYOUT, 150),
)
