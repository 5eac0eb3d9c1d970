"""Shapes of categories of enrolled people (参保类别) and of their changes."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import Field

from services.collection.common.schemas.common import IdentityNumber
from services.collection.register.flows.category import (
    CategoryAssignment,
    CategoryChange,
    CategoryChangeResult,
)
from services.collection.register.schemas.change import Reason
from services.collection.register.store.category import CategoryRecord
from shared.ids import Ref
from shared.references import Reference
from shared.schema import Code, In, Out, PeriodField


class CategoryAssignmentIn(In):
    """A person's new category and base choice."""

    identity_number: IdentityNumber
    category: Code = Field(examples=["injury_only"], description="参保类别")
    base_choice: Code | None = Field(default=None, examples=["stepped"], description="缴费档次")


class CategoryChangeIn(In):
    """New categories of people of a unit from a month on. Earlier months do not change."""

    from_: PeriodField = Field(alias="from", description="自该所属期起")
    reason: Reason
    people: list[CategoryAssignmentIn] = Field(min_length=1, max_length=10_000)

    def change(self, credit_code: str) -> CategoryChange:
        """Build the requested change."""
        return CategoryChange(
            credit_code=credit_code,
            from_period=self.from_,
            people=[
                CategoryAssignment(person.identity_number, person.category, person.base_choice)
                for person in self.people
            ],
            reason=self.reason,
        )


class CategoryChangeOut(Out):
    """Number of people changed and already recorded so.

    `levied_periods` were declared before this change; they take adjustments instead.
    """

    changed: int
    replayed: int
    levied_periods: list[str]

    @classmethod
    def of(cls, found: CategoryChangeResult) -> CategoryChangeOut:
        """Build the answer."""
        return cls(
            changed=found.changed,
            replayed=found.replayed,
            levied_periods=list(found.levied_periods),
        )


class CategoryOut(Out):
    """A recorded category of a person, masked."""

    person: str = Field(examples=[Reference.PERSON.example])
    masked_identity_number: str
    name: str = Field(examples=["张*"])
    joined_on: date
    from_: str = Field(alias="from", examples=["2021-08"])
    category: str
    base_choice: str | None
    reason: str | None
    recorded_at: datetime

    @classmethod
    def of(cls, row: CategoryRecord) -> CategoryOut:
        """Build the list item."""
        return cls(
            person=Ref(row.person_id, row.person_uuid).text(Reference.PERSON),
            masked_identity_number=row.masked_number,
            name=row.masked_name,
            joined_on=row.joined_on,
            **{"from": row.from_period},
            category=row.category,
            base_choice=row.base_choice,
            reason=row.reason,
            recorded_at=row.recorded_at,
        )
