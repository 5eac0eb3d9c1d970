"""Shapes of corrections: the month as it should have been declared."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from services.collection.common.schemas.common import Note
from services.collection.filing.domain.restatement import REASONS
from services.collection.filing.flows.correction import CorrectedMonth
from services.collection.filing.schemas.declaration import DeclarationControlIn, DeclaredPersonIn
from services.collection.levy.schemas import UnitFiguresIn, WageTotal, by_name
from shared.schema import In

ReasonCode = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{1,39}$"),
    Field(
        examples=["WAGE_WRONG"],
        description=";".join(f"{code} {text}" for code, text in REASONS.items()),
    ),
]


class CorrectionPaperIn(In):
    """The whole list of a month once more, with the reason for the correction."""

    reason_code: ReasonCode | None = None
    note: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    unit_wage_total: WageTotal | None = None
    unit_figures: UnitFiguresIn | None = None
    control: DeclarationControlIn
    people: list[DeclaredPersonIn] = Field(min_length=1, max_length=10_000)

    def month(self) -> CorrectedMonth:
        """Build the corrected month."""
        return CorrectedMonth(
            reason_code=self.reason_code,
            note=self.note,
            unit_wage_total_fen=self.unit_wage_total,
            control_people=self.control.people,
            control_wages_fen=self.control.wages,
            people=[person.person() for person in self.people],
            unit_figures=by_name(self.unit_figures),
        )


class WithdrawalIn(In):
    """An optional reason why a correction is withdrawn."""

    note: Note | None = None
