"""What an enrolment says of a person's category (参保类别), and of the base that it chooses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.policy.domain.category import EMPLOYEE
from services.collection.register.store import category as category_store
from services.collection.register.store.category import CategoryRow, Standing
from services.collection.register.store.person import Enrolment
from shared.errors import Fault
from shared.ids import uuid7
from shared.period import Period

AS_EMPLOYEE: Final[Standing] = (EMPLOYEE, None)
AS_ANOTHER: Final = (
    "ENROLLED_AS_ANOTHER_CATEGORY",
    "已按其他参保类别参保 (enrolled as something else)",
)


class Said(Protocol):
    """What is said of a person to be enrolled."""

    @property
    def category(self) -> str: ...
    @property
    def choice(self) -> str | None: ...


def said_faults(
    people: Sequence[tuple[str, str, str | None]], known: Mapping[str, frozenset[str]]
) -> list[Fault]:
    """What is wrong with (pointer, category, choice) by the words that the region's policies use."""
    faults = []
    for at, category, choice in people:
        if category not in known:
            message = f"本统筹区政策无此参保类别 (no policy of this region names it): {category}"
            faults.append(Fault(f"{at}/category", "CATEGORY_UNKNOWN", message))
        elif choice is not None and choice not in known[category]:
            message = f"该类别无此缴费档次 (the category has no such choice): {choice}"
            faults.append(Fault(f"{at}/base_choice", "BASE_CHOICE_UNKNOWN", message))
        elif choice is None and known[category]:
            message = "该参保类别须选择缴费档次 (this category has to choose a base)"
            faults.append(Fault(f"{at}/base_choice", "BASE_CHOICE_MISSING", message))
    return faults


async def faults_in(
    tx: AsyncConnection, region: str, people: Sequence[Said], at: str = "/people/{}"
) -> list[Fault]:
    """What is wrong with the categories of people to be enrolled; employees need no look. `at` has a
    `{}` for a person's number."""
    if all((person.category, person.choice) == AS_EMPLOYEE for person in people):
        return []
    known = await category_store.named(tx, region)
    return said_faults(
        [
            (at.format(number), person.category, person.choice)
            for number, person in enumerate(people)
        ],
        known,
    )


def rows_of(made: Sequence[tuple[int, Enrolment]]) -> list[CategoryRow]:
    """What new enrolments at units say, of those who are no employees."""
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
