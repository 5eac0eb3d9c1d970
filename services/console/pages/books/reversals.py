"""Reversals of vouchers: what waits, what two people posted, and the decision on one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.console.page import Area
from services.console.pages.books.vouchers import ENTRY
from services.console.widgets.action import Action, refusal
from services.console.widgets.cell import Column, Kind
from services.console.widgets.field import Choice
from services.console.widgets.listing import ListPage
from services.console.widgets.paper import PaperPage, Part
from services.console.words import Text
from shared.money import format_yuan, parse_yuan
from shared.roles import Right

STATUSES: Final[Mapping[str, Text]] = {
    "proposed": ("待核准", "Proposed"),
    "posted": ("已记账", "Posted"),
    "refused": ("不予核准", "Refused"),
}


def _total(paper: Mapping[str, Any]) -> str:
    """Sum the debits that a reversal takes back."""
    debits = [one["amount"] for one in paper["entries"] if one["side"] == "debit"]
    return format_yuan(sum(map(parse_yuan, debits)))


_FIELDS: Final = (
    Column("voucher", ("原凭证", "Voucher"), Kind.CODE, link="/vouchers/{voucher}"),
    Column("book_date", ("记账日", "Book date"), Kind.DAY),
    Column("total", ("金额(元)", "Total, yuan"), Kind.MONEY, of=_total),
    Column("summary", ("理由", "Reason")),
    Column("proposed_by", ("提出", "Proposed by")),
    Column("decided_by", ("核准", "Decided by")),
    Column("status", ("状态", "Status"), names=STATUSES),
)

LIST: Final = ListPage(
    path="/reversals",
    title=("冲销", "Reversals"),
    area=Area.BOOKS,
    order=65,
    rights=(Right.READ_LEDGER,),
    door="ledger:/v1/reversals",
    filters=(Choice(member="status", title=("状态", "Status"), choices=STATUSES),),
    columns=(
        Column("id", ("冲销单", "Reversal"), Kind.CODE, link="/reversals/{id}"),
        *_FIELDS,
    ),
)
PAPER: Final = PaperPage(
    path="/reversals/{id}",
    title=("冲销单", "Reversal"),
    area=Area.BOOKS,
    rights=(Right.READ_LEDGER,),
    door="ledger:/v1/reversals/{id}",
    status=None,
    fields=(
        Column("id", ("冲销单", "Reversal"), Kind.CODE),
        *_FIELDS,
        Column("refusal", ("不予核准的理由", "Why it was refused")),
        Column(
            "reversal", ("红字凭证", "Red-letter voucher"), Kind.CODE, link="/vouchers/{reversal}"
        ),
    ),
    parts=(
        Part(
            title=("冲销的分录", "Entries taken back"),
            member="entries",
            columns=(Column("line", ("序号", "Line"), Kind.NUMBER), *ENTRY),
        ),
    ),
    actions=(
        Action(
            title=("核准并记账", "Approve and post"),
            door="ledger:/v1/reversals/{id}/approvals",
            right=Right.APPROVE_SETTLEMENT,
            when=lambda paper: paper["status"] == "proposed",
            told=lambda paper: {"total": _total(paper)},
            confirm=(
                "核准冲销:{voucher},{book_date},共 {total} 元,以红字记账。",
                "Approve: reverse {voucher} on {book_date}, {total} yuan in all.",
            ),
            done=("已核准并记账", "Approved and posted"),
            is_grave=True,
        ),
        refusal(
            "ledger:/v1/reversals/{id}",
            Right.APPROVE_SETTLEMENT,
            ("冲销 {voucher}", "the reversal of {voucher}"),
            reason="reason",
        ),
    ),
)
PAGES: Final = (LIST, PAPER)
