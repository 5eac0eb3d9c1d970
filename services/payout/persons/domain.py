"""Corrections of persons (个人信息更正), as collection reports them, and papers that name a merged record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from shared.errors import Fault
from shared.ids import Ref


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonCorrection:
    """A correction in force: the record of `person` ends in that of `survivor`, or keeps its number.

    `identity_number` and `name` are the right ones. `number` counts the corrections.
    """

    number: int
    paper: str
    person: Ref
    survivor: Ref
    identity_number: str = field(repr=False)
    name: str = field(repr=False)

    @property
    def merges(self) -> bool:
        """True when the record ends in another one."""
        return self.person != self.survivor


def merged_faults(
    people: Iterable[tuple[str, int]], right_number: Mapping[int, str]
) -> list[Fault]:
    """Find the people whose record ended in another one, in (pointer, person) pairs.

    `right_number` has the masked number of the surviving record, by merged person.
    """
    return [
        Fault(
            pointer,
            "PERSON_MERGED",
            "该号码已更正,请用正确号码 "
            f"(the number was corrected; use the right one): {right_number[person]}",
        )
        for pointer, person in people
        if person in right_number
    ]
