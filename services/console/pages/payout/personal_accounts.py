"""Personal accounts that leave: to another city, to the person or the heirs; what they hold again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.console import codes, names
from services.console.page import Area
from services.console.pages.payout.claims import STATUSES
from services.console.widgets.action import Action
from services.console.widgets.cell import Column, Kind
from services.console.widgets.field import (
    Choice,
    Day,
    District,
    Field,
    Number,
    Words,
)
from services.console.widgets.listing import ListPage
from services.console.words import Text
from shared.roles import Right

TRANSFERS: Final[Mapping[str, Text]] = {
    kind: codes.BENEFITS[kind] for kind in ("pension_transfer_out", "medical_transfer_out")
}
REFUNDS: Final[Mapping[str, Text]] = {
    kind: codes.BENEFITS[kind] for kind in ("personal_account_refund", "medical_account_refund")
}
REASONS: Final[Mapping[str, Text]] = {
    reason: codes.REASONS[reason]
    for reason in ("death", "emigration", "foreigner_leaves", "not_qualified")
}
_PAYEE: Final = (
    Field(member="bank_account.name", title=("收款户名", "Account holder"), is_needed=True),
    Field(member="bank_account.bank", title=("开户银行", "Bank"), is_needed=True),
    Field(member="bank_account.number", title=("账号", "Account number"), is_needed=True),
)
_CLAIM: Final = (
    Column("id", ("申请号", "Claim"), Kind.CODE, link="/claims/{id}"),
    Column("kind", ("种类", "Kind"), names=codes.BENEFITS),
    Column("summary", ("摘要", "Summary")),
    Column("district", ("分中心", "District"), Kind.DISTRICT),
    Column("filed_on", ("申请日", "Filed on"), Kind.DAY),
    Column("total", ("金额(元)", "Total, yuan"), Kind.MONEY),
    Column("settled", ("已付(元)", "Paid, yuan"), Kind.MONEY),
    Column("status", ("状态", "Status"), names=STATUSES),
)


def _claim_page(answer: Any) -> str:
    return f"/claims/{answer['id']}"


def _claims(
    *,
    path: str,
    title: Text,
    order: int,
    kinds: Mapping[str, Text],
    action: Action,
    about: Text | None = None,
) -> ListPage:
    """Return the list of the claims of some kinds, which opens with the first, and the step that files one."""
    kind = Choice(
        member="kind",
        title=("种类", "Kind"),
        choices=kinds,
        is_needed=True,
        start=next(iter(kinds)),
    )
    status = Choice(member="status", title=("状态", "Status"), choices=STATUSES)
    return ListPage(
        path=path,
        title=title,
        area=Area.PAYOUT,
        order=order,
        rights=(Right.READ_PAYOUT,),
        door="payout:/v1/claims",
        about=about,
        filters=(kind, status, District()),
        columns=_CLAIM,
        actions=(action,),
    )


TRANSFER: Final = Action(
    title=("办理转出", "Transfer out"),
    door="payout:/v1/outgoing-transfers",
    right=Right.FILE_CLAIM,
    fields=(
        Choice(member="fund", title=("基金", "Fund"), choices=names.ACCOUNT_FUNDS, is_needed=True),
        District(is_needed=True),
        Field(member="identity_number", title=("证件号", "Identity number"), is_needed=True),
        Field(member="city", title=("转往城市", "City"), is_needed=True),
        Field(member="agency", title=("对方经办机构", "Agency"), is_needed=True),
        Field(member="letter", title=("联系函号", "Letter"), is_needed=True),
        Number(member="supplement", title=("补转次数", "Supplement")),
        *_PAYEE,
        Words(member="documents", title=("材料", "Documents")),
        Day(member="filed_on", title=("申请日", "Filed on")),
    ),
    confirm=(
        "按联系函转出个人账户;同一函号只办一次,三级审签后支付。",
        "Transfer the account by the letter, once; three people sign before it is paid.",
    ),
    done=("已提出", "Filed"),
    after=_claim_page,
)
PAY: Final = Action(
    title=("办理退还或继承", "Pay an account out"),
    door="payout:/v1/account-payments",
    right=Right.FILE_CLAIM,
    fields=(
        Choice(member="fund", title=("基金", "Fund"), choices=names.ACCOUNT_FUNDS, is_needed=True),
        District(is_needed=True),
        Field(member="identity_number", title=("证件号", "Identity number"), is_needed=True),
        Choice(member="reason", title=("事由", "Reason"), choices=REASONS, is_needed=True),
        Field(member="payee_name", title=("收款人", "Payee"), is_needed=True),
        *_PAYEE,
        Words(member="documents", title=("材料", "Documents")),
        Day(member="filed_on", title=("申请日", "Filed on")),
    ),
    confirm=(
        "支付账户的全部余额;日后到账的再次提出即可。",
        "Pay all that the account holds; what comes later is paid by filing again.",
    ),
    done=("已提出", "Filed"),
    after=_claim_page,
)
OUT: Final = _claims(
    path="/outgoing-transfers",
    title=("关系转出", "Transfers out"),
    order=110,
    about=("转入在资金 · 结算中办理。", "Transfers in are settlements, under Money."),
    kinds=TRANSFERS,
    action=TRANSFER,
)
PAYMENTS: Final = _claims(
    path="/account-payments",
    title=("个人账户支付", "Accounts paid out"),
    order=112,
    kinds=REFUNDS,
    action=PAY,
)
REMAINDERS: Final = ListPage(
    path="/account-remainders",
    title=("已付账户余额", "Paid accounts with money"),
    area=Area.PAYOUT,
    order=114,
    rights=(Right.READ_PAYOUT,),
    door="payout:/v1/account-remainders",
    about=(
        "支付后又有缴费、利息或更正划入的账户,须再次办理支付。",
        "Accounts that late credits, interest or corrections left open: they are paid out once more.",
    ),
    filters=(District(),),
    columns=(
        Column("claim", ("原申请", "Claim"), Kind.CODE, link="/claims/{claim}"),
        Column("fund", ("基金", "Fund"), Kind.FUND),
        Column("left", ("余额(元)", "Left, yuan"), Kind.MONEY),
    ),
)

PAGES: Final = (OUT, PAYMENTS, REMAINDERS)
