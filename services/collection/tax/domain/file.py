"""The rows of a push by file: one line of a ticket each. Pure.

CSV has a header; NDJSON has one object a line, with the members of a line of a JSON push. Every value
is text, so both are read as cells.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import orjson

from services.collection.common.domain.rows import RowFault
from services.collection.register.domain.person import id_of_person
from services.collection.tax.domain.line import (
    LEVY_ITEM_PATTERN,
    WHOLE,
    Origin,
    RefundOf,
    TaxLine,
)
from shared.book_days.open_day import DayBeforeChart
from shared.cn import identity_number
from shared.errors import Refusal
from shared.money import AMOUNT_MAX_FEN, parse_yuan
from shared.period import DAY_MAX, DAY_MIN, PERIOD_PATTERN
from shared.wire.json_grammar import MEMBER_REPEATED, has_repeated_member

COLUMNS: Final = (
    "serial",
    "line",
    "levy_item",
    "credit_code",
    "identity_number",
    "period",
    "amount",
    "paid_on",
    "origin",
    "refund_of",
    "refund_line",
    "reason",
)
ROWS_MAX: Final = 1_000_000
FAULTS_MAX: Final = 1000
"""Most faults of a file that are listed; all are counted."""

Cells = Mapping[str, str]
Row = tuple[int, Cells | RowFault]
"""Number of a row as a spreadsheet counts it, and its cells."""

_SERIAL: Final = re.compile(r"[A-Za-z0-9._:/-]{1,64}")
_ITEM: Final = re.compile(LEVY_ITEM_PATTERN)
_CREDIT_CODE: Final = re.compile(r"[0-9A-HJ-NP-RTUWXY]{18}")
_PERIOD: Final = re.compile(PERIOD_PATTERN)
_LINE: Final = re.compile(r"[1-9][0-9]{0,3}")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ORIGINS: Final = frozenset({"", *(one.value for one in Origin)})
_REASON_MAX: Final = 200


class FileMalformed(Exception):
    """The refusal of a file that is not read any further."""

    def __init__(self, fault: RowFault) -> None:
        self.fault = fault
        super().__init__(fault.code)


def csv_rows(lines: Iterable[str]) -> Iterator[Row]:
    """Read the rows of CSV.

    Raises:
        FileMalformed: it is empty, no CSV, or its header is not of a push.
    """
    records = csv.reader(lines, strict=True)
    row = 1
    try:
        header = next(records, [])
        if not set(header) <= set(COLUMNS) or len(set(header)) != len(header) or not header:
            message = f"表头须由这些列组成: {', '.join(COLUMNS)} (the header has other columns)"
            raise FileMalformed(RowFault(1, "", "HEADER_WRONG", message))
        for record in records:
            row += 1
            if len(record) == len(header):
                yield row, dict(zip(header, record, strict=True))
            elif record:
                yield (
                    row,
                    RowFault(row, "", "CELLS_DIFFER", "列数与表头不符 (other cells than header)"),
                )
    except (csv.Error, UnicodeDecodeError):
        message = f"第 {row} 行之后非 CSV 文本 (no CSV text from there)"
        raise FileMalformed(RowFault(row, "", "CSV_MALFORMED", message)) from None


def ndjson_rows(lines: Iterable[bytes]) -> Iterator[Row]:
    """Read the rows of NDJSON."""
    for row, line in enumerate(lines, 1):
        if line.strip():
            yield row, _cells(row, line)


def _cells(row: int, line: bytes) -> Cells | RowFault:
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        return RowFault(row, "", "JSON_MALFORMED", "非 JSON 对象 (not a JSON object)")
    if has_repeated_member(line, found):
        return RowFault(row, "", MEMBER_REPEATED, "成员重复 (a member is repeated)")
    refund = found.pop("refund_of", None)
    cells: dict[str, Any] = {name: value for name, value in found.items() if value is not None}
    if isinstance(refund, dict):
        cells["refund_of"] = refund.get("serial")
        cells["refund_line"] = refund.get("line") or ""
        cells["reason"] = refund.get("reason")
    for name in ("line", "refund_line"):
        if type(cells.get(name)) is int:
            cells[name] = str(cells[name])
    for name, value in cells.items():
        if name not in COLUMNS:
            return RowFault(row, str(name)[:40], "MEMBER_UNKNOWN", "未知成员 (unknown member)")
        if not isinstance(value, str) or "\x00" in value:
            return RowFault(row, name, "NOT_A_STRING", "须为字符串 (a string is needed)")
    return cells


@dataclass(slots=True)
class LineReader:
    """Reads lines out of cells. Days and periods are few, so each is read once."""

    pepper: bytes
    collected_on: date
    is_before_chart: Callable[[date], bool]
    _days: dict[str, date | None] = field(default_factory=dict)

    def read(self, row: int, cells: Cells) -> TaxLine | RowFault:
        """Return the line of a row, or the first fault in it."""
        get = cells.get
        amount_fen = _fen(get("amount", ""))
        paid_on = self._day(get("paid_on", ""))
        fault = self._fault(cells, amount_fen, paid_on)
        if fault is not None:
            return RowFault(row, *fault)
        assert amount_fen is not None
        assert paid_on is not None
        number, line = get("identity_number", ""), get("line", "")
        refund_of = get("refund_of", "")
        return TaxLine(
            ticket=cells["serial"],
            line_no=int(line) if line else WHOLE,
            levy_item=get("levy_item", ""),
            payer=get("credit_code", "") or identity_number.masked(number),
            person_id=id_of_person(number, self.pepper) if number else None,
            period=cells["period"],
            amount_fen=amount_fen,
            paid_on=paid_on,
            origin=Origin(get("origin", "") or Origin.ASSESSED_BY_US),
            refund=RefundOf(refund_of, int(get("refund_line", "") or WHOLE), get("reason", ""))
            if refund_of
            else None,
        )

    def _fault(
        self, cells: Cells, amount_fen: int | None, paid_on: date | None
    ) -> tuple[str, str, str] | None:
        get = cells.get
        line, item = get("line", ""), get("levy_item", "")
        if not _SERIAL.fullmatch(get("serial", "")):
            return "serial", "SERIAL_MALFORMED", "税票号格式不符 (not a ticket number)"
        if bool(line) != bool(item) or (
            line and not (_LINE.fullmatch(line) and _ITEM.fullmatch(item))
        ):
            return "line", "LINE_MALFORMED", "明细序号或征收品目不符 (line or levy item malformed)"
        if not _PERIOD.fullmatch(get("period", "")):
            return "period", "PERIOD_MALFORMED", "费款所属期须为 YYYY-MM (not a period)"
        if amount_fen is None or not amount_fen:
            return "amount", "AMOUNT_MALFORMED", "金额格式不符 (not an amount in yuan)"
        if paid_on is None:
            return "paid_on", "DATE_MALFORMED", "日期须为 YYYY-MM-DD (not a day)"
        if self.is_before_chart(paid_on):
            return "paid_on", DayBeforeChart.code, DayBeforeChart().message
        if paid_on > self.collected_on:
            return "paid_on", "PAID_AFTER_COLLECTION", "缴纳日晚于征收日 (paid after collection)"
        return _payer_fault(cells) or _refund_fault(cells, amount_fen)

    def _day(self, text: str) -> date | None:
        if text not in self._days:
            self._days[text] = _day_of(text)
        return self._days[text]


def _payer_fault(cells: Cells) -> tuple[str, str, str] | None:
    code, number = cells.get("credit_code", ""), cells.get("identity_number", "")
    if bool(code) == bool(number):
        return (
            "credit_code",
            "PAYER_NOT_ONE",
            "缴费人为单位或个人之一 (one payer: a unit or a person)",
        )
    if code and not _CREDIT_CODE.fullmatch(code):
        return "credit_code", "CREDIT_CODE_MALFORMED", "信用代码格式不符 (not a credit code)"
    if number and (fault := identity_number.fault_in(number)) is not None:
        return "identity_number", fault, "公民身份号码不符 (not an identity number)"
    return None


def _refund_fault(cells: Cells, amount_fen: int) -> tuple[str, str, str] | None:
    refund_of, line = cells.get("refund_of", ""), cells.get("refund_line", "")
    reason = cells.get("reason", "")
    if cells.get("origin", "") not in _ORIGINS:
        return "origin", "ORIGIN_UNKNOWN", "核定来源未知 (unknown origin)"
    if bool(refund_of) != (amount_fen < 0):
        return "refund_of", "REFUND_UNCLEAR", "退库须为负数并注明原税票 (negative with refund_of)"
    if not refund_of:
        return None
    if not _SERIAL.fullmatch(refund_of) or (line and not _LINE.fullmatch(line)):
        return "refund_of", "SERIAL_MALFORMED", "原税票号格式不符 (not a ticket number)"
    if not 0 < len(reason) <= _REASON_MAX or "\x00" in reason:
        return "reason", "REASON_MISSING", "退库须写明原因 (a refund needs a reason)"
    return None


def _fen(text: str) -> int | None:
    try:
        fen = parse_yuan(text)
    except Refusal:
        return None
    return fen if abs(fen) <= AMOUNT_MAX_FEN else None


def _day_of(text: str) -> date | None:
    if not _DAY.fullmatch(text):
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if DAY_MIN <= day <= DAY_MAX else None


@dataclass(slots=True)
class FileSurvey:
    """The count, the sum and the faults of a file that was read once."""

    lines: int = 0
    total_fen: int = 0
    faulty: int = 0
    faults: list[RowFault] = field(default_factory=list)

    def add(self, found: TaxLine | RowFault) -> None:
        """Count one row."""
        self.lines += 1
        if isinstance(found, TaxLine):
            self.total_fen += found.amount_fen
            return
        self.faulty += 1
        if len(self.faults) < FAULTS_MAX:
            self.faults.append(found)
