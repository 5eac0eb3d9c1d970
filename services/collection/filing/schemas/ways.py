"""Shapes of the ways in which a month is handed in: whole, by its changes, or nil."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from services.collection.common.schemas.common import Note
from services.collection.filing.flows.changes import Changed
from services.collection.filing.flows.declaration import Handed
from services.collection.filing.flows.nil import Nil
from services.collection.filing.schemas.declaration import (
    DeclarationControlIn,
    DeclarationIn,
    DeclaredPersonIn,
)
from services.collection.levy.schemas import WageTotal
from shared.errors import Fault, Faulty
from shared.schema import In


class ChangesControlIn(In):
    """The sender's own count of those who changed or joined, and the sum of their wages."""

    people: int = Field(ge=0, le=10_000)
    wages: WageTotal


class FilingControlIn(DeclarationControlIn):
    """Control totals of the whole month, whatever of it is listed; and of the changes alone."""

    people: int = Field(ge=0, le=1_000_000)
    changes: ChangesControlIn | None = None


class FilingIn(DeclarationIn):
    """One unit's declaration of a period. Everybody is listed (`basis` full), or only who changed or
    joined, everybody else enrolled being carried on from last month (last_month); or nobody (nil)."""

    control: FilingControlIn
    people: list[DeclaredPersonIn] = Field(max_length=10_000)
    basis: Literal["full", "last_month"] = Field(
        default="full", description="full 全额申报 | last_month 变更申报,其余沿用上月"
    )
    nil: bool = Field(default=False, description="零申报 (nobody is enrolled)")
    nil_reason: Note | None = Field(default=None, examples=["全部人员已停保"])

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.nil != (self.nil_reason is not None):
            raise PydanticCustomError(
                "nil_reason", "零申报须说明原因 (nil and its reason together)"
            )
        if self.nil and (self.people or self.basis != "full"):
            raise PydanticCustomError(
                "nil_people", "零申报不列人员 (nobody is listed in a nil one)"
            )
        if self.control.changes is not None and self.basis == "full":
            raise PydanticCustomError(
                "changes_control", "全额申报没有变更合计 (a full one has no changes to count)"
            )
        return self

    def handed(self) -> Handed:
        """As the flow takes it.

        Raises:
            Faulty: everybody is to be listed, and nobody is.
        """
        if not self.nil and self.basis == "full" and not self.people:
            said = "全额申报须列明人员 (everybody is listed in a full one)"
            raise Faulty(faults=[Fault("/people", "TOO_SHORT", said)])
        return super().handed()

    def changed(self) -> Changed:
        """As the flow of changes takes it."""
        counted = self.control.changes
        return Changed(
            handed=self.handed(),
            changed_people=None if counted is None else counted.people,
            changed_wages_fen=None if counted is None else counted.wages,
        )

    def nothing(self) -> Nil:
        """As the flow of nil declarations takes it."""
        assert self.nil_reason is not None, "a nil declaration has its reason"
        return Nil(handed=self.handed(), reason=self.nil_reason)
