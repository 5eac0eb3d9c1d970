"""Category (参保类别) and base choice (缴费档次) of a new enrolment: checks and stored rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.policy.domain.category import EMPLOYEE
from services.collection.register.store import category as category_store
from services.collection.register.store.category import CategoryChoice, CategoryRow
from services.collection.register.store.person import Enrolment
from shared.errors import Fault
from shared.ids import uuid7
from shared.period import Period

AS_EMPLOYEE: Final[CategoryChoice] = (EMPLOYEE, None)
ANOTHER_CATEGORY: Final = (
    "ENROLLED_AS_ANOTHER_CATEGORY",
    "已按其他参保类别参保 (already enrolled in another category)",
)


class HasCategory(Protocol):
    """A person with a category and a base choice."""

    @property
    def category(self) -> str: ...
    @property
    def choice(self) -> str | None: ...


def category_faults(
    people: Sequence[tuple[str, str, str | None]], known: Mapping[str, frozenset[str]]
) -> list[Fault]:
    """Check each (pointer, category, choice) against the categories of the region's policies."""
    faults = []
    for at, category, choice in people:
        if category not in known:
            message = (
                f"本统筹区政策无此参保类别 (no policy of this region has this category): {category}"
            )
            faults.append(Fault(f"{at}/category", "CATEGORY_UNKNOWN", message))
        elif choice is not None and choice not in known[category]:
            message = f"该类别无此缴费档次 (the category has no such choice): {choice}"
            faults.append(Fault(f"{at}/base_choice", "BASE_CHOICE_UNKNOWN", message))
        elif choice is None and known[category]:
            message = "该参保类别须选择缴费档次 (this category must choose a base)"
            faults.append(Fault(f"{at}/base_choice", "BASE_CHOICE_MISSING", message))
    return faults


async def faults_in(
    tx: AsyncConnection, region: str, people: Sequence[HasCategory], at: str = "/people/{}"
) -> list[Fault]:
    """Check the categories of people to be enrolled; `at` has a `{}` for a person's position."""
    if all((person.category, person.choice) == AS_EMPLOYEE for person in people):  # the usual case
        return []
    known = await category_store.names(tx, region)
    return category_faults(
        [
            (at.format(number), person.category, person.choice)
            for number, person in enumerate(people)
        ],
        known,
    )


def rows_of(made: Sequence[tuple[int, Enrolment]]) -> list[CategoryRow]:
    """Build the category rows of new (unit, enrolment) pairs; employees have no row."""
    return [
        CategoryRow(
            unit_id=unit_id,
            person_id=row.person_id,
            joined_on=row.joined_on,
            from_period=str(Period.of(row.joined_on)),
            id=uuid7(),
            category=row.category,
            base_choice=row.base_choice,
            joining=True,
        )
        for unit_id, row in made
        if (row.category, row.base_choice) != AS_EMPLOYEE
    ]
