"""The faults of a schema that cannot be spread: every one of them, not the first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from services.distribution.schema import REFERENCE, Catalogue, ForeignKey, Placement

_CHANGES_KEYS: Final = re.compile(r"ON UPDATE (CASCADE|SET)|ON DELETE SET")


def faults_of(
    catalogue: Catalogue,
    declared: Mapping[str, str],
    keys: Mapping[str, str],
    places: Mapping[str, Placement],
) -> Iterator[str]:
    """List the faults of a schema.

    Args:
        declared: table → key, as the source says.
        keys: the same of the tables that are there.
    """
    for table in sorted(set(catalogue.tables) - set(declared)):
        yield f"{table}: declares no key"
    for table in sorted(set(declared) - set(catalogue.tables)):
        yield f"{table}: is declared, and the schema does not have it"
    for table, place in places.items():
        if place is not Placement.COORDINATOR:
            yield from _small_counters(catalogue, table)
        if place is Placement.SPREAD:
            yield from _key_column(catalogue, table, keys[table])
    for index in catalogue.unique:
        key = keys.get(index.table, REFERENCE)
        if places.get(index.table) is Placement.SPREAD and key not in index.equal:
            yield f"{index.table}: {index.name} is unique without the key {key}"
    for foreign in catalogue.foreign_keys:
        if {foreign.table, foreign.referred} <= set(places):
            yield from _foreign(catalogue, keys, places, foreign)
    yield from _misplaced(catalogue, keys, places)


def _small_counters(catalogue: Catalogue, table: str) -> Iterator[str]:
    for name, column in catalogue.tables[table].items():
        if column.is_small_identity:
            yield f"{table}.{name}: counts up as an integer; a server needs bigint"


def _key_column(catalogue: Catalogue, table: str, key: str) -> Iterator[str]:
    column = catalogue.tables[table].get(key)
    if column is None:
        yield f"{table}: has no column {key}, its key"
    elif column.is_nullable:
        yield f"{table}.{key}: the key may be empty"


def _foreign(
    catalogue: Catalogue,
    keys: Mapping[str, str],
    places: Mapping[str, Placement],
    foreign: ForeignKey,
) -> Iterator[str]:
    start = f"{foreign.table}: {foreign.name} leads"
    here, there = places[foreign.table], places[foreign.referred]
    if here is Placement.REFERENCE and there is Placement.SPREAD:
        yield f"{start} from a reference table to {foreign.referred}, which is spread"
    if here is not Placement.SPREAD or there is not Placement.SPREAD:
        return
    pairs = zip(foreign.columns, foreign.referred_columns, strict=True)
    if (keys[foreign.table], keys[foreign.referred]) not in pairs:
        yield f"{start} to {foreign.referred} without the keys of both"
    elif catalogue.key_type(keys, foreign.table) != catalogue.key_type(keys, foreign.referred):
        yield f"{start} to {foreign.referred}, whose key has another type"
    elif _CHANGES_KEYS.search(foreign.definition):
        yield f"{start} to {foreign.referred} with an action that may change the key"


def _misplaced(
    catalogue: Catalogue, keys: Mapping[str, str], places: Mapping[str, Placement]
) -> Iterator[str]:
    for table, (place, key) in catalogue.placed.items():
        wanted = places.get(table, place)
        if place is not wanted:
            yield f"{table}: is placed as {place}, and belongs as {wanted}"
        elif place is Placement.SPREAD and key != keys.get(table, key):
            yield f"{table}: is spread by {key}, and its key is {keys[table]}"
