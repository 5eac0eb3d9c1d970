"""Faults that the doors of several subjects report."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from services.collection.common.domain.errors import ControlTotalsDiffer
from services.collection.common.domain.rows import RowFault
from shared.errors import Fault

PERSON_REPEATED = "PERSON_REPEATED"


def repeated_people(people: Iterable[Hashable]) -> list[Fault]:
    """Name everybody who is listed again, by identity number or id, in the list `/people`."""
    first: dict[Hashable, int] = {}
    return [
        person_repeated(number, first[person])
        for number, person in enumerate(people)
        if first.setdefault(person, number) != number
    ]


def person_repeated(number: int, first: int) -> Fault:
    """Build the fault of a person who was listed before, at `/people/{first}`."""
    return Fault(
        f"/people/{number}/identity_number",
        PERSON_REPEATED,
        f"与 /people/{first} 为同一人 (the same person)",
    )


def row_repeated(row: int, first: int, column: str) -> RowFault:
    """Build the fault of a person whom row `first` of a file lists already."""
    return RowFault(row, column, PERSON_REPEATED, f"与第 {first} 行为同一人 (the same person)")


def control_differs(pointer: str, stated: object, found: object) -> Fault:
    """Build the fault of a control total that is not what was counted."""
    return Fault(pointer, ControlTotalsDiffer.code, _stated_and_counted(stated, found))


def file_control_differs(column: str, stated: object, found: object) -> RowFault:
    """Build the fault of a file's control total that is not what was counted."""
    return RowFault(0, column, ControlTotalsDiffer.code, _stated_and_counted(stated, found))


def _stated_and_counted(stated: object, found: object) -> str:
    return f"申报 {stated},核计 {found} (stated, counted)"
