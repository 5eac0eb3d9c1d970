"""A service's schema, as far as spreading it asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

REFERENCE: Final = "reference"
"""The key of a small table that every server has whole."""


class Placement(StrEnum):
    """The place of a table on a distributed database."""

    SPREAD = "spread"
    REFERENCE = "reference"
    COORDINATOR = "coordinator"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its type, and whether it may be empty or counts up as a small integer."""

    type: str
    is_nullable: bool = False
    is_small_identity: bool = False


@dataclass(frozen=True, slots=True)
class UniqueIndex:
    """A unique index, or an exclusion; `equal` are the columns that it compares by equality."""

    table: str
    name: str
    equal: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key between two tables of one schema."""

    table: str
    name: str
    columns: tuple[str, ...]
    referred: str
    referred_columns: tuple[str, ...]
    definition: str


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger with the body of its function; `has_path` says that the function has its own path."""

    table: str
    name: str
    is_row: bool
    source: str
    has_path: bool


@dataclass(frozen=True, slots=True)
class ColumnRight:
    """A right of a role to single columns of a table."""

    table: str
    role: str
    right: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The tables of a service, and what stands on them."""

    schema: str
    tables: Mapping[str, Mapping[str, Column]]
    unique: Sequence[UniqueIndex] = ()
    foreign_keys: Sequence[ForeignKey] = ()
    triggers: Sequence[Trigger] = ()
    column_rights: Sequence[ColumnRight] = ()
    placed: Mapping[str, tuple[Placement, str | None]] = field(default_factory=dict)
    """Tables that the database has spread already, with their key."""
    role_logs_in: bool = True

    def key_type(self, keys: Mapping[str, str], table: str) -> str | None:
        """Return the type of a table's key column, or None when it has none."""
        column = self.tables[table].get(keys[table])
        return column.type if column else None
