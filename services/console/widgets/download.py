"""Files for the person: downloads, rows as CSV or XLSX, print previews."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from typing import Any

import xlsxwriter
from nicegui import ui

from services.console.page import View
from services.console.widgets.cell import Column
from services.console.widgets.fault import attempt
from services.console.words import t, tell

Rows = Callable[[], Sequence[Any]]
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def offer_rows(name: str, columns: Sequence[Column], rows: Rows) -> None:
    """Offer the rows that are shown as CSV and XLSX, as they are written on the page."""
    with ui.button(icon="download").props(f'flat dense aria-label="{t("下载", "Download")}"'):
        ui.tooltip(t("下载已显示的行", "Download the rows shown"))
        with ui.menu():
            ui.menu_item(
                "XLSX", lambda: ui.download.content(xlsx(columns, rows()), f"{name}.xlsx", _XLSX)
            )
            ui.menu_item(
                "CSV",
                lambda: ui.download.content(csv_of(columns, rows()), f"{name}.csv", "text/csv"),
            )


def csv_of(columns: Sequence[Column], rows: Sequence[Any]) -> bytes:
    """Return rows as CSV in UTF-8 with its mark, which spreadsheets need for Chinese."""
    lines = io.StringIO()
    writer = csv.writer(lines)
    writer.writerow([tell(column.title) for column in columns])
    for row in rows:
        writer.writerow([_harmless(column.cell(row)["text"]) for column in columns])
    return lines.getvalue().encode("utf-8-sig")


def _harmless(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula; a negative amount is none."""
    is_amount = text.lstrip("-").replace(",", "").replace(".", "").isdigit()
    return f"'{text}" if text.startswith(_FORMULA) and not is_amount else text


def xlsx(columns: Sequence[Column], rows: Sequence[Any]) -> bytes:
    """Return rows as a workbook of texts: a number format would round, a long code would be cut."""
    content = io.BytesIO()
    book = xlsxwriter.Workbook(content, {"in_memory": True, "strings_to_formulas": False})
    sheet = book.add_worksheet()
    head = book.add_format({"bold": True, "bottom": 1})
    right = book.add_format({"align": "right"})
    for at, column in enumerate(columns):
        cells = [column.cell(row)["text"] for row in rows]
        title = tell(column.title)
        sheet.set_column(at, at, min(60, max([len(title) * 2, *map(len, cells)]) + 2))
        sheet.write_string(0, at, title, head)
        for line, cell in enumerate(cells, start=1):
            sheet.write_string(line, at, cell, right if column.is_right else None)
    sheet.freeze_panes(1, 0)
    book.close()
    return content.getvalue()


def file_button(view: View, title: str, door: str, name: str, **params: Any) -> ui.button:
    """Show a button that fetches a file of a service and gives it to the person."""

    async def fetch() -> None:
        found = await attempt(view.api, lambda: view.api.file(door, **params))
        if found is not None:
            ui.download.content(found[0], name, found[1].partition(";")[0])

    return ui.button(title, icon="download", on_click=fetch).props("flat no-caps")


def print_button(view: View, title: str, door: str, **params: Any) -> ui.button:
    """Show a button that opens the preview of a printed paper, with its own button to print."""

    async def preview() -> None:
        found = await attempt(view.api, lambda: view.api.file(door, **params))
        if found is None:
            return
        with ui.dialog(value=True) as dialog, ui.card().classes("wx-print"):
            frame = ui.element("iframe").classes("wx-print-frame")
            # No script of the page runs; it may be printed, and that is all.
            frame.props["srcdoc"] = found[0].decode("utf-8", "replace")
            frame.props["sandbox"] = "allow-same-origin allow-modals"
            frame.props["title"] = title
            with ui.row().classes("wx-buttons"):
                ui.button(t("关闭", "Close"), on_click=dialog.close).props("flat no-caps")
                ui.button(
                    t("打印", "Print"),
                    icon="print",
                    on_click=lambda: ui.run_javascript(
                        f"getHtmlElement({frame.id}).contentWindow.print()"
                    ),
                ).props("unelevated no-caps")

    return ui.button(title, icon="print", on_click=preview).props("outline no-caps")
