"""Reconciliation: work items, statements of our accounts, letters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.console.page import Area
from services.console.pages.money.names import DEPOSITS
from services.console.widgets.action import Action
from services.console.widgets.cell import Column, Kind
from services.console.widgets.field import Choice, Day, District, Field, Month, Note
from services.console.widgets.listing import ListPage
from services.console.widgets.paper import PaperPage, Part
from services.console.words import Text
from shared.roles import Right

KINDS: Final[Mapping[str, Text]] = {
    "duplicate": ("重复到账", "Duplicate"),
    "statement_not_list": ("对账单有、清单无", "On the statement, not on the list"),
    "list_not_statement": ("清单有、对账单无", "On the list, not on the statement"),
    "statement_not_books": ("对账单有、账簿无", "On the statement, not in the books"),
    "books_not_statement": ("账簿有、对账单无", "In the books, not on the statement"),
    "amount_differs": ("金额不符", "The amount differs"),
    "wrong_payer": ("付款人不符", "Another payer"),
    "wrong_day": ("日期不符", "Another day"),
}
STATUSES: Final[Mapping[str, Text]] = {
    "in_transit": ("在途", "In transit"),
    "open": ("待处理", "Open"),
    "proposed": ("待批准", "Proposed"),
    "settled": ("已处理", "Settled"),
    "cleared": ("已自动核销", "Cleared"),
}
REASONS: Final[Mapping[str, Text]] = {
    "in_transit": ("在途资金", "In transit"),
    "day_accepted": ("认可日期差异", "The day is accepted"),
    "payer_confirmed": ("付款人已核实", "The payer is confirmed"),
    "bank_corrects": ("银行更正", "The bank corrects"),
    "we_correct": ("我方更正", "We correct"),
    "given_back": ("退回", "Given back"),
}
PARTIES: Final[Mapping[str, Text]] = {
    "bank": ("银行", "Bank"),
    "treasury": ("国库", "Treasury"),
    "finance_bureau": ("财政局", "Finance bureau"),
    "district": ("分中心", "District"),
}
_ITEM: Final = (
    Column("kind", ("差异", "Difference"), names=KINDS),
    Column("account", ("账户", "Account"), names=DEPOSITS),
    Column("subject", ("对象", "Subject"), Kind.CODE),
    Column("day", ("日期", "Day"), Kind.DAY),
    Column("age_days", ("天数", "Days"), Kind.NUMBER),
    Column("amount", ("差额(元)", "Difference, yuan"), Kind.MONEY),
    Column("statement", ("对账单(元)", "Statement, yuan"), Kind.MONEY),
    Column("listed", ("清单(元)", "List, yuan"), Kind.MONEY),
    Column("booked", ("账簿(元)", "Books, yuan"), Kind.MONEY),
    Column("owner", ("经办人", "Person")),
)

ITEMS: Final = ListPage(
    path="/reconciliation-items",
    title=("对账差异", "Reconciliation items"),
    area=Area.MONEY,
    order=70,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/reconciliation-items",
    filters=(
        Choice(member="kind", title=("差异", "Difference"), choices=KINDS),
        Choice(member="status", title=("状态", "Status"), choices=STATUSES),
        Field(member="owner", title=("经办人", "Person")),
        District(),
    ),
    columns=(
        Column("id", ("编号", "Item"), Kind.CODE, link="/reconciliation-items/{id}"),
        *_ITEM,
        Column("status", ("状态", "Status"), Kind.STATUS),
    ),
    actions=(
        Action(
            title=("立即对账", "Reconcile now"),
            door="collection:/v1/reconciliations",
            right=Right.RECONCILE,
            fields=(
                Choice(
                    member="account", title=("账户", "Account"), choices=DEPOSITS, is_needed=True
                ),
            ),
            confirm=(
                "对账单、清单、账簿三方核对,差异列为待办。",
                "Match statement, list and books; differences become work items.",
            ),
            done=("已对账", "Reconciled"),
        ),
    ),
)
_OPEN: Final = frozenset({"open", "in_transit"})
ITEM: Final = PaperPage(
    path="/reconciliation-items/{item}",
    title=("对账差异", "Reconciliation item"),
    area=Area.MONEY,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/reconciliation-items/{item}",
    trail="collection:/v1/reconciliation-items/{item}/trail",
    fields=(
        *_ITEM,
        Column("receipt", ("到账号", "Receipt"), Kind.CODE, link="/receipts/{receipt}"),
        Column("remedy", ("处理办法", "Remedy")),
        Column("reason", ("处理", "Settled as"), names=REASONS),
        Column("note", ("说明", "Note")),
        Column("proposed_by", ("提出", "Proposed by")),
        Column("settled_by", ("批准", "Settled by")),
        Column("settled_on", ("处理日", "Settled on"), Kind.DAY),
    ),
    actions=(
        Action(
            title=("处理", "Settle"),
            door="collection:/v1/reconciliation-items/{item}/settlings",
            right=Right.RECONCILE,
            when=lambda paper: paper["status"] in _OPEN,
            fields=(
                Choice(member="reason", title=("处理", "Reason"), choices=REASONS, is_needed=True),
                Note(member="note", title=("说明", "Note"), is_needed=True),
            ),
            confirm=("处理差额 {amount} 元。", "Settle a difference of {amount} yuan."),
            done=("已处理", "Settled"),
        ),
        Action(
            title=("分派", "Assign"),
            door="collection:/v1/reconciliation-items/{item}/assignments",
            right=Right.RECONCILE,
            when=lambda paper: paper["status"] in _OPEN,
            fields=(Field(member="owner", title=("经办人", "Person"), is_needed=True),),
            confirm=("分派差额 {amount} 元。", "Give a difference of {amount} yuan to a person."),
            done=("已分派", "Assigned"),
        ),
        Action(
            title=("批准处理", "Approve"),
            door="collection:/v1/reconciliation-items/{item}/approvals",
            right=Right.APPROVE_RECONCILIATION,
            when=lambda paper: paper["status"] == "proposed",
            confirm=("批准处理差额 {amount} 元。", "Approve: {amount} yuan."),
            done=("已批准", "Approved"),
        ),
        Action(
            title=("不予同意", "Refuse"),
            door="collection:/v1/reconciliation-items/{item}/refusals",
            right=Right.APPROVE_RECONCILIATION,
            when=lambda paper: paper["status"] == "proposed",
            fields=(Note(member="why", title=("理由", "Reason"), is_needed=True),),
            confirm=("不予同意,差额 {amount} 元。", "Refuse: {amount} yuan."),
            done=("不予同意", "Refused"),
            is_grave=True,
        ),
    ),
)
STATEMENTS: Final = ListPage(
    path="/bank-statements",
    title=("银行对账单", "Bank statements"),
    area=Area.MONEY,
    order=80,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/bank-statements",
    filters=(
        Choice(
            member="account",
            title=("账户", "Account"),
            choices=DEPOSITS,
            is_needed=True,
            start="income_deposit",
        ),
        Day(member="from", title=("自", "From")),
        Day(member="to", title=("至", "To")),
    ),
    columns=(
        Column("account", ("账户", "Account"), names=DEPOSITS),
        Column("day", ("日期", "Day"), Kind.DAY),
        Column("lines", ("笔数", "Lines"), Kind.NUMBER),
        Column("opening", ("期初余额(元)", "Opening, yuan"), Kind.MONEY),
        Column("closing", ("期末余额(元)", "Closing, yuan"), Kind.MONEY),
        Column("taken_by", ("收取", "Taken by")),
    ),
)
LETTERS: Final = ListPage(
    path="/reconciliation-letters",
    title=("对账函", "Letters"),
    area=Area.MONEY,
    order=90,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/reconciliation-letters",
    filters=(
        Choice(member="party", title=("对方", "Party"), choices=PARTIES),
        Month(member="period", title=("月份", "Month")),
        District(),
    ),
    columns=(
        Column("id", ("对账函", "Letter"), Kind.CODE, link="/reconciliation-letters/{id}"),
        Column("party", ("对方", "Party"), names=PARTIES),
        Column("period", ("月份", "Month")),
        Column("district", ("分中心", "District"), Kind.DISTRICT),
        Column("status", ("状态", "Status"), Kind.STATUS),
    ),
    actions=(
        Action(
            title=("编制对账函", "Draft a letter"),
            door="collection:/v1/reconciliation-letters",
            right=Right.RECONCILE,
            fields=(
                Choice(member="party", title=("对方", "Party"), choices=PARTIES, is_needed=True),
                Month(member="period", title=("月份", "Month"), is_needed=True),
                District(),
            ),
            confirm=("按该月数字编制一份对账函。", "Draft one letter with the month's figures."),
            done=("已编制", "Drafted"),
            after=lambda answer: f"/reconciliation-letters/{answer['id']}",
        ),
    ),
)
LETTER: Final = PaperPage(
    path="/reconciliation-letters/{letter}",
    title=("对账函", "Letter"),
    area=Area.MONEY,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/reconciliation-letters/{letter}",
    trail="collection:/v1/reconciliation-letters/{letter}/trail",
    fields=(
        Column("party", ("对方", "Party"), names=PARTIES),
        Column("period", ("月份", "Month")),
        Column("district", ("分中心", "District"), Kind.DISTRICT),
        Column("drafted_by", ("编制", "Drafted by")),
        Column("drafted_on", ("编制日", "Drafted on"), Kind.DAY),
        Column("signed_by", ("签发", "Signed by")),
        Column("answered_by", ("回复", "Answered by")),
        Column("note", ("说明", "Note")),
    ),
    parts=(
        Part(
            title=("双方数字", "Figures"),
            member="figures",
            columns=(
                Column("name", ("项目", "Item")),
                Column("ours", ("我方(元)", "Ours, yuan"), Kind.MONEY),
                Column("theirs", ("对方(元)", "Theirs, yuan"), Kind.MONEY),
                Column("difference", ("差额(元)", "Difference, yuan"), Kind.MONEY),
            ),
        ),
    ),
    actions=(
        Action(
            title=("签发", "Sign"),
            door="collection:/v1/reconciliation-letters/{letter}/signatures",
            right=Right.APPROVE_RECONCILIATION,
            when=lambda paper: paper["status"] == "drafted",
            confirm=("签发 {period} 的对账函一份。", "Sign one letter on {period}."),
            done=("已签发", "Signed"),
        ),
    ),
)

PAGES: Final = (ITEMS, ITEM, STATEMENTS, LETTERS, LETTER)
