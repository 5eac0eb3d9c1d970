"""Statements as the national forms have them: balance sheet, income, ledgers; printed or as files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from nicegui import ui

from services.console import names
from services.console.page import Area, FreePage, View, link
from services.console.widgets.download import file_button, print_button
from services.console.widgets.fault import attempt
from services.console.widgets.title import about, page_title
from services.console.words import Text, t, tell
from shared import clock
from shared.roles import Right


@dataclass(frozen=True, slots=True)
class Report:
    """A printed report of a fund: its address, its door, its name, whether it is of one account."""

    path: str
    door: str
    title: Text
    order: int
    is_of_account: bool = False


REPORTS: Final = (
    Report("/balance-sheet", "balance-sheet", ("资产负债表", "Balance sheet"), 30),
    Report("/income-statement", "income-statement", ("收支表", "Income statement"), 40),
    Report("/general-ledger", "general-ledger", ("总账", "General ledger"), 50),
    Report("/detail-ledger", "detail-ledger", ("明细账", "Detail ledger"), 60, is_of_account=True),
)


def page_of(report: Report) -> Callable[[View], Any]:
    """Return the function that builds a report's page."""

    async def show(view: View) -> None:
        chosen = {
            "fund": view.query.get("fund") or "pension",
            "period": view.query.get("period") or str(clock.today())[:7],
        }
        if report.is_of_account:
            chosen["account"] = view.query.get("account") or "income_deposit"
        door = f"ledger:/v1/reports/{report.door}"
        with ui.row().classes("wx-title-row"):
            page_title(tell(report.title))
            ui.space()
            await _choose(view, report, chosen)
            print_button(view, t("打印预览", "Print preview"), door, **chosen, format="html")
            for kind in ("xlsx", "csv"):
                name = f"{report.door}-{chosen['fund']}-{chosen['period']}.{kind}"
                file_button(view, kind.upper(), door, name, **chosen, format=kind)
        about(t("期间填年份即为年报。", "A year instead of a month gives the yearly statement."))
        found = await attempt(view.api, lambda: view.api.file(door, **chosen, format="html"))
        if found is None:
            return
        frame = ui.element("iframe").classes("wx-print-frame wx-statement")
        frame.props["srcdoc"] = found[0].decode("utf-8", "replace")
        frame.props["sandbox"] = ""
        frame.props["title"] = tell(report.title)

    return show


async def _choose(view: View, report: Report, chosen: Mapping[str, str]) -> None:
    """Show the inputs by which another fund, period or account is chosen."""
    fund = ui.select(
        {code: tell(name) for code, name in names.FUNDS.items()},
        label=t("基金", "Fund"),
        value=chosen["fund"] if chosen["fund"] in names.FUNDS else None,
    )
    fund.props("outlined dense options-dense").classes("wx-select")
    period = ui.input(t("期间", "Period"), value=chosen["period"]).props("outlined dense")
    account = None
    if report.is_of_account:
        chart = await attempt(view.api, lambda: view.api.get("ledger:/v1/accounts"))
        keys = {
            row["key"]: f"{row['code']} {row['name']}".strip()
            for row in (chart or {"items": []})["items"]
            if row["postable"]
        }
        account = ui.select(
            keys,
            label=t("科目", "Account"),
            value=chosen["account"] if chosen["account"] in keys else None,
            with_input=True,
        )
        account.props("outlined dense options-dense").classes("wx-select")

    def go() -> None:
        to = {"fund": fund.value, "period": period.value}
        ui.navigate.to(link(report.path, **to, account=account.value if account else None))

    ui.button(t("查看", "Show"), on_click=go).props("outline no-caps")


PAGES: Final = tuple(
    FreePage(
        path=report.path,
        title=report.title,
        area=Area.BOOKS,
        order=report.order,
        rights=(Right.READ_LEDGER,),
        show=page_of(report),
    )
    for report in REPORTS
)
