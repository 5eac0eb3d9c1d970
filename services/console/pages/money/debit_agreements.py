"""Three-party agreements of direct debits (扣款协议): filed, approved, cancelled by two people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.console import codes
from services.console.page import Area
from services.console.widgets.action import Action, refusal
from services.console.widgets.cell import Column, Kind
from services.console.widgets.field import Choice, Day, District, Field, Money, Note
from services.console.widgets.listing import ListPage
from services.console.widgets.paper import PaperPage
from services.console.words import Text
from shared.roles import Right

STATUSES: Final[Mapping[str, Text]] = {
    "filed": ("待批准", "Filed"),
    "approved": ("有效", "Approved"),
    "refused": ("不予批准", "Refused"),
    "cancelling": ("待批准解约", "Cancelling"),
    "cancelled": ("已解约", "Cancelled"),
    "replaced": ("已更换", "Replaced"),
}
_DOOR: Final = "collection:/v1/debit-agreements/{agreement}"
_FIELDS: Final = (
    Column("number", ("协议号", "Number"), Kind.CODE),
    Column("credit_code", ("单位", "Unit"), Kind.CODE, link="/units/{credit_code}"),
    Column("district", ("分中心", "District"), Kind.DISTRICT),
    Column("bank", ("代扣银行", "Bank"), names=codes.BANKS),
    Column("valid_from", ("自", "From"), Kind.DAY),
    Column("valid_to", ("至", "To"), Kind.DAY),
    Column("limit", ("限额(元)", "Limit, yuan"), Kind.MONEY),
)


def _is(*statuses: str) -> Any:
    return lambda paper: paper["status"] in statuses


LIST: Final = ListPage(
    path="/debit-agreements",
    title=("扣款协议", "Debit agreements"),
    area=Area.MONEY,
    order=55,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/debit-agreements",
    filters=(
        Field(member="credit_code", title=("统一社会信用代码", "Credit code")),
        Choice(member="status", title=("状态", "Status"), choices=STATUSES),
        District(),
    ),
    columns=(
        Column("id", ("协议", "Agreement"), Kind.CODE, link="/debit-agreements/{id}"),
        *_FIELDS,
        Column("status", ("状态", "Status"), Kind.STATUS, names=STATUSES),
    ),
)
FILE: Final = Action(
    title=("登记扣款协议", "File a debit agreement"),
    door="collection:/v1/units/{credit_code}/debit-agreements",
    right=Right.FILE_AGREEMENT,
    fields=(
        Field(member="number", title=("协议号", "Number"), is_needed=True),
        Choice(member="bank", title=("代扣银行", "Bank"), choices=codes.BANKS, start="city"),
        Field(member="bank_account.name", title=("扣款户名", "Account holder"), is_needed=True),
        Field(
            member="bank_account.bank", title=("开户银行", "Bank of the account"), is_needed=True
        ),
        Field(member="bank_account.number", title=("账号", "Account number"), is_needed=True),
        Day(member="signed_on", title=("签订日", "Signed on"), is_needed=True),
        Day(member="valid_from", title=("自", "From"), is_needed=True),
        Day(member="valid_to", title=("至", "To")),
        Money(member="limit", title=("每笔限额", "Limit of a debit")),
    ),
    confirm=(
        "为 {name} 登记一份协议,另一人批准后可扣款。",
        "File one for {name}; nothing is debited before another person approves.",
    ),
    done=("已登记", "Filed"),
    after=lambda answer: f"/debit-agreements/{answer['id']}",
)
"""A step on a unit."""
PAPER: Final = PaperPage(
    path="/debit-agreements/{agreement}",
    title=("扣款协议", "Debit agreement"),
    area=Area.MONEY,
    rights=(Right.READ_COLLECTION,),
    door=_DOOR,
    fields=(
        *_FIELDS,
        Column("account_name", ("扣款户名", "Account holder")),
        Column("account_bank", ("开户银行", "Bank of the account")),
        Column("account_number", ("账号", "Account"), Kind.CODE),
        Column("signed_on", ("签订日", "Signed on"), Kind.DAY),
        Column("cancelled_on", ("解约日", "Cancelled on"), Kind.DAY),
        Column("ends_on", ("终止日", "Ends on"), Kind.DAY),
    ),
    actions=(
        refusal(
            _DOOR,
            Right.APPROVE_AGREEMENT,
            ("协议 {number}", "agreement {number}"),
            reason="why",
            when=_is("filed", "cancelling"),
        ),
        Action(
            title=("批准", "Approve"),
            door=f"{_DOOR}/approvals",
            right=Right.APPROVE_AGREEMENT,
            when=_is("filed"),
            confirm=("批准协议 {number}。", "Approve agreement {number}."),
            done=("已批准", "Approved"),
        ),
        Action(
            title=("申请解约", "File a cancellation"),
            door=f"{_DOOR}/cancellations",
            right=Right.FILE_AGREEMENT,
            when=_is("approved"),
            fields=(
                Day(member="cancelled_on", title=("解约日", "Cancelled on"), is_needed=True),
                Note(member="why", title=("理由", "Reason"), is_needed=True),
            ),
            confirm=(
                "申请解除协议 {number},另一人批准前仍有效。",
                "File the cancellation of {number}; it holds until another person approves.",
            ),
            done=("已提出", "Filed"),
            is_grave=True,
        ),
        Action(
            title=("批准解约", "Approve the cancellation"),
            door=f"{_DOOR}/cancellation-approvals",
            right=Right.APPROVE_AGREEMENT,
            when=_is("cancelling"),
            confirm=("批准解除协议 {number}。", "Approve the cancellation of {number}."),
            done=("已批准", "Approved"),
        ),
    ),
)

PAGES: Final = (LIST, PAPER)
