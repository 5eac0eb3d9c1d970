"""Differences between two policy packs, row by row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

_NAMED_BY: Final = ("id", "insurance", "channel", "kind")
"""Members that identify a row of a list; the first one present is used."""
_OWN: Final = frozenset({"pack", "in_force_from"})
"""Members that differ between any two versions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackChange:
    """A changed value: its row ("rates pension.unit"), its member, and both values (None:
    absent)."""

    row: str
    member: str | None
    was: Any
    now: Any


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[PackChange]:
    """List every difference, in the order of the packs' members."""
    found: list[PackChange] = []
    for part in dict.fromkeys((*before, *after)):
        if part not in _OWN:
            found += _compared(part, before.get(part), after.get(part))
    return found


def _compared(row: str, was: Any, now: Any, member: str | None = None) -> Iterator[PackChange]:
    if was == now:
        return
    if isinstance(was or now, list) and _is_rows(was) and _is_rows(now):
        yield from _rows(row, was or [], now or [])
    elif isinstance(was, Mapping) and isinstance(now, Mapping):
        for name in dict.fromkeys((*was, *now)):
            old, new = was.get(name), now.get(name)
            if isinstance(old or new, list) and _is_rows(old) and _is_rows(new):
                yield from _compared(f"{row} {name}", old, new)
            else:
                inner = name if member is None else f"{member}.{name}"
                yield from _compared(row, old, new, inner)
    else:
        yield PackChange(row=row, member=member, was=was, now=now)


def _is_rows(value: Any) -> bool:
    return value is None or (
        isinstance(value, list) and all(isinstance(row, Mapping) for row in value)
    )


def _rows(
    part: str, was: list[Mapping[str, Any]], now: list[Mapping[str, Any]]
) -> Iterator[PackChange]:
    old, new = _by_name(was), _by_name(now)
    for name in dict.fromkeys((*old, *new)):
        row = f"{part} {name}"
        if name in old and name in new:
            yield from _compared(row, old[name], new[name])
        else:
            yield PackChange(row=row, member=None, was=old.get(name), now=new.get(name))


def _by_name(rows: list[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Key rows by name. Rows of one name (a dated map) are told apart by their first days."""
    named: dict[str, Mapping[str, Any]] = {}
    for number, row in enumerate(rows):
        name = str(next((row[key] for key in _NAMED_BY if row.get(key) is not None), number))
        if row.get("in_force_from") and "id" not in row:
            name = f"{name} {row['in_force_from']}"
        named[name if name not in named else f"{name} ({number})"] = row
    return named
