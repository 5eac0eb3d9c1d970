"""Fund balances as of any day, and the trial balance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from nicegui import ui

from services.console import names
from services.console.page import Area, FreePage, View, link
from services.console.widgets.cell import Column, Kind
from services.console.widgets.download import file_button, print_button
from services.console.widgets.fault import attempt
from services.console.widgets.table import table
from services.console.widgets.title import about, heading, page_title
from services.console.words import Text, t
from shared import clock
from shared.money import format_yuan, parse_yuan
from shared.roles import Right

BOOKS: Final[Mapping[str, Text]] = {
    "statutory": ("法定账", "Statutory"),
    "memo": ("备查账", "Memo"),
}
_TRIAL: Final = (
    Column("code", ("编码", "Code"), Kind.CODE),
    Column("name", ("科目", "Account"), address=lambda row: link("/detail-ledger", **_of(row))),
    Column("debit", ("借方(元)", "Debit, yuan"), Kind.MONEY),
    Column("credit", ("贷方(元)", "Credit, yuan"), Kind.MONEY),
)


def _of(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"fund": row.get("fund"), "account": row.get("account"), "period": row.get("period")}


async def show_balances(view: View) -> None:
    """Show what every fund holds at the end of a day, account by account."""
    day = view.query.get("as_of") or str(clock.today())
    district = view.query.get("district")
    _balances_head(day, district)
    found = await attempt(
        view.api,
        lambda: view.api.get("ledger:/v1/funds/balances", as_of=day, district=district),
    )
    if found is None:
        return
    chart = await attempt(view.api, lambda: view.api.get("ledger:/v1/accounts", as_of=day))
    shown = [
        row
        for row in (chart or {"items": []})["items"]
        if row["account_class"] in {"asset", "liability"} and row["postable"]
    ]
    shown = [row for row in shown if any(row["key"] in fund["accounts"] for fund in found["funds"])]
    columns = (
        Column("name", ("基金", "Fund")),
        *(
            Column(
                row["key"],
                (row["name"], row["key"]),
                Kind.MONEY,
                of=_amount_of(row["key"]),
                address=_ledger_of(row["key"], day),
            )
            for row in shown
        ),
        Column("held", ("其中预留(元)", "Of it held, yuan"), Kind.MONEY),
    )
    deposits = [row["key"] for row in shown if row["account_class"] == "asset"]
    total = format_yuan(
        sum(
            parse_yuan(fund["accounts"].get(key, "0.00"))
            for fund in found["funds"]
            for key in deposits
        )
    )
    about(
        t(
            f"截至 {day},全部基金存款等资产 {total} 元。收入、支出见试算平衡表。",
            f"At the end of {day}: assets of {total} yuan. For income and expense see the trial balance.",
        )
    )
    table(columns, found["funds"])


def _balances_head(day: str, district: str | None) -> None:
    """Show the title with the day and the district to choose."""
    with ui.row().classes("wx-title-row"):
        page_title(t("基金余额", "Fund balances"))
        ui.space()
        of_day = ui.input(t("截至", "As of"), value=day).props("outlined dense type=date")
        of_district = (
            ui.select(
                {"": t("全部", "All"), **names.districts()},
                label=t("分中心", "District"),
                value=district or "",
            )
            .props("outlined dense options-dense")
            .classes("wx-select")
        )
        ui.button(
            t("查看", "Show"),
            on_click=lambda: ui.navigate.to(
                link("/balances", as_of=of_day.value, district=of_district.value)
            ),
        ).props("outline no-caps")


def _amount_of(account: str) -> Any:
    return lambda fund: fund["accounts"].get(account)


def _ledger_of(account: str, day: str) -> Any:
    return lambda fund: link("/detail-ledger", fund=fund["fund"], account=account, period=day[:7])


async def show_trial_balance(view: View) -> None:
    """Show debit and credit of every account, fund by fund, and whether they balance."""
    day = view.query.get("as_of") or str(clock.today())
    with ui.row().classes("wx-title-row"):
        page_title(t("试算平衡表", "Trial balance"))
        ui.space()
        of_day = ui.input(t("截至", "As of"), value=day).props("outlined dense type=date")
        ui.button(
            t("查看", "Show"),
            on_click=lambda: ui.navigate.to(link("/trial-balance", as_of=of_day.value)),
        ).props("outline no-caps")
        door = "ledger:/v1/reports/trial-balance"
        print_button(view, t("打印预览", "Print preview"), door, as_of=day, format="html")
        for kind in ("xlsx", "csv"):
            file_button(view, kind.upper(), door, f"trial-balance.{kind}", as_of=day, format=kind)
    found = await attempt(view.api, lambda: view.api.get("ledger:/v1/trial-balance", as_of=day))
    if found is None:
        return
    about(
        t("借贷平衡", "It balances")
        if found["balanced"]
        else t("借贷不平,请立即核查!", "It does not balance: look into it at once!")
    )
    for fund in found["funds"]:
        book = t(*BOOKS[fund["book"]]) if fund["book"] in BOOKS else fund["book"]
        heading(f"{names.fund_name(fund['fund'])} · {book}")
        rows = [{**row, "fund": fund["fund"], "period": day[:7]} for row in fund["accounts"]]
        table(_TRIAL, rows)


PAGES: Final = (
    FreePage(
        path="/balances",
        title=("基金余额", "Fund balances"),
        area=Area.BOOKS,
        order=10,
        rights=(Right.READ_LEDGER, Right.READ_BALANCES),
        show=show_balances,
    ),
    FreePage(
        path="/trial-balance",
        title=("试算平衡表", "Trial balance"),
        area=Area.BOOKS,
        order=20,
        rights=(Right.READ_LEDGER,),
        show=show_trial_balance,
    ),
)
