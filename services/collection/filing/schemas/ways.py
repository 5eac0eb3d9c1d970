"""Shapes of the three ways to hand in a month: whole, by its changes, or nil."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from services.collection.common.schemas.common import Note
from services.collection.filing.domain.changes import MonthChanges
from services.collection.filing.domain.nil import NilDeclaration
from services.collection.filing.domain.one_unit import UnitDeclaration
from services.collection.filing.schemas.declaration import (
    DeclarationControlIn,
    DeclarationIn,
    DeclaredPersonIn,
)
from services.collection.levy.schemas import WageTotal
from shared.errors import Fault, Faulty
from shared.schema import In


class ChangesControlIn(In):
    """The sender's own count of people who changed or joined, and the sum of their wages."""

    people: int = Field(ge=0, le=10_000)
    wages: WageTotal


class FilingControlIn(DeclarationControlIn):
    """Control totals of the whole month, even if only changes are listed; and of the changes alone."""

    people: int = Field(ge=0, le=1_000_000)
    changes: ChangesControlIn | None = None


class FilingIn(DeclarationIn):
    """One unit's declaration of a period. With `basis` full, everybody is listed. With last_month,
    only people who changed or joined are listed; the others who are enrolled are carried on. With
    `nil`, nobody is listed."""

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
                "nil_reason", "零申报须说明原因 (nil needs a reason, and only nil has one)"
            )
        if self.nil and (self.people or self.basis != "full"):
            raise PydanticCustomError(
                "nil_people", "零申报不列人员 (a nil declaration lists nobody)"
            )
        if self.control.changes is not None and self.basis == "full":
            raise PydanticCustomError(
                "changes_control", "全额申报没有变更合计 (a full declaration has no changes)"
            )
        return self

    def declaration(self) -> UnitDeclaration:
        """Build the declaration.

        Raises:
            Faulty: a full declaration lists nobody.
        """
        if not self.nil and self.basis == "full" and not self.people:
            text = "全额申报须列明人员 (a full declaration lists everybody)"
            raise Faulty(faults=[Fault("/people", "TOO_SHORT", text)])
        return super().declaration()

    def month_changes(self) -> MonthChanges:
        """Build the changes."""
        counted = self.control.changes
        return MonthChanges(
            declaration=self.declaration(),
            changed_people=None if counted is None else counted.people,
            changed_wages_fen=None if counted is None else counted.wages,
        )

    def nil_declaration(self) -> NilDeclaration:
        """Build the nil declaration."""
        assert self.nil_reason is not None, "a nil declaration has a reason"
        return NilDeclaration(declaration=self.declaration(), reason=self.nil_reason)
