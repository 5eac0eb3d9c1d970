"""The ledger's rules as plain rows: the changes of a correction, and the rows as of an earlier
instant.

A row is what its table holds, as JSON: dates as "2021-07-01", None for what is not set. Rows of one
name are versions: they follow one another by their first days and never hold at the same time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, TypeAlias
from uuid import UUID

from services.ledger.rules.domain.chart import Account, Flow, Fund, ReportLine
from shared.entry import Book, Side

Row: TypeAlias = Mapping[str, Any]
Rows: TypeAlias = "Mapping[Table, Sequence[Row]]"


class Table(StrEnum):
    """A table of rules that an operator may correct."""

    FUND = "fund"
    ACCOUNT = "chart_account"
    FLOW = "flow_matrix"
    CLOSING_RULE = "closing_rule"
    ADJUSTMENT_RULE = "adjustment_rule"
    REPORT_LINE = "report_line"
    THRESHOLD = "warning_threshold"
    INJECTION_RULE = "personal_injection_rule"


NAMES: Final[dict[Table, tuple[str, ...]]] = {
    Table.FUND: ("code",),
    Table.ACCOUNT: ("key",),
    Table.FLOW: ("kind", "book", "debit", "credit"),
    Table.CLOSING_RULE: ("level", "rule"),
    Table.ADJUSTMENT_RULE: ("fund",),
    Table.REPORT_LINE: ("report", "line"),
    Table.THRESHOLD: ("measure", "fund", "severity"),
    Table.INJECTION_RULE: ("fund", "standing", "age_from"),
}
"""The columns that name a row beside its first day."""


class CorrectionStatus(StrEnum):
    """Progress of a correction."""

    PROPOSED = "proposed"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Change:
    """A row to write; `before` is the row that it replaces, None for a new one."""

    table: Table
    before: Row | None
    after: Row

    @property
    def name(self) -> str:
        """Name the rule ("pension", "receipt/statutory/income_deposit/…")."""
        return "/".join(name_of(self.table, self.after))


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A correction paper (订正单): the changes and the reason; done when another person has approved."""

    id: UUID
    why: str
    changes: tuple[Change, ...]
    status: CorrectionStatus
    proposed_by: str
    approved_by: str | None = None
    done_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class WrittenChange:
    """A change that was written: the row before, the row after, by whom and when."""

    table: Table
    name: str
    before: Row | None
    after: Row
    why: str
    by: str
    at: datetime


def name_of(table: Table, row: Row) -> tuple[str, ...]:
    """Name the rule of a row: versions of one rule share the name."""
    return tuple(str(row[column]) for column in NAMES[table])


def first_day(row: Row) -> date:
    """Read the first day of a row."""
    return date.fromisoformat(row["in_force_from"])


def last_day(row: Row) -> date:
    """Read the last day of a row; the last possible date when none is set."""
    return date.fromisoformat(row["in_force_to"]) if row["in_force_to"] else date.max


def changes_of(table: Table, present: Sequence[Row], proposed: Sequence[Row]) -> list[Change]:
    """Compare proposed rows with the present ones and list the changes to write.

    A row of a first day that is there takes its place; a row of a new first day ends the version
    that it succeeds on its eve. Rows that are there already change nothing. Thresholds are only
    added: the one recorded last is the one that counts.
    """
    if table is Table.THRESHOLD:
        return [Change(table, None, row) for row in proposed]
    known = {(name_of(table, row), row["in_force_from"]): row for row in present}
    wanted = {(name_of(table, row), row["in_force_from"]): row for row in proposed}
    ended = {}
    for (name, since), row in wanted.items():
        before = _succeeded(known, name, row)
        if before is not None and (name, since) not in known:
            place = name, before["in_force_from"]
            eve = first_day(row) - timedelta(days=1)
            ended[place] = {**wanted.get(place, before), "in_force_to": eve.isoformat()}
    written = {**wanted, **ended}
    # What ends comes first, so that at no moment two versions hold.
    ordered = sorted(written, key=lambda place: (place not in known, place))
    return [
        Change(table, known.get(place), written[place])
        for place in ordered
        if _words(written[place]) != _words(known.get(place, {}))
    ]


def _words(row: Row) -> dict[str, Any]:
    """Normalise a row for comparison: the order of an account's funds does not matter."""
    words = dict(row)
    if "funds" in words:
        words["funds"] = sorted(words["funds"].split())
    return words


def _succeeded(
    known: Mapping[tuple[tuple[str, ...], str], Row], name: tuple[str, ...], row: Row
) -> Row | None:
    """Find the version in force on the first day of a row that begins later."""
    for (of, _), before in known.items():
        if of == name and first_day(before) < first_day(row) <= last_day(before):
            return before
    return None


def after(present: Rows, changes: Iterable[Change]) -> dict[Table, list[Row]]:
    """Apply changes to the rules.

    Raises:
        LookupError: what a change takes the place of is no longer there.
    """
    rows = {table: list(mine) for table, mine in present.items()}
    for change in changes:
        mine = rows.setdefault(change.table, [])
        if change.before is not None:
            if dict(change.before) not in [dict(row) for row in mine]:
                raise LookupError(change.name)
            mine[:] = [row for row in mine if dict(row) != dict(change.before)]
        mine.append(change.after)
    return rows


def as_known(present: Rows, made: Iterable[WrittenChange], at: datetime) -> dict[Table, list[Row]]:
    """Restore the rules as of an instant: undo every later change, the last one first.

    Args:
        present: the rules as they are.
        made: corrections, in any order; those until the instant are left alone.
        at: the instant.
    """
    rows = {table: list(mine) for table, mine in present.items()}
    for one in sorted(made, key=lambda one: one.at, reverse=True):
        if one.at <= at:
            break
        mine = rows.setdefault(one.table, [])
        mine[:] = [row for row in mine if _place(one.table, row) != _place(one.table, one.after)]
        if one.before is not None:
            mine.append(one.before)
    return rows


def _place(table: Table, row: Row) -> tuple[tuple[str, ...], str]:
    return name_of(table, row), row["in_force_from"]


# --- rows as the ledger reads them ----------------------------------------------------------


def account_of(row: Row) -> Account:
    """Build an account of the chart from its row."""
    values = dict(row) | _dates(row)
    values["account_class"] = values.pop("class")
    values["normal_side"], values["book"] = Side(row["normal_side"]), Book(row["book"])
    funds = row["funds"]
    values["funds"] = frozenset() if funds == "*" else frozenset(funds.split())
    return Account(**values)


def fund_of(row: Row) -> Fund:
    """Build a fund from its row."""
    return Fund(**(dict(row) | _dates(row)))


def flow_of(row: Row) -> Flow:
    """Build a flow from its row."""
    return Flow(**(dict(row) | _dates(row) | {"book": Book(row["book"])}))


def report_line_of(row: Row) -> ReportLine:
    """Build a line of a statement from its row."""
    return ReportLine(**(dict(row) | _dates(row)))


def _dates(row: Row) -> dict[str, date | None]:
    to = row["in_force_to"]
    return {"in_force_from": first_day(row), "in_force_to": date.fromisoformat(to) if to else None}
