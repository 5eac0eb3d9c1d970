"""Budgets by two people and what is left of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.console import codes, names
from services.console.page import Area
from services.console.widgets.action import Action
from services.console.widgets.cell import Column, Kind
from services.console.widgets.field import Choice, Money, Note, Number, this_year
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

PAGES: Final = (BUDGETS,)
