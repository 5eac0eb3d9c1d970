"""Settlements: sweeps to the fiscal account, funding of the expenditure account, refunds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.console import codes
from services.console.names import ACCOUNT_FUNDS, FUNDS
from services.console.page import Area
from services.console.pages.books.budgets import EXPENSES
from services.console.pages.money.names import DEPOSITS
from services.console.widgets.action import Action
from services.console.widgets.cell import Column, Kind
from services.console.widgets.field import (
    Choice,
    Day,
    District,
    Field,
    Money,
    Note,
    Number,
    Words,
)
from services.console.widgets.listing import ListPage
from services.console.widgets.paper import PaperPage, Part
from services.console.words import Text
from shared.money import format_yuan, parse_yuan
from shared.roles import Right

KINDS: Final[Mapping[str, Text]] = {
    "sweep": ("上缴财政专户", "Sweep to the fiscal account"),
    "sweep_back": ("上缴冲回", "Sweep back"),
    "treasury_remit": ("国库划转", "From the treasury"),
    "expenditure_funding": ("拨付支出户", "Fund the expenditure account"),
    "fiscal_subsidy": ("财政补贴", "Fiscal subsidy"),
    "interest_received": ("利息收入", "Interest received"),
    "refund": ("退费", "Refund"),
    "adjustment_remit": ("上解调剂金", "Remit adjustment money"),
    "adjustment_received": ("收到调剂金", "Adjustment money received"),
    "adjustment_grant": ("下拨调剂金", "Grant adjustment money"),
    "superior_grant": ("上级补助", "Grant of a superior"),
    "transfer_in": ("关系转入", "Transfer in"),
}
PROPOSED: Final[Mapping[str, Text]] = {
    kind: name for kind, name in KINDS.items() if kind != "transfer_in"
}
"""Kinds that are proposed by one form; a transfer in has a form of its own."""
STATUSES: Final[Mapping[str, Text]] = {
    "proposed": ("待核准", "Proposed"),
    "posted": ("已记账", "Posted"),
}


def _total(paper: Mapping[str, Any]) -> str:
    return format_yuan(sum(parse_yuan(one["amount"]) for one in paper["amounts"]))


def _proposal(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Make the list of amounts from the one that was typed; without it the kind decides."""
    of_amount = ("fund", "amount", "district", "account")
    row = {name: body[name] for name in of_amount if body.get(name)}
    rest = {name: value for name, value in body.items() if name not in of_amount}
    return {**rest, "amounts": [row] if row else []}


def _transfer(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Make a transfer in of what was typed; a line of years that is no three values goes as it is."""
    transfer = {**body["transfer"], "years": [_year(line) for line in body.get("years", ())]}
    if not transfer["years"]:
        del transfer["years"]
    amounts = [{"fund": body["fund"], "amount": body["amount"]}]
    rest = {name: body[name] for name in ("day", "summary") if name in body}
    return {**rest, "kind": "transfer_in", "amounts": amounts, "transfer": transfer}


def _year(line: str) -> Any:
    words = line.split()
    if len(words) != 3 or not all(word.isdigit() for word in words[:2]):
        return line
    return {"year": int(words[0]), "months": int(words[1]), "base": words[2]}


_FIELDS: Final = (
    Column("kind", ("种类", "Kind"), names=KINDS),
    Column("day", ("记账日", "Day"), Kind.DAY),
    Column("total", ("金额(元)", "Total, yuan"), Kind.MONEY, of=_total),
    Column("summary", ("摘要", "Summary")),
    Column("proposed_by", ("提出", "Proposed by")),
    Column("approved_by", ("核准", "Approved by")),
)

LIST: Final = ListPage(
    path="/settlements",
    title=("结算", "Settlements"),
    area=Area.MONEY,
    order=110,
    rights=(Right.READ_LEDGER,),
    door="ledger:/v1/settlements",
    filters=(Day(member="day", title=("记账日", "Day")),),
    columns=(
        Column("id", ("结算单", "Settlement"), Kind.CODE, link="/settlements/{id}"),
        *_FIELDS,
        Column("status", ("状态", "Status"), names=STATUSES),
    ),
    actions=(
        Action(
            title=("提出结算", "Propose"),
            door="ledger:/v1/settlements",
            right=Right.PROPOSE_SETTLEMENT,
            fields=(
                Choice(member="kind", title=("种类", "Kind"), choices=PROPOSED, is_needed=True),
                Day(member="day", title=("记账日", "Day"), is_needed=True),
                Choice(member="fund", title=("基金", "Fund"), choices=FUNDS),
                Money(
                    member="amount",
                    title=("金额,上缴为空即全部余额", "Amount; empty: the whole balance is swept"),
                ),
                District(),
                Choice(
                    member="account",
                    title=("支出科目(用款计划)", "Planned expense account"),
                    choices=EXPENSES,
                ),
                Choice(member="deposit", title=("存款户", "Deposit"), choices=DEPOSITS),
                Field(member="refund", title=("退费单", "Refund")),
                Field(member="over_budget", title=("超预算理由", "Why over budget")),
                Note(member="summary", title=("摘要", "Summary")),
            ),
            send=_proposal,
            confirm=(
                "提出一笔结算,另一人核准后记账。",
                "Propose one settlement; it is posted when another person approves.",
            ),
            done=("已提出", "Proposed"),
            after=lambda answer: f"/settlements/{answer['id']}",
        ),
        Action(
            title=("办理转入", "Transfer in"),
            door="ledger:/v1/settlements",
            right=Right.PROPOSE_SETTLEMENT,
            fields=(
                Choice(
                    member="fund", title=("基金", "Fund"), choices=ACCOUNT_FUNDS, is_needed=True
                ),
                Money(member="amount", title=("到账金额", "Amount received"), is_needed=True),
                Day(member="day", title=("记账日", "Day"), is_needed=True),
                Field(member="transfer.person", title=("个人编号", "Person"), is_needed=True),
                Field(member="transfer.city", title=("转出城市", "City"), is_needed=True),
                Field(member="transfer.letter", title=("联系函号", "Letter"), is_needed=True),
                Money(
                    member="transfer.account",
                    title=("其中个人账户", "Of it for the personal account"),
                    is_needed=True,
                ),
                Number(member="transfer.supplement", title=("补转次数", "Supplement")),
                Words(
                    member="years",
                    title=(
                        "带来的年限,每行:年度 月数 基数",
                        "Years brought, a line each: year months base",
                    ),
                ),
                Note(
                    member="transfer.without_receipt",
                    title=("无到账的理由,有到账的不填", "Why no receipt shows it; else empty"),
                ),
                Note(member="summary", title=("摘要", "Summary")),
            ),
            send=_transfer,
            confirm=(
                "按联系函登记一笔转入,另一人核准后记账;同一函号只办一次。",
                "Record one transfer by its letter, once; it is posted when another person approves.",
            ),
            done=("已提出", "Proposed"),
            after=lambda answer: f"/settlements/{answer['id']}",
        ),
    ),
)
PAPER: Final = PaperPage(
    path="/settlements/{id}",
    title=("结算", "Settlement"),
    area=Area.MONEY,
    rights=(Right.READ_LEDGER,),
    door="ledger:/v1/settlements/{id}",
    fields=(
        Column("id", ("结算单", "Settlement"), Kind.CODE),
        Column("status", ("状态", "Status"), names=STATUSES),
        *_FIELDS,
        Column("deposit", ("存款户", "Deposit"), names=DEPOSITS),
        Column("refund", ("退费单", "Refund"), Kind.CODE, link="/refunds/{refund}"),
        Column("letter", ("联系函", "Letter"), Kind.CODE),
        Column("without_receipt", ("无到账的理由", "Why no receipt shows it")),
        Column("over_budget", ("超预算理由", "Why over budget")),
        Column("voucher", ("凭证", "Voucher"), Kind.CODE, link="/vouchers/{voucher}"),
    ),
    status=None,
    parts=(
        Part(
            title=("分基金", "By fund"),
            member="amounts",
            columns=(
                Column("fund", ("基金", "Fund"), Kind.FUND),
                Column("amount", ("金额(元)", "Amount, yuan"), Kind.MONEY),
            ),
        ),
        Part(
            title=("明细", "Parts"),
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
        Action(
            title=("核准并记账", "Approve and post"),
            door="ledger:/v1/settlements/{id}/approvals",
            right=Right.APPROVE_SETTLEMENT,
            when=lambda paper: paper["status"] == "proposed",
            told=lambda paper: {"total": _total(paper), "kind_name": KINDS[paper["kind"]][0]},
            confirm=(
                "核准并记账:{day},{kind_name},共 {total} 元。",
                "Approve and post: {day}, {kind}, {total} yuan in all.",
            ),
            done=("已核准并记账", "Approved and posted"),
        ),
    ),
)

PAGES: Final = (LIST, PAPER)
