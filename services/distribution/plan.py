"""Decides where each table of a service goes on a distributed database, and by which statements.

A table is spread by its key, whole on every server ("reference"), or whole at the coordinator. The
last is for tables whose triggers look at rows that a shard does not have beside it: papers that two
people sign, and rules. They are small. What hangs on such a table by a foreign key stays with it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.distribution.faults import faults_of
from services.distribution.schema import REFERENCE, Catalogue, ForeignKey, Placement, Trigger
from services.distribution.tables import AT_THE_COORDINATOR, BOTH_OR_NEITHER, SECOND_LOCKS
from shared.process.database_address import role_of

_WORDS: Final = re.compile(
    r"\b(?:FROM|JOIN|INTO|UPDATE)\s+(?:ONLY\s+)?((?:[a-z_]+\.)?)([a-z_0-9]+)\b", re.IGNORECASE
)
_NOT_CODE: Final = re.compile(r"--[^\n]*|'[^']*'")
_DYNAMIC: Final = re.compile(r"\bEXECUTE\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Plan:
    """The place of each table, the statements that bring it there, and every fault."""

    schema: str
    places: Mapping[str, Placement]
    statements: tuple[str, ...]
    """In one transaction."""
    rights: tuple[str, ...]
    """After it, each by itself: rights to single columns, which do not reach the shards."""
    unheld: tuple[ForeignKey, ...]
    """Foreign keys between a spread table and one at the coordinator: no server can hold them."""
    left_out: tuple[Trigger, ...]
    """Triggers that a spread table goes without, as a second lock."""
    faults: tuple[str, ...]


def plan(catalogue: Catalogue, keys: Mapping[str, str], *, shards: int) -> Plan:
    """Plan the distribution of one service's schema.

    Args:
        keys: table → its key column, or "reference".
        shards: number of shards of every group of tables.
    """
    known = {table: key for table, key in keys.items() if table in catalogue.tables}
    places = _places(catalogue, known)
    faults = tuple(faults_of(catalogue, keys, known, places))
    if faults:
        return Plan(catalogue.schema, places, (), (), (), (), faults)
    new = [
        table
        for table, place in places.items()
        if place is not Placement.COORDINATOR and table not in catalogue.placed
    ]
    unheld = tuple(key for key in catalogue.foreign_keys if not _is_held(key, places))
    return Plan(
        catalogue.schema,
        places,
        tuple(_statements(catalogue, known, places, new, shards)),
        tuple(_rights(catalogue, places)),
        unheld,
        tuple(_left_out(catalogue, places)),
        (),
    )


def _left_out(catalogue: Catalogue, places: Mapping[str, Placement]) -> Iterator[Trigger]:
    for trigger in catalogue.triggers:
        if _is_second_lock(catalogue, trigger) and places[trigger.table] is Placement.SPREAD:
            yield trigger


def _is_second_lock(catalogue: Catalogue, trigger: Trigger) -> bool:
    return trigger.name in SECOND_LOCKS.get(catalogue.schema, ())


def _places(catalogue: Catalogue, keys: Mapping[str, str]) -> dict[str, Placement]:
    places = {
        table: Placement.COORDINATOR
        if table in AT_THE_COORDINATOR
        else Placement.REFERENCE
        if key == REFERENCE
        else Placement.SPREAD
        for table, key in sorted(keys.items())
    }
    while staying := {
        table
        for table, place in places.items()
        if place is not Placement.COORDINATOR and _must_stay(catalogue, keys, places, table)
    }:
        places |= dict.fromkeys(staying, Placement.COORDINATOR)
    return places


def _must_stay(
    catalogue: Catalogue, keys: Mapping[str, str], places: Mapping[str, Placement], table: str
) -> bool:
    if any(
        trigger.table == table
        and not _is_second_lock(catalogue, trigger)
        and not _works_on_a_shard(catalogue, keys, places, trigger)
        for trigger in catalogue.triggers
    ):
        return True
    return any(
        key.table == table
        and keys[table] != REFERENCE
        and keys.get(key.referred, REFERENCE) != REFERENCE
        and places[key.referred] is Placement.COORDINATOR
        for key in catalogue.foreign_keys
    )


def _works_on_a_shard(
    catalogue: Catalogue,
    keys: Mapping[str, str],
    places: Mapping[str, Placement],
    trigger: Trigger,
) -> bool:
    """Tell whether a trigger finds everything beside its shard: rows of its own key, or references."""
    code = _NOT_CODE.sub("", trigger.source)
    met = [(path, name) for path, name in _WORDS.findall(code) if name in keys]
    if _DYNAMIC.search(code):
        return False
    if not met:
        return True
    if places[trigger.table] is not Placement.SPREAD or not trigger.is_row:
        return False
    if not trigger.has_path and not all(path for path, _ in met):
        return False
    kind = catalogue.key_type(keys, trigger.table)
    return all(
        places[name] is Placement.REFERENCE
        or (places[name] is Placement.SPREAD and catalogue.key_type(keys, name) == kind)
        for _, name in met
    )


def _is_held(key: ForeignKey, places: Mapping[str, Placement]) -> bool:
    here, there = places[key.table], places[key.referred]
    if here is Placement.COORDINATOR:
        return there is not Placement.SPREAD
    return there is not Placement.COORDINATOR


# --- statements -----------------------------------------------------------------------------


def _statements(
    catalogue: Catalogue,
    keys: Mapping[str, str],
    places: Mapping[str, Placement],
    new: Sequence[str],
    shards: int,
) -> Iterator[str]:
    schema = catalogue.schema
    if not catalogue.role_logs_in:
        yield f"ALTER ROLE {role_of(schema)} LOGIN"
    if new:
        # The engine takes a row's number from the sequence by name, where PostgreSQL asks for no right.
        yield f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role_of(schema)}"
    for trigger in _left_out(catalogue, places):
        yield f"DROP TRIGGER {trigger.name} ON {schema}.{trigger.table}"
    moved = [one for one in catalogue.foreign_keys if {one.table, one.referred} & set(new)]
    for foreign in moved:
        yield f'ALTER TABLE {schema}.{foreign.table} DROP CONSTRAINT "{foreign.name}"'
    for table in new:
        if places[table] is Placement.REFERENCE:
            yield f"SELECT create_reference_table('{schema}.{table}')"
    yield from _spread(
        catalogue, keys, [one for one in new if places[one] is Placement.SPREAD], shards
    )
    for foreign in moved:
        if _is_held(foreign, places):
            yield (
                f'ALTER TABLE {schema}.{foreign.table} ADD CONSTRAINT "{foreign.name}"'
                f" {foreign.definition}"
            )
    if BOTH_OR_NEITHER in catalogue.tables and BOTH_OR_NEITHER not in catalogue.placed:
        yield f"SELECT citus_add_local_table_to_metadata('{schema}.{BOTH_OR_NEITHER}')"


def _spread(
    catalogue: Catalogue, keys: Mapping[str, str], new: Sequence[str], shards: int
) -> Iterator[str]:
    """Write the statements that spread tables; those whose keys have one type lie together."""
    schema = catalogue.schema
    first = {
        catalogue.key_type(keys, table): table
        for table, (place, _) in catalogue.placed.items()
        if place is Placement.SPREAD and table in keys
    }
    for table in new:
        kind = catalogue.key_type(keys, table)
        beside = (
            f"colocate_with => '{schema}.{first[kind]}'"
            if kind in first
            else f"colocate_with => 'none', shard_count => {shards}"
        )
        first.setdefault(kind, table)
        yield f"SELECT create_distributed_table('{schema}.{table}', '{keys[table]}', {beside})"


def _rights(catalogue: Catalogue, places: Mapping[str, Placement]) -> Iterator[str]:
    columns: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for one in catalogue.column_rights:
        if places.get(one.table, Placement.COORDINATOR) is not Placement.COORDINATOR:
            columns[one.table, one.role, one.right] += one.columns
    for (table, role, right), names in sorted(columns.items()):
        grant = f"GRANT {right} ({', '.join(sorted(names))}) ON %s TO {role}"
        yield (
            "SELECT nodename, nodeport, result FROM run_command_on_placements("
            f"'{catalogue.schema}.{table}', $${grant}$$) WHERE NOT success"
        )
