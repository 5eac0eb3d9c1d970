"""Budgets by two people and what is left of them; rates and yearly work of personal accounts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.console import codes, names
from services.console.page import Area
from services.console.widgets import text
from services.console.widgets.action import Action
from services.console.widgets.cell import Column, Kind
from services.console.widgets.field import Choice, Field, Money, Note, Number, today
from services.console.widgets.rules import RulesPage
from services.console.words import Text
from shared.roles import Right

_ROW: Final = ("year", "fund", "account", "amount")
EXPENSES: Final[Mapping[str, Text]] = {
    code: name
    for code, name in codes.LEDGER_ACCOUNTS.items()
    if code.startswith("benefit.")
    or code
    in {
        "major_illness",
        "capacity_assessment",
        "injury_prevention",
        "job_stabilisation",
        "skill_subsidy",
        "transfer_expense",
    }
}
"""Accounts that a benefit is paid from."""
ACCOUNT_FUNDS: Final[Mapping[str, Text]] = {
    code: name for code, name in names.FUNDS.items() if code in {"pension", "medical"}
}
"""Funds with personal accounts."""


def this_year() -> str:
    """Return the business day's year."""
    return today()[:4]


def _paper(body: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"rows": [{name: body[name] for name in _ROW}], "source": body["source"]}


BUDGETS: Final = RulesPage(
    path="/budgets",
    title=("预算", "Budgets"),
    area=Area.BOOKS,
    order=70,
    rights=(Right.READ_LEDGER,),
    door="ledger:/v1/budgets",
    waiting="proposed",
    filters=(Number(member="year", title=("年度", "Year"), is_needed=True, start=this_year),),
    columns=(
        Column("fund", ("基金", "Fund"), Kind.FUND),
        Column("account", ("支出科目", "Account"), names=codes.LEDGER_ACCOUNTS),
        Column("amount", ("预算(元)", "Budget, yuan"), Kind.MONEY),
        Column("funded", ("已拨(元)", "Funded, yuan"), Kind.MONEY),
        Column("left", ("余额(元)", "Left, yuan"), Kind.MONEY),
        Column("source", ("文件", "Document")),
        Column("recorded_by", ("录入", "Recorded by")),
        Column("approved_by", ("核准", "Approved by")),
    ),
    actions=(
        Action(
            title=("录入预算", "Record a budget"),
            door="ledger:/v1/budgets",
            right=Right.SET_BUDGET,
            fields=(
                Number(member="year", title=("年度", "Year"), is_needed=True, start=this_year),
                Choice(member="fund", title=("基金", "Fund"), choices=names.FUNDS, is_needed=True),
                Choice(
                    member="account",
                    title=("支出科目", "Account"),
                    choices=EXPENSES,
                    is_needed=True,
                ),
                Money(
                    member="amount",
                    title=("金额(调整可为负)", "Amount; an adjustment may be negative"),
                    is_needed=True,
                ),
                Note(member="source", title=("文件", "Document"), is_needed=True),
            ),
            send=_paper,
            confirm=(
                "录入一行预算,另一人核准后执行。",
                "Record one row; it holds when another person approves.",
            ),
            done=("已录入", "Recorded"),
        ),
    ),
    decisions=(
        Action(
            title=("核准", "Approve"),
            door="ledger:/v1/budgets/{paper}/approvals",
            right=Right.APPROVE_BUDGET,
            confirm=(
                "核准 {year} 年预算 {amount} 元及同一文件的其他行。",
                "Approve {amount} yuan for {year}, with the other rows of the document.",
            ),
            done=("已核准", "Approved"),
        ),
    ),
)
RATES: Final = RulesPage(
    path="/personal-rates",
    title=("个人账户记账利率", "Rates of personal accounts"),
    area=Area.BOOKS,
    order=80,
    rights=(Right.READ_LEDGER,),
    door="ledger:/v1/personal-rates",
    waiting="proposed",
    about=(
        "利率由两人录入、核准;年度结息后不再变动。",
        "Two people record and approve a rate; once its year is closed it stays.",
    ),
    columns=(
        Column("year", ("年度", "Year")),
        Column("fund", ("基金", "Fund"), Kind.FUND),
        Column("rate", ("年利率", "Rate"), Kind.FIGURE, of=lambda row: text.rate(row["rate"])),
        Column("source", ("文件", "Document")),
        Column("recorded_by", ("录入", "Recorded by"), names=codes.AUTHORS),
        Column("approved_by", ("核准", "Approved by")),
    ),
    actions=(
        Action(
            title=("录入利率", "Record a rate"),
            door="ledger:/v1/personal-rates",
            right=Right.SET_PERSONAL_RATE,
            fields=(
                Choice(
                    member="fund", title=("基金", "Fund"), choices=ACCOUNT_FUNDS, is_needed=True
                ),
                Number(member="year", title=("年度", "Year"), is_needed=True),
                Field(
                    member="rate",
                    title=("年利率(小数,如 0.0604)", "Rate as a fraction, 0.0604"),
                    is_needed=True,
                ),
                Note(member="source", title=("文件", "Document"), is_needed=True),
            ),
            confirm=(
                "录入一年的记账利率,另一人核准后执行。",
                "Record a year's rate; it holds when another person approves.",
            ),
            done=("已录入", "Recorded"),
        ),
        Action(
            title=("年度结息", "Close a year"),
            door="ledger:/v1/personal-interest",
            right=Right.MANAGE_PERSONAL,
            fields=(
                Choice(
                    member="fund", title=("基金", "Fund"), choices=ACCOUNT_FUNDS, is_needed=True
                ),
                Number(member="year", title=("年度", "Year"), is_needed=True),
            ),
            confirm=(
                "为该基金全部个人账户结一年的利息;只结一次。",
                "Credit a year's interest to every account of the fund, once.",
            ),
            done=("已结息", "Closed"),
        ),
    ),
    decisions=(
        Action(
            title=("核准", "Approve"),
            door="ledger:/v1/personal-rates/{id}/approvals",
            right=Right.APPROVE_PERSONAL_RATE,
            confirm=("核准 {year} 年利率 {rate}。", "Approve the rate {rate} of {year}."),
            done=("已核准", "Approved"),
        ),
    ),
)

PAGES: Final = (BUDGETS, RATES)
