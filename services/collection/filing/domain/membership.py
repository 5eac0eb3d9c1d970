"""Compare two lists of (unit, person), as columns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.collection.common.domain.rows import ABSENT, Ints

Mask = NDArray[np.bool_]


def first_rows(group: Ints, count: int) -> Ints:
    """Return the first row of each of `count` groups, ABSENT for a group without rows."""
    firsts = np.full(count, ABSENT, np.int64)
    # Written from the end, so that the first row is the last one written.
    firsts[group[::-1]] = np.arange(len(group) - 1, -1, -1, dtype=np.int64)
    return firsts


def memberships(
    unit: Ints, person: Ints, known_unit: Ints, known_person: Ints
) -> tuple[Mask, Ints]:
    """For each (unit, person): mark whether it is known, and return its first row in the list."""
    before = len(known_unit)
    units = np.concatenate([known_unit, unit])
    people = np.concatenate([known_person, person])
    order, changes = _grouped(units, people)
    group = np.empty(len(order), np.int64)
    group[order] = np.cumsum(changes) - 1
    count = int(changes.sum())
    known = np.zeros(count, bool)
    known[group[:before]] = True
    return known[group[before:]], first_rows(group[before:], count)[group[before:]]


def _grouped(unit: Ints, person: Ints) -> tuple[Ints, Mask]:
    """Return an order in which equal pairs stand together, and mark the first of each group."""
    order = np.argsort(person)  # a tenth of the time that sorting by both columns takes
    new_unit, new_person = _changes(unit[order]), _changes(person[order])
    if (new_unit & ~new_person).any():  # somebody is at two units
        order = np.lexsort((person, unit))
        new_unit, new_person = _changes(unit[order]), _changes(person[order])
    return order, new_unit | new_person


def _changes(column: Ints) -> Mask:
    """Mark the values that differ from the one before."""
    changes = np.ones(len(column), bool)
    changes[1:] = column[1:] != column[:-1]
    return changes


def matched_rows(
    unit: Ints, person: Ints, other_unit: Ints, other_person: Ints
) -> tuple[Ints, Ints]:
    """Return the rows of the (unit, person) that both lists have, in each of them.

    Neither list may name a pair twice.
    """
    matched, _ = memberships(unit, person, other_unit, other_person)
    others_matched, _ = memberships(other_unit, other_person, unit, person)
    rows, others = np.flatnonzero(matched), np.flatnonzero(others_matched)
    rows = rows[np.lexsort((person[rows], unit[rows]))]
    others = others[np.lexsort((other_person[others], other_unit[others]))]
    assert len(rows) == len(others), "no pair is listed twice"
    return rows, others
