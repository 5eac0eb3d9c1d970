"""Shapes of categories of enrolled people, and of their changes."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import Field

from services.collection.common.schemas.common import IdentityNumber
from services.collection.register.flows.category import Asked, Recast, Recasted
from services.collection.register.schemas.change import Reason
from services.collection.register.store.category import CategoryListed
from shared.ids import Ref
from shared.references import Reference
from shared.schema import Code, In, Out, PeriodField


class RecastIn(In):
    """A person, and what he is to be."""

    identity_number: IdentityNumber
    category: Code = Field(examples=["injury_only"], description="参保类别")
    base_choice: Code | None = Field(default=None, examples=["stepped"], description="缴费档次")


class CategoriesIn(In):
    """What people of a unit are from a month on; earlier months stay as they are."""

    from_: PeriodField = Field(alias="from", description="自该所属期起")
    reason: Reason
    people: list[RecastIn] = Field(min_length=1, max_length=10_000)

    def asked(self, credit_code: str) -> Asked:
        """As the flow takes it."""
        return Asked(
            credit_code=credit_code,
            from_period=self.from_,
            people=[
                Recast(person.identity_number, person.category, person.base_choice)
                for person in self.people
            ],
            reason=self.reason,
        )


class CategoriesOut(Out):
    """How many changed, how many were so already. `levied_periods` were declared before: they take
    adjustments, not this change."""

    changed: int
    replayed: int
    levied_periods: list[str]

    @classmethod
    def of(cls, found: Recasted) -> CategoriesOut:
        """As it is answered."""
        return cls(
            changed=found.changed,
            replayed=found.replayed,
            levied_periods=list(found.levied_periods),
        )


class CategoryOut(Out):
    """What was recorded of a person, masked."""

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
    def of(cls, row: CategoryListed) -> CategoryOut:
        """As it is listed."""
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


class CategoryPageOut(Out):
    """What was recorded of a unit's people, person by person."""

    items: list[CategoryOut]
    next_cursor: str | None
    has_more: bool
