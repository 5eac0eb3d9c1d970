"""Bought and extended months of pension (补缴、延长缴费): the quote, the declaration, the list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from nicegui import ui

from services.console.page import Area, FreePage, View
from services.console.pages.policy.contribution_quotes import (
    SUMS,
    show_lines,
    show_totals,
    sums_of,
)
from services.console.widgets.action import Action, action_button, stay
from services.console.widgets.cell import Column, Kind
from services.console.widgets.field import Field, Money, Month, this_month
from services.console.widgets.form import build_calculator
from services.console.widgets.listing import ListPage
from services.console.widgets.paper import PaperPage
from services.console.widgets.table import table_panel
from services.console.widgets.title import about, heading, page_title
from services.console.words import t
from shared.roles import Right

_QUOTE: Final = (
    Field(member="credit_code", title=("统一社会信用代码", "Credit code"), is_needed=True),
    Month(member="period", title=("申报月", "Declared in"), is_needed=True, start=this_month),
    Month(member="first", title=("自", "First month"), is_needed=True),
    Month(member="last", title=("至", "Last month"), is_needed=True),
    Money(member="base", title=("缴费基数", "Base"), is_needed=True),
)
DECLARE: Final = Action(
    title=("申报", "Declare"),
    door="collection:/v1/contribution-extensions",
    right=Right.SUBMIT_DECLARATION,
    fields=(
        Field(member="person", title=("个人编号", "Person"), is_needed=True),
        Field(member="document", title=("文书", "Document"), is_needed=True),
    ),
    body=lambda paper: paper["asked"],
    confirm=(
        "申报 {asked.first} 至 {asked.last} 共 {months} 个月,{totals.total} 元;照常受理、复核、审核、开单。",
        "Declare {months} months, {asked.first} to {asked.last}, {totals.total} yuan.",
    ),
    done=("已申报", "Declared"),
    after=lambda answer: f"/contribution-extensions/{answer['declaration']}",
)
_FIELDS: Final = (
    Column("person", ("个人编号", "Person"), Kind.CODE, link="/people/{person}"),
    Column("first", ("自", "First month")),
    Column("last", ("至", "Last month")),
    Column("months", ("月数", "Months"), Kind.NUMBER),
    Column("base", ("缴费基数(元)", "Base, yuan"), Kind.MONEY),
    Column("total", ("金额(元)", "Total, yuan"), Kind.MONEY),
    Column("document", ("文书", "Document")),
    Column("bill", ("通知单", "Bill"), Kind.CODE, link="/bills/{bill}"),
)
LIST: Final = ListPage(
    path="/contribution-extensions",
    title=("补缴、延长缴费", "Bought months"),
    area=Area.WORK,
    order=47,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/contribution-extensions",
    filters=(_QUOTE[0],),
    columns=(
        Column(
            "declaration",
            ("申报", "Declaration"),
            Kind.CODE,
            link="/contribution-extensions/{declaration}",
        ),
        *_FIELDS,
        Column("status", ("状态", "Status"), Kind.STATUS),
    ),
)
PAPER: Final = PaperPage(
    path="/contribution-extensions/{declaration}",
    title=("补缴、延长缴费", "Bought months"),
    area=Area.WORK,
    rights=(Right.READ_COLLECTION,),
    door="collection:/v1/contribution-extensions/{declaration}",
    fields=(
        Column(
            "declaration", ("申报", "Declaration"), Kind.CODE, link="/declarations/{declaration}"
        ),
        *_FIELDS,
    ),
)


async def show(view: View) -> None:
    """Show the quote of months to buy or extend, and the step that declares them."""
    page_title(t("补缴、延长缴费试算", "Quote of bought months"))
    about(
        t(
            "按申报月的政策试算养老保险补缴或延长缴费;申报前不保存。",
            "By the policy of the month of declaring; nothing is stored before it is declared.",
        )
    )

    def show_quote(quote: Mapping[str, Any], typed: Mapping[str, Any]) -> None:
        _show(view, {**quote, "asked": typed})

    await build_calculator(view, _QUOTE, "collection:/v1/contribution-extension-quotes", show_quote)


def _show(view: View, quote: dict[str, Any]) -> None:
    show_totals(quote)
    with ui.row().classes("wx-title-row"):
        heading(t(f"共 {quote['months']} 个月", f"{quote['months']} months"))
        ui.space()
        if DECLARE.is_open(view, quote):
            action_button(view, DECLARE, quote, stay)
    table_panel(SUMS, sums_of(quote["lines"]))
    show_lines({**quote, "sources": {}}, quote["lines"])


PAGES: Final = (
    LIST,
    PAPER,
    FreePage(
        path="/quote-extension",
        title=("补缴、延长缴费试算", "Quote of bought months"),
        area=Area.WORK,
        order=46,
        rights=(Right.QUOTE,),
        show=show,
    ),
)
