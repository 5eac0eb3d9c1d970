"""Checks of a correction of the rules: every fault of the rules that would result."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, Final

from services.ledger.rules.domain.chart import ANY_SENDER, OWN_SOURCE, Account
from services.ledger.rules.domain.chart_correction import require_sound as require_sound_chart
from services.ledger.rules.domain.report_line import SECTIONS
from services.ledger.rules.domain.row import (
    Change,
    Row,
    Rows,
    Table,
    account_of,
    after,
    first_day,
    last_day,
    name_of,
)
from services.ledger.rules.domain.threshold import ANY_FUND
from shared.entry import Book
from shared.errors import Fault, Faulty, Kind, Refusal
from shared.fund import CODE_PATTERN
from shared.roles import RIGHTS, Right, Role

_FUND: Final = re.compile(CODE_PATTERN)
_KIND: Final = re.compile(r"^[a-z][a-z0-9_]{1,31}$")
SENDERS: Final = frozenset(
    {OWN_SOURCE, *(role.value for role in Role if Right.POST_VOUCHER in RIGHTS[role])}
)
"""Senders that post vouchers at all."""


class CorrectionStale(Refusal):
    """所订正的规则已另有变更,请重新提出 (the rules have changed since; propose the correction again)"""

    kind = Kind.CONFLICT
    code = "CORRECTION_STALE"


@dataclass(frozen=True, slots=True)
class BookedDays:
    """Accounts and funds with entries: key or code → first and last book date."""

    accounts: Mapping[str, tuple[date, date]]
    funds: Mapping[str, tuple[date, date]]


def require_sound(present: Rows, changes: Sequence[Change], booked: BookedDays) -> None:
    """Refuse a correction with every fault of what would come out of it.

    Raises:
        CorrectionStale: a row that it takes the place of is no longer there.
        Faulty: every fault.
    """
    try:
        rows = after(present, changes)
    except LookupError as missing:
        raise CorrectionStale(rule=str(missing)) from None
    accounts = [account_of(row) for row in rows.get(Table.ACCOUNT, ())]
    faults = [
        *_chart_faults(present, changes, booked),
        *_versions(rows, changes),
        *_undescribed(Table.ACCOUNT, rows, booked.accounts, changes),
        *_undescribed(Table.FUND, rows, booked.funds, changes),
    ]
    for change in changes:
        faults += _row_faults(change, rows, accounts)
        if change.table is Table.FLOW:
            faults += _sender_faults(change, present.get(Table.FLOW, ()))
    if faults:
        raise Faulty(faults=faults[:1000], count=len(faults))


def _chart_faults(present: Rows, changes: Sequence[Change], booked: BookedDays) -> Iterator[Fault]:
    written = [account_of(one.after) for one in changes if one.table is Table.ACCOUNT]
    if not written:
        return
    before = [account_of(row) for row in present.get(Table.ACCOUNT, ())]
    try:
        require_sound_chart(before, written, booked.accounts)
    except Faulty as faulty:
        yield from (
            Fault(f"{Table.ACCOUNT}/{fault.pointer}", fault.code, fault.message)
            for fault in faulty.faults
        )


def _versions(rows: Rows, changes: Sequence[Change]) -> Iterator[Fault]:
    """Find versions of one rule in force on the same day; the chart has its own check."""
    changed = {(one.table, name_of(one.table, one.after)) for one in changes}
    for table, name in sorted(changed):
        if table in {Table.ACCOUNT, Table.THRESHOLD}:
            continue
        mine = sorted((row for row in rows[table] if name_of(table, row) == name), key=first_day)
        for earlier, later in pairwise(mine):
            if first_day(later) <= last_day(earlier):
                message = f"{earlier['in_force_from']} … / {later['in_force_from']}"
                yield Fault(f"{table}/{'/'.join(name)}", "VERSIONS_OVERLAP", message)


def _undescribed(
    table: Table,
    rows: Rows,
    booked: Mapping[str, tuple[date, date]],
    changes: Sequence[Change],
) -> Iterator[Fault]:
    """Find accounts and funds with entries that no row covers on their first or last book date."""
    for code in sorted({name_of(table, one.after)[0] for one in changes if one.table is table}):
        mine = [row for row in rows[table] if name_of(table, row)[0] == code]
        for day in sorted(set(booked.get(code, ()))):
            if not any(first_day(row) <= day <= last_day(row) for row in mine):
                yield Fault(f"{table}/{code}", "HAS_ENTRIES", day.isoformat())


def _row_faults(change: Change, rows: Rows, accounts: Sequence[Account]) -> Iterator[Fault]:
    row, at = change.after, f"{change.table}/{change.name}"
    if last_day(row) < first_day(row):
        yield Fault(f"{at}/in_force_to", "ENDS_BEFORE_IT_BEGINS", str(row["in_force_to"]))
    for name in ("name", "source", "certainty"):
        if name in row and not str(row[name]).strip():
            yield Fault(f"{at}/{name}", "EMPTY", name)
    match change.table:
        case Table.FUND if not _FUND.fullmatch(row["code"]):
            yield Fault(f"{at}/code", "FUND_MALFORMED", row["code"])
        case Table.FLOW:
            yield from _flow_faults(row, at, accounts)
        case Table.ADJUSTMENT_RULE | Table.THRESHOLD:
            yield from _fund_faults(row["fund"], at, rows)
        case Table.REPORT_LINE:
            yield from _line_faults(row, at, accounts)
        case Table.INJECTION_RULE:
            yield from _fund_faults(row["fund"], at, rows)
            yield from _age_faults(row, at, rows[Table.INJECTION_RULE])


def _age_faults(row: Row, at: str, rules: Sequence[Row]) -> Iterator[Fault]:
    """Find ages that are no span, and an age that two rows give an amount on one day."""
    if row["age_to"] < row["age_from"]:
        yield Fault(f"{at}/age_to", "AGES_REVERSED", str(row["age_to"]))
    for other in rules:
        if (other["fund"], other["standing"]) != (row["fund"], row["standing"]) or other == row:
            continue
        meets = other["age_from"] <= row["age_to"] and row["age_from"] <= other["age_to"]
        if meets and first_day(other) <= last_day(row) and first_day(row) <= last_day(other):
            span = f"{other['age_from']}–{other['age_to']}"
            yield Fault(
                at, "AGES_OVERLAP", f"与另一行年龄重叠 (another row has these ages): {span}"
            )


def _line_faults(row: Row, at: str, accounts: Sequence[Account]) -> Iterator[Fault]:
    if row["line"] not in {*SECTIONS[row["report"]], *(account.key for account in accounts)}:
        yield Fault(f"{at}/line", "LINE_UNKNOWN", row["line"])


def _fund_faults(fund: str, at: str, rows: Rows) -> Iterator[Fault]:
    if fund not in {ANY_FUND, *(row["code"] for row in rows.get(Table.FUND, ()))}:
        yield Fault(f"{at}/fund", "FUND_UNKNOWN", fund)


def _sender_faults(change: Change, flows: Sequence[Row]) -> Iterator[Fault]:
    """Find senders that post nothing, and a row for any sender of a kind that has its senders."""
    row, at = change.after, f"{change.table}/{change.name}/by"
    by = row["by"]
    if by == ANY_SENDER:
        of_kind = [one for one in flows if (one["kind"], one["book"]) == (row["kind"], row["book"])]
        named = {sender for one in of_kind for sender in one["by"].split()}
        if named and ANY_SENDER not in named:
            message = f"须写明发送方 (name the senders): {' '.join(sorted(named))}"
            yield Fault(at, "SENDERS_EXPECTED", message)
    elif by != " ".join(by.split()) or not by or not SENDERS.issuperset(by.split()):
        known = ", ".join([ANY_SENDER, *sorted(SENDERS)])
        yield Fault(at, "SENDER_UNKNOWN", f"{by!r}; 可为 (one of) {known}")


def _flow_faults(row: Row, at: str, accounts: Sequence[Account]) -> Iterator[Fault]:
    if not _KIND.fullmatch(row["kind"]):
        yield Fault(f"{at}/kind", "KIND_MALFORMED", row["kind"])
    keys = {account.key for account in accounts if account.book is Book(row["book"])}
    for side in ("debit", "credit"):
        pattern = row[side]
        covered: Iterable[Any] = (
            [key for key in keys if key.startswith(pattern[:-1])]
            if pattern.endswith(".*")
            else keys & {pattern}
        )
        if not covered:
            yield Fault(f"{at}/{side}", "ACCOUNT_UNKNOWN", f"{row['book']}: {pattern}")
