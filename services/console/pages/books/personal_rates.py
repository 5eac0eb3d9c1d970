"""Rates of personal accounts by two people, and the interest of a year."""

from __future__ import annotations

from typing import Final

from services.console import codes, names
from services.console.page import Area
from services.console.widgets import text
from services.console.widgets.action import Action
from services.console.widgets.cell import Column, Kind
from services.console.widgets.field import Choice, Field, Note, Number
from services.console.widgets.rules import RulesPage
from shared.roles import Right

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
                    member="fund",
                    title=("基金", "Fund"),
                    choices=names.ACCOUNT_FUNDS,
                    is_needed=True,
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
                    member="fund",
                    title=("基金", "Fund"),
                    choices=names.ACCOUNT_FUNDS,
                    is_needed=True,
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

PAGES: Final = (RATES,)
