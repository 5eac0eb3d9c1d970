"""Corrections of the chart by an operator: dated versions that do not overlap and leave booked
entries as they are.

Most official codes await confirmation (see the certainty of each row), so codes, names, funds and
sources may be corrected at any time, from any day on. What decides how entries are read (side, class,
book, floor) stays as it is once an account has entries: then a new account is the right way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

from services.ledger.rules.domain.chart import Account
from shared.effective import in_force, overlaps
from shared.errors import Fault, Faulty, NotFound
from shared.fund import CODE_PATTERN

CLASSES: Final = ("asset", "liability", "net_asset", "income", "expense", "memo")
_KEY = re.compile(r"^[a-z][a-z0-9_]{1,47}(\.[a-z][a-z0-9_]{1,47})?$")
_FUND = re.compile(CODE_PATTERN)
_FIXED: Final = ("account_class", "normal_side", "book", "floored")
"""Members that may not change once there are entries."""


def new_version(
    rows: Sequence[Account], key: str, day: date, changes: dict[str, Any]
) -> list[Account]:
    """Make the rows to write so that an account has `changes` from a day on.

    A version that begins on that very day is corrected in place; otherwise the version in force ends
    on the eve and a new one begins.

    Raises:
        NotFound: no version of the account holds on that day.
    """
    versions = [row for row in rows if row.key == key]
    found = in_force(versions, day)
    if not found:
        raise NotFound(account=key, on=day.isoformat())
    (current,) = found
    changed = replace(current, **changes, in_force_from=day)
    if current.in_force_from == day:
        return [changed]
    return [replace(current, in_force_to=day - timedelta(days=1)), changed]


def require_sound(
    before: Sequence[Account], written: Sequence[Account], used: Iterable[str]
) -> list[Account]:
    """Return the chart after writing rows, if it is sound.

    Args:
        before: the whole chart.
        written: rows to be added or to take the place of those with their key and first day.
        used: accounts that have entries.

    Raises:
        Faulty: every fault of the rows.
    """
    after = {(row.key, row.in_force_from): row for row in before}
    after.update({(row.key, row.in_force_from): row for row in written})
    rows = list(after.values())
    faults = [
        *(fault for row in written for fault in _row_faults(row, rows)),
        *_overlaps(rows, {row.key for row in written}),
        *_moved(before, written, set(used)),
    ]
    if faults:
        raise Faulty(faults=faults[:1000], count=len(faults))
    return rows


def _row_faults(row: Account, rows: Sequence[Account]) -> Iterator[Fault]:
    at = f"{row.key}/{row.in_force_from}"
    if not _KEY.fullmatch(row.key):
        yield Fault(at, "KEY_MALFORMED", row.key)
    if row.account_class not in CLASSES:
        yield Fault(at, "CLASS_UNKNOWN", row.account_class)
    if (row.account_class == "memo") != (row.book.value == "memo"):
        yield Fault(at, "CLASS_NOT_OF_BOOK", f"{row.account_class}/{row.book}")
    for fund in sorted(row.funds):
        if not _FUND.fullmatch(fund):
            yield Fault(at, "FUND_MALFORMED", fund)
    for name in ("name", "source", "certainty"):
        if not getattr(row, name).strip():
            yield Fault(f"{at}/{name}", "EMPTY", name)
    if row.in_force_to is not None and row.in_force_to < row.in_force_from:
        yield Fault(at, "ENDS_BEFORE_IT_BEGINS", row.in_force_to.isoformat())
    yield from _parent_faults(row, rows, at)
    twins = [
        other
        for other in rows
        if row.code
        and other.code == row.code
        and other.key != row.key
        and other.book == row.book
        and _meet(other, row)
    ]
    for other in twins:
        yield Fault(f"{at}/code", "CODE_TWICE", f"{row.code}: {other.key}")


def _parent_faults(row: Account, rows: Sequence[Account], at: str) -> Iterator[Fault]:
    if row.parent is None:
        return
    parents = [other for other in rows if other.key == row.parent]
    if not parents:
        yield Fault(f"{at}/parent", "PARENT_UNKNOWN", row.parent)
    elif any(parent.postable and _meet(parent, row) for parent in parents):
        yield Fault(f"{at}/parent", "PARENT_IS_POSTABLE", row.parent)


def _meet(one: Account, other: Account) -> bool:
    far = date.max
    return one.in_force_from <= (other.in_force_to or far) and other.in_force_from <= (
        one.in_force_to or far
    )


def _overlaps(rows: Sequence[Account], keys: set[str]) -> Iterator[Fault]:
    for key in sorted(keys):
        for earlier, later in overlaps([row for row in rows if row.key == key]):
            message = f"{earlier.in_force_from} … {earlier.in_force_to} / {later.in_force_from}"
            yield Fault(key, "VERSIONS_OVERLAP", message)


def _moved(
    before: Sequence[Account], written: Sequence[Account], used: set[str]
) -> Iterator[Fault]:
    first = {row.key: row for row in before}
    for row in written:
        known = first.get(row.key)
        if known is None or row.key not in used:
            continue
        for name in _FIXED:
            if getattr(row, name) != getattr(known, name):
                yield Fault(f"{row.key}/{name}", "ACCOUNT_HAS_ENTRIES", str(getattr(known, name)))
