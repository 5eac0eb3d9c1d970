"""Reads a migration as a database would that is distributed already, on an ordinary PostgreSQL.

There a statement changes one thing: one subcommand an ALTER, no constraint inside ADD COLUMN, one
command an execute; and a foreign key is added once its table has been placed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from types import ModuleType, SimpleNamespace
from typing import Any, Final

from tests.keyed_sql import read

_HIDDEN: Final = re.compile(r"\$(\w*)\$.*?\$\1\$|'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/", re.DOTALL)
_ALTER: Final = re.compile(r"\s*ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?([\w.]+)\s", re.I)
_CREATE: Final = re.compile(r"\s*CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?([\w.]+)", re.I)
_REFERENCES: Final = re.compile(r"\bREFERENCES\s+([\w.]+)", re.I)
_PLACED: Final = re.compile(r"create_distributed_table\('([\w.]+)'")
_IN_COLUMN: Final = re.compile(
    r"\bADD\s+COLUMN\b.*\b(CHECK|REFERENCES|UNIQUE|PRIMARY\s+KEY)\b", re.I
)
_DATA: Final = re.compile(r"\s*(?:INSERT|UPDATE|DELETE|WITH|SELECT)\b", re.I)


def statements_of(migration: ModuleType) -> list[str]:
    """List what a migration's upgrade says to a database in which every look-up finds nothing.

    A migration that cannot go on without its data is heard as far as it came.
    """
    said: list[str] = []
    empty: Any = _Nothing()

    def execute(statement: Any, *_: Any, **__: Any) -> Any:
        said.append(str(statement))
        return empty

    connection = SimpleNamespace(execute=execute, exec_driver_sql=execute, scalar=execute)
    stand_in = SimpleNamespace(
        execute=execute, get_bind=lambda: connection, get_context=lambda: empty
    )
    kept = migration.op
    migration.op = stand_in  # type: ignore[attr-defined]
    try:
        with suppress(AssertionError, AttributeError, TypeError, ValueError, KeyError):
            migration.upgrade()
    finally:
        migration.op = kept  # type: ignore[attr-defined]
    return said


class _Nothing:
    """A result without rows."""

    rowcount = 0

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __getattr__(self, _: str) -> Any:
        return lambda *_, **__: None

    def all(self) -> list[Any]:
        """Return no rows."""
        return []

    def mappings(self) -> _Nothing:
        """Return no rows."""
        return self

    def scalars(self) -> _Nothing:
        """Return no values."""
        return self


def faults(statements: list[str], keys: Mapping[str, str], whole: frozenset[str]) -> Iterator[str]:
    """List what a distributed database refuses in the statements of one migration.

    Args:
        keys: table → key column, or "reference".
        whole: tables that stay at the coordinator.
    """
    made: set[str] = set()
    placed: set[str] = set()
    for statement in statements:
        code = _HIDDEN.sub("''", statement)
        text = " ".join(code.split())[:120]
        placed |= {_bare(name) for name in _PLACED.findall(statement)}
        if len([part for part in code.split(";") if part.strip()]) > 1:
            yield f"several commands in one execute: {text}"
        if created := _CREATE.match(code):
            made.add(_bare(created[1]))
        for name in _REFERENCES.findall(code):
            if keys.get(_bare(name), "reference") == "reference" or _bare(name) in whole:
                continue
            altered = _ALTER.match(code)
            table = _bare(altered[1]) if altered else ""
            if created or (table in made and table not in placed):
                yield f"a foreign key to {_bare(name)} before its table is placed: {text}"
        if altered := _ALTER.match(code):
            yield from _altered(code[altered.end() :], text)
        if _DATA.match(code):
            for one in read(statement, keys, whole).refused:
                yield f"{one}: {text}"


def _altered(actions: str, text: str) -> Iterator[str]:
    parts = list(_split(actions))
    if len(parts) > 1:
        yield f"{len(parts)} subcommands in one ALTER: {text}"
    for part in parts:
        if found := _IN_COLUMN.search(" ".join(part.split())):
            yield f"{found[1].upper()} inside ADD COLUMN: {text}"


def _split(actions: str) -> Iterator[str]:
    """Split at the commas that stand in no bracket."""
    depth = start = 0
    for place, sign in enumerate(actions):
        depth += (sign in "([") - (sign in ")]")
        if sign == "," and depth == 0:
            yield actions[start:place]
            start = place + 1
    yield actions[start:]


def _bare(name: str) -> str:
    return name.rpartition(".")[2]
