"""Files of other offices (数据比对): deaths, prisoners, double receipt; and the work that a match is."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

import orjson

from services.payout.common.domain import identity_number_faults
from services.payout.entitlements.domain.change import ChangeAction
from shared.cn import cell as cell_rules
from shared.errors import Fault, Kind, Refusal
from shared.ids import Ref
from shared.period import Period

RECORDS_MAX: Final = 100_000
NOTE_MAX: Final = 200
EARLIEST: Final = date(1990, 1, 1)
_MEMBERS: Final = {"identity_number", "event_on", "note"}
_HEADINGS: Final = {
    "公民身份号码": "identity_number",
    "身份证号码": "identity_number",
    "身份证号": "identity_number",
    "事件日期": "event_on",
    "死亡日期": "event_on",
    "备注": "note",
}
"""Chinese headings of a list as other offices save it."""


class Comparison(StrEnum):
    """Kinds of files."""

    DEATH = "death"  # 死亡
    PRISON = "prison"  # 服刑
    DOUBLE_RECEIPT = "double_receipt"  # 重复领取


class ComparisonFormat(StrEnum):
    """Formats of files."""

    CSV = "csv"
    JSONL = "jsonl"


class MatchStatus(StrEnum):
    """The states of a match: nobody works on it, a paper waits, two people have decided."""

    OPEN = "open"
    PROPOSED = "proposed"
    SETTLED = "settled"


class MatchNotOpen(Refusal):
    """线索不存在、不属本分中心或已在办理 (no such match of this district is open)"""

    kind = Kind.CONFLICT
    code = "MATCH_NOT_OPEN"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonRecord:
    """A person in a file, and the day of the event."""

    identity_number: str
    event_on: date
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchDecision:
    """One outcome for matches of a district, as submitted."""

    action: ChangeAction
    district: str
    reason: str
    document: str
    note: str | None
    since: Period | None
    matches: frozenset[Ref]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonFile:
    """A stored file: how many people it names, and how many of them are paid here."""

    ref: Ref
    comparison: Comparison
    district: str
    source: str
    records: int
    matches: int
    uploaded_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonMatch:
    """A person of a file who is paid here."""

    ref: Ref
    comparison: Comparison
    file: Ref
    record_no: int
    district: str
    sealed_number: bytes
    name: bytes
    event_on: date
    note: str | None
    status: MatchStatus
    change: Ref | None


def read_file(
    content: bytes, file_format: ComparisonFormat, today: date
) -> tuple[list[ComparisonRecord], list[Fault]]:
    """Read a file's people; each fault names its record, counted from 1."""
    try:
        if file_format is ComparisonFormat.CSV:
            rows = dict(_csv(_text_of(content)))
        else:
            rows = dict(enumerate(_json_lines(content.decode("utf-8-sig")), start=1))
    except (UnicodeDecodeError, ValueError, csv.Error):
        message = f"无法按 {file_format} 读取 (not a {file_format} file in UTF-8 or GB 18030)"
        return [], [Fault("", "FILE_UNREADABLE", message)]
    if not 1 <= len(rows) <= RECORDS_MAX:
        message = f"须为 1 至 {RECORDS_MAX} 条 (1 to {RECORDS_MAX} records)"
        return [], [Fault("", "RECORDS_COUNT", message)]
    faults: list[Fault] = []
    records = []
    for number, row in rows.items():
        record = _record(f"/{number}", row, today, faults)
        if record is not None:
            records.append(record)
    faults += identity_number_faults(
        (
            (f"/{number}/identity_number", str(row["identity_number"]))
            for number, row in rows.items()
            if row.get("identity_number") is not None
        ),
        today,
    )
    return records, faults


def _text_of(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030")


def _csv(text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Read the rows that are not blank with their numbers, each cell as a spreadsheet writes it."""
    for number, row in enumerate(csv.DictReader(io.StringIO(text), strict=True), start=1):
        cells: dict[str, Any] = {}
        for heading, cell in row.items():
            name = "" if heading is None else _HEADINGS.get(heading.strip(), heading.strip())
            value = _READ.get(name, cell_rules.words)(cell) if isinstance(cell, str) else cell
            if name or value:
                cells[name] = value or None
        if any(cells.values()):
            yield number, cells


_READ: Final = {"identity_number": cell_rules.number_of_person, "event_on": cell_rules.day}


def _json_lines(text: str) -> Iterator[Mapping[str, Any]]:
    for line in text.splitlines():
        if line.strip():
            row = orjson.loads(line)
            if not isinstance(row, dict):
                raise ValueError
            yield row


def _record(
    pointer: str, row: Mapping[str, Any], today: date, faults: list[Fault]
) -> ComparisonRecord | None:
    before = len(faults)
    if surplus := set(row) - _MEMBERS:
        message = f"未知的列 (unknown members): {', '.join(sorted(map(str, surplus)))}"[:200]
        faults.append(Fault(pointer, "MEMBER_UNKNOWN", message))
    number, day, note = row.get("identity_number"), row.get("event_on"), row.get("note")
    if not isinstance(number, str):
        faults.append(Fault(f"{pointer}/identity_number", "MEMBER_MISSING", "必填 (missing)"))
    event_on = _day(day)
    if event_on is None or not EARLIEST <= event_on <= today:
        message = "须为 1990 年至今天的日期 (a day from 1990 until today, YYYY-MM-DD)"
        faults.append(Fault(f"{pointer}/event_on", "DATE_WRONG", message))
    if note is not None and (not isinstance(note, str) or len(note) > NOTE_MAX or "\0" in note):
        message = f"不超过 {NOTE_MAX} 字 (at most {NOTE_MAX} characters)"
        faults.append(Fault(f"{pointer}/note", "NOTE_WRONG", message))
    if len(faults) > before or event_on is None:
        return None
    return ComparisonRecord(identity_number=str(number), event_on=event_on, note=note)


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else None
    except ValueError:
        return None


def first_suspended(event_on: date, since: Period | None) -> Period:
    """Return the first suspended month of a match: the given one, or the one after the event."""
    return since or Period.of(event_on).plus(1)
