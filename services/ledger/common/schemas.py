"""Reports as grids of cells, written as CSV, XLSX or a page to print.

Money stays int fen until it is written: into CSV and HTML as "1234.56", into XLSX as a decimal number
while a spreadsheet can hold every digit of it (15), else as text.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from html import escape
from typing import TYPE_CHECKING, TypeAlias

from fastapi.responses import Response

from shared.money import format_yuan

if TYPE_CHECKING:
    import xlsxwriter

_DIGITS_MAX = 10**15
_RISKY = ("=", "+", "-", "@", "\t", "\r")
_UNIT = "单位:元"


@dataclass(frozen=True, slots=True)
class Fen:
    """An amount in a cell."""

    fen: int


Cell: TypeAlias = str | int | date | Fen | None


@dataclass(frozen=True, slots=True)
class Row:
    """A row of cells; a strong row is a heading or a total."""

    cells: tuple[Cell, ...]
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page: title, notes, columns and rows."""

    name: str
    """Of the tab and the file: ASCII."""
    title: str
    notes: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


class Format(StrEnum):
    """Format of a report's answer."""

    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"
    HTML = "html"


MEDIA = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.HTML: "text/html; charset=utf-8",
}
CONTENT = {media.partition(";")[0]: {"schema": {"type": "string"}} for media in MEDIA.values()}
"""For the OpenAPI document: what stands beside JSON."""


def answer(sheets: Sequence[Sheet], how: Format) -> Response:
    """Answer with the sheets as a file, or as a page when the format is HTML."""
    match how:
        case Format.XLSX:
            content = to_xlsx(sheets)
        case Format.CSV:
            content = to_csv(sheets)
        case _:
            return Response(to_html(sheets), 200, _SAFE, MEDIA[Format.HTML])
    named = {"Content-Disposition": f'attachment; filename="{sheets[0].name}.{how.value}"'}
    return Response(content, 200, named, MEDIA[how])


_SAFE = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
}


def to_csv(sheets: Sequence[Sheet]) -> bytes:
    """Write sheets as CSV, one after the other: UTF-8 with the byte order mark that spreadsheets
    need."""
    out = io.StringIO()
    writer = csv.writer(out)
    for index, sheet in enumerate(sheets):
        if index:
            writer.writerow([])
        writer.writerow([sheet.title])
        for note in sheet.notes:
            writer.writerow([_harmless(note)])
        writer.writerow(sheet.columns)
        writer.writerows([_plain(cell) for cell in row.cells] for row in sheet.rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _plain(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case Fen(fen):
            return format_yuan(fen)
        case str():
            return _harmless(cell)
        case _:
            return str(cell)


def _harmless(value: str) -> str:
    """Quote text that a spreadsheet would take for a formula."""
    return f"'{value}" if value.startswith(_RISKY) else value


def to_xlsx(sheets: Sequence[Sheet]) -> bytes:
    """Write a workbook in memory, one tab for each sheet."""
    import xlsxwriter  # only here: it takes a twentieth of the service's start

    out = io.BytesIO()
    book = xlsxwriter.Workbook(
        out,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    title = book.add_format({"bold": True, "font_size": 14})
    head = book.add_format({"bold": True, "border": 1, "align": "center", "bg_color": "#E8EEF4"})
    kinds = {
        (money, strong): book.add_format(
            {"border": 1, "bold": strong, "num_format": "#,##0.00;[Red]-#,##0.00" if money else "@"}
        )
        for money in (False, True)
        for strong in (False, True)
    }
    used: set[str] = set()
    for sheet in sheets:
        tab = book.add_worksheet(_tab(sheet.name, used))
        tab.write_string(0, 0, sheet.title, title)
        for index, note in enumerate(sheet.notes, 1):
            tab.write_string(index, 0, note)
        at = len(sheet.notes) + 1
        for column, name in enumerate(sheet.columns):
            tab.write_string(at, column, name, head)
        for number, row in enumerate(sheet.rows, at + 1):
            for column, cell in enumerate(row.cells):
                _write(tab, (number, column), cell, row.strong, kinds)
        tab.set_column(0, max(0, len(sheet.columns) - 1), 18)
        tab.freeze_panes(at + 1, 0)
        tab.set_landscape()
        tab.fit_to_pages(1, 0)
    book.close()
    return out.getvalue()


def _tab(name: str, used: set[str]) -> str:
    base = name[:28]
    found, number = base, 2
    while found in used:
        found, number = f"{base}~{number}", number + 1
    used.add(found)
    return found


def _write(
    tab: xlsxwriter.worksheet.Worksheet,
    at: tuple[int, int],
    cell: Cell,
    strong: bool,
    kinds: dict[tuple[bool, bool], xlsxwriter.format.Format],
) -> None:
    if isinstance(cell, Fen) and abs(cell.fen) < _DIGITS_MAX:
        # A Decimal keeps its digits; a double holds fifteen of them exactly.
        tab.write_number(*at, Decimal(cell.fen).scaleb(-2), kinds[True, strong])
    elif cell is None:
        tab.write_blank(*at, None, kinds[False, strong])
    else:
        text = format_yuan(cell.fen) if isinstance(cell, Fen) else str(cell)
        tab.write_string(*at, text, kinds[False, strong])


_STYLE = (
    "body{font-family:'Noto Sans CJK SC','Microsoft YaHei',SimSun,sans-serif;margin:1.5rem;color:#111}"
    "h1{font-size:1.2rem;text-align:center;margin:0 0 .3rem}p{margin:.1rem 0;font-size:.85rem}"
    "table{border-collapse:collapse;width:100%;font-size:.85rem;margin-top:.4rem}"
    "th,td{border:1px solid #555;padding:.2rem .4rem}th{background:#eef}"
    "td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}td.red{color:#b00}"
    "tr.s td{font-weight:bold}section{page-break-after:always}section:last-child{page-break-after:auto}"
    "@media print{body{margin:0}}"
)


def to_html(sheets: Sequence[Sheet]) -> bytes:
    """Write a page to read and print, one sheet a page, without scripts or network access."""
    parts = [
        f'<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        f"<title>{escape(sheets[0].title)}</title><style>{_STYLE}</style></head><body>"
    ]
    for sheet in sheets:
        parts.append(f"<section><h1>{escape(sheet.title)}</h1>")
        parts += [f"<p>{escape(note)}</p>" for note in sheet.notes]
        heads = "".join(f"<th>{escape(name)}</th>" for name in sheet.columns)
        parts.append(f"<table><thead><tr>{heads}</tr></thead><tbody>")
        parts += [_html_row(row) for row in sheet.rows]
        parts.append("</tbody></table></section>")
    parts.append("</body></html>")
    return "".join(parts).encode()


def _html_row(row: Row) -> str:
    cells = "".join(_html_cell(cell) for cell in row.cells)
    return f'<tr class="s">{cells}</tr>' if row.strong else f"<tr>{cells}</tr>"


def _html_cell(cell: Cell) -> str:
    match cell:
        case None:
            return "<td></td>"
        case Fen(fen):
            red = " red" if fen < 0 else ""
            return f'<td class="n{red}">{grouped(fen)}</td>'
        case _:
            return f"<td>{escape(str(cell))}</td>"


def grouped(fen: int) -> str:
    """Format 1234567 fen as "12,345.67"."""
    sign, size = ("-", -fen) if fen < 0 else ("", fen)
    return f"{sign}{size // 100:,}.{size % 100:02d}"


UNIT_NOTE = _UNIT
"""Every amount of every sheet is in yuan."""
